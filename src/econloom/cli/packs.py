"""The verb `pack`: a study as a zip that reruns itself."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from econloom.cli.app import AsJson, Lang, Language, app, print_json, progress_bar
from econloom.cli.studies import StudyPath

if TYPE_CHECKING:
    from econloom.study.pack import Packed

_Out = Annotated[Path | None, typer.Option("--out", help="The zip.", show_default="STUDY-pack.zip")]
_Results = Annotated[Path | None, typer.Option("--results", help="Folder of the run.", show_default="STUDY/out")]
_Limit = Annotated[float, typer.Option("--limit", help="Megabytes that the files may have together.", min=0)]
_List = Annotated[bool, typer.Option("--list", help="Say what would go in, with sizes, and write nothing.")]


@app.command()
def pack(
    study: StudyPath,
    out: _Out = None,
    results: _Results = None,
    limit: _Limit = 2_000.0,
    listing: _List = False,
    as_json: AsJson = False,
    lang: Lang = Language.zh,
) -> None:
    """Pack a study for reviewers: data that may be shipped, exact versions, README, audit, expected numbers."""
    from econloom.study import study as opened
    from econloom.study.pack.described import size

    found = opened(study)
    target = out or Path(f"{found.spec.study}-pack.zip")
    seen = found.pack(target, results, lang.value, limit, write=False)
    if not as_json:
        _tell(seen)
    if not listing:
        with progress_bar(as_json) as listener:
            seen = found.pack(target, results, lang.value, limit, listener)
    if as_json:
        print_json({"ok": True, **seen.to_dict()})
        return
    print(f"{len(seen.sizes)} files, {size(seen.size)}" + (" so far" if listing and not _has_results(seen) else ""))
    if seen.path is not None:
        print(f"{seen.path}  {size(seen.path.stat().st_size)}")


def _has_results(seen: Packed) -> bool:
    return "expected/results.csv" in seen.sizes


def _tell(done: Packed) -> None:
    from econloom.study.pack.described import size

    for source in done.sources:
        if "place" not in source:
            print(f"  {source['name']:<16} simulated")
        elif source["shipped"]:
            print(f"  {source['name']:<16} {size(source['bytes']):>10}  {source['place']}  {source['licence'] or ''}")
        else:
            why = source["why_not"] or "no reason given"
            print(f"  {source['name']:<16} {'left out':>10}  {source['place']}  ({why})")
    for warning in done.warnings:
        print(f"warning: {warning}", file=sys.stderr)
