"""What each unit with a decision is in the design, and the columns that follow from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import polars as pl

from econloom.core.errors import DataError, UsageError, listed, plural
from econloom.panel.did.decisions import Decision, by_batch
from econloom.panel.did.rules import Rules

Role = Literal["treated", "always", "control", "dropped"]
IN_DESIGN = ("treated", "always")


def roles(
    found: Sequence[Decision], first: Mapping[Any, int], span: tuple[int, int], rules: Rules, what: str
) -> dict[Any, Role]:
    """What each unit with a decision is.

    Parameters
    ----------
    found : sequence of Decision
    first : mapping
        The first period in which each unit of the panel is seen.
    span : (int, int)
        First and last period.
    rules : Rules
    what : str

    Raises
    ------
    UsageError
        A chosen batch adopts after the span; batches that were not chosen adopt by the time of those chosen.
    DataError
        Nothing adopts within the span, or units are always treated under ``always="error"``.
    """
    chosen = by_batch(found, rules.batches, what)
    starts = {d.unit: rules.cohort(d.moment) for d in found}
    _refuse_late([d for d in found if chosen[d.unit]], starts, span, rules, what)
    within = [u for u, s in starts.items() if chosen[u] and s <= span[1]]
    _refuse_earlier(found, chosen, starts, max(starts[u] for u in within), rules, what)
    always = {u for u in within if starts[u] <= first[u]}
    if always and rules.always == "error":
        raise DataError(
            f"{what}: treated in every period in which they are seen: "
            + listed(f"{u} ({starts[u]}, seen from {first[u]})" for u in sorted(always, key=str)),
            hint="always: drop leaves them out, always: keep takes them",
        )
    other: Role = "control" if rules.later == "controls" else "dropped"
    kept: Role = "always" if rules.always == "keep" else "dropped"
    inside = set(within)
    return {u: kept if u in always else "treated" if u in inside else other for u in starts}


def _refuse_late(
    chosen: Sequence[Decision], starts: Mapping[Any, int], span: tuple[int, int], rules: Rules, what: str
) -> None:
    if all(starts[d.unit] > span[1] for d in chosen):
        dates = sorted(d.moment for d in chosen)
        raise DataError(
            f"{what}: no unit adopts within {span[0]}-{span[1]}: the dates go from {dates[0]} to {dates[-1]}"
        )
    groups: dict[str, list[int]] = {}
    for d in chosen:
        groups.setdefault(str(d.batch), []).append(starts[d.unit])
    late = sorted(g for g, years in groups.items() if min(years) > span[1])
    if rules.batches is not None and late:
        raise UsageError(
            f"{what}: batches chosen that adopt after the last period, {span[1]}: {listed(late)}",
            hint="leave them out of batches",
        )


def _refuse_earlier(
    found: Sequence[Decision],
    chosen: Mapping[Any, bool],
    starts: Mapping[Any, int],
    latest: int,
    rules: Rules,
    what: str,
) -> None:
    left = sorted({str(d.batch) for d in found if not chosen[d.unit] and starts[d.unit] <= latest})
    if left and rules.later == "controls":
        raise UsageError(
            f"{what}: batches not chosen that adopt by {latest}, as those chosen do: {listed(left)}",
            hint="they are no controls: choose them, or later: drop",
        )


def listing(found: Sequence[Decision], role: Mapping[Any, Role], rules: Rules, kind: Any) -> pl.DataFrame:
    """One row a unit with a decision, by date: unit, date, batch, cohort, exposure, decisions, role.

    Raises
    ------
    UsageError
        A treated unit's date has no month, or day, where the exposure needs it.
    """
    rows = sorted(found, key=lambda d: (d.moment, str(d.unit)))
    batches = [d.batch for d in rows]
    shares = [rules.share(d.moment, d.unit) if role[d.unit] in IN_DESIGN else None for d in rows]
    return pl.DataFrame(
        {
            "unit": pl.Series([d.unit for d in rows], dtype=kind),
            "date": pl.Series([str(d.moment) for d in rows], dtype=pl.String),
            "batch": pl.Series(batches, dtype=None if any(b is not None for b in batches) else pl.Int64, strict=False),
            "cohort": pl.Series([rules.cohort(d.moment) for d in rows], dtype=pl.Int64),
            "exposure": pl.Series(shares, dtype=pl.Float64),
            "decisions": pl.Series([d.decisions for d in rows], dtype=pl.Int64),
            "role": pl.Series([role[d.unit] for d in rows], dtype=pl.String),
        }
    )


def columns(unit: pl.Series, time: pl.Series, units: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Every column of the policy, row by row.

    Parameters
    ----------
    unit, time : Series, (n,)
        Whose row it is, and when.
    units : polars.DataFrame
        Of :func:`listing`.
    rules : Rules

    Returns
    -------
    polars.DataFrame
        treated, treatpost, exposure, cohort, batch, event_time and, where it is asked for, single; missing where the
        unit is. With the decision in year y, exposure is 0 before y, the share in y and 1 after it.
    """
    decided = units.with_columns(pl.col("date").str.slice(0, 4).cast(pl.Int64).alias("decided"))
    rows = pl.DataFrame({"unit": unit, "time": time}).join(decided, on="unit", how="left", maintain_order="left")
    known, when = pl.col("unit").is_not_null(), pl.col("time")
    treated = pl.col("role").is_in(IN_DESIGN).fill_null(False)
    start = pl.when(treated).then(pl.col("cohort"))
    dose = (
        pl.when(~treated | (when < pl.col("decided")))
        .then(0.0)
        .when(when == pl.col("decided"))
        .then(pl.col("exposure"))
        .otherwise(1.0)
    )
    made = {
        "treated": pl.when(known).then(treated.cast(pl.Int64)),
        "treatpost": pl.when(known).then((treated & (when >= start)).fill_null(False).cast(pl.Int64)),
        "exposure": pl.when(known).then(dose),
        "cohort": start,
        "batch": pl.when(treated).then(pl.col("batch")),
        "event_time": when - start,
    }
    if rules.single is not None:
        made["single"] = _single(units, rules, rules.single)
    return rows.select(value.alias(name) for name, value in made.items())


