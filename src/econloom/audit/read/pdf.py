"""Tables of the text layer of PDF files: words with their places, from poppler or pdfminer.six."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from econloom.audit.read.grid import PICTURE, Grid
from econloom.audit.read.pdf_layout import Page, Word, grids
from econloom.audit.read.text import read_bytes
from econloom.core.errors import DataError

MOST_BYTES = 100_000_000
MOST_PAGES = 500
MOST_WORDS = 1_000_000
MOST_SECONDS = 60
MOST_OUTPUT = 300_000_000  # bytes of words that poppler may write
MOST_MEMORY = 4_000_000_000  # bytes of address space of poppler
_PAGE = re.compile(r'<page width="([\d.]+)" height="([\d.]+)">')
_WORD = re.compile(r'<word xMin="([-\d.]+)" yMin="([-\d.]+)" xMax="([-\d.]+)" yMax="([-\d.]+)">(.*?)</word>')
_TURNED = 0.6  # share of the longer words that stand upright on a page of turned text


def read(path: Path) -> list[Grid]:
    """The tables of a PDF file with a text layer.

    A page without text, or with turned text, gives one grid that says so.

    Raises
    ------
    DataError
        The file is encrypted, damaged or too large, or nothing is installed to read it with.
    """
    content = read_bytes(path, MOST_BYTES)
    if b"%PDF-" not in content[:1024]:
        raise DataError(f"{path}: not a PDF file")
    found: list[Grid] = []
    for number, page in enumerate(_reader()(path), 1):
        said = _unreadable(page)
        made = [Grid(((f"{PICTURE}: page {number} {said}",),), where=str(path))] if said else grids(page, str(path))
        if found and made and (whole := _continued(found[-1], made[0])) is not None:
            found[-1], made = whole, made[1:]
        found += made
    return found


def _continued(first: Grid, second: Grid) -> Grid | None:
    """A table that goes on over the page, under the same heads or as it says; None where it does not."""
    same = 0
    while same < min(len(first.rows), len(second.rows)) - 1 and first.rows[same] == second.rows[same]:
        same += 1
    said = re.search(r"续表|continued|cont\.", second.title, re.IGNORECASE)
    if first.notes or len(first.rows[0]) != len(second.rows[0]) or not (same or said):
        return None
    return replace(first, rows=(*first.rows, *second.rows[same:]), notes=second.notes, lost=(*first.lost, *second.lost))


def _unreadable(page: Page) -> str:
    long = [w for w in page.words if len(w.text) > 3]
    if not page.words:
        return "has no text layer (scanned, or empty)"
    turned = sum(w.height > 2 * (w.right - w.left) for w in long)
    return "is turned by 90 degrees" if long and turned > _TURNED * len(long) else ""


def _reader() -> Callable[[Path], list[Page]]:
    if shutil.which("pdftotext"):
        return _by_poppler
    if find_spec("pdfminer") is not None:
        return _by_pdfminer
    raise DataError("PDF files need poppler's pdftotext or the Python package pdfminer.six",
                    hint="pip install 'econloom[pdf-audit]', or give the Word, LaTeX or web version")  # fmt: skip


def _by_poppler(path: Path) -> list[Page]:
    with tempfile.TemporaryFile() as out:
        command = ["pdftotext", "-bbox", "-l", str(MOST_PAGES), str(path.resolve()), "-"]
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE, timeout=MOST_SECONDS,
                preexec_fn=_bounds(), check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise DataError(f"{path}: not read within {MOST_SECONDS} seconds; refused") from error
        except OSError as error:
            raise DataError(f"{path}: pdftotext cannot be run: {error.strerror}") from error
        if done.returncode:
            raise _failed(path, done.returncode, done.stderr.decode("utf-8", "replace"))
        out.seek(0)
        return _pages(out.read().decode("utf-8", "replace"), path)


def _bounds() -> Callable[[], None] | None:
    """Limits of time, memory and output for the program that reads the file, where the system has them."""
    if find_spec("resource") is None:
        return None
    import resource

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
        resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_OUTPUT, MOST_OUTPUT))
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))

    return limit


def _failed(path: Path, code: int, said: str) -> DataError:
    if "password" in said.lower() or code == 3:
        return DataError(f"{path}: encrypted", hint="remove the password and save it again")
    if code < 0:
        return DataError(f"{path}: more than a paper with tables needs; refused")
    reason = next((line for line in said.splitlines() if line.strip()), "not readable").strip()
    return DataError(f"{path}: damaged: {reason[:200]}", hint="open and save it again")


def _pages(text: str, path: Path) -> list[Page]:
    pages: list[Page] = []
    words = 0
    for part in text.split("<page ")[1:]:
        head = _PAGE.match(f"<page {part[:200]}")
        found = [
            Word(html.unescape(m[5]).strip(), float(m[1]), float(m[2]), float(m[3]), float(m[4]))
            for m in _WORD.finditer(part)
        ]
        words += len(found)
        if words > MOST_WORDS:
            raise DataError(f"{path}: more than {MOST_WORDS:,} words; refused")
        width = float(head[1]) if head else max((w.right for w in found), default=0.0)
        pages.append(Page(width, tuple(w for w in found if w.text)))
    if not pages:
        raise DataError(f"{path}: damaged: no page in it", hint="open and save it again")
    return pages


def _by_pdfminer(path: Path) -> list[Page]:
    from pdfminer.high_level import extract_pages
    from pdfminer.layout import LAParams
    from pdfminer.pdfdocument import PDFPasswordIncorrect, PDFTextExtractionNotAllowed

    pages: list[Page] = []
    until = time.monotonic() + MOST_SECONDS
    try:
        for layout in extract_pages(path, maxpages=MOST_PAGES, laparams=LAParams(boxes_flow=None)):
            pages.append(Page(layout.width, tuple(_words(layout, layout.height))))
            if time.monotonic() > until or sum(len(p.words) for p in pages) > MOST_WORDS:
                raise DataError(f"{path}: not read within {MOST_SECONDS} seconds or {MOST_WORDS:,} words; refused")
    except (PDFPasswordIncorrect, PDFTextExtractionNotAllowed) as error:
        raise DataError(f"{path}: encrypted", hint="remove the password and save it again") from error
    except DataError:
        raise
    except Exception as error:  # a foreign parser fails in its own ways on a damaged file
        raise DataError(f"{path}: damaged: {str(error)[:200]}", hint="open and save it again") from error
    if not pages:
        raise DataError(f"{path}: damaged: no page in it", hint="open and save it again")
    return pages


def _words(layout: object, height: float) -> list[Word]:
    """The words of a page: letters of a line up to a blank."""
    from pdfminer.layout import LTChar, LTContainer, LTTextLine

    found: list[Word] = []
    stack = [layout]
    while stack:
        node = stack.pop()
        if isinstance(node, LTTextLine):
            letters: list[LTChar] = []
            for item in [*node, None]:
                if isinstance(item, LTChar) and not item.get_text().isspace():
                    letters.append(item)
                elif letters:
                    found.append(_word(letters, height))
                    letters = []
        elif isinstance(node, LTContainer):
            stack += list(node)
    return [w for w in found if w.text]


def _word(letters: list, height: float) -> Word:  # type: ignore[type-arg]
    x0, x1 = min(c.x0 for c in letters), max(c.x1 for c in letters)
    y0, y1 = min(c.y0 for c in letters), max(c.y1 for c in letters)
    return Word("".join(c.get_text() for c in letters), x0, height - y1, x1, height - y0)
