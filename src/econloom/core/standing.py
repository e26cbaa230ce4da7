"""Whether a finished run still stands, told by digests alone: nothing is imported, parsed or planned for it."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from importlib import util
from pathlib import Path
from typing import Any

from econloom.core import code
from econloom.core.files import digest

RUN_FILE = "run.json"
LOCK, JOURNAL = ".econloom-lock", ".econloom-commit.json"


def standing(study: Path, out: Path, lang: str) -> dict[str, Any] | None:
    """The record of a run whose every part is as it was: study files, sources, code, fonts, and what it wrote.

    Parameters
    ----------
    study : Path
        The study file.
    out : Path
        Folder of the run.
    lang : str
        Language that is wanted.

    Returns
    -------
    dict or None
        ``run.json``; None where anything differs or cannot be told, so that the study has to be opened.
    """
    try:
        record = json.loads((out / RUN_FILE).read_text(encoding="utf-8"))
        if any((out / name).exists() for name in (LOCK, JOURNAL)) or not _asked_for(record, study.name, lang):
            return None
        same = _same(record["inputs"], study.parent) and _same(record["digests"], out)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return record if same else None


def _asked_for(record: Mapping[str, Any], name: str, lang: str) -> bool:
    return bool(
        record["whole"]
        and record["lang"] == lang
        and name in record["inputs"]
        and record["fonts"] == fonts()
        and record["code"] == code.current().to_dict()
    )


def _same(digests: Mapping[str, str], folder: Path) -> bool:
    return bool(digests) and all(digest(folder / path) == known for path, known in digests.items())


def fonts() -> str:
    """One digest of the folders that fonts are installed in: files that came or went change it."""
    home = Path.home()
    places = [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), home / ".fonts", home / ".local/share/fonts"]
    if sys.platform == "darwin":
        places = [Path("/Library/Fonts"), Path("/System/Library/Fonts"), home / "Library/Fonts"]
    elif os.name == "nt":
        places = [
            Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts",
            home / "AppData/Local/Microsoft/Windows/Fonts",
        ]
    found = [str(util.find_spec("pylopdf_fonts_zh_cn") is not None)]
    for place in places:
        for folder, _, files in os.walk(place):
            found.append(f"{folder} {len(files)} {Path(folder).stat().st_mtime_ns}")
    return hashlib.sha256("\n".join(sorted(found)).encode("utf-8", "surrogateescape")).hexdigest()
