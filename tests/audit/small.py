"""A printed table and a run, both small enough to check by eye."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from econloom.audit.replicate import Ours, Printed, read_printed

RESULTS = {
    **dict.fromkeys(("version", "table", "group", "column", "stage", "outcome", "term"), pl.String),
    **dict.fromkeys(("estimate", "std_error", "statistic"), pl.Float64),
    "stars": pl.String,
    "n": pl.Int64,
    "r2": pl.Float64,
    "r2_within": pl.Float64,
}
VALUES = {**dict.fromkeys(("version", "table", "row", "column"), pl.String), "value": pl.Float64}


def cell(coef: str, stars: int = 0, se: str | None = None, t: str | None = None) -> dict[str, Any]:
    """One regression cell of the printed layout."""
    numbers = {"coef": coef, "se": se, "t": t}
    return {
        "stars": stars,
        **{k: None if v is None else float(v) for k, v in numbers.items()},
        **{f"{k}_s": v for k, v in numbers.items()},
    }


def column(name: str, n: str = "615", r2: str = "0.4420", **stats: str) -> dict[str, Any]:
    return {"id": name, "n": float(n), "n_s": n, "r2": float(r2), "r2_s": r2, "stats": stats}


def regression(rows: Mapping[str, Mapping[str, Any]], columns: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "title": "baseline",
        "kind": "regression",
        "columns": list(columns),
        "rows": [{"term": t, "cells": dict(cells)} for t, cells in rows.items()],
    }


def grid(values: Mapping[str, Mapping[str, str]], columns: Sequence[str]) -> dict[str, Any]:
    """A printed table of values, by row and column."""
    rows = [
        {"term": t, "cells": {c: {"value": float(v), "value_s": v} for c, v in row.items()}}
        for t, row in values.items()
    ]
    return {"title": "grid", "kind": "data", "columns": [{"id": c} for c in columns], "rows": rows}


def printed(document: Any, folder: Path, name: str = "printed.json") -> Printed:
    path = folder / name
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return read_printed(path)


def estimate(
    table: str, column: str, term: str, value: float | None, se: float = 1.0, stars: int = 0, **more: Any
) -> dict:
    row = {
        "version": "default",
        "table": table,
        "group": "",
        "column": column,
        "stage": "main",
        "outcome": "y",
        "term": term,
    }
    row |= {
        "estimate": value,
        "std_error": se,
        "statistic": None if value is None else value / se,
        "stars": "*" * stars,
    }
    return row | {"n": 615, "r2": 0.9, "r2_within": 0.442} | more


def value(table: str, row: str, column: str, number: float | None) -> dict[str, Any]:
    return {"version": "default", "table": table, "row": row, "column": column, "value": number}


def ours(estimates: Sequence[Mapping[str, Any]] = (), values: Sequence[Mapping[str, Any]] = ()) -> Ours:
    return Ours(pl.DataFrame(list(estimates), schema=RESULTS), pl.DataFrame(list(values), schema=VALUES))
