"""What econloom stands on, examined part by part."""

from __future__ import annotations

import importlib
import importlib.util
import os
import platform
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

State = Literal["ok", "absent", "broken"]
_MODULES = {  # where the module is not called as its distribution
    "ruamel.yaml": "ruamel.yaml",
    "ruamel-yaml": "ruamel.yaml",
    "python-docx": "docx",
    "python-calamine": "python_calamine",
    "charset-normalizer": "charset_normalizer",
}
_OPTIONAL = {
    "big": ("duckdb", "reads DuckDB tables and queries"),
    "lights": ("rasterio", "reads rasters of night lights"),
    "cjk": ("pylopdf_fonts_zh_cn", "a Chinese font for figures, where the system has none"),
    "pandas": ("pandas", "takes pandas frames as data"),
}
_OK_MARK = {"ok": "ok    ", "absent": "-     ", "broken": "BROKEN"}


@dataclass(frozen=True, slots=True)
class Check:
    """One part and its state.

    Attributes
    ----------
    area : str
        ``versions``, ``fonts``, ``threads``, ``cache`` or ``optional``.
    name, state, detail : str
    """

    area: str
    name: str
    state: State
    detail: str

    def __str__(self) -> str:
        return f"{_OK_MARK[self.state]} {self.area:<9} {self.name:<20} {self.detail}"

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready values."""
        return {"area": self.area, "name": self.name, "state": self.state, "detail": self.detail}


@dataclass(frozen=True)
class Health:
    """All checks."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Nothing that is needed is broken."""
        return all(c.state != "broken" for c in self.checks)


def examine() -> Health:
    """Look at libraries, fonts, threads, the cache of compiled code and optional parts."""
    return Health((*_versions(), *_fonts(), *_threads(), *_cache(), *_optional()))


def _versions() -> Iterator[Check]:
    from econloom import __version__

    yield Check("versions", "econloom", "ok", __version__)
    enough = sys.version_info >= (3, 11)
    system = f"{platform.system()} {platform.machine()}"
    yield Check("versions", "python", "ok" if enough else "broken", f"{platform.python_version()} on {system}")
    for requirement in _requirements():
        yield _library(*requirement)


def _requirements() -> list[tuple[str, str]]:
    """Distributions that econloom needs, with the least version."""
    try:
        needed = metadata.requires("econloom") or []
    except metadata.PackageNotFoundError:
        return []
    found = []
    for text in needed:
        match = re.match(r"([\w.\-]+)\s*(?:>=\s*([\d.]+))?", text)
        if match and "extra ==" not in text:
            found.append((match.group(1), match.group(2) or "0"))
    return found


def _library(name: str, least: str) -> Check:
    try:
        version = metadata.version(name)
        importlib.import_module(_MODULES.get(name, name.replace("-", "_")))
    except metadata.PackageNotFoundError:
        return Check("versions", name, "broken", f"not installed; pip install '{name}>={least}'")
    except Exception as error:  # noqa: BLE001  (whatever keeps a library from being imported)
        return Check("versions", name, "broken", f"cannot be imported: {type(error).__name__}: {error}")
    if _numbers(version) < _numbers(least):
        return Check("versions", name, "broken", f"{version}, older than {least}; pip install -U '{name}>={least}'")
    return Check("versions", name, "ok", version)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(p) for p in re.findall(r"\d+", version)[:3])


def _fonts() -> Iterator[Check]:
    from econloom.core.errors import EconloomError
    from econloom.report import fonts

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", fonts.FontWarning)
            found = fonts.available("zh")
    except EconloomError as error:
        yield Check("fonts", "Chinese", "broken", str(error))
        return
    if found.chinese:
        yield Check("fonts", "Chinese", "ok", found.families[-1])
    else:
        yield Check("fonts", "Chinese", "absent", fonts.ADVICE)


def _threads() -> Iterator[Check]:
    import numba
    import polars as pl
    import threadpoolctl

    yield Check("threads", "processors", "ok", f"{os.cpu_count()}, of which {_usable()} may be used")
    yield Check("threads", "polars", "ok", str(pl.thread_pool_size()))
    yield Check("threads", "numba", "ok", str(numba.get_num_threads()))
    pools = [f"{p['internal_api']} {p['num_threads']}" for p in threadpoolctl.threadpool_info()]
    yield Check("threads", "linear algebra", "ok", ", ".join(pools) or "none reported")


def _usable() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _cache() -> Iterator[Check]:
    from econloom.core.compiling import cache_folder

    folder = Path(cache_folder())
    writable = _writable(folder)
    files = [p for p in folder.rglob("*") if p.is_file()] if folder.is_dir() else []
    size = sum(p.stat().st_size for p in files) / 1e6
    detail = f"{folder}: {len(files)} files, {size:.1f} MB"
    if not writable:
        advice = "not writable: code is compiled anew in every session; set NUMBA_CACHE_DIR to a folder of yours"
        yield Check("cache", "compiled code", "absent", f"{folder}: {advice}")
    else:
        yield Check("cache", "compiled code", "ok", detail)
    temporary = Path(tempfile.gettempdir())
    state: State = "ok" if _writable(temporary) else "broken"
    yield Check("cache", "temporary files", state, str(temporary) + ("" if state == "ok" else ": not writable"))


def _writable(folder: Path) -> bool:
    here = folder
    while not here.exists() and here != here.parent:
        here = here.parent
    return os.access(here, os.W_OK)


def _optional() -> Iterator[Check]:
    for extra, (module, gives) in _OPTIONAL.items():
        spec = importlib.util.find_spec(module)
        if spec is not None:
            yield Check("optional", extra, "ok", gives)
        else:
            yield Check("optional", extra, "absent", f"{gives}: pip install 'econloom[{extra}]'")
