"""The verb `diff`: two runs of a study, number by number, with causes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from econloom.cli.app import AsJson, Lang, Language, app, print_json
from econloom.core.errors import UsageError

_First = Annotated[Path, typer.Argument(help="Folder of a run.", show_default=False)]
_Second = Annotated[Path | None, typer.Argument(help="Folder of a later run.", show_default=False)]
_Out = Annotated[Path | None, typer.Option("--out", help="Folder for diff.csv, .html, .docx, .md.", show_default=False)]


@app.command()
def diff(
    first: _First, second: _Second = None, out: _Out = None, as_json: AsJson = False, lang: Lang = Language.zh
) -> None:
    """Say which numbers of two runs differ, by how much, and why: exit code 1 if any does."""
    from econloom.study.diff import diff as compared
    from econloom.study.diff import shown

    if second is None:
        hint = "a run replaces the last one: keep that with 'cp -r STUDY/out before', or run into another --out"
        raise UsageError("diff takes two folders of runs", hint=hint)
    found = compared(first, second)
    written = shown.write(found, out, lang.value) if out is not None else ()
    if as_json:
        print_json({"ok": found.same, "exit_code": 0 if found.same else 1, **found.to_dict()})
    else:
        print("\n".join(shown.lines(found, lang.value)))
        for path in written:
            print(path, file=sys.stderr)
    if not found.same:
        raise typer.Exit(1)
