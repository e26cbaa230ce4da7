"""The command line as a whole: parsing, exit codes, errors as text or JSON, options that verbs share."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Annotated, Any

import typer

from econloom import __version__
from econloom.core.errors import EconloomError, StudyFileError, UsageError, did_you_mean

app = typer.Typer(
    name="econloom",
    help="Turn an empirical paper into a program: one study file, from raw tables to the journal table.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Language(StrEnum):
    """Language of tables."""

    zh = "zh"
    en = "en"


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Lang = Annotated[Language, typer.Option("--lang", help="Language of the tables.")]
INTERRUPTED = 130
# typer's own copy of click, or click itself under an older typer
_WRONG_USAGE: type[Exception] = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")


def run_command(arguments: Sequence[str]) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str
        As typed after ``econloom``.

    Returns
    -------
    int
        Exit code: 0 well, 1 a check failed, 2 usage or study file, 3 data, 4 estimation, 130 interrupted.
    """
    try:
        code = app(args=list(arguments), prog_name="econloom", standalone_mode=False)
    except EconloomError as error:
        return _fail(error, "--json" in arguments)
    except _WRONG_USAGE as error:
        return _fail(_usage(error), "--json" in arguments)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except typer.Exit as leave:
        return int(leave.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MemoryError:
        return _fail(EconloomError("not enough memory for this"), "--json" in arguments)
    if code == INTERRUPTED:  # newer versions of typer return it, older ones raise
        print("interrupted: nothing was changed", file=sys.stderr)
    return code if isinstance(code, int) else 0


def _usage(error: Any) -> UsageError:
    message = error.format_message()
    if message.startswith("No such command"):
        name = message.split("'")[1]
        message = f"no command {name!r}{did_you_mean(name, _commands())}"
    return UsageError(message, hint="econloom --help")


def _commands() -> list[str]:
    return [c.name or c.callback.__name__ for c in app.registered_commands if c.callback]


def _fail(error: EconloomError, as_json: bool) -> int:
    if as_json:
        problems = error.problems if isinstance(error, StudyFileError) else (error,)
        print(
            json.dumps(
                {"ok": False, "exit_code": error.exit_code, "errors": [_as_dict(p) for p in problems]},
                ensure_ascii=False,
            )
        )
    else:
        print(error, file=sys.stderr)
    return error.exit_code


def _as_dict(error: EconloomError) -> dict[str, Any]:
    where = error.where
    place = {"file": where.file, "line": where.line, "column": where.column} if where else None
    return {"kind": type(error).__name__, "message": error.message, "where": place, "hint": error.hint}


def print_json(value: Any) -> None:
    """For ``--json``."""
    print(json.dumps(value, ensure_ascii=False, indent=1))


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False,
) -> None:
    if version:
        print(f"econloom {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help())


def progress_bar(as_json: bool) -> AbstractContextManager[Any]:
    """A progress bar on a terminal, else nothing."""
    from econloom.study.progress import bar

    return bar(enabled=sys.stderr.isatty() and not as_json)
