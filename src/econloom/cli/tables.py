"""The verb `iot`: indicators of inter-country tables, written as tidy files."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from econloom.cli.app import AsJson, Lang, Language, app, print_json
from econloom.core.errors import UsageError

if TYPE_CHECKING:
    from econloom import iot as accounting


class Headings(StrEnum):
    """Heads of columns."""

    name = "name"
    zh = "zh"
    en = "en"


_Path = Annotated[Path | None, typer.Argument(help="A table, or a folder of yearly tables.", show_default=False)]
_Names = Annotated[
    str | None, typer.Option("--indicators", "-i", help="Names with commas: tbi,vax,…", show_default=False)
]
_Out = Annotated[Path, typer.Option("--out", help="A folder, or one file.")]
_Format = Annotated[str | None, typer.Option("--format", help="csv, parquet or xlsx.", show_default="csv")]
_Layout = Annotated[str | None, typer.Option("--layout", help="Layout of the tables.", show_default="found out")]
_Listed = Annotated[bool, typer.Option("--list", help="List the indicators and leave.")]


@app.command()
def iot(
    table: _Path = None,
    indicators: _Names = None,
    out: _Out = Path("indicators"),
    format: _Format = None,
    layout: _Layout = None,
    headings: Annotated[Headings, typer.Option("--headings", help="Heads of columns.")] = Headings.name,
    listing: _Listed = False,
    as_json: AsJson = False,
    lang: Lang = Language.zh,
) -> None:
    """Compute indicators of inter-country tables and write them as tidy files."""
    if listing:
        _list(as_json, lang)
        return
    if table is None or indicators is None:
        raise UsageError("a table and --indicators are needed", hint="econloom iot TABLE --indicators tbi,vax; --list")
    from econloom.iot import export, read

    names = export.names_of(indicators)
    places = export.targets(out, names, format)
    held = read(table, layout)
    from econloom.iot.official_tables import year_of

    with _bar(as_json) as progress:
        made = export.computed(held, names, year_of(table), progress)
    export.write({n: export.headed(n, f, headings.value) for n, f in made.items()}, places)
    _report(held, {n: made[n].height for n in names}, {n: str(p.resolve()) for n, p in places.items()}, as_json)


def _list(as_json: bool, lang: Language) -> None:
    from econloom.iot import INDICATORS, described
    from econloom.iot.export import SHORT

    if as_json:
        print_json(described().to_dicts())
        return
    short = {name: word for word, name in SHORT.items()}
    for name, indicator in INDICATORS.items():
        also = f" ({short[name]})" if name in short else ""
        print(f"{name + also:<36} {indicator.label.text(lang.value)}")


def _bar(as_json: bool) -> Any:
    """A progress bar over years on a terminal, else nothing."""
    if as_json or not sys.stderr.isatty():
        return nullcontext(None)
    return _drawn()


def _drawn() -> Any:
    from contextlib import contextmanager

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    @contextmanager
    def shown() -> Any:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("tables", total=None)
            yield lambda done, total, name: progress.update(task, total=total, completed=done, description=name)

    return shown()


def _report(
    held: accounting.IOTable | accounting.YearlyTables,
    rows: dict[str, int],
    files: dict[str, str],
    as_json: bool,
) -> None:
    warnings = [e.message for e in held.events if e.kind == "warning"]
    if as_json:
        print_json({"ok": True, "rows": rows, "files": files, "warnings": warnings})
        return
    for message in warnings:
        print(f"warning: {message}", file=sys.stderr)
    for name, count in rows.items():
        print(f"{name:<32} {count:>9,} rows  {files[name]}")
