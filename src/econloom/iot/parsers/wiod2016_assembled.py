"""Layout ``wiod2016-assembled``: national tables, bilateral flows and a domestic block for the rest of the world.

Three npz files in one folder, described in ``docs/iot.md``; ``manifest.json`` beside them is optional and holds their
SHA-256 digests. Everything that must add up is checked on reading, to the rounding of integers in millions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econloom.core.errors import DataError, listed
from econloom.iot.balance import FloatArray
from econloom.iot.parsers import manifest, npz

LAYOUT = "wiod2016-assembled"
FILES = ("national.npz", "bilateral.npz", "rest_of_world.npz")
_NATIONAL = ("years", "countries", "sectors", "columns", "domestic", "imports", "purchases", "exports", "output")
_BILATERAL = ("years", "countries", "sectors", "unit", "intermediate", "final")
_REST = ("sectors", "domestic")

# Sums over some sixty cells, each rounded to an integer, are off by 15 at most in the shipped tables.
TOLERANCE = 20.0
RELATIVE = 1e-6

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class NationalSources:
    """Everything needed to assemble T yearly tables of K countries and the rest of the world (G = K + 1).

    Attributes
    ----------
    domestic, imports : ndarray (T, K, S, S + C)
        National tables, in the unit of the files (millions of current US dollars), basic prices.
    purchases : ndarray (T, K, S + C)
        Use of every column at purchasers' prices fob (row ``II_fob``).
    exports, output : ndarray (T, K, S)
    flows, final_flows : ndarray (T, G, G, S)
        Bilateral intermediate and final flows, in units of ``unit``.
    row_block : ndarray (S, S)
    verified : bool
        Whether a manifest was there and fits.
    """

    folder: Path
    years: tuple[int, ...]
    countries: tuple[str, ...]
    sectors: tuple[str, ...]
    domestic: Array
    imports: Array
    purchases: Array
    exports: Array
    output: Array
    flows: Array
    final_flows: Array
    unit: float
    row_block: FloatArray
    files: Mapping[str, str]
    verified: bool

    def label(self, row: int) -> str:
        """``country sector`` of one row."""
        country, sector = divmod(row, len(self.sectors))
        return f"{self.countries[country]} {self.sectors[sector]}"

    def intermediate(self, k: int) -> FloatArray:
        """Bilateral intermediate flows of the k-th year, shape (G, G, S)."""
        return self._millions(self.flows[k])

    def final(self, k: int) -> FloatArray:
        """Bilateral final flows of the k-th year, shape (G, G, S)."""
        return self._millions(self.final_flows[k])

    def _millions(self, values: Array) -> FloatArray:
        scaled: FloatArray = np.multiply(values, self.unit, dtype=np.float64)
        return scaled


def read_folder(folder: Path) -> NationalSources:
    """Read and check a folder.

    Raises
    ------
    DataError
        Missing or damaged files, shapes or labels that do not fit, impossible or contradicting numbers.
    """
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise DataError(f"{folder}: layout {LAYOUT} needs {listed(FILES)}; missing {listed(missing)}")
    contents = {name: npz.read_bytes(folder / name) for name in FILES}
    digests = {name: npz.digest(content) for name, content in contents.items()}
    verified = manifest.check(folder, LAYOUT, digests)
    wanted = dict(zip(FILES, (_NATIONAL, _BILATERAL, _REST), strict=True))
    held = [npz.arrays(contents[name], folder / name, wanted[name]) for name in FILES]
    sources = _build(folder, held, digests, verified)
    for check in (_check_signs, _check_national, _check_bilateral, _check_rest):
        check(sources)
    return sources


def _build(folder: Path, held: list[dict[str, Array]], digests: Mapping[str, str], verified: bool) -> NationalSources:
    national, bilateral, rest = held
    paths = [folder / name for name in FILES]
    years = _years(national, paths[0])
    members = npz.labels(national, "countries", paths[0])
    sectors = npz.labels(national, "sectors", paths[0])
    columns = npz.labels(national, "columns", paths[0])
    T, K, S, W = len(years), len(members), len(sectors), len(columns)
    if columns[:S] != sectors or W == S:
        raise DataError(f"{paths[0]}: columns must be the sectors, then at least one final use")
    countries = _partners(bilateral, paths[1], members)
    _same(years, _years(bilateral, paths[1]), "years", paths[1])
    for other, path in ((bilateral, paths[1]), (rest, paths[2])):
        _same(sectors, npz.labels(other, "sectors", path), "sectors", path)
    unit = float(npz.numeric(bilateral, "unit", (), paths[1], "one number"))
    if not unit > 0:
        raise DataError(f"{paths[1]}: unit {unit:g} is not positive")

    def table(name: str, *shape: int) -> Array:
        return npz.numeric(national, name, (T, K, *shape), paths[0], "year, country, product, column")

    def flow(name: str) -> Array:
        shape = (T, K + 1, K + 1, S)
        return npz.numeric(bilateral, name, shape, paths[1], "year, origin, destination, product")

    return NationalSources(
        folder, years, countries, sectors,
        table("domestic", S, W), table("imports", S, W), table("purchases", W), table("exports", S), table("output", S),
        flow("intermediate"), flow("final"), unit,
        npz.numeric(rest, "domestic", (S, S), paths[2], "product, user").astype(np.float64),
        {str(path): digests[path.name] for path in paths}, verified,
    )  # fmt: skip


def _years(held: Mapping[str, Array], path: Path) -> tuple[int, ...]:
    array = held["years"]
    if (
        array.dtype.kind not in "iu"
        or array.ndim != 1
        or not array.size
        or (np.diff(array.astype(np.int64)) <= 0).any()
    ):
        raise DataError(f"{path}: years must be a rising list of integers")
    return tuple(int(y) for y in array)


def _partners(held: Mapping[str, Array], path: Path, members: tuple[str, ...]) -> tuple[str, ...]:
    countries = npz.labels(held, "countries", path)
    if countries[:-1] != members:
        raise DataError(
            f"{path}: countries must be those of {FILES[0]} in the same order, then the rest of the world",
            hint=f"they differ in {listed(sorted(set(countries[:-1]) ^ set(members))) or 'their order'}",
        )
    return countries


def _same(expected: tuple[Any, ...], found: tuple[Any, ...], what: str, path: Path) -> None:
    if expected != found:
        differ = sorted({str(a) for a in set(expected) ^ set(found)}) or ["their order"]
        raise DataError(f"{path}: {what} are not those of {FILES[0]}; they differ in {listed(differ)}")


def _check_signs(s: NationalSources) -> None:
    S, K = len(s.sectors), len(s.countries) - 1
    parts = {
        f"{FILES[0]}: domestic intermediate use": s.domestic[..., :S],
        f"{FILES[0]}: imported intermediate use": s.imports[..., :S],
        f"{FILES[0]}: output": s.output,
        f"{FILES[1]}: intermediate": s.flows,
        f"{FILES[2]}: domestic": s.row_block,
    }
    for what, values in parts.items():
        if values.min() < 0:
            raise DataError(f"{s.folder / what} has {int((values < 0).sum())} negative cells, down to {values.min():,}")
    home = np.arange(K)
    if s.flows[:, home, home].any() or s.final_flows[:, home, home].any():
        raise DataError(f"{s.folder / FILES[1]}: flows of a country to itself must be 0 (they stand in {FILES[0]})")


def _check_national(s: NationalSources) -> None:
    _agree(s, "domestic sales and exports against output", s.domestic.sum(3) + s.exports, s.output, s.sectors)
    used = s.domestic.sum(2) + s.imports.sum(2)
    columns = (*s.sectors, *(f"final use {i}" for i in range(1, used.shape[2] - len(s.sectors) + 1)))
    _agree(s, "domestic and imported use against purchases", used, s.purchases, columns)


def _check_bilateral(s: NationalSources) -> None:
    S, K = len(s.sectors), len(s.countries) - 1
    into, final = s.flows.sum(1) * s.unit, s.final_flows.sum(1) * s.unit
    out = (s.flows.sum(2) + s.final_flows.sum(2)) * s.unit
    sales = "bilateral flows against national"
    _agree(s, f"{sales} intermediate imports", into[:, :K], s.imports[..., :S].sum(3), s.sectors)
    _agree(s, f"{sales} final imports", final[:, :K], s.imports[..., S:].sum(3), s.sectors)
    _agree(s, f"{sales} exports", out[:, :K], s.exports, s.sectors)


def _check_rest(s: NationalSources) -> None:
    if not s.row_block.sum() > 0:
        raise DataError(f"{s.folder / FILES[2]}: the domestic block is empty")


def _agree(s: NationalSources, what: str, found: Array, stated: Array, columns: tuple[str, ...]) -> None:
    """Two (T, K, columns) arrays agree to rounding, or a DataError names the worst cell."""
    gap = np.abs(found - stated.astype(np.float64))
    bad = gap > TOLERANCE + RELATIVE * np.abs(stated)
    if bad.any():
        year, country, column = np.unravel_index(int(np.argmax(gap)), gap.shape)
        raise DataError(
            f"{s.folder}: {what}: {int(bad.sum())} cells do not agree; worst {s.years[year]} {s.countries[country]} "
            f"{columns[column]}: {float(found[year, country, column]):,.6g} against "
            f"{float(stated[year, country, column]):,.6g}"
        )
