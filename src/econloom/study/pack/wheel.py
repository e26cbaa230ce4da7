"""econloom as a wheel, made from the files of the copy that runs: it is on no registry."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

import econloom
from econloom.study.pack.archive import Entry, zipped
from econloom.study.pack.pins import package_folder

_LEFT_OUT = {"__pycache__", "_studies"}
_SCRIPT = "[console_scripts]\neconloom = econloom.__main__:main\n"
_TAG = "Wheel-Version: 1.0\nGenerator: econloom\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def file_name() -> str:
    """Name of the wheel."""
    return f"econloom-{econloom.__version__}-py3-none-any.whl"


def build(pins: Mapping[str, str]) -> bytes:
    """The wheel; the same files give the same bytes. The studies that come with econloom are left out.

    Parameters
    ----------
    pins : mapping of str to str
        Libraries and versions that it names as needed.
    """
    return _built(tuple(sorted(pins.items())))


@cache
def _built(pins: tuple[tuple[str, str], ...]) -> bytes:
    info = f"econloom-{econloom.__version__}.dist-info"
    entries = [*_package(package_folder()), Entry(f"{info}/METADATA", _metadata(pins).encode())]
    entries += [Entry(f"{info}/WHEEL", _TAG.encode()), Entry(f"{info}/entry_points.txt", _SCRIPT.encode())]
    licence = _licence()
    if licence is not None:
        entries.append(Entry(f"{info}/licenses/LICENSE", licence.encode()))
    record = f"{info}/RECORD"
    lines = [f"{e.name},sha256={_hash(e.read())},{len(e.read())}" for e in sorted(entries, key=lambda e: e.name)]
    return zipped([*entries, Entry(record, "\n".join([*lines, f"{record},,", ""]).encode())])


def _package(folder: Path) -> Iterator[Entry]:
    for file in sorted(folder.rglob("*")):
        inside = file.relative_to(folder)
        hidden = any(part in _LEFT_OUT or part.startswith(".") for part in inside.parts)
        if file.is_file() and not hidden and file.suffix not in {".pyc", ".nbi", ".nbc"}:
            yield Entry(f"econloom/{inside.as_posix()}", file.read_bytes())


def _hash(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def _metadata(pins: Iterable[tuple[str, str]]) -> str:
    head = ["Metadata-Version: 2.1", "Name: econloom", f"Version: {econloom.__version__}", "License: MIT"]
    head += ["Requires-Python: >=3.11", *(f"Requires-Dist: {name}=={version}" for name, version in pins)]
    return "\n".join(head) + "\n"


def _licence() -> str | None:
    """The licence of econloom: with the installed copy, or at the top of a checkout."""
    try:
        for file in metadata.files("econloom") or ():
            if file.name == "LICENSE" and Path(str(file.locate())).is_file():
                return file.read_text(encoding="utf-8")
    except (metadata.PackageNotFoundError, OSError):
        pass
    beside = package_folder().parents[1] / "LICENSE"
    return beside.read_text(encoding="utf-8") if beside.is_file() else None
