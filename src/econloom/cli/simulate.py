"""The verb of simulated sources: write them as files that a user replaces by own ones."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from econloom.cli.app import AsJson, app, print_json
from econloom.cli.studies import StudyPath, folder_of
from econloom.core.errors import UsageError


class Headings(StrEnum):
    """First line of the files."""

    name = "name"
    zh = "zh"


@app.command()
def simulate(
    study: StudyPath,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder of the files.", show_default="STUDY/simulated")
    ] = None,
    headings: Annotated[
        Headings, typer.Option("--headings", help="Names as in study files, or as Chinese yearbooks print them.")
    ] = Headings.name,
    as_json: AsJson = False,
) -> None:
    """Write a study's simulated sources as csv files, with units and origin of their columns and the truth beside."""
    from econloom import simulate as simulators
    from econloom.study import study as open_study
    from econloom.study.catalog import simulated_by

    opened = open_study(study)
    drawn = {n: simulated_by(s) for n, s in opened.spec.sources.items() if s.simulate is not None}
    books = {n: simulators.draw(*by) for n, by in drawn.items()}
    if not books:
        raise UsageError(f"{study}: no simulated source to write (all its sources are files)")
    folder = out or folder_of(study) / "simulated"
    files = simulators.write(books, folder, headings.value)
    if as_json:
        print_json({"ok": True, "out": str(folder), "files": [f.name for f in files]})
        return
    for name, book in books.items():
        how = "" if book.simulator in simulators.REAL else "simulated by "
        print(f"  {name + '.csv':<20} {book.frame.height:>7} rows  {how}{book.simulator}")
    print("  columns.csv          names, units and where to find the real ones")
    print("  truth.json           the true effects")
    print(f"in {folder}; own files of the same columns: 'path:' in place of 'simulate:', 'seed:' and 'process:'")
