"""Instruments of dynamic panels: lags of a variable period by period, and plain columns.

Each row of the stack (:mod:`econloom.panel.linear.dynamic.rows`) has few instruments that are not zero, so Z is kept
by row: an (N, L_r) block and the columns that it fills. Missing values are zero, as Holtz-Eakin, Newey and Rosen
(1988) have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from econloom.panel.absorb import FloatArray
from econloom.panel.linear.dynamic.rows import Row, Share, Stack

IntArray = npt.NDArray[np.int64]
Where = Literal["difference", "level", "both"]


@dataclass(frozen=True)
class GmmStyle:
    """Lags of a variable as separate instruments for each period.

    Attributes
    ----------
    name : str
    values : (N, T) array
        NaN where missing.
    lags : (int, int or None)
        Nearest and farthest lag in the transformed rows, counted from the variable as named; None for all there are.
    equation : {"difference", "level", "both"}
        Rows in levels get the difference dated ``t - nearest + 1`` only: further ones add nothing to the instruments
        of the transformed rows (Arellano and Bover 1995).
    collapse : bool
        One column a lag instead of one for each lag and period.
    group : str
        Instruments that are tested together; ``gmm(name)`` where it is empty.
    """

    name: str
    values: FloatArray
    lags: tuple[int, int | None]
    equation: Where
    collapse: bool
    group: str = ""


@dataclass(frozen=True)
class Standard:
    """A column that is its own instrument: transformed like the equation in transformed rows, as it is in levels.

    Attributes
    ----------
    name : str
    values : (N, T) array
    equation : {"difference", "level", "both"}
        Under ``both`` one column serves both equations.
    untransformed : bool
        In transformed rows too it stands in levels.
    group : str
        Instruments that are tested together; ``iv(name)`` where it is empty.
    """

    name: str
    values: FloatArray
    equation: Where
    untransformed: bool = False
    group: str = ""


@dataclass(frozen=True)
class Instruments:
    """Z by row.

    Attributes
    ----------
    names : tuple of str
        Of all L columns.
    groups : tuple of str
        The specification that each column belongs to, with its equation.
    blocks : tuple of (N, L_r) arrays
        One a row of the stack.
    columns : tuple of (L_r,) int arrays
        Which of the L columns a block fills.
    """

    names: tuple[str, ...]
    groups: tuple[str, ...]
    blocks: tuple[FloatArray, ...]
    columns: tuple[IntArray, ...]

    @property
    def size(self) -> int:
        """L."""
        return len(self.names)

    def kept(self, keep: IntArray) -> Instruments:
        """Only some columns, in their order."""
        places = np.full(self.size, -1)
        places[keep] = np.arange(len(keep))
        blocks, columns = [], []
        for block, cols in zip(self.blocks, self.columns, strict=True):
            here = places[cols] >= 0
            blocks.append(block if here.all() else np.ascontiguousarray(block[:, here]))
            columns.append(places[cols[here]])
        names, groups = (tuple(np.array(n, dtype=object)[keep]) for n in (self.names, self.groups))
        return Instruments(names, groups, tuple(blocks), tuple(columns))

    def products(self, rows: FloatArray) -> FloatArray:
        """``Z_i' v_i`` for every unit, (N, L), of an (R, N) array of rows."""
        found = np.zeros((rows.shape[1], self.size))
        for block, cols, v in zip(self.blocks, self.columns, rows, strict=True):
            found[:, cols] += block * v[:, None]
        return found

    def crossed(self, rows: FloatArray) -> FloatArray:
        """``Z'v``, (L,) or (L, k), of an (R, N) or (R, N, k) array."""
        found = np.zeros((self.size, *rows.shape[2:]))
        for block, cols, v in zip(self.blocks, self.columns, rows, strict=True):
            found[cols] += block.T @ v
        return found

    def applied(self, weights: FloatArray) -> FloatArray:
        """``Z_i w`` row by row, (R, N)."""
        return np.stack([b @ weights[c] for b, c in zip(self.blocks, self.columns, strict=True)])

    def weighted(self, rows: Sequence[Row], h: int) -> FloatArray:
        """``sum_i Z_i' H_i Z_i``, (L, L)."""
        total = np.zeros((self.size, self.size))
        for r, one in enumerate(rows):
            for q in range(r, len(rows)):
                share = covariance(one, rows[q], h, same=r == q)
                if share is None:
                    continue
                left = self.blocks[r] if isinstance(share, float) else self.blocks[r] * share[:, None]
                part = left.T @ self.blocks[q]
                part = part * share if isinstance(share, float) else part
                total[np.ix_(self.columns[r], self.columns[q])] += part
                if q > r:
                    total[np.ix_(self.columns[q], self.columns[r])] += part.T
        return total


