"""Tables to files: one sibling module a format, each with ``render(table, lang)``.

Formats are loaded when they are asked for, so that a Markdown table never waits for the Word library.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

from econloom.core.errors import OutputError, UsageError, did_you_mean, listed
from econloom.core.files import replace_file
from econloom.core.labels import Lang
from econloom.core.table import Table

FORMATS: dict[str, str] = {
    "docx": "econloom.report.render.docx",
    "tex": "econloom.report.render.latex",
    "html": "econloom.report.render.html",
    "md": "econloom.report.render.markdown",
    "xlsx": "econloom.report.render.xlsx",
    "csv": "econloom.report.render.csv",
}
_STEM = re.compile(r"\w[\w.-]*")


def render(table: Table, kind: str, lang: Lang = "zh") -> bytes:
    """A table as the bytes of a file.

    Parameters
    ----------
    table : Table
    kind : {"docx", "tex", "html", "md", "xlsx", "csv"}
    lang : {"zh", "en"}

    Raises
    ------
    UsageError
        An unknown format.

    Examples
    --------
    >>> from econloom.core.spec import TableSpec
    >>> from econloom.core.labels import Label
    >>> from econloom.report.tables import values
    >>> table = values({("2007", "CHN"): 0.2426}, TableSpec("t1", Label.same("TBI")))
    >>> render(table, "md", "en").decode().splitlines()[-1]
    '| 2007 | 0.2426 |'
    """
    if kind not in FORMATS:
        raise UsageError(
            f"unknown table format {kind!r}{did_you_mean(kind, FORMATS)}", hint=f"one of {listed(FORMATS)}"
        )
    out: bytes | str = import_module(FORMATS[kind]).render(table, lang)
    return out if isinstance(out, bytes) else out.encode("utf-8")


def write(table: Table, path: str | Path, lang: Lang = "zh") -> Path:
    """Write a table in the format that the name of the file ends in.

    The file is written aside and renamed, so that an interruption leaves the old file or none.

    Parameters
    ----------
    table : Table
    path : path
        ``.../t3.docx``; its folder is made when absent.
    lang : {"zh", "en"}

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    UsageError
        An unknown format.
    OutputError
        The folder or file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from econloom.core.spec import TableSpec
    >>> from econloom.core.labels import Label
    >>> from econloom.report.tables import values
    >>> table = values({("2007", "CHN"): 0.2426}, TableSpec("t1", Label.same("TBI")))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(table, Path(folder) / "t1.html").name
    't1.html'
    """
    path = Path(path)
    content = render(table, path.suffix.removeprefix(".").lower(), lang)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, content)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
    return path


def write_all(
    table: Table, folder: str | Path, lang: Lang = "zh", formats: Iterable[str] = tuple(FORMATS)
) -> tuple[Path, ...]:
    """Write a table as ``<id>.<format>`` in each format.

    Raises
    ------
    UsageError
        The table's id is no file name, or a format is unknown.
    OutputError
        The folder or a file cannot be written.
    """
    if not _STEM.fullmatch(table.id):
        raise UsageError(f"the table id {table.id!r} cannot be a file name", hint="letters, digits, '_', '-' and '.'")
    return tuple(write(table, Path(folder) / f"{table.id}.{kind}", lang) for kind in formats)
