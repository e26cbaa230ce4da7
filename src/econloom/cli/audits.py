"""The verb `audit`: is a printed table possible?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from econloom.cli.app import AsJson, Lang, Language, app, print_json
from econloom.core.errors import OutputError, UsageError

if TYPE_CHECKING:
    from econloom.audit import Audit

_Files = Annotated[list[Path], typer.Argument(help="docx, tex, html, md, csv, xlsx, pdf or json files, in order.")]
_Text = Annotated[Path | None, typer.Option("--text", help="The paper's text, whose claims are checked.")]
_Units = Annotated[int | None, typer.Option("--units", help="Units of the panel.", show_default=False)]
_Periods = Annotated[int | None, typer.Option("--periods", help="Periods of the panel.", show_default=False)]
_Clusters = Annotated[int | None, typer.Option("--clusters", help="Number of clusters.", show_default=False)]
_Cutoffs = Annotated[str | None, typer.Option("--cutoffs", help="Levels of stars: 0.1,0.05,0.01.", show_default=False)]
_Parens = Annotated[str | None, typer.Option("--parens", help="Brackets hold se, t, p or ci.", show_default=False)]
_Identity = Annotated[list[str] | None, typer.Option("--identity", help="'EcGI = (Tr + Fi) / 2'; may be repeated.")]
_Integers = Annotated[
    list[str] | None, typer.Option("--integers", help="A row of whole numbers, for GRIM; may be repeated.")
]
_Shares = Annotated[list[str] | None, typer.Option("--shares", help="A row of shares in [0, 1]; may be repeated.")]
_LrDf = Annotated[int | None, typer.Option("--lr-df", help="Degrees of freedom of LR tests.", show_default=False)]
_Fewest = Annotated[
    int | None, typer.Option("--fewest-clusters", help="Fewest plausible clusters (5).", show_default=False)
]
_Report = Annotated[list[Path] | None, typer.Option("--report", help="A report: .html or .docx; may be repeated.")]
_Baseline = Annotated[Path | None, typer.Option("--baseline", help="File of accepted findings.", show_default=False)]
_Write = Annotated[Path | None, typer.Option("--write-baseline", help="Accept all findings.", show_default=False)]


@app.command()
def audit(
    files: _Files,
    text: _Text = None,
    units: _Units = None,
    periods: _Periods = None,
    clusters: _Clusters = None,
    cutoffs: _Cutoffs = None,
    parens: _Parens = None,
    identity: _Identity = None,
    integers: _Integers = None,
    shares: _Shares = None,
    lr_df: _LrDf = None,
    fewest_clusters: _Fewest = None,
    report: _Report = None,
    baseline: _Baseline = None,
    write_baseline: _Write = None,
    as_json: AsJson = False,
    lang: Lang = Language.zh,
) -> None:
    """Hold printed tables against arithmetic: exit code 1 if something is certainly impossible."""
    from econloom.audit import Given
    from econloom.audit import audit as audited
    from econloom.audit import baseline as known
    from econloom.audit.given import FEWEST_CLUSTERS
    from econloom.audit.read.text import read_text

    for place in report or ():
        if place.suffix.lower() not in {".html", ".docx"}:
            raise UsageError(f"a report is .html or .docx, not {place.name!r}")
    accepted = known.read_baseline(baseline) if baseline is not None else frozenset()
    given = Given(
        text=read_text(text) if text is not None else "",
        units=units,
        periods=periods,
        clusters=clusters,
        cutoffs=_levels(cutoffs),
        parens=parens,
        identities=tuple(identity or ()),
        integers=tuple(integers or ()),
        shares=tuple(shares or ()),
        lr_df=lr_df,
        fewest_clusters=FEWEST_CLUSTERS if fewest_clusters is None else fewest_clusters,
    )
    done = known.without_known(audited(files, given), accepted)
    for place in report or ():
        _write(done, place, lang)
    if write_baseline is not None:
        known.write_baseline((*done.findings, *done.known), write_baseline)
    _tell(done, as_json, lang)
    if not done.ok and write_baseline is None:
        raise typer.Exit(1)


def _levels(text: str | None) -> tuple[float, ...]:
    if text is None:
        return ()
    try:
        return tuple(float(x) for x in text.split(","))
    except ValueError as error:
        raise UsageError(f"--cutoffs {text!r}: levels with commas", hint="--cutoffs 0.1,0.05,0.01") from error


def _write(done: Audit, place: Path, lang: Language) -> None:
    from econloom.audit import shown
    from econloom.core.files import replace_file
    from econloom.core.labels import Label
    from econloom.report import page

    title = Label(zh="印刷表格核查报告", en="Audit of printed tables")
    blocks: Any = shown.tables(done)
    if place.suffix.lower() == ".html":
        content = page.report_html(title, blocks, lang.value).encode("utf-8")
    else:
        content = page.report_docx(title, blocks, lang.value)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        replace_file(place, content)
    except OSError as error:
        raise OutputError(f"cannot write {place}: {error.strerror or error}") from error


def _tell(done: Audit, as_json: bool, lang: Language) -> None:
    if as_json:
        print_json(done.to_dict())
        return
    zh = lang is Language.zh
    for finding in done.findings:
        print(finding.text(lang.value))
    for unread in done.unread:
        print(f"{'未能读取' if zh else 'not read'}: {unread}", file=sys.stderr)
    for line in done.repaired:
        print(f"{'经修补读取' if zh else 'mended'}: {line}", file=sys.stderr)
    counts = [done.count(level) for level in ("certain", "conditional", "suspicious")]
    if zh:
        print(f"{len(done.tables)}张表，{done.numbers}个数字：确定{counts[0]}项，有条件{counts[1]}项，可疑{counts[2]}项"
              + (f"，基线已接受{len(done.known)}项" if done.known else ""))  # fmt: skip
    else:
        print(f"{len(done.tables)} tables, {done.numbers} numbers: {counts[0]} certain, {counts[1]} conditional, "
              f"{counts[2]} suspicious" + (f", {len(done.known)} known" if done.known else ""))  # fmt: skip