def _single(units: pl.DataFrame, rules: Rules, at: int) -> pl.Expr:
    """1 from the single date on for adopters by then, 0 for units without a decision, missing for later adopters."""
    if not (units["cohort"] <= at).any():
        first = int(units["cohort"].to_numpy().min())
        raise DataError(f"no unit has adopted by the single date {at}", hint=f"the first does in {first}")
    start, when = pl.col("cohort"), pl.col("time")
    begins = start if rules.earlier == "own" else pl.lit(at)
    early = pl.lit(None, dtype=pl.Int64) if rules.earlier == "drop" else (when >= begins).cast(pl.Int64)
    return (
        pl.when(pl.col("unit").is_null() | (start > at))
        .then(None)
        .when(start.is_null())
        .then(0)
        .when(start == at)
        .then((when >= at).cast(pl.Int64))
        .otherwise(early)
    )


def contaminated(
    found: Sequence[Decision], role: Mapping[Any, Role], span: tuple[int, int], rules: Rules, what: str
) -> list[str]:
    """A warning about controls that adopt within the span."""
    late: dict[str, int] = {}
    for d in found:
        if role[d.unit] == "control" and rules.cohort(d.moment) <= span[1]:
            late[str(d.batch)] = late.get(str(d.batch), 0) + 1
    named = listed(f"{group} ({n})" for group, n in late.items())
    return [f"{what}: controls that adopt within the span, by batch: {named}"] if late else []


def moves(
    rows: pl.DataFrame, made: pl.DataFrame, of: str | None, time: str, rules: Rules, stay: pl.Series
) -> tuple[pl.Series, list[str]]:
    """Rows of firms that move between cohorts and are left out, and what is to be said of them.

    Raises
    ------
    DataError
        Treatment switches off under ``moves="error"``.
    """
    none = pl.repeat(False, rows.height, eager=True, dtype=pl.Boolean)
    if of is None:
        return none, []
    frame = rows.select(pl.col(of).alias("of"), pl.col(time).alias("time")).hstack(made.select("cohort", "treatpost"))
    frame = frame.with_columns(stay.alias("stay"))
    known = frame.filter(pl.col("stay") & pl.col("of").is_not_null() & pl.col("treatpost").is_not_null())
    movers = known.group_by("of").agg(pl.col("cohort").n_unique().alias("k")).filter(pl.col("k") > 1)["of"]
    if not len(movers):
        return none, []
    ordered = known.filter(pl.col("of").is_in(movers.implode())).sort("of", "time")
    ends = ordered.filter((pl.col("treatpost") < pl.col("treatpost").shift(1).over("of")).fill_null(False))
    if ends.height and rules.moves == "error":
        first = [f"{r['of']} ({r['time']})" for r in ends.unique("of", keep="first").sort("of").iter_rows(named=True)]
        raise DataError(
            f"treatment switches off in {plural(len(first), of)}, which move away from treated units: {listed(first)}",
            hint="moves: drop leaves out all that move between cohorts, moves: keep takes rows as they are",
        )
    if rules.moves == "drop":
        return frame["of"].is_in(movers.implode()).fill_null(False), [
            f"{plural(len(movers), of)} left out: they move between cohorts"
        ]
    off = ends["of"].n_unique()
    return none, [
        f"{plural(len(movers), of)} move between cohorts" + (f", {off} of them out of treatment" if off else "")
    ]
