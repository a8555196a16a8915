"""`python -m outreach.running`: what `make run` and `make clean-data` call."""

import argparse
import os
import sys

from outreach.errors import OutreachError
from outreach.reading_settings import SettingsFault
from outreach.running.forgetting import forget
from outreach.running.whole_set import run_set
from outreach.settings import find_data_dir, load


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m outreach.running", description=__doc__)
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--only", choices=["parts"], help="start the embedded parts and no more")
    choice.add_argument("--forget", action="store_true", help="end what runs and delete DATA_DIR")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.forget:
            sys.stdout.write(forget(find_data_dir(os.environ)) + "\n")
            return 0
        return run_set(load(os.environ), os.environ, only_parts=chosen.only == "parts")
    except (OutreachError, SettingsFault) as fault:
        sys.stderr.write(f"{fault}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
