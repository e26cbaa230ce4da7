"""Files replaced whole: a reader sees the old one or the new one, never half of it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Write a file aside, then rename it; nothing is left beside it when that fails.

    Raises
    ------
    OSError, ValueError
        The folder is missing or not writable, or the name is not possible.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        aside.write_bytes(content)
        aside.replace(path)
    finally:
        with suppress(OSError, ValueError):
            aside.unlink()
