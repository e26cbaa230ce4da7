"""Layout ``wiod2013-arrays``: one npz file a year, ``wiod2013_YYYY.npz``, with full inter-country arrays.

Described in ``docs/iot.md``; ``manifest.json`` beside them is optional and holds their SHA-256 digests. The packed
bytes are kept and a year is unpacked when it is asked for: seventeen tables are 12 MB packed and 280 MB unpacked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econloom.core.errors import DataError, listed
from econloom.iot.balance import FloatArray, worst_gaps
from econloom.iot.parsers import manifest, npz
from econloom.iot.table import checked_labels

LAYOUT = "wiod2013-arrays"
PATTERN = "wiod2013_YYYY.npz"
REST_OF_WORLD = "ROW"
# codes of the release that are not ISO 3166, or not written as everywhere else here
HARMONISED = {"ROM": "ROU", "RoW": REST_OF_WORLD}

_NAME = re.compile(r"wiod2013_(\d{4})\.npz")
_ARRAYS = ("Z", "F", "x", "countries", "industries")
_RELATIVE = 1e-6

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Flows:
    """One year as float64: ``Z`` (n, n), ``Y`` (n, G) with its categories summed, stated output ``x`` (n,)."""

    Z: FloatArray
    Y: FloatArray
    x: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class ArrayFiles:
    """The yearly files of one folder, still packed.

    Attributes
    ----------
    countries : tuple of str, G
        Harmonised codes, the rest of the world last.
    harmonised : mapping of str to str
        Codes in the files that were changed, and to what.
    contents : mapping of int to bytes
        Year to packed file.
    verified : bool
        Whether a manifest was there and fits.
    """

    folder: Path
    countries: tuple[str, ...]
    sectors: tuple[str, ...]
    harmonised: Mapping[str, str]
    contents: Mapping[int, bytes]
    files: Mapping[str, str]
    verified: bool

    @property
    def years(self) -> tuple[int, ...]:
        """Years, ascending."""
        return tuple(self.contents)

    def label(self, row: int) -> str:
        """``country sector`` of one row."""
        country, sector = divmod(row, len(self.sectors))
        return f"{self.countries[country]} {self.sectors[sector]}"

    def flows(self, year: int) -> Flows:
        """Unpack and check one year.

        Raises
        ------
        DataError
            Shapes that do not fit, impossible numbers, or a stated output that rounding cannot explain.
        """
        path = self.folder / file_name(year)
        held = npz.arrays(self.contents[year], path, _ARRAYS)
        n = len(self.countries) * len(self.sectors)
        Z, x = npz.numeric(held, "Z", (n, n), path, "rows, columns"), npz.numeric(held, "x", (n,), path, "rows")
        F = self._final(held, path)
        for name, values in (("Z", Z), ("x", x)):
            if values.min() < 0:
                bad = int((values < 0).sum())
                raise DataError(f"{path}: {name} has {bad} negative cells, down to {values.min():,}")
        Y = F.reshape(n, len(self.countries), -1).sum(axis=2, dtype=np.float64)
        found = Flows(Z.astype(np.float64), Y, x.astype(np.float64))
        self._check_output(found, n + F.shape[1] + 1, path)
        return found

    def _final(self, held: Mapping[str, Array], path: Path) -> Array:
        n, G, shape = len(self.countries) * len(self.sectors), len(self.countries), held["F"].shape
        if len(shape) != 2 or shape[1] == 0 or shape[1] % G:
            raise DataError(f"{path}: F has shape {shape}, expected {n} rows and a multiple of {G} columns")
        return npz.numeric(held, "F", (n, shape[1]), path, "rows, destination and category")

    def _check_output(self, flows: Flows, cells: int, path: Path) -> None:
        """Stated output is the row sum, but for the rounding of every cell to an integer."""
        rows = flows.Z.sum(axis=1) + flows.Y.sum(axis=1)
        off = np.abs(flows.x - rows) > 0.5 * cells + _RELATIVE * np.abs(flows.x)
        if off.any():
            labels = [self.label(int(i)) for i in np.flatnonzero(off)]
            worst = worst_gaps(labels, flows.x[off], rows[off], 5)
            raise DataError(
                f"{path}: in {int(off.sum())} rows the output x is not the sum of sales, and rounding cannot explain "
                f"it; {'; '.join(str(g) for g in worst)}"
            )


def present(folder: Path) -> dict[int, Path]:
    """The yearly files of a folder by year, ascending; names say the year."""
    found = ((_NAME.fullmatch(p.name), p) for p in folder.iterdir() if p.is_file())
    return dict(sorted((int(m[1]), p) for m, p in found if m))


def file_name(year: int) -> str:
    """Name of the file of one year."""
    return PATTERN.replace("YYYY", f"{year:04d}")


def read_folder(folder: Path) -> ArrayFiles:
    """Read the packed files of a folder and compare their labels; numbers are checked by :meth:`ArrayFiles.flows`.

    Raises
    ------
    DataError
        No such files, damaged ones, other economies or industries in some year, or no rest of the world.
    """
    paths = present(folder)
    if not paths:
        raise DataError(f"{folder}: layout {LAYOUT} needs files {PATTERN}; there are none")
    contents = {year: npz.read_bytes(path) for year, path in paths.items()}
    digests = {path.name: npz.digest(contents[year]) for year, path in paths.items()}
    verified = manifest.check(folder, LAYOUT, digests)
    countries, sectors = _labels(paths, contents)
    changed = {code: HARMONISED[code] for code in countries if code in HARMONISED}
    files = {str(path): digests[path.name] for path in paths.values()}
    return ArrayFiles(folder, _harmonised(countries, folder), sectors, changed, contents, files, verified)


def _labels(paths: Mapping[int, Path], contents: Mapping[int, bytes]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Economies and industries of the first year, which every other year must have in the same order."""
    first: dict[str, tuple[str, ...]] = {}
    for year, path in paths.items():
        held = npz.arrays(contents[year], path, ("countries", "industries"))
        for name in held:
            found = npz.labels(held, name, path)
            expected = first.setdefault(name, found)
            if found != expected:
                differ = sorted(set(found) ^ set(expected)) or ["their order"]
                other = paths[min(paths)].name
                raise DataError(f"{path}: {name} are not those of {other}; they differ in {listed(differ)}")
    return first["countries"], first["industries"]


def _harmonised(codes: tuple[str, ...], folder: Path) -> tuple[str, ...]:
    try:
        countries = checked_labels([HARMONISED.get(code, code) for code in codes], "countries")
    except DataError as error:
        raise error.within(f"{folder}: once {listed(HARMONISED)} are harmonised") from None
    if countries[-1] != REST_OF_WORLD:
        raise DataError(f"{folder}: the last economy must be the rest of the world (RoW or ROW), not {codes[-1]}")
    return countries
