"""What the decompositions share of one table, each piece solved once and only when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from econloom.core.errors import EconloomError, UsageError
from econloom.iot.balance import FloatArray
from econloom.iot.leontief import Factors, factor
from econloom.iot.table import IOTable
from econloom.iot.value_added import domestic_table, gross_exports


@dataclass(frozen=True, eq=False)
class Accounts:
    """A table with the pieces of its decompositions: several indicators of one table then cost one factorisation.

    Arrays of rows are split into economies, (G, S, ...). ``B = (I - A)^-1``, ``B_rs`` its blocks, ``L_rr`` the inverse
    of a domestic block ``I - A_rr``; the decompositions are in these symbols.

    Attributes
    ----------
    table : IOTable

    Examples
    --------
    >>> a = Accounts(IOTable([[0, 2], [1, 0]], [[6, 2], [1, 8]], ["A", "B"], ["all"]))
    >>> a.origin_shares[:, :, 0].round(3)
    array([[0.918, 0.184],
           [0.082, 0.816]])
    """

    table: IOTable
    _held: dict[str, object] = field(default_factory=dict, init=False, repr=False)

    @property
    def G(self) -> int:  # noqa: N802
        """Economies."""
        return len(self.table.countries)

    @property
    def S(self) -> int:  # noqa: N802
        """Sectors of each."""
        return len(self.table.sectors)

    def split(self, rows: FloatArray) -> FloatArray:
        """(n, ...) as (G, S, ...)."""
        return rows.reshape(self.G, self.S, *rows.shape[1:])

    def block_diagonal(self, rows: FloatArray) -> FloatArray:
        """Numbers (n,) or (G, S) as (n, G), each economy's part in a column of its own."""
        spread = np.zeros((self.G, self.S, self.G))
        home = np.arange(self.G)
        spread[home, :, home] = rows.reshape(self.G, self.S)
        return spread.reshape(self.table.n, self.G)

    @cached_property
    def factors(self) -> Factors:
        """LU of ``I - A``."""
        return factor(self.table)

    @cached_property
    def inverse(self) -> FloatArray:
        """``B`` in full, (n, n): only for what needs blocks of it."""
        return self.factors.inverse()

    def solve(self, rows: FloatArray) -> FloatArray:
        """``B rows``, by the inverse where it is at hand."""
        if "inverse" in self.__dict__:
            found: FloatArray = self.inverse @ rows
            return found
        return self.factors.solve(rows)

    @cached_property
    def own_blocks(self) -> FloatArray:
        """``B_rr``, (G, S, S)."""
        G, S = self.G, self.S
        home = np.arange(G)
        blocks: FloatArray = self.inverse.reshape(G, S, G, S)[home, :, home, :]
        return blocks

    @cached_property
    def local_inverses(self) -> FloatArray:
        """``L_rr = (I - A_rr)^-1``, (G, S, S): economies without any trade in intermediates."""
        found = np.empty((self.G, self.S, self.S))
        for r, country in enumerate(self.table.countries):
            try:
                found[r] = factor(domestic_table(self.table, r)).inverse()
            except EconloomError as error:
                raise error.within(f"domestic block of {country}") from error
        return found

    @cached_property
    def value_added_shares(self) -> FloatArray:
        """v, (G, S)."""
        return self.split(self.table.v)

    @cached_property
    def origin_shares(self) -> FloatArray:
        """``v_t B_ts``, (G origins, G, S): value added of every economy in one unit of every product."""
        shares = self.factors.solve_transposed(self.block_diagonal(self.table.v))
        return np.ascontiguousarray(shares.T).reshape(self.G, self.G, self.S)

    @cached_property
    def domestic_shares(self) -> FloatArray:
        """``v_s B_ss``, (G, S): the own value added in exports, with what is counted twice."""
        own: FloatArray = np.einsum("ssi->si", self.origin_shares).copy()
        return own

    @cached_property
    def foreign_shares(self) -> FloatArray:
        """``sum of v_t B_ts over t other than s``, (G, S)."""
        others: FloatArray = self.origin_shares.sum(axis=0) - self.domestic_shares
        return others

    @cached_property
    def first_shares(self) -> FloatArray:
        """``v_s L_ss``, (G, S): the own value added in exports, counted once."""
        found: FloatArray = (self.value_added_shares[:, None, :] @ self.local_inverses)[:, 0, :]
        return found

    @cached_property
    def final(self) -> FloatArray:
        """Y as (G, S, G)."""
        return self.split(self.table.Y)

    @cached_property
    def home_final(self) -> FloatArray:
        """``Y_rr``, (G, S)."""
        own: FloatArray = np.einsum("rir->ri", self.final).copy()
        return own

    @cached_property
    def exports(self) -> FloatArray:
        """Gross exports by product and importer, (G, S, G); zero at home."""
        return self.split(gross_exports(self.table))

    @cached_property
    def total_exports(self) -> FloatArray:
        """Gross exports by product, (G, S)."""
        total: FloatArray = self.exports.sum(axis=2)
        return total

    @cached_property
    def alone(self) -> FloatArray:
        """``L_rr Y_rr`` and ``L_rr E_r``: output for the own final use and for exports, (G, S, 2)."""
        found: FloatArray = self.local_inverses @ np.stack([self.home_final, self.total_exports], axis=2)
        return found

    @cached_property
    def output_by_destination(self) -> FloatArray:
        """``X = B Y`` as (G, S, G): output needed for the final use of every economy."""
        return self.split(self.solve(self.table.Y))

    def needed_from(self, s: int, columns: FloatArray) -> FloatArray:
        """``A_sr w_r`` for every importer r: (G, S, K) in, (G importers, S, K) out."""
        G, S = self.G, self.S
        rows = self.table.Z[s * S : (s + 1) * S].reshape(S, G, S).transpose(1, 0, 2)
        found: FloatArray = rows @ (columns * self.split(self.table.reciprocal_output())[:, :, None])
        return found


def accounts(t: IOTable | Accounts) -> Accounts:
    """The accounts of a table; accounts pass through.

    Raises
    ------
    UsageError
        Something else.
    """
    if isinstance(t, Accounts):
        return t
    if isinstance(t, IOTable):
        return Accounts(t)
    raise UsageError(
        f"an IOTable is needed, not {type(t).__name__}", hint="of a folder of years: tables.table(year), one at a time"
    )


def keyed(
    keys: dict[str, tuple[str, ...]], values: dict[str, FloatArray], keep: NDArray[np.bool_] | None = None
) -> pl.DataFrame:
    """A tidy frame: the grid of the keys, the last running fastest, with one column a measure.

    Parameters
    ----------
    keys : dict of str to tuple of str
        Column name and its labels, outermost first.
    values : dict of str to ndarray
        Each of the shape of the grid.
    keep : ndarray of bool, optional
        Cells of the grid that become rows.
    """
    shape = tuple(len(labels) for labels in keys.values())
    mask = np.ones(shape, dtype=bool) if keep is None else np.broadcast_to(keep, shape)
    places = np.nonzero(mask)
    columns: dict[str, object] = {
        name: pl.Series(name, labels, dtype=pl.String).gather(place)
        for (name, labels), place in zip(keys.items(), places, strict=True)
    }
    columns |= {name: np.broadcast_to(array, shape)[mask] for name, array in values.items()}
    return pl.DataFrame(columns)
