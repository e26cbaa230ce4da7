"""A finished run against the printed tables that its study names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from econloom.audit import differences
from econloom.audit.claims_file import CellClaims, read_claims
from econloom.audit.printed import Printed
from econloom.audit.read.published import read_published
from econloom.audit.replicate import (
    VERDICTS,
    Expectation,
    Incomparable,
    Ours,
    Replication,
    TableMap,
    compare,
)
from econloom.core.errors import DataError, EconloomError, StudyFileError, UsageError, did_you_mean, listed
from econloom.core.labels import Label, Lang
from econloom.report import figures, render
from econloom.study.language.published import PrintedTable, Published
from econloom.study.language.tables import RegressionTable
from econloom.study.schema import StudySpec
from econloom.study.store import write_text

FOLDER = "replicate"
_R2 = {"overall": "r2", "within": "r2_within", "within_unit": "r2_within_unit"}
_VERDICTS = {
    "exact": Label(zh="完全一致", en="exact"),
    "within_rounding": Label(zh="四舍五入范围内", en="within rounding"),
    "within_se": Label(zh="一个标准误内且符号、星号一致", en="within one SE, same sign and stars"),
    "sign_only": Label(zh="仅符号一致", en="sign only"),
    "fail": Label(zh="不一致", en="fail"),
}


def replicate(spec: StudySpec, run: str | Path) -> Replication:
    """Compare a run's folder with the study's printed tables.

    Raises
    ------
    UsageError
        The study names no printed tables, or a table that it does not have.
    DataError
        A printed file that cannot be read or does not match the study.
    """
    published = spec.published
    if published is None:
        hint = "name printed tables under 'published:' (docs/replicate.md)"
        raise UsageError(f"the study {spec.study!r} names no printed tables", hint=hint)
    _known_tables(spec, published)
    folder = spec.folder / published.path
    ours = Ours.read(run)
    there = frozenset(ours.results["term"])
    printed = {
        t: read_published(folder / entry.file, entry.table, entry.paren) for t, entry in published.tables.items()
    }
    mapping = {
        t: _mapped(spec, published, t, entry, _labels(spec, printed[t], there)) for t, entry in published.tables.items()
    }
    expect = [Expectation(**claim.model_dump()) for claim in published.expect]
    if published.cells is not None:
        claims = read_claims(folder / published.cells)
        _once(spec, published, claims, folder / published.cells)
        mapping |= {t: _by_name(spec, published, t, paper, there) for t, paper in claims.printed.items()}
        printed |= claims.printed
        expect += claims.expect
    apart = [Incomparable(**claim.model_dump()) for claim in published.not_comparable]
    return compare(printed, ours, mapping, expect, apart)


def _once(spec: StudySpec, published: Published, claims: CellClaims, file: Path) -> None:
    for table in claims.printed:
        if table not in spec.tables:
            raise DataError(f"{file}: the study has no table {table!r}{did_you_mean(table, spec.tables)}")
        if table in published.tables:
            raise DataError(f"{file}: table {table} is among published.tables already", hint="leave it out of one")


def _by_name(spec: StudySpec, published: Published, table: str, paper: Printed, there: frozenset[str]) -> TableMap:
    """A table of single cells: columns, rows and statistics by the study's names; terms by their labels, too."""
    same = {c: c for c in paper.columns}
    tests = {c.term: c.term for c in paper.cells if c.kind == "statistic"}
    terms = {**_labels(spec, paper, there), **{k: v for k, v in published.terms.items() if k in paper.rows}}
    return TableMap(columns=same, terms=terms, r2=_shown_r2(spec, table), statistics=tests)


def _labels(spec: StudySpec, paper: Printed, there: frozenset[str]) -> dict[str, str]:
    """Printed terms that are the label of one variable of the study with a coefficient in the run."""
    named: dict[str, set[str]] = {}
    for name, variable in ((n, v) for n, v in spec.variables.items() if n in there and paper.kind == "regression"):
        for text in (variable.label.text("zh"), variable.label.text("en")):
            named.setdefault(text, set()).add(name)
    return {t: next(iter(named[t])) for t in paper.rows if len(named.get(t, ())) == 1 and t not in named[t]}