def covariance(one: Row, other: Row, h: int, same: bool) -> Share | None:
    """The entry of H for two rows: None for zero.

    ``h=1`` the identity; ``h=2`` the covariance within the transformed rows and the identity within the levels;
    ``h=3`` that between them as well.
    """
    if h == 1 or (h == 2 and one.equation == other.equation == "level"):
        return 1.0 if same else None
    if h == 2 and one.equation != other.equation:
        return None
    return one.overlap(other)


def instrument_rows(stack: Stack, specs: Sequence[GmmStyle | Standard], constant: bool) -> Instruments:
    """Z of a stack; columns that are zero everywhere are left out.

    Parameters
    ----------
    stack : Stack
    specs : sequence of GmmStyle or Standard
    constant : bool
        One in every row in levels.
    """
    columns = _Columns(stack)
    for number, spec in enumerate(specs):
        for at, row in enumerate(stack.rows):
            if spec.equation not in (row.equation, "both"):
                continue
            if isinstance(spec, Standard):
                columns.put_standard(at, number, spec)
            elif row.equation == "level":
                columns.put_difference(at, number, spec)
            else:
                columns.put_lags(at, number, spec)
    if constant:
        for at, row in enumerate(stack.rows):
            if row.equation == "level":
                columns.put(at, ("constant",), "(Intercept)", "constant", np.ones(len(row.present)))
    return columns.collected()


class _Columns:
    """Columns of Z so far."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.ids: dict[tuple[object, ...], int] = {}
        self.names: list[str] = []
        self.groups: list[str] = []
        self.held: list[list[tuple[int, FloatArray]]] = [[] for _ in stack.rows]

    def put(self, at: int, key: tuple[object, ...], name: str, group: str, values: FloatArray) -> None:
        """What a column holds in one row; nothing where that is zero for every unit."""
        values = np.where(self.stack.rows[at].present, np.nan_to_num(values), 0.0)
        if not values.any():
            return
        if key not in self.ids:
            self.ids[key] = len(self.ids)
            self.names.append(name)
            self.groups.append(group)
        self.held[at].append((self.ids[key], values))

    def put_standard(self, at: int, number: int, spec: Standard) -> None:
        """The column itself, transformed like the equation."""
        row = self.stack.rows[at]
        plain = row.equation == "level" or spec.untransformed
        values = spec.values[:, row.period] if plain else row.of(spec.values)
        shown = spec.name if plain or spec.equation == "both" else f"D.{spec.name}"
        self.put(at, (number,), shown, spec.group or f"iv({spec.name})", values)

    def put_lags(self, at: int, number: int, spec: GmmStyle) -> None:
        """Levels dated ``period - lag``."""
        period, (near, far) = self.stack.rows[at].period, spec.lags
        for lag in range(near, (period if far is None else far) + 1):
            if not 0 <= period - lag < spec.values.shape[1]:
                continue
            key = (number, "difference", lag) if spec.collapse else (number, "difference", period, lag)
            name = f"L{lag}.{spec.name}" if spec.collapse else f"L{lag}.{spec.name}@{period}"
            self.put(at, key, name, spec.group or f"gmm({spec.name})", spec.values[:, period - lag])

    def put_difference(self, at: int, number: int, spec: GmmStyle) -> None:
        """The difference dated ``period - nearest + 1``."""
        period, lag = self.stack.rows[at].period, spec.lags[0] - 1
        source = period - lag
        if not 1 <= source < spec.values.shape[1]:
            return
        key = (number, "level") if spec.collapse else (number, "level", period)
        shown = f"D.{spec.name}" if lag == 0 else f"DL{lag}.{spec.name}"
        name = shown if spec.collapse else f"{shown}@{period}"
        change = spec.values[:, source] - spec.values[:, source - 1]
        self.put(at, key, name, f"{spec.group or f'gmm({spec.name})'} levels", change)

    def collected(self) -> Instruments:
        """Blocks by row."""
        empty = np.zeros((self.stack.outcome.shape[1], 0))
        blocks = tuple(np.column_stack([v for _, v in h]) if h else empty for h in self.held)
        columns = tuple(np.array([c for c, _ in h], dtype=np.int64) for h in self.held)
        return Instruments(tuple(self.names), tuple(self.groups), blocks, columns)
