"""`python -m questionnaires check FILE|FOLDER`: tells every fault of a definition."""

import argparse
import sys
from pathlib import Path

from questionnaires.faults import DefinitionFaults, Fault
from questionnaires.loading import LOCK, load_file, load_library, read_lock
from questionnaires.model import Questionnaire
from questionnaires.path import walk

DONE, FAULTY, WRONG_USE = 0, 1, 2


def main(arguments: list[str] | None = None) -> int:
    """0: no faults; 1: faults, all on standard output; 2: wrong use, said on standard error."""
    parser = argparse.ArgumentParser(prog="python -m questionnaires", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="look for every fault of one file or a folder")
    check.add_argument("path", type=Path, metavar="FILE|FOLDER")
    path: Path = parser.parse_args(arguments).path
    if not path.exists():
        sys.stderr.write(f"There is no file or folder {path}. Check the path.\n")
        return WRONG_USE
    files = sorted(path.rglob("*.yaml")) if path.is_dir() else [path]
    if not files:
        sys.stderr.write(f"The folder {path} holds no .yaml file. Name another folder.\n")
        return WRONG_USE
    faults = [fault for file in files for fault in _check_file(file)]
    if path.is_dir() and (path / LOCK).exists():
        faults += _check_lock(path, already=faults)
    for fault in faults:
        sys.stdout.write(f"{fault.where}\n    {fault.what}\n    {fault.mend}\n")
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    sys.stdout.write(f"{len(files)} checked, {count if faults else 'no faults'}.\n")
    return FAULTY if faults else DONE


def _check_file(file: Path) -> tuple[Fault, ...]:
    try:
        questionnaire = load_file(file)
    except DefinitionFaults as found:
        return found.faults
    sys.stdout.write(f"{file}: {_summary(questionnaire)}\n")
    _suggest_lock_line(file, questionnaire)
    return ()


def _check_lock(folder: Path, already: list[Fault]) -> list[Fault]:
    try:
        load_library(folder)
    except DefinitionFaults as found:
        return [fault for fault in found.faults if fault not in already]
    return []


def _summary(questionnaire: Questionnaire) -> str:
    asked = len(walk(questionnaire, {}).asked)
    return (
        f"{questionnaire.id} version {questionnaire.version}, "
        f"{len(questionnaire.questions)} questions and notes in all, {asked} asked at first"
    )


def _suggest_lock_line(file: Path, questionnaire: Questionnaire) -> None:
    """A file in a library folder that is not published yet is a draft; say how to publish it."""
    lock = file.parent.parent / LOCK
    name = f"{file.parent.name}/{file.name}"
    if lock.exists() and name not in read_lock(lock):
        sys.stdout.write(
            f"    A draft: it is not offered to schools. To publish it, add this line to {lock}:\n"
            f"    {questionnaire.sha256}  {name}\n"
        )


if __name__ == "__main__":
    sys.exit(main())
