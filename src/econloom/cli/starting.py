"""The verbs before a study: init and doctor."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from econloom.cli.app import AsJson, app, print_json
from econloom.core.errors import OutputError, UsageError

if TYPE_CHECKING:
    from econloom.study.starting import Start

Files = Annotated[list[Path], typer.Argument(help="Data files; the first makes the rows, the others are joined.")]


@app.command()
def init(
    files: Files,
    out: Annotated[Path, typer.Option("--out", help="The study file to write.")] = Path("study.yaml"),
    unit: Annotated[str | None, typer.Option("--unit", help="Column of the unit.", show_default="found")] = None,
    time: Annotated[str | None, typer.Option("--time", help="Column of the time.", show_default="found")] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(
            "--option", "-o", help="An option of reading, as 'sheet=年鉴'; docs/readers.md.", show_default=False
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a study file that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look at data files, say what is in them and what looks wrong, and write a first study file."""
    from econloom.study.starting import start
    from econloom.study.store import write_text

    target = out / "study.yaml" if out.is_dir() else out
    if target.exists() and not force:
        raise OutputError(f"{target}: is there already", hint="say --force to replace it, or another file with --out")
    if not target.parent.is_dir():
        raise OutputError(f"{target.parent}: no such folder")
    begun = start(files, target.parent, unit, time, _options(option or ()))
    if begun.text is not None:
        write_text(target, begun.text)
    if as_json:
        print_json(_as_dict(begun, target))
    else:
        _print(begun, target)
    if begun.text is None:
        raise typer.Exit(1)


def _options(given: Any) -> dict[str, Any]:
    """``key=value`` pairs; values are written as in a study file."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    made: dict[str, Any] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise UsageError(f"--option {text!r}: written 'name=value'", hint="such as --option sheet=年鉴")
        try:
            made[name.strip()] = YAML(typ="safe", pure=True).load(value)
        except YAMLError:
            made[name.strip()] = value
    from econloom.data import readers

    readers.make(made)
    return made


def _as_dict(begun: Start, target: Path) -> dict[str, Any]:
    return {
        "ok": begun.text is not None,
        "study": str(target) if begun.text is not None else None,
        "why_not": begun.why_not,
        "profile": begun.profile.to_dict(),
        "files": [
            {"source": t.name, "options": dict(t.options), "columns": dict(t.columns), **t.reading.to_dict()}
            for t in begun.tables
        ],
        "merges": list(begun.merges),
        "left_out": list(begun.left_out),
    }


def _print(begun: Start, target: Path) -> None:
    for table in begun.tables:
        print(table.reading)
    print()
    for line in begun.profile.lines():
        print(line)
    for line in begun.merges:
        print(f"joined: {line}")
    for line in begun.left_out:
        print(f"not joined: {line}", file=sys.stderr)
    if begun.text is None:
        print(f"no study file written: {begun.why_not}", file=sys.stderr)
    else:
        print(f"\nwritten: {target}\nnext:    econloom run {_shown(target)}")


def _shown(path: Path) -> str:
    return f"'{path}'" if " " in str(path) else str(path)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Say whether everything econloom needs is there: libraries, fonts, threads, cache, optional parts."""
    from econloom.cli.health import examine

    found = examine()
    if as_json:
        print_json({"ok": found.ok, "checks": [c.to_dict() for c in found.checks]})
    else:
        for check in found.checks:
            print(check)
    if not found.ok:
        raise typer.Exit(1)
