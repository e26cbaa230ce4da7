"""Exact versions of python and of every library that a run of econloom can load."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

import econloom
from econloom.core.errors import OutputError

_IMPORT = re.compile(r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import\b|import[ \t]+([\w.]+))", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z0-9][\w.\-]*")
_EXTRAS = {  # only where a study needs them
    "duckdb": "databases",
    "rasterio": "images",
    "pyreadr": "R files",
    "pandas": "R files",
    "pyarrow": "pandas",
    "pylopdf_fonts_zh_cn": "fonts",
}
_FONTS = "pylopdf-fonts-zh-cn"


def package_folder() -> Path:
    """Where econloom itself lies."""
    return Path(econloom.__file__).resolve().parent


@cache
def modules(folder: Path) -> frozenset[str]:
    """Modules of others that the files of a package import, by their first name.

    Examples
    --------
    >>> {"numpy", "polars"} <= modules(package_folder())
    True
    """
    found: set[str] = set()
    for file in folder.rglob("*.py"):
        for whole, plain in _IMPORT.findall(file.read_text(encoding="utf-8")):
            found.add((whole or plain).split(".")[0])
    return frozenset(found - set(sys.stdlib_module_names) - {folder.name})


def libraries(further: Iterable[str] = ()) -> Mapping[str, str]:
    """Every installed distribution that econloom imports, with those that they need, and its version.

    Parameters
    ----------
    further : iterable of str
        Optional modules that a study needs: ``rasterio``, ``duckdb``, ``pyreadr``.

    Returns
    -------
    mapping of str to str
        Sorted by name.

    Raises
    ------
    OutputError
        A library that is needed is not installed, so that nobody can say its version.
    """
    wanted = {m for m in modules(package_folder()) if m not in _EXTRAS} | set(further)
    owners = metadata.packages_distributions()
    for module in sorted(set(further) - set(owners)):
        raise OutputError(f"{module} is not installed, and the study needs it", hint="econloom doctor")
    pending = [d for m in wanted for d in owners.get(m, ())]
    if _installed(_FONTS) is not None:
        pending.append(_FONTS)  # figures with Chinese words may be drawn in it
    found: dict[str, str] = {}
    while pending:
        name = _plain(pending.pop())
        version = _installed(name)
        if name in found or version is None:
            continue
        found[name] = version
        pending += [m.group() for r in metadata.requires(name) or () if "extra ==" not in r and (m := _NAME.match(r))]
    return dict(sorted(found.items()))


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _plain(name: str) -> str:
    """A distribution's name in the one form that its spellings share.

    Examples
    --------
    >>> _plain("ruamel.yaml") == _plain("Ruamel_YAML")
    True
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def requirements(found: Mapping[str, str]) -> str:
    """The text of a requirements file."""
    lines = [
        f"# python {platform.python_version()}, econloom {econloom.__version__} (in the folder econloom)",
        *(f"{name}=={version}" for name, version in found.items()),
    ]
    return "\n".join(lines) + "\n"


def optional_modules(paths: Iterable[str], layouts: Iterable[str | None]) -> set[str]:
    """Optional libraries that sources need, by the ends of their names and their layouts.

    Examples
    --------
    >>> sorted(optional_modules(["data/a.duckdb", "b.csv"], ["rasters", None]))
    ['duckdb', 'rasterio']
    """
    ends = {Path(p).suffix.lower() for p in paths}
    found = {"duckdb"} if ends & {".duckdb", ".ddb"} else set()
    if ends & {".rdata", ".rda"}:
        found |= {"pyreadr", "pandas"}
    return found | ({"rasterio"} if "rasters" in set(layouts) else set())
