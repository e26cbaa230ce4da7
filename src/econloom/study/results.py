"""Results as long frames: one row a coefficient, one row a value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import polars as pl

from econloom.core.estimate import Tidy, stars
from econloom.core.table import Table
from econloom.report import figures
from econloom.report.densities import Density
from econloom.study.specified import Specified

COEFFICIENTS: Mapping[str, Any] = {
    "version": pl.String,
    "table": pl.String,
    "group": pl.String,
    "column": pl.String,
    "stage": pl.String,
    "outcome": pl.String,
    "term": pl.String,
    "estimate": pl.Float64,
    "std_error": pl.Float64,
    "statistic": pl.Float64,
    "p_value": pl.Float64,
    "conf_low": pl.Float64,
    "conf_high": pl.Float64,
    "stars": pl.String,
    "n": pl.Int64,
    "n_clusters": pl.Int64,
    "r2": pl.Float64,
    "r2_within": pl.Float64,
    "r2_within_unit": pl.Float64,
    "vcov": pl.String,
    "ssc": pl.String,
}
VALUES: Mapping[str, Any] = {
    "version": pl.String,
    "table": pl.String,
    "row": pl.String,
    "column": pl.String,
    "value": pl.Float64,
}


def coefficient_rows(version: str, table: str, models: Iterable[Tidy], cuts: tuple[float, ...]) -> pl.DataFrame:
    """The rows of ``results.csv`` for one regression table.

    Parameters
    ----------
    version, table : str
    models : iterable of Tidy
        In the order of the columns, which are named c1, c2, ….
    cuts : tuple of float
        Cut-offs of the stars.
    """
    rows = []
    for number, model in enumerate(models, 1):
        glance = {k: model.glance.get(k) for k in ("n", "n_clusters", "r2", "r2_within", "r2_within_unit")}
        for c in model.coefficients:
            rows.append(
                {
                    "version": version,
                    "table": table,
                    "group": ", ".join(filter(None, (str(model.extra.get(k, "")) for k in ("group", "companion")))),
                    "column": f"c{number}",
                    "stage": model.stage,
                    "outcome": model.outcome,
                    **{k: getattr(c, k) for k in ("term", "estimate", "std_error", "statistic", "p_value")},
                    "conf_low": c.conf_low,
                    "conf_high": c.conf_high,
                    "stars": "*" * stars(c.p_value, cuts),
                    **glance,
                    "vcov": model.vcov,
                    "ssc": model.ssc,
                }
            )
    return pl.DataFrame(rows, schema=dict(COEFFICIENTS)).with_columns(pl.col(pl.Float64).fill_nan(None))


def specification_rows(version: str, name: str, found: Specified, cuts: tuple[float, ...]) -> pl.DataFrame:
    """The rows of ``results.csv`` for one specification curve: ``s17`` is the specification of that number."""
    rows = []
    for row in found.frame.iter_rows(named=True):
        parts = (row["controls"], row["sample"], row["effects"], row["weights"])
        kept = {k: row[k] for k in COEFFICIENTS if k in row}
        rows.append(
            {
                **kept,
                "version": version,
                "table": name,
                "group": " | ".join(str(p or "-") for p in parts),
                "column": f"s{row['number']}",
                "stage": "second" if row["formula"].count("~") > 1 else "main",
                "stars": "*" * stars(row["p_value"], cuts),
                "ssc": found.ssc,
            }
        )
    return pl.DataFrame(rows, schema=dict(COEFFICIENTS))


def figure_rows(version: str, figure: Any, column: str) -> pl.DataFrame:
    """The rows of ``values.csv`` for the numbers of one figure; effects by event time are coefficients.

    Parameters
    ----------
    version : str
    figure : Density, Trend, Intervals, Love or Effects
    column : str
        Of the numbers that are said of a density.
    """
    rows = [(version, figure.id, row, name, value) for row, name, value in _points(figure, column)]
    return pl.DataFrame(rows, schema=dict(VALUES), orient="row").with_columns(pl.col(pl.Float64).fill_nan(None))


def _points(figure: Any, column: str) -> Iterator[tuple[str, str, float | None]]:
    """Row, column and value of what a figure shows."""
    if isinstance(figure, Density):
        yield from ((name, column, value) for name, value in figure.statistics)
    elif isinstance(figure, figures.Trend):
        for facet in figure.facets:
            for line in facet.lines:
                name = ".".join(filter(None, (facet.name, line.name)))
                yield from ((f"{x:g}", name, y) for x, y in zip(line.x, line.y, strict=True))
    elif isinstance(figure, figures.Intervals):
        for point in filter(None, (figure.baseline, *figure.points)):
            yield point.name, "estimate", point.estimate
            yield point.name, "conf_low", point.low
            yield point.name, "conf_high", point.high
    elif isinstance(figure, figures.Love):
        for covariate in figure.points:
            yield covariate.name, "before", covariate.before
            yield covariate.name, "after", covariate.after


def value_rows(version: str, table: Table, columns: Iterable[object] | None = None) -> pl.DataFrame:
    """The rows of ``values.csv`` for one table of numbers, by the addresses of its cells.

    Parameters
    ----------
    version : str
    table : Table
    columns : iterable, optional
        Names of its columns where they may hold a full stop, so that an address alone does not tell.
    """
    names = [str(c) for c in columns] if columns is not None else None
    rows = []
    for line in table.rows:
        for number, cell in enumerate(line.cells):
            if cell.source is None or (cell.value is None and cell.kind == "text"):
                continue
            address = cell.source.removeprefix(f"{table.id}.")
            column = names[number] if names is not None else address.split(".", 1)[0]
            row = address.removeprefix(f"{column}.")
            rows.append({"version": version, "table": table.id, "row": row, "column": column, "value": cell.value})
    return pl.DataFrame(rows, schema=dict(VALUES)).with_columns(pl.col(pl.Float64).fill_nan(None))
