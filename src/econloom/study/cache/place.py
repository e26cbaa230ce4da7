"""Where values are kept, and how much may lie there."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from econloom.core.errors import UsageError

VARIABLE = "ECONLOOM_CACHE"
SIZE = "ECONLOOM_CACHE_SIZE"
DEFAULT_SIZE = 4 * 2**30
"""Bytes that entries may take together, unless ECONLOOM_CACHE_SIZE says another number."""
_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


def folder() -> Path | None:
    """Where values of steps are kept; None when the variable ECONLOOM_CACHE is ``off``.

    ECONLOOM_CACHE names another folder, as for parsed tables (:mod:`econloom.iot.cache`); else it is
    ``econloom/studies`` of the user's cache folder. Entries are pickles, so this is never a folder that travels.
    """
    stated = os.environ.get(VARIABLE)
    if stated:
        return None if stated.casefold() == "off" else Path(stated).absolute() / "studies"
    home = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    base = os.environ.get("LOCALAPPDATA") if os.name == "nt" else os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else home) / "econloom" / "studies"


def limit() -> int:
    """Bytes that all entries may take.

    Raises
    ------
    UsageError
        ECONLOOM_CACHE_SIZE is no size.
    """
    stated = os.environ.get(SIZE)
    return parse_size(stated, SIZE) if stated else DEFAULT_SIZE


def parse_size(text: str, what: str = "the size") -> int:
    """Bytes of a size such as ``500M``, ``2G``, ``1.5 GB`` or ``0``.

    Raises
    ------
    UsageError

    Examples
    --------
    >>> parse_size("1.5k"), parse_size("2 MB"), parse_size("0")
    (1536, 2097152, 0)
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?\s*", text, re.I)
    if found is None:
        raise UsageError(f"{what}: {text!r} is no size", hint="such as 500M or 2G")
    return int(float(found.group(1)) * _UNITS[found.group(2).casefold()])


def shown_size(size: int) -> str:
    """A size for people.

    Examples
    --------
    >>> shown_size(900), shown_size(1536), shown_size(3 * 2**30)
    ('900 B', '1.5 KB', '3.0 GB')
    """
    for unit, name in ((2**30, "GB"), (2**20, "MB"), (2**10, "KB")):
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} B"
