"""What happened to the rows and cells on the way: events and the sample funnel."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
EventKind = Literal["read", "join", "drop", "fill", "variable", "sample", "warning"]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing done to a panel.

    Attributes
    ----------
    kind : str
        ``read``, ``join``, ``drop``, ``fill``, ``variable``, ``sample`` or ``warning``.
    message : str
        What was done, for a reader.
    rows_before, rows_after : int or None
        Row counts around the step.
    cells : int
        Cells changed or filled.
    detail : dict
        Machine-readable particulars, such as unmatched keys on both sides.
    """

    kind: EventKind
    message: str
    rows_before: int | None = None
    rows_after: int | None = None
    cells: int = 0
    detail: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The event as JSON-ready values."""
        return {
            "kind": self.kind,
            "message": self.message,
            "rows_before": self.rows_before,
            "rows_after": self.rows_after,
            "cells": self.cells,
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True)
class Drop:
    """Rows that one rule took out of a sample: how many, and why."""

    reason: str
    rows: int


@dataclass(frozen=True, slots=True)
class SampleLog:
    """The sample funnel of one model, from the rows offered to N.

    Attributes
    ----------
    offered : int
        Rows of the data that the model was given.
    drops : tuple of Drop
        In the order applied; their rows sum to ``offered - n``.
    n : int
        Rows used.
    rows : (n,) int array or None
        Their positions in the data, ascending; None where the n of an estimator are no rows of the data, such as
        differences, or where it does not say which they are.
    """

    offered: int
    drops: tuple[Drop, ...]
    n: int
    rows: IntArray | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        lost = sum(d.rows for d in self.drops)
        if self.offered - lost != self.n:
            raise AssertionError(f"sample log does not add up: {self.offered} - {lost} != {self.n}")
        if self.rows is not None and len(self.rows) != self.n:
            raise AssertionError(f"sample log of {self.n} rows with {len(self.rows)} positions")

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled with one bit for each row that was offered."""
        return (_unpacked, (self.offered, self.drops, self.n, self.bits()))

    def bits(self) -> bytes | None:
        """One bit for each row that was offered, set where it is used; None where ``rows`` is."""
        if self.rows is None:
            return None
        used = np.zeros(self.offered, dtype=bool)
        used[self.rows] = True
        return np.packbits(used).tobytes()

    def without(self, reason: str, lost: int, rows: IntArray | None = None) -> SampleLog:
        """The funnel after a further rule has taken rows out.

        Parameters
        ----------
        reason : str
        lost : int
        rows : (n - lost,) int array, optional
            Positions of those that are left, where they are known.
        """
        drops = (*self.drops, Drop(reason, lost)) if lost else self.drops
        return SampleLog(self.offered, drops, self.n - lost, rows if lost else self.rows)

    def __str__(self) -> str:
        lines = [f"{self.offered:>10,}  rows offered"]
        lines += [f"{-d.rows:>10,}  {d.reason}" for d in self.drops]
        lines.append(f"{self.n:>10,}  rows used")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """The funnel as JSON-ready values."""
        drops = [{"reason": d.reason, "rows": d.rows} for d in self.drops]
        return {"offered": self.offered, "drops": drops, "n": self.n}


def _unpacked(offered: int, drops: tuple[Drop, ...], n: int, bits: bytes | None) -> SampleLog:
    if bits is None:
        return SampleLog(offered, drops, n)
    used = np.unpackbits(np.frombuffer(bits, dtype=np.uint8), count=offered)
    return SampleLog(offered, drops, n, np.flatnonzero(used).astype(np.int64))
