"""The command line. Each room's commands live in the module of its name beside this file."""

from outreach.cli.entry import main

__all__ = ["main"]
