"""Groups of rows: keys to whole numbers, and rows brought together by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from econloom.core.errors import DataError, UsageError, listed

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_SPREAD = 4  # integer keys are counted where they span at most so many times the rows, else sorted


@dataclass(frozen=True)
class Groups:
    """Rows and the group that each belongs to.

    Attributes
    ----------
    codes : ndarray of int (n,)
        The group of each row, counted from 0; -1 where a key is missing.
    keys : polars.DataFrame
        One row a group, in ascending order of the keys.
    """

    codes: IntArray
    keys: pl.DataFrame

    @property
    def count(self) -> int:
        """Number of groups."""
        return self.keys.height

    @classmethod
    def of(cls, by: Any, n: int) -> Groups:
        """Groups of n rows.

        Parameters
        ----------
        by : Groups, polars.DataFrame, polars.Series, mapping of str to array_like, or array_like (n,)
            The keys. An array without a name is called ``group``.

        Raises
        ------
        UsageError
            A key of another length than n, or no key.
        """
        if isinstance(by, Groups):
            if len(by.codes) != n:
                raise UsageError(f"by= has {len(by.codes)} rows, the values have {n}")
            return by
        frame = _key_frame(by)
        if frame.width == 0:
            raise UsageError("by= names no key")
        if frame.height != n:
            raise UsageError(f"by= has {frame.height} rows, the values have {n}")
        codes = _code(frame[frame.columns[0]])
        for name in frame.columns[1:]:
            codes = _cross(codes, _code(frame[name]))
        count = int(codes.max(initial=-1)) + 1
        first = np.empty(count, np.int64)
        present = np.flatnonzero(codes >= 0)[::-1]
        first[codes[present]] = present
        return cls(codes, frame[first.tolist()] if count < 1000 else frame[pl.Series(first)])

    @classmethod
    def single(cls, n: int) -> Groups:
        """All rows in one group."""
        return cls(np.zeros(n, np.int64), pl.DataFrame({"all": ["all"]}))

    def names(self, mask: npt.NDArray[np.bool_]) -> str:
        """The keys of the groups of a mask, for messages."""
        rows = self.keys.filter(pl.Series(mask)).head(9).iter_rows()
        shown = [" ".join(str(v) for v in row) for row in rows]
        return listed([*shown, *[""] * (int(mask.sum()) - len(shown))])

    def sums(self, values: FloatArray, codes: IntArray) -> FloatArray:
        """Sum of the values of each group, (count,); ``codes`` are those of the rows at hand."""
        return np.bincount(codes, values, self.count).astype(np.float64, copy=False)


def _key_frame(by: Any) -> pl.DataFrame:
    if isinstance(by, pl.DataFrame):
        return by
    if isinstance(by, Mapping):
        return pl.DataFrame({str(k): _key(v) for k, v in by.items()})
    if isinstance(by, pl.Series):
        return pl.DataFrame({by.name or "group": by})
    if isinstance(by, Sequence) and by and isinstance(by[0], pl.Series):
        return pl.DataFrame({s.name or f"group{i + 1}": s for i, s in enumerate(by)})
    if isinstance(by, str) or np.ndim(by) != 1:
        raise UsageError(
            "by= takes an array of keys, one a row", hint="several keys: by={'province': …, 'year': …} or a frame"
        )
    name = getattr(by, "name", None)
    return pl.DataFrame({name if isinstance(name, str) and name else "group": _key(by)})


def _key(values: Any) -> pl.Series:
    if isinstance(values, pl.Series):
        return values
    array = np.asarray(values)
    series = pl.Series(array.tolist() if array.dtype == object else array)
    return series.fill_nan(None) if series.dtype.is_float() else series


def _code(key: pl.Series) -> IntArray:
    """Codes in ascending order of the values, -1 where missing."""
    if key.dtype.is_float():
        key = key.fill_nan(None)
    if key.dtype.is_nested() or key.dtype in (pl.Object, pl.Binary):
        raise UsageError(f"the key {key.name!r} holds {key.dtype}", hint="keys are texts, numbers or dates")
    missing = key.is_null().to_numpy()
    if key.dtype.is_integer() and key.null_count() < key.len():
        low, high = int(key.min()), int(key.max())  # type: ignore[arg-type]
        if high - low < _SPREAD * key.len() + 1000:
            offset = key.cast(pl.Int64).fill_null(low).to_numpy() - low
            return _dense(np.where(missing, -1, offset) if missing.any() else offset, high - low + 1)
    if key.dtype == pl.String and key.null_count() < key.len():
        levels = key.drop_nulls().unique().sort()
        codes = key.cast(pl.Enum(levels)).to_physical().cast(pl.Int64)
        return codes.fill_null(-1).to_numpy().copy()
    return (key.rank("dense").cast(pl.Int64) - 1).fill_null(-1).to_numpy().copy()


def _dense(codes: IntArray, levels: int) -> IntArray:
    """Renumber codes so that every one occurs; -1 stays."""
    seen = np.zeros(levels + 1, np.bool_)
    seen[codes] = True  # -1 marks the last place
    seen[levels] = False
    new = np.cumsum(seen) - 1
    new[levels] = -1
    found: IntArray = new.astype(np.int64)[codes]
    return found


def _cross(left: IntArray, right: IntArray) -> IntArray:
    levels = int(right.max(initial=-1)) + 1
    crossed = np.where((left < 0) | (right < 0), -1, left * levels + right)
    span = (int(left.max(initial=-1)) + 1) * levels
    if span <= _SPREAD * len(left) + 1000:
        return _dense(crossed, span)
    values, codes = np.unique(crossed, return_inverse=True)
    found: IntArray = codes.astype(np.int64) - int(values[0] < 0)
    return found


def sorted_within(
    values: FloatArray, codes: IntArray, count: int, weights: FloatArray | None = None
) -> tuple[FloatArray, IntArray, FloatArray | None]:
    """Values group by group, ascending within each.

    Rows are brought together by a counting sort; groups of some size are then sorted one by one, many small groups by
    one sort of all values before.

    Returns
    -------
    values : ndarray (n,)
    starts : ndarray of int (count + 1,)
        Group g is ``values[starts[g]:starts[g + 1]]``.
    weights : ndarray (n,) or None
        In the order of the values.
    """
    one_by_one = count * 100 < len(values)
    order = None if one_by_one else np.argsort(values, kind="stable")
    if order is not None:
        values, codes = values[order], codes[order]
        weights = None if weights is None else weights[order]
    if count == 1:
        starts = np.array([0, len(values)])
        together, heavy = values.copy(), None if weights is None else weights.copy()
    else:
        together, starts = _together(values, codes, count)
        heavy = None if weights is None else _together(weights, codes, count)[0]
    if one_by_one:
        for low, high in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
            if heavy is None:
                together[low:high].sort()
            else:
                here = np.argsort(together[low:high])
                together[low:high] = together[low:high][here]
                heavy[low:high] = heavy[low:high][here]
    return together, starts, heavy


def _together(values: FloatArray, codes: IntArray, count: int) -> tuple[FloatArray, IntArray]:
    """A stable counting sort by the codes: compressing a matrix of one row by its columns is one."""
    n = len(values)
    kind = np.int32 if max(n, count) < 2**31 - 1 else np.int64
    row = sparse.csr_array((values, codes.astype(kind), np.array([0, n], kind)), shape=(1, count))
    columns = row.tocsc()
    return columns.data, columns.indptr.astype(np.int64)


def refuse_groups(mask: npt.NDArray[np.bool_], groups: Groups, grouped: bool, what: str, hint: str) -> None:
    """A DataError that names the groups of a mask, if there are any."""
    if mask.any():
        where = f" in {int(mask.sum())} groups: {groups.names(mask)}" if grouped else ""
        raise DataError(f"{what}{where}", hint=hint)
