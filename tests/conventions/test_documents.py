"""What the documents and the Procfile promise is what the code has."""

import re
from importlib import import_module
from pathlib import Path

import pytest
from flask import Flask

from outreach.cli.entry import MODULES
from outreach.queues import QUEUES, Work
from outreach.settings import SETTINGS

PROJECT = Path(__file__).parents[2]
README = (PROJECT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_is_in_the_readme_table(setting) -> None:
    assert re.search(rf"^\| `{setting.name}` \|", README, re.MULTILINE)


def test_every_setting_in_the_readme_table_exists() -> None:
    named = set(re.findall(r"^\| `([A-Z_]+)` \|", README, re.MULTILINE))

    assert named == {setting.name for setting in SETTINGS}


def test_the_procfile_starts_every_kind_of_process() -> None:
    lines = dict(
        line.split(": ", 1) for line in (PROJECT / "Procfile").read_text().splitlines() if line
    )

    assert set(lines) == {"web", "worker", "schedule", "bounces", "release"}
    for command in lines.values():
        program, name, *_ = command.split()
        assert program.endswith("outreach")
        assert name in MODULES


def test_every_command_is_found_by_its_name() -> None:
    written = {
        command.name: path.stem
        for path in (PROJECT / "outreach" / "cli").glob("*.py")
        for command in getattr(import_module(f"outreach.cli.{path.stem}"), "commands", ())
    }

    assert written == MODULES


def test_every_kind_of_work_rings_a_queue_that_workers_listen_to() -> None:
    assert {kind.queue for kind in Work} == set(QUEUES)


@pytest.mark.parametrize("kind", Work, ids=lambda kind: kind.value)
def test_every_kind_of_work_has_its_job(kind: Work) -> None:
    module, function = kind.job.rsplit(".", 1)

    assert callable(getattr(__import__(module, fromlist=[function]), function))


def test_every_template_compiles(app: Flask) -> None:
    names = app.jinja_env.list_templates()

    assert len(names) > 30
    for name in names:
        app.jinja_env.get_template(name)


def test_the_project_names_no_gds_font_and_calls_no_other_site() -> None:
    for path in [*PROJECT.glob("templates/**/*.html"), *PROJECT.glob("outreach/static/*")]:
        words = path.read_text(encoding="utf-8")
        assert "GDS Transport" not in words, path
        assert not re.search(r"(src=|<link[^>]*href=|url\()\"?(https?:)?//", words), path
