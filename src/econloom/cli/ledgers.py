"""The verb `ledger`: every specification that was run, against those that are printed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from econloom.cli.app import AsJson, Lang, Language, app, print_json
from econloom.cli.studies import StudyPath

_Out = Annotated[Path | None, typer.Option("--out", help="Folder of the run.", show_default="STUDY/out")]
_All = Annotated[bool, typer.Option("--all", help="List every specification.")]


@app.command()
def ledger(
    study: StudyPath, out: _Out = None, every: _All = False, as_json: AsJson = False, lang: Lang = Language.zh
) -> None:
    """Count the specifications that were run in the life of a study, and those that are printed."""
    from econloom.study import study as opened

    found = opened(study).ledger(out)
    if as_json:
        rows = {"rows": found.frame.to_dicts()} if every else {}
        print_json({"ok": True, **found.to_dict(), **rows})
        return
    print(found.text(lang.value))
    if every:
        for row in found.frame.iter_rows(named=True):
            where = f"{row['version']} {row['table']}.{row['column']}"
            value = "-" if row["estimate"] is None else f"{row['estimate']:.6g}"
            print(f"{row['date'][:10]}  {row['place']:<8} {where:<28} {value:>12}  {row['formula']}")
