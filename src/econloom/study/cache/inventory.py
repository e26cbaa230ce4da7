"""What lies in the cache: listed, proved, cleaned and bounded."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from econloom.study.cache import code, entry
from econloom.study.cache.entry import DamagedError, Header

LEFT_ALONE = 3600.0
"""Seconds after which a file that was never finished is taken for left behind."""
ROOM = 0.9
"""Share of the bound that is left when entries have to go."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One entry.

    Attributes
    ----------
    path : Path
    size : int
    used : float
        When it was last written or taken, in seconds since 1970.
    header : Header or None
    fault : str or None
        Why it cannot be used.
    """

    path: Path
    size: int
    used: float
    header: Header | None = None
    fault: str | None = None

    @property
    def study(self) -> str:
        """The study that it was made for; empty where that cannot be read."""
        return str(self.header.about.get("study", "")) if self.header else ""

    @property
    def current(self) -> bool:
        """Whether the code of now made it; others are never taken again unless that code comes back."""
        return self.header is not None and self.header.about.get("code") == code.current().to_dict()

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready values."""
        about = self.header.about if self.header else {}
        return {
            "entry": self.path.stem,
            "study": self.study,
            **{k: about.get(k) for k in ("kind", "name", "digest", "made", "seconds")},
            "used": round(self.used, 3),
            "size": self.size,
            "current": self.current,
            "fault": self.fault,
        }


def entries(folder: Path | None, headers: bool = True) -> list[Kept]:
    """All entries, the least recently used first; those that vanish meanwhile are left out."""
    found = []
    for path in folder.glob(f"*/*{entry.SUFFIX}") if folder is not None else ():
        with suppress(OSError):
            status = path.stat()
            found.append(_read(path, status.st_size, status.st_mtime) if headers else
                         Kept(path, status.st_size, status.st_mtime))  # fmt: skip
    return sorted(found, key=lambda k: (k.used, k.path.name))


def _read(path: Path, size: int, used: float) -> Kept:
    try:
        return Kept(path, size, used, entry.header(path))
    except DamagedError as why:
        return Kept(path, size, used, None, str(why))


def verified(folder: Path | None) -> Iterator[Kept]:
    """All entries, each read through and compared with its checksums."""
    for kept in entries(folder):
        try:
            yield Kept(kept.path, kept.size, kept.used, entry.prove(kept.path), None)
        except FileNotFoundError:
            continue
        except DamagedError as why:
            yield Kept(kept.path, kept.size, kept.used, kept.header, str(why))


def remove(found: Iterable[Kept]) -> tuple[int, int]:
    """Delete entries; how many went, and their bytes."""
    number = size = 0
    for kept in found:
        with suppress(OSError):
            kept.path.unlink()
            number, size = number + 1, size + kept.size
    return number, size


def bound(folder: Path | None, limit: int) -> tuple[int, int]:
    """Let the least recently used entries go where all together are larger than the limit, and what was left behind.

    Returns
    -------
    tuple of int
        How many entries went, and their bytes.
    """
    if folder is None or not folder.is_dir():
        return 0, 0
    _clear_left(folder)
    kept = entries(folder, headers=False)
    total = sum(k.size for k in kept)
    if total <= limit:
        return 0, 0
    going = []
    for one in kept:
        if total <= limit * ROOM:
            break
        going.append(one)
        total -= one.size
    return remove(going)


def _clear_left(folder: Path) -> None:
    """Files of writers that were killed; those of writers at work are young."""
    for path in folder.glob("*/.*.part"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > LEFT_ALONE:
                path.unlink()
