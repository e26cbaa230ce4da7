"""Functions compiled by numba, as :mod:`econloom.core.compiling` makes them."""

from __future__ import annotations

from econloom.core.compiling import cache_folder as cache_folder
from econloom.core.compiling import compiled as compiled
