"""Measures that a study file may name: what each needs, its options, and what computes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import polars as pl

from econloom import iot
from econloom.core.frame import Panel
from econloom.iot import linkages, regionalise

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
        ``apply(source, shared_part, **options)`` gives a frame of unit, time and value, in this order; further sources
        and, where there are some, ``keys`` (unit and time of the panel) come by name.
    sources : mapping of str to tuple of str
        Options that name a further source, with the columns that it needs; ``{unit}`` and ``{time}`` stand for the keys
        of the panel.
    codes : tuple of str
        Options that take a code, a list of codes, or a list of the study, as it is in a year with ``@``.
    required : tuple of str
        Options that must be given.
    """

    tables: bool
    options: Mapping[str, tuple[str, ...]]
    shared: Callable[..., Any]
    shared_options: tuple[str, ...]
    part: Callable[[str, Mapping[str, str]], str]
    apply: Callable[..., pl.DataFrame]
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    codes: tuple[str, ...] = ()
    required: tuple[str, ...] = ()

    @property
    def known(self) -> tuple[str, ...]:
        """Names of all options."""
        return tuple(dict.fromkeys((*self.options, *self.codes, *self.sources)))


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


def _linkages(
    source: iot.YearlyTables,
    progress: Progress,
    economy: Any = "CHN",
    partners: Any = None,
    side: Any = "supplier",
    matrix: Any = "coefficient",
    penetration: Any = "world",
) -> pl.DataFrame:
    dated = partners is not None and not isinstance(partners, str) and not isinstance(partners[0], str)
    group = partial(_members, partners) if dated else partners
    return linkages.indices(source, economy, group, matrix, side, penetration, progress=progress)


def _members(dated: Sequence[tuple[str, int | None, int | None]], year: int) -> list[str]:
    return [name for name, since, until in dated if (since or year) <= year <= (until or year)]


def _linkages_of(source: str, options: Mapping[str, Any]) -> str:
    economy = options.get("economy", "CHN")
    return f"linkages of {economy if isinstance(economy, str) else '+'.join(economy)} in {source}"


def _linkage(
    source: iot.YearlyTables,
    found: pl.DataFrame,
    *,
    flow: str,
    employment: Panel,
    keys: tuple[str, str],
    form: Any = "ratio",
    concordance: Panel | str | None = None,
    **shared: Any,
) -> pl.DataFrame:
    unit, time = keys
    index = found.filter(pl.col("flow") == flow).select(pl.col("year").alias(time), "sector", "value")
    match = concordance.frame if isinstance(concordance, Panel) else concordance
    made = regionalise.by_employment(index, employment.frame, form, match=match, region=unit, time=time)
    return made.frame.select(unit, time, "value")


MEASURES: Mapping[str, Measure] = {
    "trade_benefit_index": Measure(
        tables=True,
        options={"form": ("known_totals", "plain"), "flows": ("absorbed", "domestic_value_added")},
        shared=_flows,
        shared_options=("flows",),
        part=_flows_of,
        apply=_trade_benefit_index,
    ),
    "linkage": Measure(
        tables=True,
        options={
            "flow": tuple(linkages.FLOWS),
            "form": tuple(regionalise.FORMS),
            "side": ("supplier", "user"),
            "matrix": ("coefficient", "level"),
            "penetration": ("world", "partners"),
            "concordance": tuple(regionalise.SHIPPED),
        },
        shared=_linkages,
        shared_options=("economy", "partners", "side", "matrix", "penetration"),
        part=_linkages_of,
        apply=_linkage,
        sources={
            "employment": ("{unit}", "{time}", "sector", "employment"),
            "concordance": ("code", "sector", "weight"),
        },
        codes=("economy", "partners"),
        required=("flow", "employment"),
    ),
}

# Measures of the other studies, which are not built yet, with their options: `check` knows them, `run` leaves them out.
PLANNED: Mapping[str, tuple[str, ...]] = {
    "city_brightness": ("boundaries", "reference", "target"),
    "market_integration": ("form",),
    "trade_spillover": ("imports", "exports"),
}
