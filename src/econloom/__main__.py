"""The command ``econloom``: errors become words and exit codes, never a traceback."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    from econloom.cli import run_command

    sys.exit(run_command(sys.argv[1:]))


if __name__ == "__main__":
    main()
