"""What happened to the rows and cells on the way: events and the sample funnel."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

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
    """

    offered: int
    drops: tuple[Drop, ...]
    n: int

    def __post_init__(self) -> None:
        lost = sum(d.rows for d in self.drops)
        if self.offered - lost != self.n:
            raise AssertionError(f"sample log does not add up: {self.offered} - {lost} != {self.n}")

    def __str__(self) -> str:
        lines = [f"{self.offered:>10,}  rows offered"]
        lines += [f"{-d.rows:>10,}  {d.reason}" for d in self.drops]
        lines.append(f"{self.n:>10,}  rows used")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """The funnel as JSON-ready values."""
        drops = [{"reason": d.reason, "rows": d.rows} for d in self.drops]
        return {"offered": self.offered, "drops": drops, "n": self.n}
