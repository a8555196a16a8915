"""`python -m outreach …` is the `outreach` command."""

from outreach.cli.entry import main

if __name__ == "__main__":
    main()
