"""Baseline files: findings that are known and accepted, so that only new ones count."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from econloom.audit.auditing import Audit
from econloom.audit.findings import Finding
from econloom.core.errors import DataError, OutputError
from econloom.core.files import replace_file

VERSION = 1


def read_baseline(path: str | Path) -> frozenset[str]:
    """The keys of accepted findings.

    Raises
    ------
    DataError
        The file is missing or is no baseline.
    """
    path = Path(path)
    try:
        held = json.loads(path.read_text(encoding="utf-8-sig"))
        if held["baseline"] != VERSION:
            raise DataError(f"{path}: a baseline of version {held['baseline']!r}, not {VERSION}")
        return frozenset(str(entry["key"]) for entry in held["accepted"])
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}", hint="write one with --write-baseline") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(f"{path}: not a baseline file", hint="write one with --write-baseline") from error


def write_baseline(findings: Iterable[Finding], path: str | Path) -> Path:
    """Write a baseline that accepts these findings; each with its words, for a reader.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    path = Path(path)
    entries = {f.key: {"key": f.key, "level": f.level, "finding": f.text("en")} for f in findings}
    text = json.dumps({"baseline": VERSION, "accepted": list(entries.values())}, ensure_ascii=False, indent=1)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, (text + "\n").encode("utf-8"))
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
    return path


def without_known(done: Audit, accepted: frozenset[str]) -> Audit:
    """The audit with accepted findings set apart.

    Examples
    --------
    >>> without_known(Audit((), ()), frozenset()).ok
    True
    """
    known = tuple(f for f in done.findings if f.key in accepted)
    return replace(done, findings=tuple(f for f in done.findings if f.key not in accepted), known=(*done.known, *known))
