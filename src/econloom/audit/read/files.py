"""Tables of a file, whatever its format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

from econloom.audit.paper import PaperTable, Parens
from econloom.audit.printed import read_document
from econloom.audit.read.grid import Grid
from econloom.audit.read.interpret import interpret
from econloom.audit.read.transcribed import table_of
from econloom.core.errors import DataError, did_you_mean, listed

Reader = Callable[[Path], list[Grid]]
READERS: Mapping[str, str] = {
    ".docx": "econloom.audit.read.docx",
    ".tex": "econloom.audit.read.latex",
    ".html": "econloom.audit.read.html",
    ".htm": "econloom.audit.read.html",
    ".md": "econloom.audit.read.markdown",
    ".csv": "econloom.audit.read.delimited",
    ".tsv": "econloom.audit.read.delimited",
    ".xlsx": "econloom.audit.read.xlsx",
    ".pdf": "econloom.audit.read.pdf",
}
SUFFIXES = (".json", *READERS)


def read_tables(path: str | Path, parens: Parens | None = None) -> list[PaperTable]:
    """All tables of a file.

    Parameters
    ----------
    path : path
        docx, tex, html, md, csv, tsv, xlsx, pdf with a text layer, or json in the layout of docs/replicate.md.
    parens : {"se", "t", "p", "ci"}, optional
        What brackets hold, where no note says it.

    Returns
    -------
    list of PaperTable
        Named after the file, with a number where there are several.

    Raises
    ------
    DataError
        The file cannot be read, is damaged or encrypted, or is of another format.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if not path.exists():
        raise DataError(f"{path}: there is no such file")
    if path.is_dir():
        raise DataError(f"{path}: is a folder, not a file with tables", hint="name its files")
    if suffix == ".json":
        return [table_of(read_document(path), str(path), path.stem)]
    if suffix not in READERS:
        known = listed(SUFFIXES, 20)
        raise DataError(f"{path}: files that end in {suffix or 'nothing'} are not read"
                        f"{did_you_mean(suffix, SUFFIXES)}", hint=_hint(suffix, known))  # fmt: skip
    reader: Reader = import_module(READERS[suffix]).read
    grids = reader(path)
    several = len(grids) > 1
    return [interpret(g, f"{path.stem}#{n}" if several else path.stem, parens) for n, g in enumerate(grids, 1)]


def _hint(suffix: str, known: str) -> str:
    if suffix in {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif"}:
        return "a picture of a table cannot be read: give the Word, LaTeX or web version, or transcribe it to JSON"
    if suffix in {".doc", ".xls", ".rtf", ".odt", ".wps"}:
        return "save it as docx or xlsx"
    return f"readable are {known}"
