"""Benchmarks run by hand, so that what they need of the rest breaks unseen: each must load."""

import importlib
from pathlib import Path

import pytest

LOAD = Path(__file__).parents[1] / "load"


@pytest.mark.parametrize("name", sorted(path.stem for path in LOAD.glob("*.py")))
def test_each_benchmark_can_be_loaded(name: str) -> None:
    importlib.import_module(f"tests.load.{name}")
