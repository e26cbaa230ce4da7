"""A table from flows as they are published: final use by category, inventories, sectors that make nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from econloom.core.errors import DataError, UsageError, did_you_mean, listed
from econloom.core.lineage import Event
from econloom.iot.balance import FloatArray
from econloom.iot.mending import floored
from econloom.iot.table import IOTable, checked_labels

NegativeFinalUse = Literal["keep", "floor_if_output_negative", "floor", "refuse"]
ZeroOutput = Literal["keep", "inputs_to_final_use", "refuse"]


def from_flows(
    Z: ArrayLike,
    F: ArrayLike,
    countries: Sequence[str],
    sectors: Sequence[str],
    *,
    negative_final_use: NegativeFinalUse = "keep",
    zero_output: ZeroOutput = "keep",
) -> IOTable:
    """A table from intermediate flows and final use by category, with a named choice for what is negative or idle.

    Parameters
    ----------
    Z : array_like (n, n)
    F : array_like (n, G C)
        Final use, destination-major: all C categories of the first destination, then of the second.
    countries, sectors : sequence of str
    negative_final_use : {"keep", "floor_if_output_negative", "floor", "refuse"}, keyword only
        Negative cells of F, mostly inventories drawn down: kept (a negative output is an error then); set to zero in
        sectors whose sales would otherwise sum to zero or less; set to zero everywhere; an error.
    zero_output : {"keep", "inputs_to_final_use", "refuse"}, keyword only
        Sectors that sell nothing: kept, with v = 0 and a zero column of A, so that inputs they have belong to no
        output; their inputs booked as final use at home, so that all identities hold; an error.

    Returns
    -------
    IOTable
        x is the row sums and v = 1 - colsum(A); ``events`` say what was changed, with amounts.

    Raises
    ------
    UsageError
        An unknown choice.
    DataError
        Wrong shapes, labels, NaN, negative output, or what a choice refuses: sectors are named with their amounts.

    Examples
    --------
    >>> t = from_flows([[1, 2], [0, 1]], [[5, -1, 2, 0], [1, 0, 7, -9]], ["A", "B"], ["all"],
    ...                negative_final_use="floor_if_output_negative")
    >>> t.Y
    array([[4., 2.],
           [1., 7.]])
    >>> t.events[0].message
    'negative final use set to 0 in 1 sectors whose sales sum to zero or less (+9): B all'
    """
    _check("negative_final_use", negative_final_use, NegativeFinalUse)
    _check("zero_output", zero_output, ZeroOutput)
    names = checked_labels(countries, "countries"), checked_labels(sectors, "sectors")
    G, n = len(names[0]), len(names[0]) * len(names[1])
    flows, final = _array(Z, "Z", n), _array(F, "F", n)
    if flows.shape != (n, n) or not final.shape[1] or final.shape[1] % G:
        raise DataError(f"Z has shape {flows.shape}, F {final.shape}; expected ({n}, {n}) and ({n}, {G} x categories)")
    labels = [f"{c} {s}" for c in names[0] for s in names[1]]
    events = [_negative(flows, final, labels, negative_final_use)]
    Y = final.reshape(n, G, -1).sum(axis=2)
    events.append(_idle(flows, Y, labels, zero_output))
    return IOTable(flows, Y, *names, events=tuple(event for event in events if event is not None))


def _negative(Z: FloatArray, F: FloatArray, labels: list[str], choice: NegativeFinalUse) -> Event | None:
    """Negative final use, set to zero in place or refused."""
    below = F < 0
    if choice == "keep" or not below.any():
        return None
    amounts = -np.where(below, F, 0.0).sum(axis=1)
    if choice == "floor_if_output_negative":
        rows = np.array([m.row for m in floored(Z.sum(axis=1), F)], dtype=np.intp)
        what = " sectors whose sales sum to zero or less"
    else:
        rows, what = np.flatnonzero(below.any(axis=1)), " sectors"
    named = listed(labels[i] for i in rows[np.argsort(-amounts[rows], kind="stable")])
    if choice == "refuse":
        raise DataError(
            f"negative final use in {rows.size} sectors, {amounts.sum():,.6g} in all: {named}",
            hint=f"another choice of negative_final_use: {listed(get_args(NegativeFinalUse))}",
        )
    if not rows.size:
        return None
    F[rows] = np.maximum(F[rows], 0.0)
    added = float(amounts[rows].sum())
    detail = {"choice": choice, "added": {labels[i]: float(amounts[i]) for i in rows}}
    message = f"negative final use set to 0 in {rows.size}{what} (+{added:,.6g}): {named}"
    return Event("warning", message, cells=int(below[rows].sum()), detail=detail)


def _idle(Z: FloatArray, Y: FloatArray, labels: list[str], choice: ZeroOutput) -> Event | None:
    """Sectors that sell nothing, their inputs moved in place, or refused."""
    sells = Z.any(axis=1) | Y.any(axis=1)
    rows, inputs = np.flatnonzero(~sells), Z.sum(axis=0)
    if not rows.size:
        return None
    named = listed(labels[i] for i in rows[np.argsort(-inputs[rows], kind="stable")])
    if choice == "refuse":
        raise DataError(
            f"{rows.size} sectors without output: {named}",
            hint=f"another choice of zero_output: {listed(get_args(ZeroOutput))}",
        )
    moved = float(inputs[rows].sum())
    message = f"sectors without output: {rows.size} ({named})"
    if choice == "inputs_to_final_use" and moved:
        S = len(Y) // Y.shape[1]
        for row in rows:
            Y[:, row // S] += Z[:, row]
            Z[:, row] = 0.0
        message += f"; their inputs booked as final use at home ({moved:,.6g})"
    detail = {"choice": choice, "inputs": {labels[i]: float(inputs[i]) for i in rows}}
    return Event("read", message, cells=int(rows.size), detail=detail)


def _check(name: str, value: str, kind: object) -> None:
    known = get_args(kind)
    if value not in known:
        raise UsageError(
            f"{name} {value!r} is unknown{did_you_mean(str(value), known)}", hint=f"one of {listed(known)}"
        )


def _array(values: ArrayLike, name: str, n: int) -> FloatArray:
    """A copy in float64 with n rows."""
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(f"{name}: not an array of real numbers") from None
    if array.ndim != 2 or len(array) != n:
        raise DataError(f"{name} has shape {array.shape}, expected {n} rows")
    if not np.isfinite(array).all():
        row = int(np.argwhere(~np.isfinite(array))[0][0])
        raise DataError(f"{name} has NaN or infinite numbers, the first in row {row}", hint="fill or remove them first")
    return array
