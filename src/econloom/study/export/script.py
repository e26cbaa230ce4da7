"""A finished script, of either program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from econloom.study.export.statement import LeftOut, Row


@dataclass(frozen=True)
class Script:
    """A finished script.

    Attributes
    ----------
    text : str
    rows : tuple of Row
        What it compares.
    left_out : tuple of LeftOut
        What it does not, with reasons.
    """

    text: str
    rows: tuple[Row, ...]
    left_out: tuple[LeftOut, ...]


def not_compared(rows: Sequence[Row]) -> list[LeftOut]:
    """The coefficients of which a script compares nothing, or no standard error."""
    return [
        LeftOut(r.address, r.why if r.compared == "none" else f"standard error not compared: {r.why}")
        for r in rows
        if r.compared != "both" and r.why
    ]
