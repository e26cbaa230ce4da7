"""From labelled rows and columns to the arrays of a table: what every official layout comes down to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from econloom.core.errors import DataError, did_you_mean, listed
from econloom.iot.balance import FloatArray
from econloom.iot.parsers.npz import MAX_AMOUNT

Key = tuple[str, str]
"""Economy and code: of a sector, or of a category of final use."""

REST = ("ROW", "RoW", "FIGW1", "WXD", "ROTW")
RENAMED = {"RoW": "ROW", "ROM": "ROU"}


@dataclass(frozen=True, slots=True, eq=False)
class Parsed:
    """One table as a file has it.

    Attributes
    ----------
    Z : ndarray (n, n)
    Y : ndarray (n, G)
    countries, sectors : tuple of str
        The rest of the world, where there is one, last.
    output, value_added : ndarray (n,) or None
        As stated.
    notes : tuple of str
        What was merged or renamed.
    """

    Z: FloatArray
    Y: FloatArray
    countries: tuple[str, ...]
    sectors: tuple[str, ...]
    output: FloatArray | None = None
    value_added: FloatArray | None = None
    notes: tuple[str, ...] = ()

    def label(self, row: int) -> str:
        """``country sector`` of one row."""
        country, sector = divmod(int(row), len(self.sectors))
        return f"{self.countries[country]} {self.sectors[sector]}"


@dataclass(frozen=True, slots=True, eq=False)
class Keyed:
    """Numbers with an economy and a code for every row and column; totals and other rows are left out already.

    Attributes
    ----------
    values : ndarray (R, C)
    rows, columns : sequence of Key, R and C
    output, value_added : ndarray (R,) and (C,), optional
        Stated output by row, value added by column.
    merged : mapping of str to str
        Economies to be added up under one code, such as CN1 and CN2 under CHN.
    """

    values: FloatArray
    rows: Sequence[Key]
    columns: Sequence[Key]
    output: FloatArray | None = None
    value_added: FloatArray | None = None
    merged: Mapping[str, str] = field(default_factory=dict)


def assembled(found: Keyed, path: Path) -> Parsed:
    """Sort rows and columns to country-major order, adding up what is merged.

    Raises
    ------
    DataError
        Labels that are missing, repeat or do not fit; cells that are no finite numbers: named with their places.
    """
    _refuse_repeated(found.rows, "row", path)
    _refuse_repeated(found.columns, "column", path)
    names = {**RENAMED, **found.merged}
    countries = _rest_last(tuple(dict.fromkeys(names.get(c, c) for c, _ in found.rows)))
    sectors = tuple(dict.fromkeys(s for _, s in found.rows))
    place = {(c, s): i * len(sectors) + j for i, c in enumerate(countries) for j, s in enumerate(sectors)}
    rows = _places(found.rows, place, names, "row", path)
    _refuse_absent(rows, place, "row", path)
    users = [k for k, (_, code) in enumerate(found.columns) if code in sectors]
    final = [k for k, (_, code) in enumerate(found.columns) if code not in sectors]
    columns = _places([found.columns[k] for k in users], place, names, "column", path)
    _refuse_absent(columns, place, "column", path)
    if not final:
        raise DataError(f"{path}: no column of final use")
    owner = {c: i for i, c in enumerate(countries)}
    destinations = _destinations([found.columns[k] for k in final], owner, names, path)
    _refuse_odd(found, path)
    n, G = len(place), len(countries)
    Z = _summed(_summed(found.values[:, users], rows, n).T, columns, n).T
    Y = _summed(_summed(found.values[:, final], rows, n).T, destinations, G).T
    output = None if found.output is None else _summed(found.output[:, None], rows, n)[:, 0]
    added = None if found.value_added is None else _summed(found.value_added[users][:, None], columns, n)[:, 0]
    return Parsed(
        np.ascontiguousarray(Z), np.ascontiguousarray(Y), countries, sectors, output, added, _notes(found, names)
    )


def _notes(found: Keyed, names: Mapping[str, str]) -> tuple[str, ...]:
    present = dict.fromkeys(c for c, _ in found.rows)
    changed = [f"{c} -> {names[c]}" for c in present if c in names and names[c] != c]
    return (f"economies merged or renamed: {', '.join(changed)}",) if changed else ()


def _rest_last(countries: tuple[str, ...]) -> tuple[str, ...]:
    rest = [c for c in countries if c in REST]
    return tuple([c for c in countries if c not in rest] + rest)


def _refuse_repeated(keys: Sequence[Key], what: str, path: Path) -> None:
    blank = [i for i, (c, s) in enumerate(keys) if not c or not s]
    if blank:
        raise DataError(f"{path}: label missing in {what} {listed(i + 1 for i in blank)} of the table")
    if len(set(keys)) < len(keys):
        seen: set[Key] = set()
        twice = [k for k in keys if k in seen or seen.add(k)]  # type: ignore[func-returns-value]
        raise DataError(f"{path}: duplicate {what} labels {listed(' '.join(k) for k in twice)}")


def _places(
    keys: Sequence[Key], place: Mapping[Key, int], names: Mapping[str, str], what: str, path: Path
) -> NDArray[np.intp]:
    stray = [k for k in keys if (names.get(k[0], k[0]), k[1]) not in place]
    if stray:
        known = dict.fromkeys(c for c, _ in place)
        near = did_you_mean(stray[0][0], known)
        raise DataError(
            f"{path}: {what}s of no economy or sector of the table: {listed(' '.join(k) for k in stray)}{near}"
        )
    return np.array([place[names.get(c, c), s] for c, s in keys], dtype=np.intp)


def _refuse_absent(found: NDArray[np.intp], place: Mapping[Key, int], what: str, path: Path) -> None:
    held = set(found.tolist())
    absent = [" ".join(key) for key, at in place.items() if at not in held]
    if absent:
        raise DataError(
            f"{path}: {len(absent)} {what}s missing: {listed(absent)}",
            hint="every economy needs every sector, as a row and as a column",
        )


def _destinations(
    keys: Sequence[Key], owner: Mapping[str, int], names: Mapping[str, str], path: Path
) -> NDArray[np.intp]:
    stray = [k for k in keys if names.get(k[0], k[0]) not in owner]
    if stray:
        near = did_you_mean(stray[0][0], owner)
        raise DataError(f"{path}: columns of no economy of the table: {listed(' '.join(k) for k in stray)}{near}")
    found = np.array([owner[names.get(c, c)] for c, _ in keys], dtype=np.intp)
    absent = [c for c, i in owner.items() if i not in set(found.tolist())]
    if absent:
        raise DataError(f"{path}: no final use of {listed(absent)}")
    return found


def _refuse_odd(found: Keyed, path: Path) -> None:
    odd = ~np.isfinite(found.values)
    if odd.any():
        cells = [f"{' '.join(found.rows[r])} -> {' '.join(found.columns[c])}" for r, c in np.argwhere(odd)[:8]]
        raise DataError(
            f"{path}: {int(odd.sum())} cells are NaN, blank, infinite or no numbers: {listed(cells)}",
            hint="write 0 where nothing flows; numbers without separators of thousands",
        )
    if found.values.size and np.abs(found.values).max() > MAX_AMOUNT:
        raise DataError(f"{path}: numbers beyond {MAX_AMOUNT:g}")


def _summed(values: FloatArray, places: NDArray[np.intp], n: int) -> FloatArray:
    """Rows added up at their places, (n, columns); a plain copy where every row has its own."""
    if len(places) == n:
        out = np.empty((n, values.shape[1]))
        out[places] = values
        return out
    out = np.zeros((n, values.shape[1]))
    np.add.at(out, places, values)
    return out
