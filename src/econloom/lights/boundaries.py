"""Boundaries of zones: rings of points by name, from GeoJSON or a table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from econloom.core.errors import DataError, UsageError, did_you_mean, listed
from econloom.lights.grid import GEOGRAPHIC, same_name

Ring = NDArray[np.float64]
TABLE = ("zone", "part", "hole", "longitude", "latitude")


@dataclass(frozen=True, slots=True)
class Boundaries:
    """Polygons of zones.

    Attributes
    ----------
    names : tuple of str
        Unique.
    rings : tuple of tuple of (n, 2) array
        Rings of each zone as x, y. Outer rings run one way, holes the other: area to the left is inside.
    crs : str

    Examples
    --------
    >>> square = Boundaries.of({"A": [(0, 0), (1, 0), (1, 1), (0, 1)]})
    >>> square.areas().tolist()
    [1.0]
    """

    names: tuple[str, ...]
    rings: tuple[tuple[Ring, ...], ...]
    crs: str = GEOGRAPHIC

    @classmethod
    def of(cls, zones: Mapping[str, Any], crs: str = GEOGRAPHIC) -> Boundaries:
        """Zones from points.

        Parameters
        ----------
        zones : mapping
            Name to the points (x, y) of one ring, or to a GeoJSON geometry (Polygon, MultiPolygon).
        crs : str

        Raises
        ------
        DataError
            No zones, an empty polygon, a ring of fewer than three points or of no area, coordinates not finite.
        """
        if not zones:
            raise DataError("there are no polygons")
        rings = tuple(_rings(shape, str(name)) for name, shape in zones.items())
        return cls(tuple(str(n) for n in zones), rings, same_name(crs))

    def areas(self) -> NDArray[np.float64]:
        """Plane areas of the zones in squared units of the CRS, holes taken off."""
        return np.array([sum(_signed(r) for r in rings) for rings in self.rings])

    def only(self, names: Iterable[str]) -> Boundaries:
        """Some zones, in the order asked for.

        Raises
        ------
        UsageError
            A name that is none of theirs.
        """
        place = {n: i for i, n in enumerate(self.names)}
        wanted = list(names)
        for name in wanted:
            if name not in place:
                raise UsageError(f"no zone {name!r}{did_you_mean(name, self.names)}")
        return Boundaries(tuple(wanted), tuple(self.rings[place[n]] for n in wanted), self.crs)

    def to_frame(self) -> pl.DataFrame:
        """One row a point: ``zone``, ``part`` (number of the ring), ``hole``, ``longitude``, ``latitude``."""
        parts = [
            pl.DataFrame({"longitude": r[:, 0], "latitude": r[:, 1]}).select(
                pl.lit(name).alias("zone"), pl.lit(k).alias("part"), pl.lit(_signed(r) < 0).alias("hole"), pl.all()
            )
            for name, rings in zip(self.names, self.rings, strict=True)
            for k, r in enumerate(rings)
        ]
        return pl.concat(parts)


def from_frame(frame: pl.DataFrame, zone: str = "zone", crs: str = GEOGRAPHIC) -> Boundaries:
    """Boundaries from a table of points, in order within each ring.

    Parameters
    ----------
    frame : polars.DataFrame
        Columns ``zone`` (or another name), ``part``, ``hole``, ``longitude``, ``latitude``, as ``Boundaries.to_frame``.

    Raises
    ------
    DataError
        Columns that are absent; rings that cannot be one.
    """
    absent = [c for c in (zone, *TABLE[1:]) if c not in frame.columns]
    if absent:
        raise DataError(f"boundaries have no column {absent[0]!r}{did_you_mean(absent[0], frame.columns)}")
    found: dict[str, list[Ring]] = {}
    grouped = frame.select(zone, *TABLE[1:]).group_by(zone, "part", "hole", maintain_order=True)
    for (name, _, hole), points in grouped:
        ring = _ring(points.select("longitude", "latitude").to_numpy(), str(name))
        found.setdefault(str(name), []).append(_turned(ring, outer=not hole))
    if not found:
        raise DataError("there are no polygons")
    return Boundaries(tuple(found), tuple(tuple(r) for r in found.values()), same_name(crs))


def read_boundaries(path: str | Path, name: str | None = None, crs: str | None = None) -> Boundaries:
    """Read polygons from a GeoJSON file.

    Parameters
    ----------
    path : str or Path
        A FeatureCollection of Polygons and MultiPolygons.
    name : str, optional
        The property that names a zone. Without it the one property that differs for every feature, the first of them.
    crs : str, optional
        Coordinate reference system; the file's own, or longitude and latitude of WGS 84, which GeoJSON has by default.

    Returns
    -------
    Boundaries

    Raises
    ------
    DataError
        No such file, no GeoJSON, no polygons, empty ones, or names that repeat.

    Examples
    --------
    >>> import json, tempfile, pathlib
    >>> ring = [[0, 0], [2, 0], [2, 1], [0, 1], [0, 0]]
    >>> feature = {"type": "Feature", "properties": {"city": "甲市"},
    ...            "geometry": {"type": "Polygon", "coordinates": [ring]}}
    >>> path = pathlib.Path(tempfile.mkdtemp(), "map.geojson")
    >>> _ = path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    >>> read_boundaries(path).names
    ('甲市',)
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    except ValueError as error:
        hint = "convert a shapefile or GeoPackage first: ogr2ogr map.geojson map.shp, or geopandas' to_file"
        raise DataError(f"{path} is no GeoJSON: {error}", hint=hint) from error
    features = content.get("features") if isinstance(content, dict) else None
    if not isinstance(features, list) or not features:
        raise DataError(f"{path}: no features; a FeatureCollection of polygons is needed")
    stated = content.get("crs") or {}
    own = (stated.get("properties") or {}).get("name", GEOGRAPHIC) if isinstance(stated, dict) else GEOGRAPHIC
    properties = [f.get("properties") or {} if isinstance(f, dict) else {} for f in features]
    key = name if name is not None else _naming(properties, str(path))
    if any(key not in p for p in properties):
        raise DataError(f"{path}: a feature has no property {key!r}{did_you_mean(key, list(properties[0]))}")
    names = [str(p[key]) for p in properties]
    repeated = sorted({n for n in names if names.count(n) > 1})
    if repeated:
        raise DataError(
            f"{path}: {key} is no name of zones, it repeats: {listed(repeated)}",
            hint=f"choose another property: {listed(list(properties[0]))}",
        )
    shapes = {n: f.get("geometry") for n, f in zip(names, features, strict=True)}
    return Boundaries.of(shapes, crs if crs is not None else str(own))


