"""Measures that a study file may name: what each needs, its options, and what computes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import polars as pl

from econloom import iot, lights
from econloom.core.frame import Panel
from econloom.iot import linkages, regionalise
from econloom.measures import innovation, segmentation, spillovers
from econloom.study.units import sector_of

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
    columns : tuple of str
        Options that name a column of the panel; the panel then comes as ``panel``.
    needs : tuple of str
        Columns that a rectangular source must have, as in ``sources``.
    regional : tuple of str or None
        Options that take the measure to regions, which a panel of sectors therefore does not have; None where it has no
        value by sector.
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
    columns: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    regional: tuple[str, ...] | None = None

    @property
    def known(self) -> tuple[str, ...]:
        """Names of all options."""
        return tuple(dict.fromkeys((*self.options, *self.codes, *self.sources, *self.columns)))

    @property
    def keyed(self) -> bool:
        """Whether it is told the keys of the panel."""
        return bool(self.sources or self.columns or self.needs)


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
    return linkages.indices(source, economy, group, matrix, side, penetration, progress=progress)  # None: each economy


def _members(dated: Sequence[tuple[str, int | None, int | None]], year: int) -> list[str]:
    return [name for name, since, until in dated if (since or year) <= year <= (until or year)]


def _linkages_of(source: str, options: Mapping[str, Any]) -> str:
    economy = options.get("economy", "CHN") or "each economy"
    return f"linkages of {economy if isinstance(economy, str) else '+'.join(economy)} in {source}"


def _linkage(
    source: iot.YearlyTables,
    found: pl.DataFrame,
    *,
    flow: str,
    employment: Panel | None = None,
    keys: tuple[str, str],
    form: Any = "ratio",
    concordance: Panel | str | None = None,
    **shared: Any,
) -> pl.DataFrame:
    unit, time = keys
    of = found.filter(pl.col("flow") == flow)
    if employment is None:
        name = pl.col("sector") if shared.get("economy", "CHN") is not None else sector_of("economy", "sector")
        return of.select(name.alias(unit), pl.col("year").alias(time), "value")
    index = of.select(pl.col("year").alias(time), "sector", "value")
    match = concordance.frame if isinstance(concordance, Panel) else concordance
    made = regionalise.by_employment(index, employment.frame, form, match=match, region=unit, time=time)
    return made.frame.select(unit, time, "value")


def _nothing(source: Panel, progress: Progress) -> None:
    """No part is shared."""


def _prices_of(source: str, options: Mapping[str, Any]) -> str:
    return f"prices of {source}"


def _market_integration(
    source: Panel, found: Any, *, keys: tuple[str, str], form: Any = "root", kind: Any = "previous"
) -> pl.DataFrame:
    unit, time = keys
    made = segmentation.market_integration(source.frame, region=unit, time=time, form=form, kind=kind)
    return made.select(unit, time, "integration")


def _trade_spillover(
    source: Panel,
    found: Any,
    *,
    keys: tuple[str, str],
    panel: Panel,
    imports: str,
    exports: str,
    form: Any = "log",
    depreciation: str = "0.05",
) -> pl.DataFrame:
    """National spillovers from the partners' research, spread over regions by their shares of imports and exports."""
    unit, time = keys
    partners = source.frame
    stock = innovation.rd_stock(partners["rd"], partners["partner"], partners[time], depreciation=float(depreciation))
    national = pl.DataFrame(schema={time: pl.Int64})
    for flow in ("imports", "exports"):
        periods, value = spillovers.trade_spillover(
            partners[flow], partners["gdp"], stock, partners[time], skip_missing=True
        )
        part = periods.with_columns(pl.col(time).cast(pl.Int64), pl.Series(f"of {flow}", value).fill_nan(None))
        national = part if national.width == 1 else national.join(part, on=time, how="full", coalesce=True)
    rows = panel.frame.select(unit, time).join(national, on=time, how="left", maintain_order="left")
    made = spillovers.regional_spillover(
        panel.column(imports), panel.column(exports), rows[time], rows["of imports"], rows["of exports"], form=form
    )
    return rows.select(unit, time, pl.Series("value", made).fill_nan(None))


def _city_brightness(
    source: Panel, found: Any, *, keys: tuple[str, str], boundaries: Panel, **options: Any
) -> pl.DataFrame:
    """Lit cells and boundaries to the mean brightness of every unit and period."""
    unit, time = keys
    named = unit if unit in boundaries.columns else "zone"
    zones = lights.from_frame(boundaries.frame, named)
    made = lights.city_brightness(lights.images_of(source.frame, zones), zones, **options)
    return made.select(pl.col("zone").alias(unit), pl.col("year").alias(time), "mean")


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
        regional=("employment", "concordance", "form"),
    ),
    "market_integration": Measure(
        tables=False,
        options={"form": ("root", "log_root", "segmentation"), "kind": ("previous", "level")},
        shared=_nothing,
        shared_options=(),
        part=_prices_of,
        apply=_market_integration,
        needs=("{unit}", "{time}", "good", "price"),
    ),
    "city_brightness": Measure(
        tables=False,
        options={
            "form": ("power", "quadratic"),
            "coefficients": ("estimated", "wu2013", "liu2012"),
            "zero": ("either", "both"),
            "previous": ("corrected", "given"),
            "rule": ("exact", "centre"),
        },
        shared=_nothing,
        shared_options=(),
        part=lambda source, options: f"images of {source}",
        apply=_city_brightness,
        sources={"boundaries": ("part", "hole", "longitude", "latitude")},
        codes=("reference", "target"),
        required=("boundaries",),
        needs=lights.CELLS,
    ),
    "trade_spillover": Measure(
        tables=False,
        options={"form": ("log", "level"), "depreciation": ("0.05", "0.1", "0.15")},
        shared=_nothing,
        shared_options=(),
        part=lambda source, options: f"research of {source}",
        apply=_trade_spillover,
        columns=("imports", "exports"),
        required=("imports", "exports"),
        needs=("partner", "{time}", "imports", "exports", "gdp", "rd"),
    ),
}
