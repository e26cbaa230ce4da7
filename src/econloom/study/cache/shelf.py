"""The cache as a run sees it: entries by the digest of their step."""

from __future__ import annotations

import hashlib
import pickle
import platform
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from econloom.study.cache import entry, place, values
from econloom.study.cache.code import current
from econloom.study.cache.entry import DamagedError
from econloom.study.cache.facts import Facts
from econloom.study.step import Step

LARGEST_SHARE = 4
"""A value may take a fourth of all that may be kept."""


def key(digest: str) -> str:
    """Name of an entry: the step's digest and the kind of machine, whose arithmetic may round otherwise."""
    machine = (sys.implementation.cache_tag, platform.system(), platform.machine(), entry.MAGIC.decode())
    return hashlib.sha256("\n".join([digest, *map(str, machine)]).encode()).hexdigest()


@dataclass
class Shelf:
    """Entries in a folder.

    Attributes
    ----------
    folder : Path or None
        None: nothing is kept and nothing found.
    study : str
        Who keeps.
    limit : int
        Bytes that all entries may take.
    said : dict
        What went wrong, each once.
    """

    folder: Path | None
    study: str = ""
    limit: int = place.DEFAULT_SIZE
    said: dict[str, None] = field(default_factory=dict)
    closed: bool = False

    @classmethod
    def opened(cls, study: str, use: bool = True) -> Shelf:
        """The user's cache; one that keeps nothing where it is not to be used."""
        return cls(place.folder() if use else None, study, place.limit())

    def path(self, digest: str) -> Path | None:
        """Where the entry of a step is."""
        if self.folder is None:
            return None
        name = key(digest)
        return self.folder / name[:2] / f"{name}{entry.SUFFIX}"

    def facts(self, step: Step) -> Mapping[str, Facts] | None:
        """What an entry knows of its step and of those before it that have no entries; None without an entry.

        Raises
        ------
        DamagedError
        """
        path = self.path(step.digest)
        if path is None:
            return None
        try:
            found, content, _ = entry.sections(path, value=False)
        except (FileNotFoundError, NotADirectoryError):
            return None
        _same(found, step)
        known: Mapping[str, Facts] = values.from_bytes(content, _no_panels)
        return known

    def prove(self, step: Step) -> tuple[str, ...]:
        """Read an entry through; the steps whose panels it names.

        Raises
        ------
        DamagedError
            Changed, cut off, of another version; also where it has gone in the meantime.
        """
        path = self.path(step.digest)
        try:
            found = entry.prove(path) if path is not None else None
        except OSError as error:
            raise DamagedError(f"cannot be read: {error.strerror or error}") from error
        if found is None:
            raise DamagedError("nothing is kept")
        return tuple(found.about["needs"])

    def load(self, step: Step, value_of: Callable[[str], Any]) -> Any:
        """The value of a step; ``value_of`` gives the panels that it names.

        Raises
        ------
        DamagedError
        """
        path = self.path(step.digest)
        try:
            if path is None:
                raise DamagedError("nothing is kept")
            found, _, content = entry.sections(path)
            with suppress(OSError):
                path.touch()  # used: the least recently used go first
        except OSError as error:
            raise DamagedError(f"cannot be read: {error.strerror or error}") from error
        _same(found, step)
        return values.from_bytes(content, value_of)

    def keep(self, step: Step, value: Any, facts: Mapping[str, Facts], panels: values.Panels) -> bool:
        """Write an entry; what keeps it from being written is said once, and the run goes on."""
        path = self.path(step.digest)
        if path is None or self.closed:
            return False
        try:
            content, needs = values.to_bytes(value, panels)
            if len(content) > self.limit // LARGEST_SHARE:
                return False
            about = {
                "digest": step.digest,
                "kind": step.kind,
                "name": step.name,
                "study": self.study,
                "made": round(time.time(), 3),
                "seconds": round(facts[step.digest].seconds, 4),
                "code": current().to_dict(),
                "needs": needs,
            }
            entry.write(path, about, pickle.dumps(dict(facts), protocol=5), content)
        except values.UnfitError as error:
            self.said[f"cache: the value of {step.name!r} cannot be kept: {error}"] = None
            return False
        except OSError as error:
            reason = error.strerror or str(error)
            self.said[f"cache: nothing more is kept of this run: {self.folder}: {reason}"] = None
            self.closed = True
            return False
        return True

    def discard(self, step: Step, why: DamagedError) -> None:
        """Take a damaged entry away and say so."""
        self.said[f"cache: the kept value of {step.name!r} is made again: {why}"] = None
        path = self.path(step.digest)
        if path is not None:
            with suppress(OSError):
                path.unlink(missing_ok=True)


def _same(found: entry.Header, step: Step) -> None:
    if found.about.get("digest") != step.digest:
        raise DamagedError("the value of another step")


def _no_panels(digest: str) -> Any:
    raise DamagedError("names a panel where none can be")
