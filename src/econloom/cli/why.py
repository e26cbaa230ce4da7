"""The verb that says where a number of a study comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from econloom.cli.app import AsJson, Lang, Language, app, print_json
from econloom.cli.studies import StudyPath

Address = Annotated[str, typer.Argument(help="A number: t3.c2.tbi, t1.CHN.2007; or a column, or a table.")]


@app.command()
def why(
    study: StudyPath,
    address: Address,
    version: Annotated[str, typer.Option("--version", help="Of another version of the study.")] = "default",
    rows: Annotated[
        Path | None, typer.Option("--rows", help="Write the rows behind it to this csv file.", show_default=False)
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the run.", show_default="STUDY/out")] = None,
    as_json: AsJson = False,
    lang: Lang = Language.zh,
) -> None:
    """Say where a number comes from: formula, standard error, rows, variables, files."""
    from econloom.study import study as opened

    found = opened(study).why(address, out, version=version, rows=rows)
    if as_json:
        print_json({"ok": True, **found.to_dict(lang.value)})
        return
    print(found.text(lang.value))
    if rows is not None:
        print()
        print(f"{found.rows} {'行写入' if lang is Language.zh else 'rows in'} {rows}")
