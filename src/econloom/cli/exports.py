"""The verb `export`: a study as a Stata do-file and as an R script."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from econloom.cli.app import AsJson, app, print_json, progress_bar
from econloom.cli.studies import StudyPath, folder_of
from econloom.core.errors import UsageError

if TYPE_CHECKING:
    from econloom.study.export import Export

_Tables = Annotated[list[str] | None, typer.Argument(help="Only these tables and figures.", show_default=False)]
_Out = Annotated[Path | None, typer.Option("--out", help="Folder for stata/ and r/.", show_default="STUDY/export")]


@app.command()
def export(
    study: StudyPath,
    tables: _Tables = None,
    stata: Annotated[bool, typer.Option("--stata", help="A do-file.")] = False,
    r: Annotated[bool, typer.Option("--r", help="An R script.")] = False,
    out: _Out = None,
    version: Annotated[str, typer.Option("--version", help="Version of the study.")] = "default",
    as_json: AsJson = False,
) -> None:
    """Write a study as a Stata do-file or an R script, with prepared data and expected numbers: it checks itself."""
    from econloom.study import study as opened
    from econloom.study.export import export as exported

    programs = [name for name, wanted in (("stata", stata), ("r", r)) if wanted]
    if not programs:
        raise UsageError("export needs --stata, --r or both", hint=f"econloom export {study} --stata --r")
    found = opened(study)
    home = out or folder_of(study) / "export"
    with progress_bar(as_json) as listener:
        made = exported(found.plan(), found.facts, programs, [home / p for p in programs], tables, version, listener)
    if as_json:
        print_json({"ok": True, "exports": [_as_dict(one) for one in made]})
        return
    for one in made:
        _tell(one)


def _as_dict(one: Export) -> dict[str, Any]:
    return {
        "program": one.program,
        "script": str(one.script.resolve()),
        "models": len(set(one.columns.values())),
        "columns": one.columns,
        "numbers": len(one.rows),
        "compared": one.compared,
        "left_out": [{"what": w.what, "why": w.why} for w in one.left_out],
        "files": list(one.files),
    }


def _tell(one: Export) -> None:
    """What a person wants to know: where the script is, how much it compares, what it leaves out and why."""
    from econloom.study.export.tables import reasons

    models = len(set(one.columns.values()))
    print(f"{one.script}: {models} models, {one.compared} of {len(one.rows)} numbers are compared when it runs")
    for line in reasons(one.left_out, 6):
        print(f"  {line}")
    start = f"do {one.script.name}  (in {one.path})" if one.program == "stata" else f"Rscript {one.script}"
    print(f"run it: {start}")
