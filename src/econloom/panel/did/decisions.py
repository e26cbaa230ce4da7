"""A table of decisions as one date of adoption for each unit, matched to the units of a panel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from econloom.core.errors import DataError, UsageError, did_you_mean, listed, plural
from econloom.data.columns.dates import Moment, moments
from econloom.data.near import near_matches

Unknown = Literal["near", "error", "ignore"]


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision that a unit adopts by: the earliest of its decisions.

    Attributes
    ----------
    unit : str or int
        As the panel writes it.
    moment : Moment
    batch : str or int or None
    decisions : int
        How many the table has of the unit.
    """

    unit: Any
    moment: Moment
    batch: Any
    decisions: int


@dataclass(frozen=True)
class Decisions:
    """The decisions about units of a panel.

    Attributes
    ----------
    found : tuple of Decision
        One for each unit that is in the panel.
    absent : tuple
        Units of the table that the panel does not have.
    notes : tuple of str
        Units with several decisions, units that the panel does not have.
    """

    found: tuple[Decision, ...]
    absent: tuple[Any, ...]
    notes: tuple[str, ...]


def read_decisions(
    table: pl.DataFrame, unit: str, date: str, batch: str | None, units: Sequence[Any], unknown: Unknown, what: str
) -> Decisions:
    """The earliest decision about each unit.

    Parameters
    ----------
    table : polars.DataFrame
        One row a decision; a unit may have several (zones below the level of the panel's units).
    unit, date, batch : str
        Its columns.
    units : sequence
        Units of the panel.
    unknown : {"near", "error", "ignore"}
        What to do about units that the panel does not have: an error where one of them is another writing of a unit
        of the panel (else a note), always an error, or a note only.
    what : str
        The table's name in messages.

    Raises
    ------
    UsageError
        A column is absent.
    DataError
        A unit or date is missing, a date cannot be read, units of the table are not in the panel.
    """
    for name in (unit, date, *((batch,) if batch else ())):
        if name not in table.columns:
            raise UsageError(f"{what}: no column {name!r}{did_you_mean(name, table.columns)}")
    if table.height == 0:
        raise DataError(f"{what}: no decision: the table is empty")
    if table[unit].null_count():
        rows = table[unit].is_null().arg_true().head(5) + 1
        raise DataError(f"{what}: {unit!r} is missing in {plural(table[unit].null_count(), 'row')}: {listed(rows)}")
    when = moments(table[date], table[unit], what)
    batches = table[batch].to_list() if batch else [None] * table.height
    own = {_key(u): u for u in units}
    every: dict[str, list[tuple[Moment, Any]]] = {}
    names: dict[str, Any] = {}
    for name, moment, group in zip(table[unit], when, batches, strict=True):
        every.setdefault(_key(name), []).append((moment, group))
        names.setdefault(_key(name), name)
    absent = tuple(name for key, name in names.items() if key not in own)
    _refuse_unknown(absent, [u for key, u in own.items() if key not in names], unknown, len(names), what)
    found = tuple(
        Decision(own[key], *min(dated, key=lambda d: d[0]), len(dated)) for key, dated in every.items() if key in own
    )
    notes = [*_repeated(found, what), *([f"{what}: not in the panel: {listed(absent)}"] if absent else [])]
    return Decisions(found, absent, tuple(notes))


def _key(value: Any) -> str:
    """The same for 330100, 330100.0 and "330100"."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _refuse_unknown(absent: Sequence[Any], free: Sequence[Any], unknown: Unknown, total: int, what: str) -> None:
    """Refuse units that the panel does not have, where that looks like a mistake."""
    if len(absent) == total:
        raise DataError(
            f"{what}: none of its {plural(total, 'unit')} is in the panel: {listed(absent, 4)}",
            hint=f"units of the panel: {listed(free, 6)}",
        )
    near = near_matches(absent, free, alike=False) if absent else []
    if near and unknown != "ignore":
        pairs = listed((f"{a!r} (did you mean {b!r}?)" for a, b in near), 6)
        raise DataError(
            f"{what}: units that the panel writes in another way: {pairs}",
            hint="write them alike, or unknown: ignore to leave them out",
        )
    if absent and unknown == "error":
        similar = dict(near_matches(absent, free))
        said = listed((f"{a!r} (did you mean {similar[a]!r}?)" if a in similar else repr(a) for a in absent), 6)
        raise DataError(f"{what}: units that the panel does not have: {said}", hint="unknown: ignore to leave them out")


def _repeated(found: Sequence[Decision], what: str) -> list[str]:
    several = [f"{d.unit} ({d.decisions}, the first {d.moment})" for d in found if d.decisions > 1]
    return [f"{what}: units with several decisions adopt by the earliest: {listed(several)}"] if several else []


def by_batch(found: Sequence[Decision], batches: Sequence[Any] | None, what: str) -> Mapping[Any, bool]:
    """Whether each unit's batch is among those chosen; every one is where no batches are named.

    Raises
    ------
    UsageError
        A batch that the table does not have.
    """
    if batches is None:
        return {d.unit: True for d in found}
    known = {_key(d.batch) for d in found}
    for wanted in batches:
        if _key(wanted) not in known:
            near = did_you_mean(wanted, known)
            raise UsageError(
                f"{what}: no unit of the panel is in batch {wanted!r}{near}", hint=f"batches: {listed(sorted(known))}"
            )
    chosen = {_key(b) for b in batches}
    return {d.unit: _key(d.batch) in chosen for d in found}
