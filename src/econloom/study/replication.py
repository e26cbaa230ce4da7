"""A finished run against the printed tables that its study names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from econloom.audit import differences
from econloom.audit.replicate import (
    VERDICTS,
    Expectation,
    Incomparable,
    Ours,
    Replication,
    TableMap,
    compare,
    read_printed,
)
from econloom.core.errors import EconloomError, StudyFileError, UsageError, did_you_mean, listed
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
    printed = {table: read_printed(folder / entry.file) for table, entry in published.tables.items()}
    mapping = {table: _mapped(spec, published, table, entry) for table, entry in published.tables.items()}
    expect = [Expectation(**claim.model_dump()) for claim in published.expect]
    apart = [Incomparable(**claim.model_dump()) for claim in published.not_comparable]
    return compare(printed, Ours.read(run), mapping, expect, apart)


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


def _mapped(spec: StudySpec, published: Published, table: str, entry: PrintedTable) -> TableMap:
    return TableMap(
        columns=entry.columns or None,
        terms={**published.terms, **entry.terms},
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
    for table in (differences.counts(found), differences.apart(found)):
        if table is not None:
            render.write_all(table, folder, lang, ("docx", "html", "md", "csv"))
    drawn = _figure(found)
    if drawn is not None:
        figures.write_all(drawn, folder, lang)
    write_text(folder / "cells.csv", found.cells.write_csv())
    return folder


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
