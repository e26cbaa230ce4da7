"""``manifest.json`` beside the files of a folder: the layout and the SHA-256 digest of each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from econloom.core.errors import DataError, listed
from econloom.iot.parsers import npz

MANIFEST = "manifest.json"


def check(folder: Path, layout: str, digests: Mapping[str, str]) -> bool:
    """Whether a manifest is there; when it is, it must fit.

    Parameters
    ----------
    digests : mapping of str to str
        Name and SHA-256 of every file read.

    Raises
    ------
    DataError
        Not a manifest, of another layout, or files changed, missing or not listed.
    """
    path = folder / MANIFEST
    if not path.exists():
        return False
    stated, expected = _content(path, digests)
    if stated != layout:
        raise DataError(f"{path}: layout {stated!r}, expected {layout!r}")
    if missing := [name for name in expected if name not in digests]:
        raise DataError(f"{folder}: {listed(missing)} missing, which the manifest lists", hint="restore the files")
    changed = [name for name, found in digests.items() if found != expected[name]]
    if changed:
        raise DataError(
            f"{folder}: {listed(changed)} not as the manifest says (SHA-256 differs): changed or damaged",
            hint="restore the files; after a change of your own remove or rewrite manifest.json",
        )
    return True


def _content(path: Path, digests: Mapping[str, str]) -> tuple[object, dict[str, object]]:
    try:
        listing = json.loads(npz.read_bytes(path).decode("utf-8"))
        layout, expected = listing["layout"], dict(listing["sha256"].items())
        if absent := [name for name in digests if name not in expected]:
            raise KeyError(f"nothing about {listed(absent)}")
        return layout, expected
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(
            f"{path}: not a manifest (needs 'layout' and 'sha256' of {listed(digests)}); {error}",
            hint="remove it to read the folder without digests",
        ) from error
