"""The browser of the browser tests: a system Chromium or Chrome, by name or by CHROMIUM.

python -m tests.chromium     # prints its path; installs one on Debian as root
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC_APPS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
MISSING = (
    "No Chromium or Chrome was found, so the browser tests cannot run. Install one "
    "(Debian: sudo apt-get install chromium · Fedora: sudo dnf install chromium · "
    "macOS: brew install --cask google-chrome), or name one: CHROMIUM=/path/to/chrome make test"
)


def find_chromium() -> str | None:
    """CHROMIUM decides alone where it is given."""
    if given := os.environ.get("CHROMIUM"):
        return shutil.which(given)
    by_name = (shutil.which(name) for name in NAMES)
    by_place = (place for place in MAC_APPS if Path(place).exists())
    return next((path for path in (*by_name, *by_place) if path), None)


def require_chromium() -> str:
    """For browser tests: without a browser they are skipped, but count as failed where CI is."""
    if path := find_chromium():
        return path
    if os.environ.get("CI"):
        pytest.fail(MISSING)
    pytest.skip(MISSING)


def _is_debian() -> bool:
    try:
        return "ID=debian" in Path("/etc/os-release").read_text().splitlines()
    except FileNotFoundError:
        return False


def _install_on_debian() -> None:
    print("No Chromium is here; installing Debian's: apt-get install chromium", file=sys.stderr)
    environ = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    for words in (["update", "-q"], ["install", "-y", "-q", "--no-install-recommends", "chromium"]):
        subprocess.run(["apt-get", *words], env=environ, stdout=sys.stderr, check=False)


def main() -> None:
    path = find_chromium()
    if path is None and not os.environ.get("CHROMIUM") and _is_debian() and os.geteuid() == 0:
        _install_on_debian()
        path = find_chromium()
    if path is None:
        print(MISSING, file=sys.stderr)
    print(path or "")


if __name__ == "__main__":
    main()
