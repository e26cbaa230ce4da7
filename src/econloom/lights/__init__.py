"""Night lights (``el.lights``): satellites brought to one scale, one image a year, sums and means by polygon.

The core works on arrays; reading rasters needs the extra ``lights`` (rasterio).
"""

from __future__ import annotations

from econloom.lights.boundaries import Boundaries as Boundaries
from econloom.lights.boundaries import from_frame as from_frame
from econloom.lights.boundaries import read_boundaries as read_boundaries
from econloom.lights.brightness import city_brightness as city_brightness
from econloom.lights.calibrate import Calibration as Calibration
from econloom.lights.calibrate import Intercalibrated as Intercalibrated
from econloom.lights.calibrate import intercalibrate as intercalibrate
from econloom.lights.calibrate import published as published
from econloom.lights.coverage import Index as Index
from econloom.lights.coverage import index as index
from econloom.lights.grid import Grid as Grid
from econloom.lights.grid import Image as Image
from econloom.lights.rasters import images_in as images_in
from econloom.lights.rasters import read_image as read_image
from econloom.lights.series import Harmonisation as Harmonisation
from econloom.lights.series import composite as composite
from econloom.lights.series import continuity as continuity
from econloom.lights.series import desaturate as desaturate
from econloom.lights.series import harmonise as harmonise
from econloom.lights.series import yearly as yearly
from econloom.lights.tables import CELLS as CELLS
from econloom.lights.tables import LAYOUTS as LAYOUTS
from econloom.lights.tables import images_of as images_of
from econloom.lights.tables import read_layout as read_layout
from econloom.lights.zonal import zonal as zonal

__all__ = [
    "Boundaries",
    "Calibration",
    "Grid",
    "Harmonisation",
    "Image",
    "Index",
    "Intercalibrated",
    "city_brightness",
    "composite",
    "continuity",
    "desaturate",
    "from_frame",
    "harmonise",
    "images_in",
    "index",
    "intercalibrate",
    "published",
    "read_boundaries",
    "read_image",
    "yearly",
    "zonal",
]
