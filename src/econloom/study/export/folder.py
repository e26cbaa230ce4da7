"""The folder of an export: written aside, then moved; what others wrote there is never replaced."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from econloom.core.errors import OutputError
from econloom.study.store import made_folder, staged

RECORD = "export.json"
_STAGING = ".econloom-export-"


class ExportFolder:
    """A folder of one export.

    Parameters
    ----------
    path : path
    study, program : str
        An export of another study, or for another program, is refused.

    Raises
    ------
    OutputError
        It cannot be read, is a file, holds what econloom did not export, or another export.
    """

    def __init__(self, path: str | Path, study: str, program: str) -> None:
        self.path = Path(path)
        self.study, self.program = study, program
        self._refuse_foreign()

    def _refuse_foreign(self) -> None:
        try:
            if self.path.exists() and not self.path.is_dir():
                raise OutputError(f"{self.path}: a file, where the folder of the export should be")
            content = [p.name for p in self.path.iterdir()] if self.path.exists() else []
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise OutputError(f"{self.path}: cannot be read: {reason}") from error
        foreign = [n for n in content if not n.startswith(_STAGING)]
        if foreign and RECORD not in content:
            hint = "choose another folder with --out"
            raise OutputError(f"{self.path}: not empty, and no export of econloom (no {RECORD})", hint=hint)
        record = self._record()
        for key, mine in (("study", self.study), ("program", self.program)):
            if record and record.get(key) != mine:
                message = f"{self.path}: holds an export of the {key} {record.get(key)!r}, not {mine!r}"
                raise OutputError(message, hint="choose another folder with --out")

    def _record(self) -> dict[str, object]:
        file = self.path / RECORD
        if not file.is_file():
            return {}
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise OutputError(f"{file}: no record of an export ({error})", hint="choose another folder") from error
        if not isinstance(found, dict) or not isinstance(found.get("files"), list):
            raise OutputError(f"{file}: no record of an export", hint="choose another folder with --out")
        return found

    @contextmanager
    def writing(self) -> Iterator[Path]:
        """A folder beside the files, whose content replaces the last export when the block ends well.

        Yields
        ------
        Path
        """
        with made_folder(self.path):
            for left in self.path.glob(f"{_STAGING}*"):
                shutil.rmtree(left, ignore_errors=True)
            with staged(self.path, _STAGING) as staging:
                yield staging
                self._move(staging)

    def _move(self, staging: Path) -> None:
        new = sorted(p.relative_to(staging).as_posix() for p in staging.rglob("*") if p.is_file())
        files = self._record().get("files", [])
        old = [f for f in files if isinstance(f, str)] if isinstance(files, list) else []
        for name in new:
            target = self.path / name
            if target.is_dir() or (target.exists() and name not in old and name != RECORD):
                hint = "move it away, or choose another folder with --out"
                raise OutputError(
                    f"{target}: not written by econloom, and the export has a file of this name", hint=hint
                )
        for name in sorted(new, key=lambda n: n == RECORD):
            target = self.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            (staging / name).replace(target)
        for name in set(old) - set(new):
            if ".." not in Path(name).parts and not Path(name).is_absolute():
                (self.path / name).unlink(missing_ok=True)
