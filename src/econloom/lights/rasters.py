"""Rasters from files: GeoTIFF and what else GDAL reads, by rasterio (the extra ``lights``)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from econloom.core.errors import DataError, UsageError
from econloom.lights.grid import Grid, Image

SUFFIXES = (".tif", ".tiff")
_NAME = re.compile(r"(?<![A-Za-z0-9])F(\d{2})[ _-]?((?:19|20)\d{2})", re.IGNORECASE)


def image_name(text: str) -> str:
    """Satellite and year of a file's name, as ``F16 2006``; ``VIIRS 2014`` of its name, else the name itself.

    Examples
    --------
    >>> image_name("F162006.v4b_web.stable_lights.avg_vis"), image_name("VIIRS_201401_vcmcfg"), image_name("lights")
    ('F16 2006', 'VIIRS 2014', 'lights')
    """
    if found := _NAME.search(text):
        return f"F{found[1]} {found[2]}"
    if re.search("viirs|VNL|SVDNB", text, re.IGNORECASE) and (year := re.search(r"(?<!\d)(20\d{2})", text)):
        return f"VIIRS {year[1]}"
    return text


def read_image(path: str | Path, *, crs: str | None = None, nodata: float | None = None, band: int = 1) -> Image:
    """Read one band of a raster.

    Parameters
    ----------
    path : str or Path
    crs : str, optional
        For files that say none, as ``EPSG:4326``; one that contradicts the file's is refused.
    nodata : float, optional
        In place of the file's own (DMSP composites often say none and use 255).
    band : int
        Counted from 1.

    Returns
    -------
    Image
        Named by satellite and year where the file's name has them.

    Raises
    ------
    UsageError
        rasterio is not installed.
    DataError
        No such file, no raster, no such band, a rotated grid, another CRS.

    Examples
    --------
    >>> read_image("F162006.tif")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    econloom.core.errors.DataError: F162006.tif: no such file
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    rasterio = _rasterio()
    try:
        with rasterio.open(path) as file:
            if not 1 <= band <= file.count:
                raise DataError(f"{path}: no band {band}, it has {file.count}")
            values, transform, own, stated = file.read(band), file.transform, file.crs, file.nodata
    except (rasterio.errors.RasterioIOError, rasterio.errors.RasterioError) as error:
        raise DataError(f"{path}: cannot be read as a raster: {error}") from error
    if transform.b or transform.d or transform.a <= 0 or transform.e >= 0:
        raise DataError(f"{path}: its rows do not run west to east and north to south", hint="gdalwarp it first")
    crs = _crs(path, own, crs)
    rows, columns = values.shape
    grid = Grid(rows, columns, transform.c, transform.f, transform.a, -transform.e, crs)
    return Image(values, grid, stated if nodata is None else nodata, image_name(path.stem))


def _crs(path: Path, own: Any, given: str | None) -> str | None:
    code = own.to_epsg() if own else None
    found = f"EPSG:{code}" if code else own.to_string() if own else None
    if found is None or given is None:
        return found or given
    if Grid(1, 1, 0, 0, 1, 1, given).crs != Grid(1, 1, 0, 0, 1, 1, found).crs:
        raise DataError(f"{path} is in {found}, not in {given}")
    return found


def images_in(folder: str | Path) -> Mapping[str, Path]:
    """The rasters of a folder by name (``F16 2006``), in order of year and satellite.

    Raises
    ------
    DataError
        No folder, no raster in it, or two of one name.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder")
    found: dict[str, Path] = {}
    for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES):
        name = image_name(path.stem)
        if name in found:
            raise DataError(
                f"{path} and {found[name].name} are both {name}", hint="keep one of each satellite and year"
            )
        found[name] = path
    if not found:
        raise DataError(f"{folder}: no raster ({', '.join(SUFFIXES)}) in it")
    return dict(sorted(found.items(), key=lambda item: item[0].split()[::-1]))


def _rasterio() -> Any:
    try:
        import rasterio
        import rasterio.errors
    except ImportError as error:
        raise UsageError("rasters need rasterio", hint="pip install 'econloom[lights]'") from error
    return rasterio
