"""`python -m questionnaires`: check definitions and translations, and walk one in the terminal."""

import argparse
import sys
from pathlib import Path

from questionnaires.checking import check_path
from questionnaires.faults import DefinitionFaults, Fault
from questionnaires.loading import UnknownQuestionnaire
from questionnaires.previewing import CannotPreview, file_of, preview

DONE, FAULTY, WRONG_USE = 0, 1, 2


def main(arguments: list[str] | None = None) -> int:
    """0: no faults; 1: faults, all on standard output; 2: wrong use, said on standard error."""
    given = _parser().parse_args(arguments)
    try:
        return _check(given.path, given.onto) if given.command == "check" else _preview(given)
    except (CannotPreview, UnknownQuestionnaire) as wrong:
        return _wrong_use(str(wrong))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m questionnaires", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser(
        "check", help="look for every fault of a definition, a section, a translation or a folder"
    )
    check.add_argument("path", type=Path, metavar="FILE|FOLDER")
    check.add_argument(
        "--onto", default="gcse", metavar="ID", help="what a school's own section is tried on"
    )
    walked = commands.add_parser("preview", help="walk a definition, then see path and scores")
    walked.add_argument("file", metavar="FILE|ID")
    walked.add_argument("--language", default="en", metavar="xx", help="for example cy or ur")
    walked.add_argument(
        "--answers", type=Path, metavar="JSON", help="take the answers from a file, and ask nothing"
    )
    return parser


def _check(path: Path, onto: str) -> int:
    if not path.exists():
        return _wrong_use(f"There is no file or folder {path}. Check the path.")
    count, faults = check_path(path, onto)
    if not count:
        return _wrong_use(f"The folder {path} holds no .yaml file. Name another folder.")
    _tell(faults)
    found = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    sys.stdout.write(f"{count} checked, {found if faults else 'no faults'}.\n")
    return FAULTY if faults else DONE


def _preview(given: argparse.Namespace) -> int:
    try:
        preview(file_of(given.file), given.language, given.answers, sys.stdin, sys.stdout)
    except DefinitionFaults as found:
        _tell(found.faults)
        return FAULTY
    return DONE


def _tell(faults: list[Fault] | tuple[Fault, ...]) -> None:
    for fault in faults:
        sys.stdout.write(f"{fault.where}\n    {fault.what}\n    {fault.mend}\n")


def _wrong_use(words: str) -> int:
    sys.stderr.write(f"{words}\n")
    return WRONG_USE


if __name__ == "__main__":
    sys.exit(main())
