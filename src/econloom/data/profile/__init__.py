"""A first look at a panel: its keys, its dimensions, and what looks wrong in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from econloom.data.profile import findings
from econloom.data.profile.findings import Finding
from econloom.data.profile.keys import Keys, find_keys, matching
from econloom.data.readers.report import counted

__all__ = ["Finding", "Keys", "Profile", "find_keys", "matching", "profile"]


@dataclass(frozen=True)
class Profile:
    """What a table looks like as a panel.

    Attributes
    ----------
    keys : Keys
    rows, units, periods : int
    first, last : int or None
        First and last period.
    balanced : bool
        Every unit has a row in every period.
    numbers : tuple of str
        Columns of numbers beside the keys.
    findings : tuple of Finding
        In the order: duplicates, gaps, missing, constant, near-duplicate, unit, jump, region.
    """

    keys: Keys
    rows: int
    units: int
    periods: int
    first: int | None
    last: int | None
    balanced: bool
    numbers: tuple[str, ...]
    findings: tuple[Finding, ...]

    def of(self, kind: str) -> tuple[Finding, ...]:
        """Findings of one kind."""
        return tuple(f for f in self.findings if f.kind == kind)

    def lines(self) -> list[str]:
        """The profile for a reader."""
        size = f"{counted(self.rows, 'row')}, {counted(self.units, 'unit')}, {counted(self.periods, 'period')}"
        span = f" ({self.first} to {self.last})" if self.first is not None else ""
        share = self.rows / (self.units * self.periods) if self.units and self.periods else 0
        shape = "balanced" if self.balanced else f"unbalanced ({100 * share:.1f} per cent of unit-periods)"
        shape = "keys repeat" if self.of("duplicates") else shape
        made = [
            f"unit   {self.keys.unit or 'none found'}",
            f"time   {self.keys.time or 'none found'}" + (" (the year of its dates)" if self.keys.dates else ""),
            f"size   {size}{span}" + (f", {shape}" if self.keys.unit and self.keys.time else ""),
        ]
        return [*made, *(f"{f.kind.replace('_', ' ')}: {f}" for f in self.findings)]

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready values."""
        return {
            "unit": self.keys.unit,
            "time": self.keys.time,
            "time_is_a_date": self.keys.dates,
            "rows": self.rows,
            "units": self.units,
            "periods": self.periods,
            "first": self.first,
            "last": self.last,
            "balanced": self.balanced,
            "numbers": list(self.numbers),
            "findings": [f.to_dict() for f in self.findings],
        }


def profile(frame: pl.DataFrame, keys: Keys | None = None) -> Profile:
    """Look at a table as a panel.

    Parameters
    ----------
    frame : polars.DataFrame
    keys : Keys, optional
        Found by :func:`find_keys` without it. Times are whole numbers.

    Returns
    -------
    Profile

    Examples
    --------
    >>> frame = pl.DataFrame({"id": ["A", "A", "B", "B"], "year": [1, 2, 1, 2], "x": [1.0, 9.0, 2.0, 2.5]})
    >>> print(profile(frame, Keys("id", "year")).findings[0])
    x: 1 change over 5 times or under -80 per cent in a period: A 2 (1 to 9)
    """
    keys = keys or find_keys(frame)
    skip = [k for k in (keys.unit, keys.time) if k is not None]
    numbers = tuple(n for n, kind in frame.schema.items() if kind.is_numeric() and n not in skip)
    looks = [
        *(_panel(frame, keys) if keys.unit and keys.time else ()),
        *findings.missing(frame, skip),
        *findings.constant(frame, skip),
        *findings.near_duplicates(frame, numbers),
        *findings.odd_shares(frame, keys, numbers),
        *(_moves(frame, keys, numbers) if keys.unit and keys.time else ()),
        *(findings.places(frame, keys.unit) if keys.unit else ()),
    ]
    order = ("duplicates", "gaps", "missing", "constant", "near_duplicate", "unit", "jump", "region")
    units = frame[keys.unit].n_unique() if keys.unit else frame.height
    periods = frame[keys.time].n_unique() if keys.time else 1
    twice = frame.select(skip).is_duplicated().any() if skip else False
    whole = keys.time is not None and frame.schema[keys.time].is_integer()
    return Profile(
        keys,
        frame.height,
        units,
        periods,
        int(frame[keys.time].min()) if whole and keys.time else None,  # type: ignore[arg-type]
        int(frame[keys.time].max()) if whole and keys.time else None,  # type: ignore[arg-type]
        frame.height == units * periods and not twice,
        numbers,
        tuple(sorted(looks, key=lambda f: order.index(f.kind))),
    )


def _panel(frame: pl.DataFrame, keys: Keys) -> list[Finding]:
    assert keys.unit is not None and keys.time is not None
    return [*findings.duplicates(frame, keys.unit, keys.time), *findings.gaps(frame, keys.unit, keys.time)]


def _moves(frame: pl.DataFrame, keys: Keys, numbers: tuple[str, ...]) -> list[Finding]:
    assert keys.time is not None
    if not frame.schema[keys.time].is_integer():
        return []
    return findings.jumps(frame, keys, numbers)
