"""A DATA_DIR that a failure test may run a set on, forgotten afterwards whatever happened."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from outreach.running.forgetting import forget


@pytest.fixture
def set_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="outreach-set-"))
    yield folder / "data"
    forget(folder / "data")
    shutil.rmtree(folder, ignore_errors=True)
