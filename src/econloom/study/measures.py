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
    shared : callable
        ``shared(source, progress, **shared_options)``: the costly part, done once for all versions.
    shared_options : tuple of str
        The options that the costly part depends on.
    part : callable
        ``part(source's name, shared options)``: what the shared part is called in plans.
    apply : callable
        ``apply(source, shared_part, **options)`` gives a frame of unit, time and value, in this order.
    """

    tables: bool
    options: Mapping[str, tuple[str, ...]]
    shared: Callable[..., Any]
    shared_options: tuple[str, ...]
    part: Callable[[str, Mapping[str, str]], str]
    apply: Callable[..., pl.DataFrame]


def _flows(source: iot.YearlyTables, progress: Progress, flows: str = "absorbed") -> Any:
    yearly = iot.yearly_value_added_absorbed if flows == "absorbed" else iot.yearly_domestic_value_added
    return yearly(source, progress)


def _flows_of(source: str, options: Mapping[str, str]) -> str:
    what = "value added absorbed" if options.get("flows", "absorbed") == "absorbed" else "domestic value added exported"
    return f"{what} of {source}"


def _trade_benefit_index(
    source: iot.YearlyTables, found: Any, form: Any = None, flows: Any = "absorbed"
) -> pl.DataFrame:
    known = {"absorbed" if flows == "absorbed" else "exported": found}
    return iot.trade_benefit_indices(source, form, flows=flows, **known)


MEASURES: Mapping[str, Measure] = {
    "trade_benefit_index": Measure(
        tables=True,
        options={"form": ("known_totals", "plain"), "flows": ("absorbed", "domestic_value_added")},
        shared=_flows,
        shared_options=("flows",),
        part=_flows_of,
        apply=_trade_benefit_index,
    ),
}

# Measures of the other studies, which are not built yet, with their options: `check` knows them, `run` leaves them out.
PLANNED: Mapping[str, tuple[str, ...]] = {
    "linkage": ("economy", "flow", "partners", "employment", "concordance", "form", "side"),
    "city_brightness": ("boundaries", "reference", "target"),
    "market_integration": ("form",),
    "trade_spillover": ("imports", "exports"),
}
