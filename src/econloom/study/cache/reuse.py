"""Files of the last run that hold what they would hold again."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from econloom.core.files import digest
from econloom.core.standing import fonts
from econloom.study.cache import code
from econloom.study.cache.fingerprint import fingerprint


class Reuse:
    """What of the last run's files is still right.

    Parameters
    ----------
    folder : Path
        Of the last run.
    previous : mapping
        Its ``run.json``.
    lang : str
        Of the files that are wanted.
    """

    def __init__(self, folder: Path, previous: Mapping[str, Any], lang: str) -> None:
        now = {"code": code.current().to_dict(), "lang": lang, "fonts": fonts()}
        same = all(previous.get(k) == v for k, v in now.items())
        self.folder = folder
        self.old: Mapping[str, Any] = previous.get("contents", {}) if same else {}
        self.digests: Mapping[str, Any] = previous.get("digests", {})
        self.contents: dict[str, str | None] = {}
        self.taken: list[str] = []

    def take(self, name: str, value: Any, files: Iterable[str], staging: Path) -> bool:
        """Copy the files of a table or figure from the last run where its content is the same and they are intact.

        Returns
        -------
        bool
            Whether that was so; else they must be made.
        """
        content = self.contents[name] = fingerprint(value)
        wanted = list(files)
        if content is None or self.old.get(name) != content or not all(self._intact(f) for f in wanted):
            return False
        for file in wanted:
            (staging / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.folder / file, staging / file)
        self.taken.append(name)
        return True

    def _intact(self, file: str) -> bool:
        return intact(self.folder, file, self.digests.get(file))


def intact(folder: Path, file: str, known: object) -> bool:
    """Whether a file of a run is as the run left it."""
    try:
        return known is not None and digest(folder / file) == known
    except OSError:
        return False
