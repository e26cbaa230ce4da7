"""Sectors whose sales do not sum to a positive output: found, mended by a named choice, and said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from econloom.core.errors import DataError, UsageError, did_you_mean, listed
from econloom.core.lineage import Event
from econloom.iot.balance import FloatArray

NegativeOutput = Literal["floor_final_use", "refuse"]

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Mended:
    """A sector whose sales did not sum to a positive output, and what was done.

    Attributes
    ----------
    row : int
        Its place in the table, ``country * S + sector``.
    output : float
        Sum of its sales as the sources have them, zero or below.
    added : float
        Sum of its negative final-use cells, which were set to zero; its output grew by as much.
    moved : float
        Inputs of a sector without any sales, booked as final use at home; usually 0.
    """

    row: int
    output: float
    added: float
    moved: float = 0.0


def check_choice(choice: str) -> None:
    """UsageError for a choice of ``negative_output`` that is none."""
    known = get_args(NegativeOutput)
    if choice not in known:
        raise UsageError(
            f"negative_output {choice!r} is unknown{did_you_mean(str(choice), known)}", hint=f"one of {listed(known)}"
        )


def mend(Z: FloatArray, Y: FloatArray, choice: NegativeOutput) -> tuple[Mended, ...]:
    """Give every sector that sells a positive output, in place; the other rows keep their sums.

    Raises
    ------
    DataError
        Such sectors are there and the choice is ``refuse``; nothing is changed then.
    """
    S, inputs = len(Y) // Y.shape[1], Z.sum(axis=0)
    sales = Z.sum(axis=1)
    found = floored(sales, Y)
    if found and choice == "refuse":
        raise DataError(
            "sectors whose sales sum to zero or less: " + listed(f"row {m.row} ({m.output:,.6g})" for m in found),
            hint="negative_output='floor_final_use' sets their negative final use to zero and reports it",
        )
    for m in found:
        np.maximum(Y[m.row], 0.0, out=Y[m.row])
    without_sales = np.flatnonzero((sales + Y.sum(axis=1) == 0) & (inputs > 0))
    for row in without_sales:
        Y[:, row // S] += Z[:, row]
        Z[:, row] = 0.0
    moved = {int(row): float(inputs[row]) for row in without_sales}
    mended = {m.row: replace(m, moved=moved.get(m.row, 0.0)) for m in found}
    idle = {row: Mended(row, 0.0, 0.0, amount) for row, amount in moved.items() if row not in mended}
    return tuple(m for _, m in sorted({**mended, **idle}.items()))


def floored(sales: FloatArray, Y: FloatArray) -> tuple[Mended, ...]:
    """Sectors whose negative final use outweighs or cancels everything that they sell.

    Parameters
    ----------
    sales : ndarray (n,)
        Intermediate sales.
    Y : ndarray (n, G)
    """
    x = sales + Y.sum(axis=1)
    tiny = _ROUNDING * np.abs(x).max()
    rows = np.flatnonzero((x <= tiny) & (Y.min(axis=1) < 0))
    return tuple(Mended(int(j), float(x[j]) if x[j] < -tiny else 0.0, float(-Y[j].clip(max=0.0).sum())) for j in rows)


def mended_event(year: int, mended: Sequence[Mended], label: Callable[[int], str], choice: NegativeOutput) -> Event:
    """A warning that names the sectors of one year and what was done with them.

    Parameters
    ----------
    label : callable
        ``label(row)``: country and sector.
    """
    named = {label(m.row): m for m in mended}
    outputs = ", ".join(f"{name} {m.output:,.6g}" for name, m in named.items())
    added, moved = sum(m.added for m in mended), sum(m.moved for m in mended)
    done = []
    if added and choice == "refuse":
        done.append("this year cannot be assembled with negative_output='refuse'")
    elif added:
        done.append(f"negative final use set to 0 (+{added:,.6g})")
    if moved:
        done.append(f"inputs of sectors that sell nothing booked as final use ({moved:,.6g})")
    detail = {
        "year": year,
        "choice": choice,
        "output": {name: m.output for name, m in named.items()},
        "added": {name: m.added for name, m in named.items()},
    }
    message = f"{year}: no positive output in {outputs}; {'; '.join(done)}"
    return Event("warning", message, cells=len(named), detail=detail)
