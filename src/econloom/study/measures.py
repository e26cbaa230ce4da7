"""Measures that a study file may name: what each needs, its options, and what computes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from econloom import iot

Progress = Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure of the study language.

    Attributes
    ----------
    tables : bool
        Its source is inter-country tables, not a rectangular file.
    options : mapping of str to tuple of str
        Named arguments and what each may be.
    part : str
        What the shared part is called in plans.
    shared : callable
        ``shared(source, progress)``: the costly part, the same under all options, done once for all versions.
    apply : callable
        ``apply(source, shared_part, **options)`` gives a frame of unit, time and value, in this order.
    """

    tables: bool
    options: Mapping[str, tuple[str, ...]]
    part: str
    shared: Callable[[Any, Progress], Any]
    apply: Callable[..., pl.DataFrame]


def _trade_benefit_index(source: iot.YearlyTables, absorbed: Any, form: Any = "known_totals") -> pl.DataFrame:
    return iot.trade_benefit_indices(source, form, absorbed=absorbed)


MEASURES: Mapping[str, Measure] = {
    "trade_benefit_index": Measure(
        tables=True,
        options={"form": ("known_totals", "plain")},
        part="value added absorbed",
        shared=iot.yearly_value_added_absorbed,
        apply=_trade_benefit_index,
    ),
}
