"""The verbs of the command line. Everything heavy is imported inside them, so that ``--help`` is quick."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from econloom import __version__
from econloom.core.errors import EconloomError, StudyFileError, UsageError, did_you_mean

if TYPE_CHECKING:
    from econloom.study import Run, Study

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


StudyPath = Annotated[Path, typer.Argument(help="A study file, or a folder with a study.yaml.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Lang = Annotated[Language, typer.Option("--lang", help="Language of the tables.")]
TableNames = Annotated[list[str] | None, typer.Argument(help="Only these tables.", show_default=False)]
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


def _print_json(value: Any) -> None:
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


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Where to put the study.")] = Path("econloom-demo"),
    as_json: AsJson = False,
    lang: Lang = Language.zh,
) -> None:
    """Copy the study `globalisation` with its data to a folder and run it."""
    from econloom.study import shipped

    study = shipped.unpack("globalisation", folder)
    if not as_json:
        print(f"study: {study}")
    _run(study, None, None, as_json, lang)


@app.command()
def check(study: StudyPath, as_json: AsJson = False) -> None:
    """Find every fault of a study file and its sources that can be found without running."""
    plan = _open(study).plan()
    facts = {
        "ok": True,
        "study": plan.spec.study,
        "tables": list(plan.spec.tables),
        "figures": list(plan.spec.figures),
        "planned": dict(plan.planned),
        "warnings": list(plan.warnings),
    }
    if as_json:
        _print_json(facts)
        return
    for warning in plan.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    for name, reason in plan.planned.items():
        print(f"{name}: planned: {reason}")
    counts = f"{len(plan.spec.tables)} tables, {len(plan.spec.figures)} figures, {len(plan.outputs)} versions"
    print(f"{study}: no fault found ({counts})")


@app.command()
def plan(study: StudyPath, tables: TableNames = None, as_json: AsJson = False) -> None:
    """Print what would run, in order, without running it."""
    made = _open(study).plan()
    if as_json:
        _print_json(made.to_dict(tables))
        return
    listing = made.to_dict(tables)
    print(f"{listing['study']}: {len(listing['steps'])} steps, versions {', '.join(listing['versions'])}")
    for step in listing["steps"]:
        needs = f"  <- {', '.join(map(str, step['needs']))}" if step["needs"] else ""
        late = f"  [planned: {step['planned']}]" if step["planned"] else ""
        print(f"{step['step']:>4}  {step['name']}{needs}{late}")
    for name, reason in listing["planned"].items():
        print(f"{name}: planned, skipped by run: {reason}")


@app.command()
def run(
    study: StudyPath,
    tables: TableNames = None,
    out: Annotated[Path | None, typer.Option("--out", help="Output folder.", show_default="STUDY/out")] = None,
    as_json: AsJson = False,
    lang: Lang = Language.zh,
) -> None:
    """Run a study, or some of its tables, and write the results."""
    _run(study, tables, out, as_json, lang)


@app.command()
def replicate(
    study: StudyPath,
    out: Annotated[Path | None, typer.Option("--out", help="Output folder.", show_default="STUDY/out")] = None,
    as_json: AsJson = False,
    lang: Lang = Language.zh,
) -> None:
    """Compare a study with the printed tables that it names, cell by cell; runs it first where needed."""
    from econloom.study import replication

    opened = _open(study)
    folder = out or _default_out(study)
    if not opened.is_current(folder):
        with _bar(as_json) as listener:
            opened.run(None, folder, lang.value, listener)
    found = replication.replicate(opened.spec, folder)
    written = replication.write(found, folder, lang.value)
    if as_json:
        _print_json({"ok": found.ok, "problems": list(found.problems()), "cells": found.cells.to_dicts()})
    else:
        print("\n".join(replication.lines(found)))
        print(f"every cell in {written / 'cells.csv'}")
    if not found.ok:
        raise typer.Exit(1)


@app.command(name="open")
def open_(
    study: StudyPath,
    table: Annotated[str | None, typer.Argument(help="A table; the folder without it.", show_default=False)] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Output folder.", show_default="STUDY/out")] = None,
    as_json: AsJson = False,
) -> None:
    """Open the finished tables: the folder, or one table's Word file."""
    from econloom.study.store import Folder

    opened = _open(study)
    folder = Folder(out or _default_out(study), opened.spec.study)
    record = folder.previous()
    if not record:
        raise UsageError(f"{folder.path}: no finished run", hint=f"econloom run {study}")
    if table is not None and table not in record["tables"]:
        raise UsageError(f"no table {table!r}{did_you_mean(table, record['tables'])}", hint=", ".join(record["tables"]))
    path = folder.path / "tables" / (f"{table}.docx" if table else "")
    if as_json:
        _print_json({"path": str(path.resolve())})
        return
    print(path)
    if sys.stdout.isatty():
        typer.launch(str(path))


@app.command()
def schema(
    out: Annotated[Path | None, typer.Option("--out", help="Write to this file.", show_default="the screen")] = None,
) -> None:
    """Print the JSON Schema of study files, for editors."""
    from econloom.study.schema import json_schema
    from econloom.study.store import write_text

    text = json.dumps(json_schema(), ensure_ascii=False, indent=1) + "\n"
    if out is None:
        print(text, end="")
    else:
        write_text(out, text)
        print(out)


def _open(path: Path) -> Study:
    from econloom.study import study

    return study(path)


def _default_out(path: Path) -> Path:
    return (path if path.is_dir() else path.parent) / "out"


def _run(path: Path, tables: Sequence[str] | None, out: Path | None, as_json: bool, lang: Language) -> None:
    study = _open(path)
    with _bar(as_json) as listener:
        done = study.run(tables, out or _default_out(path), lang.value, listener)
    if as_json:
        assert done.path is not None
        record = json.loads((done.path / "run.json").read_text(encoding="utf-8"))
        _print_json({"ok": True, "out": str(done.path), **record})
        return
    _report(done, lang)


def _bar(as_json: bool) -> AbstractContextManager[Any]:
    """A progress bar on a terminal, else nothing."""
    from econloom.study.progress import bar

    return bar(enabled=sys.stderr.isatty() and not as_json)


def _report(done: Run, lang: Language) -> None:
    """What a person wants to know after a run."""
    from econloom.study.run import noteworthy

    for message in noteworthy(done):
        print(message, file=sys.stderr)
    print(f"{done.plan.spec.study}: {sum(done.seconds.values()):.1f} s")
    assert done.path is not None
    for table, made in done.tables.items():
        print(f"  {table:<14} {done.path / 'tables' / table}.docx  {made.title.text(lang.value)}")
    for figure, drawn in done.figures.items():
        print(f"  {figure:<14} {done.path / 'figures' / figure}.svg  {drawn.title.text(lang.value)}")
    for table in done.stale:
        print(f"  {table:<14} stale: made before the study changed; run it again")
    with suppress(ValueError):
        print(f"results in {done.path.resolve()}")
