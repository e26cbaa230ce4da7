"""The code that made a number: econloom's own files and the libraries that compute."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import econloom

LIBRARIES = ("numpy", "scipy", "polars", "numba", "openpyxl", "python-calamine", "pyreadstat", "matplotlib")
"""Libraries whose version may change a number or a file; those that are not installed have no part in it."""
_LEFT_OUT = {".pyc", ".nbi", ".nbc"}


@dataclass(frozen=True)
class Code:
    """What computes.

    Attributes
    ----------
    version : str
        Of econloom.
    digest : str
        SHA-256 over econloom's own files, by name and content.
    libraries : mapping of str to str
        Versions of Python and of the libraries that compute.
    """

    version: str
    digest: str
    libraries: Mapping[str, str]

    @property
    def identity(self) -> str:
        """One digest of all three."""
        text = json.dumps([self.version, self.digest, sorted(self.libraries.items())])
        return hashlib.sha256(text.encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready values."""
        return {"version": self.version, "digest": self.digest, "libraries": dict(self.libraries)}


@cache
def current() -> Code:
    """The code that runs now; files are read once a process."""
    folder = Path(econloom.__file__).parent
    return Code(econloom.__version__, digest_of(folder), _libraries())


def digest_of(folder: Path) -> str:
    """Digest of a package: names and contents of its files, without what is compiled from them."""
    whole = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix not in _LEFT_OUT):
        name = path.relative_to(folder).as_posix()
        if not name.startswith("_studies/"):
            whole.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()


def _libraries() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def changes(before: Mapping[str, Any], now: Code) -> str | None:
    """What differs between the code of an earlier run, as its ``run.json`` has it, and that of now.

    Returns
    -------
    str or None
        Such as ``numpy 2.3.0 -> 2.3.1``; None where nothing does.
    """
    old = dict(before.get("libraries") or {})
    names = [n for n in dict.fromkeys([*old, *now.libraries]) if old.get(n) != now.libraries.get(n)]
    found = [f"{n} {old.get(n, 'absent')} -> {now.libraries.get(n, 'absent')}" for n in names]
    if before.get("version") != now.version:
        found.insert(0, f"econloom {before.get('version')} -> {now.version}")
    elif before.get("digest") != now.digest:
        found.insert(0, "econloom's own files")
    return ", ".join(found) or None
