"""One :class:`~econloom.iot.table.IOTable` in one parquet file, one row a sector, readable by anything."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from econloom.core.errors import DataError, OutputError
from econloom.core.files import replace_file
from econloom.core.lineage import Event
from econloom.iot.balance import FloatArray
from econloom.iot.parsers import npz
from econloom.iot.table import IOTable

FORMAT = "econloom-iotable-1"
HEAD = ("country", "sector", "x", "v", "about")


def write_table(table: IOTable, path: Path) -> None:
    """Columns ``HEAD``, ``Z:country:sector``, ``Y:country``; the first row of ``about`` holds JSON."""
    G, S = len(table.countries), len(table.sectors)
    about = {
        "format": FORMAT,
        "balance_tolerance": table.balance_tolerance,
        "events": [e.to_dict() for e in table.events],
    }
    columns = {
        "country": np.repeat(np.array(table.countries), S).tolist(),
        "sector": list(table.sectors) * G,
        "x": table.x,
        "v": table.v,
        "about": [json.dumps(about, ensure_ascii=False), *[None] * (table.n - 1)],
    }
    names = [_name("Z", c, s) for c in table.countries for s in table.sectors]
    flows = dict(zip(names, np.ascontiguousarray(table.Z.T), strict=True))
    final = dict(zip((_name("Y", c) for c in table.countries), np.ascontiguousarray(table.Y.T), strict=True))
    stream = io.BytesIO()
    pl.DataFrame({**columns, **flows, **final}, schema_overrides={"about": pl.String}).write_parquet(stream)
    try:
        replace_file(path, stream.getvalue())
    except (OSError, ValueError) as error:
        raise OutputError(f"{path}: cannot be written ({getattr(error, 'strerror', None) or error})") from error


def read_table(path: Path) -> IOTable:
    """Read what :func:`write_table` wrote; DataError for anything else."""
    frame = _frame(path)
    missing = [name for name in HEAD if name not in frame.columns]
    if missing or not frame.height:
        raise DataError(f"{path}: not a table that to_parquet wrote (missing: {', '.join(missing) or 'rows'})")
    about = _about(frame, path)
    countries = tuple(dict.fromkeys(frame["country"].to_list()))
    sectors = tuple(dict.fromkeys(frame["sector"].to_list()))
    rows = list(zip(frame["country"], frame["sector"], strict=True))
    if rows != [(c, s) for c in countries for s in sectors]:
        raise DataError(f"{path}: rows are not all sectors of the first country, then of the second, ...")
    try:
        return IOTable(
            _numbers(frame, [_name("Z", c, s) for c, s in rows], path),
            _numbers(frame, [_name("Y", c) for c in countries], path),
            countries,
            sectors,
            _numbers(frame, ["x"], path)[:, 0],
            _numbers(frame, ["v"], path)[:, 0],
            balance_tolerance=about["balance_tolerance"],
            events=about["events"],
        )
    except DataError as error:
        raise error if str(path) in error.message else error.within(str(path)) from None


def _frame(path: Path) -> pl.DataFrame:
    content = npz.read_bytes(path)
    try:
        return pl.read_parquet(io.BytesIO(content))
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        reason = (str(error).splitlines() or [""])[0][:120]
        raise DataError(f"{path}: not a parquet file, or damaged ({reason})") from error


def _about(frame: pl.DataFrame, path: Path) -> dict[str, Any]:
    try:
        about = json.loads(frame["about"][0])
        if about["format"] != FORMAT:
            raise DataError(f"{path}: format {str(about['format'])[:40]!r}, expected {FORMAT!r}")
        tolerance = float(about["balance_tolerance"])
        return {"balance_tolerance": tolerance, "events": tuple(Event(**entry) for entry in about["events"])}
    except (TypeError, ValueError, KeyError) as error:
        raise DataError(f"{path}: column about cannot be read ({error})") from error


def _numbers(frame: pl.DataFrame, names: list[str], path: Path) -> FloatArray:
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise DataError(f"{path}: {len(missing)} columns missing, the first is {missing[0]!r}")
    chosen = frame.select(names)
    wrong = [name for name, kind in chosen.schema.items() if not kind.is_numeric()]
    if wrong:
        raise DataError(f"{path}: column {wrong[0]!r} is not of numbers")
    if chosen.null_count().sum_horizontal().item():
        raise DataError(f"{path}: empty cells in {next(name for name in names if chosen[name].null_count())!r}")
    return np.ascontiguousarray(chosen.cast(pl.Float64).to_numpy())


def _name(*parts: str) -> str:
    """Joined by colons; those inside a label are escaped, so that no two names are the same."""
    return ":".join(part.replace("\\", "\\\\").replace(":", "\\:") for part in parts)
