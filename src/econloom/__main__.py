"""The command ``econloom``: errors become words and exit codes, never a traceback."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    try:
        from econloom.cli import run_command

        code = run_command(sys.argv[1:])
    except KeyboardInterrupt:  # while modules are still being imported
        print("interrupted: nothing was changed", file=sys.stderr)
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
