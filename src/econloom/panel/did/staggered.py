"""Staggered adoption: from a table of decisions to the columns that designs need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

import polars as pl

from econloom.core.errors import DataError, UsageError, did_you_mean, listed, plural
from econloom.core.frame import Panel, Variable, whole_periods
from econloom.core.lineage import Event
from econloom.data.sources import as_panel
from econloom.panel.did.assigned import columns, contaminated, listing, moves, roles
from econloom.panel.did.decisions import read_decisions
from econloom.panel.did.rules import LABELS, MADE, Exposure, Made, Month, Rules


@dataclass(frozen=True, repr=False)
class Adoption:
    """A panel with the columns of a staggered policy.

    Attributes
    ----------
    panel : Panel
        With the columns that were asked for; without the rows that a rule leaves out.
    units : polars.DataFrame
        One row a unit with a decision: unit, date, batch, cohort, exposure (of the decision's year), decisions, role
        (``treated``, ``always``: in every period seen, ``control``: later, taken as untreated, ``dropped``).
    rules : Rules
    span : (int, int)
        First and last period.
    absent : tuple
        Units of the table that the panel does not have.
    never : int
        Units without treatment in the span.
    warnings : tuple of str
    """

    panel: Panel
    units: pl.DataFrame
    rules: Rules
    span: tuple[int, int]
    absent: tuple[Any, ...]
    never: int
    warnings: tuple[str, ...]

    @property
    def frame(self) -> pl.DataFrame:
        """The rows with their columns."""
        return self.panel.frame

    def cohorts(self) -> pl.DataFrame:
        """How many units adopt when: cohort, units, date (the first)."""
        found = self.units.filter(pl.col("role").is_in(["treated", "always"]))
        return found.group_by("cohort").agg(pl.len().alias("units"), pl.col("date").min()).sort("cohort")

    def __repr__(self) -> str:
        lines = [f"{row['cohort']}: {plural(row['units'], 'unit')}" for row in self.cohorts().iter_rows(named=True)]
        roles = self.units["role"].value_counts().sort("role")
        said = ", ".join(f"{row['count']} {row['role']}" for row in roles.iter_rows(named=True))
        head = f"adoption in {self.span[0]}-{self.span[1]}: {said}; {plural(self.never, 'unit')} untreated"
        return "\n".join([head, *lines, *(f"note: {w}" for w in self.warnings)])

    def _repr_html_(self) -> str:
        return "<br>".join(escape(line) for line in repr(self).split("\n"))


def adoption(
    data: Any,
    decisions: Any,
    unit: str,
    time: str | None = None,
    date: str = "date",
    named: str | None = None,
    batch: str | None = None,
    batches: Sequence[Any] | None = None,
    later: Literal["controls", "drop"] = "controls",
    always: Literal["error", "keep", "drop"] = "error",
    exposure: Exposure = "month",
    month: Month = "counted",
    cutoff: int = 12,
    unknown: Literal["near", "error", "ignore"] = "near",
    rows_of: str | None = None,
    moves: Literal["error", "keep", "drop"] = "error",
    single: int | None = None,
    earlier: Literal["break", "own", "drop"] = "break",
    span: tuple[int, int] | None = None,
    makes: Mapping[Made, str] | None = None,
) -> Adoption:
    """Columns of a staggered policy from a table of decisions.

    Parameters
    ----------
    data : Panel, polars, pandas, pyarrow or path
        The panel; its rows may be finer than the units that adopt (firms in cities).
    decisions : polars, pandas, pyarrow or path
        One row a decision. A unit with several (zones below the level of the panel's units) adopts by the earliest.
    unit, time : str
        Columns of the panel: what adopts, and the year. ``time`` is the panel's own by default.
    date : str
        Column of the decisions: dates, text (``2015-03-07``, ``2015年3月7日``, ``2015-03``, ``2015``) or whole numbers.
    named : str, optional
        Column of the decisions that holds the units; the name of ``unit`` by default.
    batch : str, optional
        Column of the decisions with their batch; needed with ``batches``.
    batches : sequence, optional
        Batches whose units are treated; all by default. Other batches must be later ones, unless ``later="drop"``.
    later : {"controls", "drop"}
        Units of other batches, and those that adopt after the span: untreated in all rows, or left out. Those that
        adopt within the span and are kept as controls are named in a warning.
    always : {"error", "keep", "drop"}
        Units that are treated in every period in which they are seen.
    exposure : {"year", "month", "day"}
        How the year of the decision counts in ``exposure``: in full, by months or by days.
    month : {"counted", "half", "not_counted"}
        How much of the decision's month is under treatment: exposure is ``(12 - m + c) / 12`` with c = 1, 1/2 or 0.
    cutoff : int
        Decisions after this month count from the next year on in ``treatpost`` and ``cohort``; 12: none does.
    unknown : {"near", "error", "ignore"}
        Units of the decisions that the panel does not have: an error where one looks like another writing of a unit of
        the panel (else a note), always an error, or a note.
    rows_of : str, optional
        What the rows are of, where that is finer than ``unit``; the panel's own unit by default.
    moves : {"error", "keep", "drop"}
        Firms whose treatment switches off because they move: refused, taken as they are, or left out, with all others
        that move between cohorts.
    single : int, optional
        The period of the single-date column ``single``: 1 from it on for units that adopted by then, 0 for untreated
        units, missing for all that adopt later.
    earlier : {"break", "own", "drop"}
        Units that adopt before ``single``: treated from it on, from their own date on, or missing.
    span : (int, int), optional
        First and last period of the sample, where the data hold more.
    makes : mapping, optional
        Which columns are made, and their names; without it all under their own names, ``single`` only where asked for.
        treated (0/1 by unit), treatpost, exposure (0 ... 1), cohort (missing for untreated units), batch (likewise),
        event_time (time - cohort), single.

    Returns
    -------
    Adoption

    Raises
    ------
    UsageError
        A column or batch that is not there, an unknown choice, chosen batches that all adopt after the span, earlier
        batches that were not chosen, a date without the month that the exposure needs.
    DataError
        Dates missing or unreadable, units that the panel writes in another way, no unit that adopts within the span,
        always-treated units under ``always="error"``, treatment that switches off.

    Examples
    --------
    >>> rows = pl.DataFrame({"city": ["杭州"] * 3 + ["金华"] * 3, "year": [2014, 2015, 2016] * 2})
    >>> zones = pl.DataFrame({"city": ["杭州"], "approved": ["2015-03-07"]})
    >>> made = adoption(rows, zones, "city", "year", date="approved")
    >>> made.frame["treatpost"].to_list(), round(made.frame["exposure"][1], 4)
    ([0, 1, 1, 0, 0, 0], 0.8333)
    """
    panel = as_panel(data)
    table = as_panel(decisions).frame
    rules = Rules(batches, later, always, exposure, month, cutoff, unknown, moves, single, earlier)
    period = time or panel.time
    if period is None:
        raise UsageError("adoption needs the panel's time", hint="time='year'")
    wanted = _wanted(makes, rules)
    keys = Keys(unit, period, rows_of or (panel.unit if panel.unit != unit else None))
    return adopted(panel, table, keys, Columns(named or unit, date, batch), rules, wanted, span)


def _wanted(makes: Mapping[Made, str] | None, rules: Rules) -> dict[Made, str]:
    if makes is None:
        return {m: m for m in MADE if m != "single" or rules.single is not None}
    for name in makes:
        if name not in MADE:
            raise UsageError(f"makes: no column {name!r}{did_you_mean(name, MADE)}", hint=f"one of {', '.join(MADE)}")
    return dict(makes)


@dataclass(frozen=True, slots=True)
class Keys:
    """Columns of the panel: what adopts, when, and what the rows are of."""

    unit: str
    time: str
    rows_of: str | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns of the decisions."""

    unit: str
    date: str
    batch: str | None = None


def adopted(
    panel: Panel,
    table: pl.DataFrame,
    keys: Keys,
    named: Columns,
    rules: Rules,
    makes: Mapping[Made, str],
    span: tuple[int, int] | None = None,
    what: str = "decisions",
) -> Adoption:
    """The same as :func:`adoption`, from values that are checked already; ``what`` names the decisions in messages."""
    if rules.batches is not None and named.batch is None:
        raise UsageError("batches: which column holds the batch is not said", hint="batch='batch'")
    rows = _checked(panel, keys, rules, makes)
    first, reach = _seen(rows, keys, span, what)
    read = read_decisions(table, named.unit, named.date, named.batch, list(first), rules.unknown, what)
    role = roles(read.found, first, reach, rules, what)
    units = listing(read.found, role, rules, rows.schema[keys.unit])
    made = columns(rows[keys.unit], rows[keys.time], units, rules)
    dropped = [u for u, r in role.items() if r == "dropped"]
    stay = ~rows[keys.unit].is_in(pl.Series(dropped, dtype=rows.schema[keys.unit]).implode()).fill_null(False)
    moving, moved = moves(rows, made, keys.rows_of, keys.time, rules, stay)
    never = len(first) - sum(r != "control" for r in role.values())
    warnings = (
        *read.notes,
        *contaminated(read.found, role, reach, rules, what),
        *_small(units, never, what),
        *moved,
        *_unplaced(rows[keys.unit], what),
    )
    final = panel.frame.with_columns(made[m].alias(n) for m, n in makes.items()).filter(stay & ~moving)
    known = {**panel.variables, **{n: Variable(LABELS[m]) for m, n in makes.items()}}
    events = _events(panel.height, final.height, units, reach, warnings, what)
    whole = Panel(final, panel.unit, panel.time, known, (*panel.events, *events))
    return Adoption(whole, units, rules, reach, read.absent, never, warnings)


def _checked(panel: Panel, keys: Keys, rules: Rules, makes: Mapping[Made, str]) -> pl.DataFrame:
    """The panel's keys with whole periods, once the columns are there and the new names are free."""
    used = [keys.unit, keys.time, *((keys.rows_of,) if keys.rows_of else ())]
    for name in used:
        if name not in panel.columns:
            raise UsageError(f"the panel has no column {name!r}{did_you_mean(name, panel.columns)}")
    for name in makes.values():
        if name in panel.columns:
            raise UsageError(f"the panel already has a column {name!r}", hint="give it another name: makes")
    if len(set(makes.values())) < len(makes):
        raise UsageError(f"makes: two columns of one name: {listed(makes.values())}")
    if "single" in makes and rules.single is None:
        raise UsageError("makes: 'single' needs the period of the single date", hint="single=2016")
    time = panel.column(keys.time)
    if time.null_count():
        raise DataError(f"the time {keys.time!r} is missing in {plural(time.null_count(), 'row')}")
    return panel.frame.select(list(dict.fromkeys(used))).with_columns(whole_periods(time, "adoption"))


def _seen(
    rows: pl.DataFrame, keys: Keys, span: tuple[int, int] | None, what: str
) -> tuple[dict[Any, int], tuple[int, int]]:
    """The first period of each unit, in the order of the units, and the first and last of all."""
    inside = rows.filter(pl.col(keys.unit).is_not_null())
    if span is not None:
        inside = inside.filter(pl.col(keys.time).is_between(*span))
    if inside.height == 0:
        raise DataError(f"{what}: the panel has no row{f' in {span[0]}-{span[1]}' if span else ''}")
    found = inside.group_by(keys.unit).agg(pl.col(keys.time).min().alias("(first)")).sort(keys.unit)
    first = dict(found.select(keys.unit, "(first)").iter_rows())
    time = inside[keys.time].to_numpy()
    return first, span or (int(time.min()), int(time.max()))


def _small(units: pl.DataFrame, never: int, what: str) -> list[str]:
    """Cohorts of one unit, and a panel in which every unit is treated."""
    found = units.filter(pl.col("role") == "treated")
    alone = found.filter(pl.len().over("cohort") == 1)
    named = listed(f"{r['cohort']} ({r['unit']})" for r in alone.iter_rows(named=True))
    said = []
    if alone.height:
        said.append(f"{what}: cohorts of one unit: {named}; their effects cannot be told from that unit's own course")
    if never <= 0:
        said.append(f"{what}: no unit stays untreated: effects rest on comparisons among adopters")
    return said


def _unplaced(units: pl.Series, what: str) -> list[str]:
    missing = units.null_count()
    return [f"{what}: {units.name!r} is missing in {plural(missing, 'row')}: so are their columns"] if missing else []


def _events(
    before: int, after: int, units: pl.DataFrame, span: tuple[int, int], warnings: Sequence[str], what: str
) -> tuple[Event, ...]:
    counts = dict(units["role"].value_counts().iter_rows())
    said = ", ".join(f"{counts[r]} {r}" for r in ("treated", "always", "control", "dropped") if r in counts)
    events = [Event("variable", f"{what}: units with a decision in {span[0]}-{span[1]}: {said}")]
    if after < before:
        events.append(Event("drop", f"{what}: {plural(before - after, 'row')} of units left out", before, after))
    return (*events, *(Event("warning", w) for w in warnings))
