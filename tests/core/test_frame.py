"""Panels with checked keys."""

from __future__ import annotations

import polars as pl
import pytest

from econloom.core.errors import DataError
from econloom.core.frame import Panel


@pytest.mark.parametrize("kind", [pl.Int8, pl.Int32, pl.UInt64, pl.Int64])
@pytest.mark.parametrize("far", [1, 10**9])
def test_whole_keys_of_every_kind_are_told_apart(kind: pl.DataType, far: int) -> None:
    frame = pl.DataFrame({"i": [-128, 127, 0, 0] if kind != pl.UInt64 else [0, 255, 3, 3], "t": [0, far, 0, far]})
    good = frame.with_columns(pl.col("i").cast(kind))
    assert Panel.build(good, "i", "t").height == 4
    with pytest.raises(DataError, match="1 duplicate keys"):
        Panel.build(good.with_columns(t=pl.Series([0, far, 0, 0])), "i", "t")
