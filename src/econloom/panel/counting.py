"""What the small-sample rules of a model are applied to: its unit effect, clusters and counts."""

from __future__ import annotations

from econloom.core.errors import UsageError
from econloom.panel.absorb import Grouping, count_slopes, levelled, pairwise_redundant
from econloom.panel.columns import grouped
from econloom.panel.conventions import Counts
from econloom.panel.design import Design, refuse_one_cluster
from econloom.panel.moments import Absorbed
from econloom.panel.request import Request


def unit_position(asked: Request) -> int | None:
    """Which of the model's effects is the unit."""
    effect = asked.unit_effect
    return asked.model.effects.index(effect) if effect else None


def counted(
    asked: Request, design: Design, absorbed: Absorbed, regressors: int, clusters: tuple[Grouping, ...]
) -> Counts:
    """What the small-sample rules of a model with so many regressors are applied to."""
    unit = unit_position(asked)
    effects = levelled(design.effects, design.slopes)
    nested = tuple(any(e.nested_in(c) for c in clusters) for e in effects)
    return Counts(
        n=design.n,
        regressors=regressors + int(design.intercept and not design.effects),
        levels=tuple(e.levels for e in effects),
        nested=nested,
        absorbed_rank=absorbed.rank,
        unit_levels=None if unit is None else design.effects[unit].levels,
        clusters=min((c.levels for c in clusters), default=None),
        redundant=pairwise_redundant(effects, nested) if asked.ssc == "reghdfe" else (0,) * len(nested),
        slopes=count_slopes(design.effects, design.slopes, design.intercept),
    )


def cluster_ways(asked: Request, design: Design) -> tuple[Grouping, ...]:
    """Cluster codes of the design's rows, one for each way.

    Raises
    ------
    UsageError
        The cluster column is missing in some of them, or (``xtreg``) a unit lies in several clusters.
    """
    ways = tuple(_way(asked, design, keys) for keys in asked.cluster_ways)
    unit = unit_position(asked)
    if asked.ssc != "xtreg" or unit is None:
        return ways
    for found in ways:
        if not design.effects[unit].nested_in(found):
            raise UsageError(f"convention xtreg: units of {design.effects[unit].name!r} lie in several {found.name!r}")
    return ways


def _way(asked: Request, design: Design, keys: tuple[str, ...]) -> Grouping:
    found = design.groups.get(keys)
    if found is None:
        groups = grouped(asked.panel.with_rows(asked.panel.frame[design.rows]), keys)
        if groups.missing is not None:
            raise UsageError(
                f"{asked.vcov} would drop {int(groups.missing.sum())} of {design.n} rows: "
                f"{'^'.join(keys)!r} is missing there",
                hint="fit again with this vcov",
            )
        found = groups.grouping("^".join(keys), None)
    refuse_one_cluster(found)
    return found
