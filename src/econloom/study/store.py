"""Folders of results: written aside, then moved in one short stroke; another program's folder is never touched."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from econloom.core.errors import OutputError
from econloom.core.files import replace_file
from econloom.core.processes import Held, Lock

RUN_FILE = "run.json"
_JOURNAL = ".econloom-commit.json"
_STAGING = ".econloom-staging-"
_LOCK = ".econloom-lock"


class Folder:
    """An output folder of one study.

    Parameters
    ----------
    path : path
        Made when absent. A folder with other content and without econloom's ``run.json`` is refused.
    study : str
        Results of another study are refused, too.

    Raises
    ------
    OutputError
        It cannot be written, is not econloom's, or holds another study.
    """

    def __init__(self, path: str | Path, study: str) -> None:
        self.path = Path(path)
        self.study = study
        self._refuse_foreign()

    def previous(self) -> dict[str, Any]:
        """The last finished run's ``run.json``, or an empty dict."""
        file = self.path / RUN_FILE
        if not file.is_file():
            return {}
        try:
            found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            if not _is_record(found):
                raise ValueError("no run of econloom")
        except (OSError, ValueError) as error:
            raise OutputError(
                f"{file}: not a run of econloom ({error})", hint="choose another folder with --out"
            ) from error
        return found

    def read(self, name: str) -> dict[str, Any]:
        """A JSON file of the last run beside ``run.json``; empty where there is none, as in runs of older versions."""
        try:
            found = json.loads((self.path / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _refuse_foreign(self) -> None:
        try:
            if self.path.is_symlink() and not self.path.exists():
                raise OutputError(f"{self.path}: a link that leads nowhere")
            if self.path.exists() and not self.path.is_dir():
                raise OutputError(f"{self.path}: a file, where the output folder should be")
            content = [p.name for p in self.path.iterdir()] if self.path.exists() else []
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise OutputError(f"{self.path}: cannot be read: {reason}") from error
        if _JOURNAL in content:
            return  # a first run was cut short while it moved its files; the next one finishes that
        if RUN_FILE not in content and any(not name.startswith(".econloom-") for name in content):
            raise OutputError(
                f"{self.path}: not empty, and not a folder of econloom (no {RUN_FILE})",
                hint="choose another folder with --out",
            )
        study = self.previous().get("study")
        if study is not None and study != self.study:
            raise OutputError(
                f"{self.path}: holds the study {study!r}, not {self.study!r}", hint="choose another folder with --out"
            )

    @contextmanager
    def writing(self) -> Iterator[Path]:
        """A staging folder whose content replaces the last run when the block ends well, else vanishes.

        Yields
        ------
        Path
            Write here; every file of it becomes part of the run.
        """
        with made_folder(self.path), _locked(self.path):
            self._recover()
            self._refuse_foreign()
            with staged(self.path, _STAGING) as staging:
                yield staging
                self._commit(staging)

    def _commit(self, staging: Path) -> None:
        new = sorted(p.relative_to(staging).as_posix() for p in staging.rglob("*") if p.is_file())
        old = [f for f in self.previous().get("files", []) if isinstance(f, str)]
        self._refuse_others(new, old)
        with _uninterrupted():
            journal = {"staging": staging.name, "files": new, "remove": [f for f in old if f not in new]}
            aside = staging / _JOURNAL
            aside.write_text(json.dumps(journal), encoding="utf-8")
            aside.replace(self.path / _JOURNAL)
            self._move(journal)

    def _refuse_others(self, new: list[str], old: list[str]) -> None:
        """What stands where a file of the run goes must be a file of the last run, in a folder."""
        for name in new:
            target = self.path / name
            others = [p for p in target.parents if self.path in p.parents and p.exists() and not p.is_dir()]
            if target.is_dir() or (target.exists() and name not in old):
                others.append(target)
            if others:
                message = f"{others[0]}: not written by econloom, and the run has a file of this name"
                raise OutputError(message, hint="move it away, or choose another folder with --out")

    def _move(self, journal: dict[str, Any]) -> None:
        """Carry out a journal; may be repeated after it was cut short."""
        staging = self.path / journal["staging"]
        for name in sorted(journal["files"], key=lambda f: f == RUN_FILE):
            if (staging / name).is_file():
                target = self.path / name
                target.parent.mkdir(parents=True, exist_ok=True)
                (staging / name).replace(target)
        for name in journal["remove"]:
            self._remove(name)
        (self.path / _JOURNAL).unlink(missing_ok=True)

    def _remove(self, name: str) -> None:
        target = self.path / name
        if ".." in Path(name).parts or Path(name).is_absolute() or not target.is_file():
            return
        target.unlink()
        if target.parent != self.path and not any(target.parent.iterdir()):
            target.parent.rmdir()

    def _recover(self) -> None:
        """Finish a commit that was cut short, and clear away what killed runs left."""
        journal = self.path / _JOURNAL
        if journal.is_file():
            try:
                self._move(json.loads(journal.read_text(encoding="utf-8")))
            except (ValueError, KeyError, TypeError):
                journal.unlink()
        for left in self.path.glob(f"{_STAGING}*"):
            shutil.rmtree(left, ignore_errors=True)


def _is_record(found: Any) -> bool:
    """Whether the content of a ``run.json`` has the shape that econloom writes."""
    if not isinstance(found, dict) or "econloom" not in found or not isinstance(found.get("files"), list):
        return False
    tables = found.get("tables")
    return isinstance(tables, dict) and all(
        isinstance(t, dict) and isinstance(t.get("files"), list) and all(isinstance(f, str) for f in t["files"])
        for t in tables.values()
    )


@contextmanager
def made_folder(path: Path) -> Iterator[None]:
    """A folder for the block, made where it is absent; folders that stay empty are taken away again.

    Raises
    ------
    OutputError
        It cannot be made or written.
    """
    created = [p for p in (path, *path.parents) if not p.exists()]  # innermost first
    try:
        path.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        for folder in created:
            with suppress(OSError):
                folder.rmdir()  # as long as nothing is in it


@contextmanager
def staged(folder: Path, prefix: str) -> Iterator[Path]:
    """A new folder of this process inside another, to write to; it goes when the block ends, however it ends."""
    staging = folder / f"{prefix}{os.getpid()}"
    staging.mkdir()
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep a second run out of the folder; a lock whose process is gone does not count."""
    lock = Lock(folder / _LOCK)
    try:
        lock.take()
    except Held as held:
        who = "" if held.owner is None else f" (process {held.owner})"
        raise OutputError(f"{folder}: another run{who} is writing here", hint="wait for it, or choose --out") from None
    try:
        yield
    finally:
        lock.give()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Keep Ctrl-C out for a moment, so that files are replaced together; what it would stop is then done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def write_text(path: str | Path, text: str) -> None:
    """Write a text file aside, then rename it.

    Raises
    ------
    OutputError
    """
    path = Path(path)
    try:
        replace_file(path, text.encode("utf-8"))
    except (OSError, ValueError) as error:
        raise OutputError(f"{path}: cannot be written: {getattr(error, 'strerror', None) or error}") from error
