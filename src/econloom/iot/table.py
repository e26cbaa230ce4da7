"""The inter-country input-output table as a frozen, validated value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, SupportsInt

import numpy as np
from numpy.typing import ArrayLike

from econloom.core.errors import DataError, UsageError, listed
from econloom.core.lineage import Event
from econloom.iot.balance import Balance, FloatArray, Gap, worst_gaps

__all__ = ["Balance", "FloatArray", "Gap", "IOTable"]

_ROUNDING = 1e-12  # an output this small beside the cells that it sums is rounding, not production


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class IOTable:
    """Intermediate and final flows between ``G`` economies with ``S`` sectors each, n = G S.

    Rows sell, columns buy; both run country-major (all sectors of the first country, then of the second).

    Parameters
    ----------
    Z : array_like (n, n)
        Intermediate flows; ``Z[i, j]`` is what column j buys of row i. Any one unit, such as millions of US dollars.
    Y : array_like (n, G)
        Final use by destination country, its categories summed. Cells may be negative (changes in inventories).
    countries, sectors : sequence of str
        G and S labels without duplicates.
    x : array_like (n,), optional
        Output; the row sums of Z and Y when left out.
    v : array_like (n,), optional
        Value added per unit of output; ``1 - colsum(A)`` with ``A = Z / x`` when left out. A sector without output
        has v = 0 and a zero column of A.
    balance_tolerance : float, keyword only
        A given x may differ from the row sums by this share of itself (and by a millionth of the largest output);
        :meth:`balance` reports what is left.
    events : tuple of Event, keyword only
        What was done to the numbers on the way here.

    Raises
    ------
    DataError
        Wrong shapes, missing or duplicate labels, NaN or infinite numbers, negative output, or a given x that is
        not the row sums: the rows are named with their amounts.

    Notes
    -----
    The arrays are not copied when they are float64 already; the table holds read-only views of them.
    ``x = L Y 1`` and ``colsum(V L Y) = colsum(Y)`` hold to rounding when x and v are left out (Miller and Blair
    2009, chapter 2); with others the gap is reported by :meth:`balance`.

    Examples
    --------
    >>> t = IOTable([[0, 2], [1, 0]], [[6, 2], [1, 8]], ["A", "B"], ["all"])
    >>> t.x, t.v
    (array([10., 10.]), array([0.9, 0.8]))
    >>> print(t.balance())
    balanced: largest gap 0.0e+00 of the largest output
    """

    Z: FloatArray
    Y: FloatArray
    countries: tuple[str, ...]
    sectors: tuple[str, ...]
    x: FloatArray = None  # type: ignore[assignment]  # always an array after __post_init__
    v: FloatArray = None  # type: ignore[assignment]
    balance_tolerance: float = field(default=0.01, kw_only=True)
    events: tuple[Event, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        countries = checked_labels(self.countries, "countries")
        sectors = checked_labels(self.sectors, "sectors")
        n = len(countries) * len(sectors)
        self._set(countries=countries, sectors=sectors, events=tuple(self.events))
        if not 0 <= self.balance_tolerance < np.inf:
            raise UsageError(f"balance_tolerance: {self.balance_tolerance!r} is no share (0 or more)")
        Z = _matrix(self.Z, "Z", (n, n))
        Y = _matrix(self.Y, "Y", (n, len(countries)))
        self._set(Z=Z, Y=Y)
        rows = self._finite_row_sums(Z, Y)
        self._set(x=_read_only(rows if self.x is None else self._checked_output(self.x, rows)))
        self._refuse_negative_output()
        self._set(v=_read_only(self._default_shares() if self.v is None else self._checked_shares(self.v)))

    def _set(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def _finite_row_sums(self, Z: FloatArray, Y: FloatArray) -> FloatArray:
        with np.errstate(over="ignore", invalid="ignore"):
            rows: FloatArray = Z.sum(axis=1) + Y.sum(axis=1)
        bad = np.flatnonzero(~np.isfinite(rows))
        if bad.size:
            raise DataError(
                f"{bad.size} rows of Z or Y hold NaN or infinite numbers: {listed(self.label(i) for i in bad)}",
                hint="fill or remove them before building the table",
            )
        return self._without_rounding(rows, Z, Y)

    def _without_rounding(self, rows: FloatArray, Z: FloatArray, Y: FloatArray) -> FloatArray:
        """Row sums with cancellation residue set to zero, so that it is no sector with output 1e-12."""
        small = np.flatnonzero((rows != 0) & (np.abs(rows) < 1e-6 * np.abs(rows).max()))
        size = np.abs(Z[small]).sum(axis=1) + np.abs(Y[small]).sum(axis=1)
        rows[small[np.abs(rows[small]) <= _ROUNDING * size]] = 0.0
        return rows

    def _checked_output(self, given: ArrayLike, rows: FloatArray) -> FloatArray:
        x = _vector(given, "x", self.n, self.label)
        scale = np.abs(rows).max(initial=0.0)
        off = np.abs(x - rows) > self.balance_tolerance * np.abs(x) + 1e-6 * scale
        if off.any():
            worst = worst_gaps(self.labels, np.where(off, x, rows), rows, 5)
            raise DataError(
                f"unbalanced table: in {int(off.sum())} of {self.n} rows the output x is not the sum of sales; "
                + "; ".join(str(g) for g in worst),
                hint="leave x out to take the row sums, or widen balance_tolerance and read balance()",
            )
        return x

    def _refuse_negative_output(self) -> None:
        bad = np.flatnonzero(self.x < 0)
        if bad.size:
            worst = bad[np.argsort(self.x[bad], kind="stable")]
            raise DataError(
                f"negative output in {bad.size} sectors: " + listed(f"{self.label(i)} {self.x[i]:,.6g}" for i in worst),
                hint="book the shortfall as final use, or leave x out if it was given by mistake",
            )

    def _default_shares(self) -> FloatArray:
        return np.where(self.x > 0, 1.0 - self.Z.sum(axis=0) / _divisor(self.x), 0.0)

    def _checked_shares(self, given: ArrayLike) -> FloatArray:
        return np.where(self.x > 0, _vector(given, "v", self.n, self.label), 0.0)

    @property
    def n(self) -> int:
        """Rows: countries times sectors."""
        return len(self.countries) * len(self.sectors)

    @property
    def labels(self) -> tuple[str, ...]:
        """``country sector`` of every row."""
        return tuple(f"{c} {s}" for c in self.countries for s in self.sectors)

    def label(self, row: SupportsInt) -> str:
        """``country sector`` of one row."""
        country, sector = divmod(int(row), len(self.sectors))
        return f"{self.countries[country]} {self.sectors[sector]}"

    def coefficients(self) -> FloatArray:
        """``A = Z / x`` by column, shape (n, n), as a new array; zero columns where x = 0."""
        return np.multiply(self.Z, self.reciprocal_output())

    def reciprocal_output(self) -> FloatArray:
        """``1 / x``, and 0 where x = 0, shape (n,)."""
        return np.where(self.x > 0, 1.0 / _divisor(self.x), 0.0)

    def balance(self) -> Balance:
        """The gaps of ``x = A x + Y 1`` and ``x = colsum(Z) + v x``, with the worst rows by name."""
        uses = self.Z @ (self.x > 0).astype(np.float64) + self.Y.sum(axis=1)
        idle = np.flatnonzero(self.x == 0)
        idle_sales = np.zeros(self.n)
        idle_sales[idle] = np.abs(self.Z[idle]).sum(axis=1) + np.abs(self.Y[idle]).sum(axis=1)
        return Balance(self.labels, self.x, uses, self.Z.sum(axis=0) + self.v * self.x, idle_sales)

    def to_npz(self, path: str | Path) -> None:
        """Write the table to one npz file; a file of that name is replaced only once the new one is complete.

        Raises
        ------
        OutputError
            The file cannot be written.
        """
        from econloom.iot.parsers.saved_table import write_table

        write_table(self, Path(path))

    @classmethod
    def from_npz(cls, path: str | Path) -> IOTable:
        """Read a table that :meth:`to_npz` wrote.

        Raises
        ------
        DataError
            No such file, not such a file, damaged, or its content is no valid table.
        """
        from econloom.iot.parsers.saved_table import read_table

        return read_table(Path(path))

    def to_parquet(self, path: str | Path) -> None:
        """Write the table to one parquet file, one row a sector; replaced only once the new one is complete.

        Columns are ``country``, ``sector``, ``x``, ``v``, ``about``, ``Z:country:sector`` and ``Y:country``; numbers
        come back bit by bit.

        Raises
        ------
        OutputError
            The file cannot be written.
        """
        from econloom.iot.parsers.parquet_table import write_table

        write_table(self, Path(path))

    @classmethod
    def from_parquet(cls, path: str | Path) -> IOTable:
        """Read a table that :meth:`to_parquet` wrote.

        Raises
        ------
        DataError
            No such file, not such a file, damaged, or its content is no valid table.
        """
        from econloom.iot.parsers.parquet_table import read_table

        return read_table(Path(path))

    def __repr__(self) -> str:
        return f"IOTable({len(self.countries)} countries x {len(self.sectors)} sectors, output {self.x.sum():,.6g})"


def checked_labels(labels: Iterable[object], what: str) -> tuple[str, ...]:
    """The labels as a tuple of str.

    Raises
    ------
    DataError
        None at all, a missing one (None, NaN, blank), or duplicates.
    """
    if isinstance(labels, str):
        raise UsageError(f"{what}: one text {labels!r} where a list of labels is needed")
    try:
        items = list(labels)
    except TypeError:
        raise UsageError(f"{what}: a list of labels is needed, not {type(labels).__name__}") from None
    missing = [i for i, a in enumerate(items, 1) if a is None or a != a or not str(a).strip()]
    if not items or missing:
        raise DataError(f"{what}: " + (f"label missing at place {listed(missing)}" if items else "no labels"))
    names = tuple(str(a) for a in items)
    twice = sorted({a for a in names if names.count(a) > 1})
    if twice:
        raise DataError(f"{what}: duplicate labels {listed(twice)}")
    return names


def _numbers(values: ArrayLike, what: str) -> FloatArray:
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "biufO":
            raise TypeError
        return np.asarray(array, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(f"{what}: not an array of real numbers") from None


def _matrix(values: ArrayLike, what: str, shape: tuple[int, int]) -> FloatArray:
    array = _numbers(values, what)
    if array.shape != shape:
        raise DataError(
            f"{what} has shape {array.shape}, expected {shape}",
            hint="n = countries x sectors; Z is (n, n), Y is (n, countries)",
        )
    return _read_only(array)


def _vector(values: ArrayLike, what: str, n: int, label: Any) -> FloatArray:
    array = _numbers(values, what)
    if array.shape != (n,):
        raise DataError(f"{what} has shape {array.shape}, expected ({n},)")
    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        raise DataError(f"{what} is NaN or infinite in {bad.size} rows: {listed(label(i) for i in bad)}")
    return array


def _divisor(x: FloatArray) -> FloatArray:
    return np.where(x > 0, x, 1.0)


def _read_only(array: FloatArray) -> FloatArray:
    view = array.view()
    view.setflags(write=False)
    return view