def _known_tables(spec: StudySpec, published: Published) -> None:
    problems: list[EconloomError] = []
    for table in published.tables:
        if table not in spec.tables:
            error = UsageError(
                f"published.tables.{table}: the study has no such table{did_you_mean(table, spec.tables)}",
                where=spec.document.at(("published", "tables", table), key=True),
                hint=f"tables: {listed(spec.tables)}",
            )
            problems.append(error)
    if problems:
        raise StudyFileError(problems)


def _mapped(
    spec: StudySpec, published: Published, table: str, entry: PrintedTable, by_label: Mapping[str, str]
) -> TableMap:
    return TableMap(
        columns=entry.columns or None,
        terms={**by_label, **published.terms, **entry.terms},
        rows=entry.rows or None,
        r2=_R2[entry.r2] if entry.r2 else _shown_r2(spec, table),
        statistics=entry.statistics,
        stars=entry.stars,
    )


def _shown_r2(spec: StudySpec, table: str) -> str:
    made = spec.tables[table]
    said = [spec.defaults.show.r2, made.show.r2 if isinstance(made, RegressionTable) else None]
    return _R2.get(next((r for r in reversed(said) if r), "within"), "r2_within")


def write(found: Replication, run: str | Path, lang: Lang = "zh") -> Path:
    """Write ``replicate/`` into a run's folder: all cells, tables of verdicts, and the figure of differences.

    Returns
    -------
    Path
        The folder.
    """
    folder = Path(run) / FOLDER
    _clear(folder)
    for table in (differences.counts(found), differences.apart(found, missed=True)):
        if table is not None:
            render.write_all(table, folder, lang, ("docx", "html", "md", "csv"))
    drawn = _figure(found)
    if drawn is not None:
        figures.write_all(drawn, folder, lang)
    write_text(folder / "cells.csv", found.cells.write_csv())
    return folder


def _clear(folder: Path) -> None:
    """Without the files of an earlier comparison, which may have had differences that this one has not."""
    for stem in ("replication", "replication_apart", "differences"):
        for file in folder.glob(f"{stem}.*"):
            file.unlink()


def _figure(found: Replication) -> figures.Differences | None:
    usable = differences.points(found).filter(pl.col("difference_se").is_finite())
    points = tuple(
        figures.Difference(
            name=row["label"],
            group=row["table"],
            ours=row["ours"],
            printed=row["printed"],
            unit=(row["ours"] - row["printed"]) / row["difference_se"] if row["difference_se"] else 1.0,
            verdict=row["verdict"],
        )
        for row in usable.iter_rows(named=True)
    )
    if not points:
        return None
    return figures.Differences(
        "differences",
        Label(zh="与原文系数之差", en="Differences from the printed coefficients"),
        points,
        tuple((v, label) for v, label in _VERDICTS.items()),
    )


def lines(found: Replication) -> list[str]:
    """The verdicts for a person: counts by table and kind, what is not met, what was not compared."""
    shown = [_line(row) for row in found.summary().iter_rows(named=True)]
    absent = found.not_compared
    apart = [f"declared not comparable: {n} numbers {claim}: {claim.why}" for claim, n in found.declared.items()]
    left = [f"not compared: {r['table']} {r['column']} {r['term']} ({r['reason']})" for r in absent.head(20).to_dicts()]
    met = sum(o.met for o in found.outcomes)
    return [*shown, *apart, *left, *found.problems(), f"{met} of {len(found.outcomes)} expectations met"]


def _line(row: Mapping[str, object]) -> str:
    counted = [f"{row[v]} {v.replace('_', ' ')}" for v in (*VERDICTS, "not_compared") if row[v]]
    both = f"; {row['sign_and_stars']} with sign and stars" if row["kind"] == "coefficient" else ""
    return f"{row['table']:<5} {row['kind']:<12} {row['printed']:>4}: " + ", ".join(counted) + both
