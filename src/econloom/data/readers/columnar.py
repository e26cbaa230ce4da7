"""Files that know the types of their columns: Parquet and Feather."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from econloom.core.errors import DataError
from econloom.core.frame import missing_as_null
from econloom.data.readers.files import guarded
from econloom.data.readers.options import Options
from econloom.data.readers.report import Reading, Remark


def names_of(path: Path, options: Options) -> list[str]:
    """Names of the columns, from the file's schema."""
    _refuse_old_feather(path)
    return guarded(path, lambda: list(pl.read_parquet_schema(path) if _parquet(path) else pl.read_ipc_schema(path)))


def read(path: Path, options: Options, columns: Sequence[str] | None = None) -> Reading:
    """Read Parquet, or Feather of version 2 (Arrow IPC); categories become texts, decimal numbers floats."""
    _refuse_old_feather(path)
    wanted = None if columns is None else list(columns)
    frame = guarded(
        path,
        lambda: (
            pl.read_parquet(path, columns=wanted, glob=False) if _parquet(path) else pl.read_ipc(path, columns=wanted)
        ),
    )
    frame, remarks = plain_types(frame)
    if frame.height == 0:
        raise DataError(f"{path}: 0 rows")
    return Reading(missing_as_null(frame), path, remarks)


def plain_types(frame: pl.DataFrame) -> tuple[pl.DataFrame, tuple[Remark, ...]]:
    """Categories as the texts they stand for, so that files agree on the type of a key; decimals as floats."""
    coded = [name for name, kind in frame.schema.items() if kind in (pl.Categorical, pl.Enum)]
    exact = [name for name, kind in frame.schema.items() if kind == pl.Decimal]
    said = [Remark("type", "categories read as texts", name) for name in coded]
    said += [Remark("type", "decimal numbers read as floats", name) for name in exact]
    return frame.with_columns(pl.col(coded).cast(pl.String), pl.col(exact).cast(pl.Float64)), tuple(said)


def _parquet(path: Path) -> bool:
    return path.suffix.lower() in (".parquet", ".pq")


def _refuse_old_feather(path: Path) -> None:
    with path.open("rb") as stream:
        if stream.read(4) == b"FEA1":
            raise DataError(f"{path}: Feather of version 1, which is not read", hint="write it again as Parquet")
