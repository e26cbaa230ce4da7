"""Images and boundaries as tables, as a study's sources hold them: lit cells, and points of boundaries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from econloom.core.errors import DataError
from econloom.lights.boundaries import TABLE, Boundaries, read_boundaries
from econloom.lights.grid import Grid, Image
from econloom.lights.rasters import images_in, read_image

CELLS = ("satellite", "year", "longitude", "latitude", "dn")
LAYOUTS = {"rasters": CELLS, "polygons": TABLE}
"""Layouts of folders, and the columns of the tables that they become."""
_OFF = 1e-3  # of a cell: how far from the grid's centres a cell may lie


def read_layout(folder: str | Path, layout: str) -> pl.DataFrame:
    """A folder of rasters, or of one GeoJSON file, as a table.

    Raises
    ------
    DataError
        As the readers of files say; more than one GeoJSON file, or none.
    """
    folder = Path(folder)
    if layout == "rasters":
        return pl.concat([lit_cells(read_image(path)) for path in images_in(folder).values()])
    maps = sorted(p for p in folder.iterdir() if p.suffix.lower() in (".geojson", ".json"))
    if len(maps) != 1:
        raise DataError(f"{folder}: one GeoJSON file is needed, not {len(maps)}")
    return read_boundaries(maps[0]).to_frame()


def lit_cells(image: Image) -> pl.DataFrame:
    """The cells of an image that are lit: ``satellite``, ``year``, ``longitude``, ``latitude`` of the centre, ``dn``.

    Raises
    ------
    DataError
        An image that is not named by satellite and year, or has no coordinate reference system.
    """
    image.grid.require_crs(image.name)
    satellite, _, year = image.name.rpartition(" ")
    if not (satellite and year.isdigit() and len(year) == 4):
        raise DataError(f"the image {image.name!r} does not say its satellite and year", hint="name files F162006.tif")
    rows, columns = np.nonzero(image.valid() & (image.filled() > 0))
    grid = image.grid
    return pl.DataFrame(
        {
            "satellite": [satellite] * len(rows),
            "year": np.full(len(rows), int(year)),
            "longitude": grid.west + grid.width * (columns + 0.5),
            "latitude": grid.north - grid.height * (rows + 0.5),
            "dn": image.values[rows, columns].astype(np.float64),
        }
    )


def images_of(frame: pl.DataFrame, boundaries: Boundaries) -> dict[str, Image]:
    """Images from a table of lit cells, on the grid of the cells, wide enough for the boundaries; other cells are dark.

    Raises
    ------
    DataError
        Missing or negative numbers, cells that lie on no common grid or stand twice in an image.
    """
    frame = frame.select(CELLS)
    if frame.height == 0 or frame.null_count().sum_horizontal()[0]:
        raise DataError("the table of lights is empty or has missing cells")
    if (frame["dn"] < 0).any():
        raise DataError("the table of lights has negative numbers")
    grid = _grid(frame, boundaries)
    x, y = grid.places(frame["longitude"].to_numpy(), frame["latitude"].to_numpy())
    columns, rows = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    off = max(np.abs(x - columns - 0.5).max(), np.abs(y - rows - 0.5).max())
    if off > _OFF:
        raise DataError("the cells of the table of lights lie on no common grid", hint="give the centres of the cells")
    placed = frame.select("satellite", "year", "dn").with_columns(cell=pl.Series(rows * grid.columns + columns))
    if placed.select("satellite", "year", "cell").is_duplicated().any():
        raise DataError("a cell stands twice in one image of the table of lights")
    images = {}
    for (satellite, year), part in placed.sort("year", "satellite").group_by("satellite", "year", maintain_order=True):
        values = np.zeros(grid.shape, dtype=np.float32)
        values.ravel()[part["cell"].to_numpy()] = part["dn"].to_numpy()
        name = f"{satellite} {year}"
        images[name] = Image(values, grid, name=name)
    return images


def _grid(frame: pl.DataFrame, boundaries: Boundaries) -> Grid:
    points = np.concatenate([r for rings in boundaries.rings for r in rings])
    sizes, starts, counts = [], [], []
    for axis, name in enumerate(("longitude", "latitude")):
        centres = frame[name].unique().sort().to_numpy()
        if len(centres) < 2:
            raise DataError(f"the cells of the table of lights have one {name}: no grid can be told from them")
        size = float(np.diff(centres).min())
        size = (centres[-1] - centres[0]) / max(round((centres[-1] - centres[0]) / size), 1)
        low = centres[0] - size / 2
        low -= size * max(np.ceil((low - points[:, axis].min()) / size), 0)
        high = max(centres[-1] + size / 2, float(points[:, axis].max()))
        sizes.append(size)
        starts.append(low)
        counts.append(int(np.ceil((high - low) / size - 1e-9)))
    if counts[0] * counts[1] > 50_000_000:
        raise DataError(f"the table of lights makes a grid of {counts[1]} x {counts[0]} cells", hint="clip it")
    return Grid(counts[1], counts[0], starts[0], starts[1] + counts[1] * sizes[1], sizes[0], sizes[1], boundaries.crs)