def _naming(properties: Sequence[Mapping[str, Any]], where: str) -> str:
    for key in properties[0]:
        values = [p.get(key) for p in properties]
        differ = all(v is not None for v in values) and len(set(map(str, values))) == len(values)
        if differ and (all(isinstance(v, str) for v in values) or key.lower().endswith(("code", "id"))):
            return key
    raise DataError(
        f"{where}: no property names every zone differently",
        hint=f"say which with name=, one of {listed(list(properties[0]))}, or dissolve the zones first",
    )


def _rings(shape: Any, name: str) -> tuple[Ring, ...]:
    if isinstance(shape, Mapping):
        kind, coordinates = shape.get("type"), shape.get("coordinates")
        if kind not in {"Polygon", "MultiPolygon"}:
            raise DataError(f"{name}: a {kind} is no polygon")
        parts = [coordinates] if kind == "Polygon" else coordinates
    elif shape is None:
        raise DataError(f"{name}: an empty polygon")
    else:
        parts = [[shape]]
    found = [_turned(_ring(r, name), outer=k == 0) for part in parts or () for k, r in enumerate(part or ())]
    if not found:
        raise DataError(f"{name}: an empty polygon", hint="take it out, or give it its boundary")
    return tuple(found)


def _ring(points: ArrayLike, name: str) -> Ring:
    try:
        ring = np.asarray(points, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name}: its points are not pairs of numbers") from error
    if ring.ndim != 2 or ring.shape[1] < 2:
        raise DataError(f"{name}: its points are not pairs of numbers")
    ring = np.ascontiguousarray(ring[:, :2])
    if not np.isfinite(ring).all():
        raise DataError(f"{name}: a point of its boundary is not finite")
    if len(ring) > 1 and (ring[0] == ring[-1]).all():
        ring = ring[:-1]
    if len(ring) < 3 or _signed(ring) == 0.0:
        raise DataError(f"{name}: an empty polygon (a ring of {len(ring)} points without area)")
    return ring


def _signed(ring: Ring) -> float:
    x, y = ring[:, 0] - ring[0, 0], ring[:, 1] - ring[0, 1]
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2


def _turned(ring: Ring, outer: bool) -> Ring:
    return ring if (_signed(ring) > 0) == outer else ring[::-1].copy()
