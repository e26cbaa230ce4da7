"""Functions compiled by numba; compiled code lives in the user's cache directory."""

from __future__ import annotations

import getpass
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def cache_folder() -> str:
    """Where compiled code is kept: ``NUMBA_CACHE_DIR``, or a folder of the user's cache, or a temporary one."""
    if stated := os.environ.get("NUMBA_CACHE_DIR"):
        return stated
    home = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    base = os.environ.get("LOCALAPPDATA") if os.name == "nt" else os.environ.get("XDG_CACHE_HOME")
    folder = Path(base or home) / "econloom" / "numba"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        usable = os.access(folder, os.W_OK)
    except OSError:
        usable = False
    return str(folder if usable else Path(tempfile.gettempdir()) / f"econloom-numba-{getpass.getuser()}")


def compiled(function: Function) -> Function:
    """The function compiled on its first call, from the cache where it is there."""
    settings: Any = numba.config
    held, settings.CACHE_DIR = settings.CACHE_DIR, cache_folder()
    try:
        return cast(Function, numba.njit(cache=True, nogil=True, error_model="numpy")(function))
    finally:
        settings.CACHE_DIR = held
