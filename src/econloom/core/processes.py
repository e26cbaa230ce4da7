"""Processes of this machine, and locks that end with them."""

from __future__ import annotations

import os
from pathlib import Path


def alive(number: int) -> bool:
    """Whether a process runs; its number may be another's by now."""
    if number <= 0:
        return False
    if os.name == "nt":
        return _alive_on_windows(number)
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return isinstance(number, int) and number < 2**31
    return True


def _alive_on_windows(number: int) -> bool:
    import ctypes

    handle = ctypes.windll.kernel32.OpenProcess(0x1000, False, number)  # type: ignore[attr-defined,unused-ignore]
    if handle:
        ctypes.windll.kernel32.CloseHandle(handle)  # type: ignore[attr-defined,unused-ignore]
    return bool(handle)


class Held(Exception):  # noqa: N818  (no fault: somebody else is at work)
    """Another process holds the lock."""

    def __init__(self, owner: int | None) -> None:
        super().__init__(owner)
        self.owner = owner


class Lock:
    """A lock file that the system frees when its process ends, however it ends.

    Neither a number that another process has by now nor a file that was left behind keeps anybody out. Where the file
    system knows no locks, the process whose number is in the file counts while it runs.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.handle: int | None = None

    def take(self) -> None:
        """Take it.

        Raises
        ------
        Held
        OSError
        """
        while True:
            handle = os.open(self.path, os.O_CREAT | os.O_RDWR, 0o644)
            try:
                if _locked(handle) or not self._left(handle):
                    if _same_file(handle, self.path):
                        os.ftruncate(handle, 0)
                        os.write(handle, str(os.getpid()).encode())
                        self.handle = handle
                        return
                else:
                    raise Held(_owner(self.path))
            except BlockingIOError:
                raise Held(_owner(self.path)) from None
            finally:
                if self.handle is None:
                    os.close(handle)

    def _left(self, handle: int) -> bool:
        """Without locks of the system: whether a living process has its number in the file."""
        owner = _owner(self.path)
        return owner is not None and owner != os.getpid() and alive(owner)

    def give(self) -> None:
        """Give it back and take the file away."""
        if self.handle is not None:
            handle, self.handle = self.handle, None
            self.path.unlink(missing_ok=True)
            os.close(handle)


def _locked(handle: int) -> bool:
    """Lock an open file; False where the file system cannot.

    Raises
    ------
    BlockingIOError
        Somebody else has it.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        return False
    return True


def _same_file(handle: int, path: Path) -> bool:
    """Whether the path still leads to the open file: its last holder may have taken it away meanwhile."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _owner(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
