"""PDF files with a text layer: tables found by the alignment of words; what cannot be read is said."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from econloom.audit import audit
from econloom.audit.auditing import Audit
from econloom.audit.paper import PaperTable
from econloom.audit.read import pdf
from econloom.audit.read.files import read_tables
from econloom.audit.read.grid import Grid
from econloom.audit.read.pdf_layout import Page, Word, grids
from econloom.core.errors import DataError
from tests.audit.test_readers import NOTE

HERE = Path(__file__).parent / "pdf"
POPPLER = pytest.param(
    "_by_poppler", marks=pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler is not installed")
)
READERS = pytest.mark.parametrize("reader", [POPPLER, "_by_pdfminer"])
TABLE = [
    ("", "(1)", "(2)"),
    ("TBI", "11.5545***", "1.5286***"),
    ("", "(3.5239)", "(4.4743)"),
    ("RQ", "", "-2.6181**"),
    ("", "", "(1.2280)"),
    ("N", "615", "615"),
    ("R2", "0.4420", "0.3911"),
]


def written(path: Path, pages: Iterable[Iterable[tuple[float, float, str]]], more: str = "") -> Path:
    """A PDF file by hand: texts of 9 points at their places, from the upper left corner."""
    brackets = str.maketrans({"(": r"\(", ")": r"\)"})
    contents = [
        "\n".join(f"BT /F1 9 Tf {x} {800 - y} Td ({t.translate(brackets)}) Tj ET" for x, y, t in page) for page in pages
    ]
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(contents)))
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {len(contents)} >>",
               "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]  # fmt: skip
    for n, content in enumerate(contents):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents {5 + 2 * n} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    body, places = "%PDF-1.4\n", []
    for n, text in enumerate(objects, 1):
        places.append(len(body))
        body += f"{n} 0 obj\n{text}\nendobj\n"
    table = "".join(f"{p:010d} 00000 n \n" for p in places)
    size = len(objects) + 1
    end = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R {more}>>\n"
    path.write_bytes(f"{body}{end}startxref\n{len(body)}\n%%EOF\n".encode("latin-1"))
    return path


def places(rows: Iterable[Iterable[str]], top: float = 100, left: float = 60) -> list[tuple[float, float, str]]:
    return [(left + 110 * k, top + 14 * n, t) for n, row in enumerate(rows) for k, t in enumerate(row) if t]


def page_of_the_table() -> list[tuple[float, float, str]]:
    words = NOTE.split()
    lines = [" ".join(words[k : k + 12]) for k in range(0, len(words), 12)]
    notes = [(60.0, 100 + 14 * len(TABLE) + 12 * n, line) for n, line in enumerate(lines)]
    text = [
        (60.0, 40 + 12 * n, "The index rises with openness in all of the countries that we look at here.")
        for n in (0, 1)
    ]
    return [
        *text,
        (60, 84, "Table 3. Baseline"),
        *places(TABLE),
        *notes,
        (60, 400, "5 Conclusions follow on the next page."),
    ]


def told(done: Audit) -> list[tuple[str, str, str]]:
    return [(f.level, f.check, f.where.split(":", 1)[1]) for f in done.findings]


def cells(table: PaperTable) -> list[tuple[str, ...]]:
    """Everything that is read of a regression table."""
    numbers = [(e.row, e.column, e.stars, e.coefficient, e.se) for e in table.estimates]
    numbers += [(s.row, s.column, s.stars, s.number, s.p) for s in table.statistics]
    return [(row, column, str(stars), *(str(x and x.value) for x in held)) for row, column, stars, *held in numbers]


@pytest.fixture
def by(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return lambda name: monkeypatch.setattr(pdf, "_reader", lambda: getattr(pdf, name))


@READERS
def test_a_table_of_a_pdf_gives_the_findings_of_its_csv(tmp_path: Path, reader: str, by: Callable[[str], None]) -> None:
    by(reader)
    made = written(tmp_path / "论文.pdf", [page_of_the_table()])
    as_csv = tmp_path / "t.csv"
    as_csv.write_text("\n".join([*(",".join(r) for r in TABLE), f'"{NOTE}",,']), encoding="utf-8")
    done, other = audit([made]), audit([as_csv])
    assert told(done) == told(other) and [f[1] for f in told(done)] == ["stars", "nested"]
    assert done.numbers == other.numbers == 10 and not done.unread
    assert done.tables[0].title == "Table 3. Baseline"


@READERS
def test_a_table_that_econloom_wrote(reader: str, by: Callable[[str], None]) -> None:
    by(reader)
    (ours,), (read,) = read_tables(HERE / "t3.docx"), read_tables(HERE / "t3.pdf")
    assert cells(read) == cells(ours)
    assert told(audit([HERE / "t3.pdf"])) == told(audit([HERE / "t3.docx"])) == []
    assert read.note.cutoffs == ours.note.cutoffs and read.parens == "se" and read.numbers > 40


@READERS
def test_tables_over_two_pages(tmp_path: Path, reader: str, by: Callable[[str], None]) -> None:
    by(reader)
    first = places(TABLE[:3], 700)
    second = [*places([TABLE[0], *TABLE[3:]], 50), (60, 50 + 14 * 5, "Notes: Standard errors in parentheses.")]
    (table,) = read_tables(written(tmp_path / "t.pdf", [first, second]))
    assert (
        [e.row for e in table.estimates] == ["TBI", "TBI", "RQ"] and table.parens == "se" and len(table.statistics) == 4
    )


@READERS
def test_pages_without_text_are_said(tmp_path: Path, reader: str, by: Callable[[str], None]) -> None:
    by(reader)
    done = audit([written(tmp_path / "scan.pdf", [page_of_the_table(), []])])
    assert done.numbers == 10 and "page 2 has no text layer" in str(done.unread[0])


@READERS
def test_encrypted_and_damaged_files(tmp_path: Path, reader: str, by: Callable[[str], None]) -> None:
    by(reader)
    key = "41" * 32
    locked = f"/Encrypt << /Filter /Standard /V 1 /R 2 /O <{key}> /U <{key}> /P -4 >> /ID [<{key}> <{key}>] "
    with pytest.raises(DataError, match="encrypted"):
        audit([written(tmp_path / "locked.pdf", [page_of_the_table()], locked)])
    bad = tmp_path / "bad.pdf"
    bad.write_bytes(b"%PDF-1.4\n" + b"\xff\x00" * 500)
    with pytest.raises(DataError, match="damaged"):
        audit([bad])
    whole = written(tmp_path / "t.pdf", [page_of_the_table()]).read_bytes()
    for n in range(0, len(whole), 211):
        bad.write_bytes(whole[:n] + bytes([whole[n] ^ 0x55]) + whole[n + 1 :] if n % 2 else whole[:n])
        with contextlib.suppress(DataError):
            audit([bad])


def test_without_a_reader_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(pdf, "find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"pdftotext(?s:.)*pdf-audit"):
        audit([written(tmp_path / "t.pdf", [page_of_the_table()])])


@READERS
def test_time_and_size_are_bounded(
    tmp_path: Path, reader: str, by: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    by(reader)
    path = written(tmp_path / "t.pdf", [page_of_the_table()])
    monkeypatch.setattr(pdf, "MOST_WORDS", 5)
    with pytest.raises(DataError, match="refused"):
        audit([path])


def test_a_program_that_hangs_or_is_stopped_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hangs(*given: object, **more: object) -> None:
        raise subprocess.TimeoutExpired("pdftotext", 60)

    monkeypatch.setattr(pdf, "_reader", lambda: pdf._by_poppler)
    monkeypatch.setattr(subprocess, "run", hangs)
    path = written(tmp_path / "t.pdf", [page_of_the_table()])
    with pytest.raises(DataError, match="within 60 seconds"):
        audit([path])
    stopped = subprocess.CompletedProcess("pdftotext", -24, None, b"")
    monkeypatch.setattr(subprocess, "run", lambda *given, **more: stopped)
    with pytest.raises(DataError, match="more than a paper"):
        audit([path])


def word(text: str, left: float, top: float, height: float = 10) -> Word:
    return Word(text, left, top, left + 5 * len(text), top + height)


def page(rows: Iterable[tuple[float, Iterable[tuple[float, str]]]]) -> Page:
    return Page(600, tuple(word(t, x, y) for y, cells in rows for x, t in cells))


def test_heads_over_several_columns_and_stars_apart() -> None:
    made = page([
        (100, [(160, "Outcome")]), (112, [(110, "(1)"), (210, "(2)")]),
        (124, [(50, "x"), (100, "0.50"), (200, "0.60")]), (136, [(100, "(0.10)"), (200, "(0.20)")]),
    ])  # fmt: skip
    stars = Word("***", 120.2, 124, 130, 130)
    (grid,) = grids(Page(600, (*made.words, stars)), "p")
    assert grid.rows == (
        ("", "Outcome", "\x00"),
        ("", "(1)", "(2)"),
        ("x", "0.50***", "0.60"),
        ("", "(0.10)", "(0.20)"),
    )


def under(head: list[tuple[float, str]]) -> Grid:
    """Four columns of numbers under a line of heads."""

    def line(y: float, label: str, left: float, text: str) -> tuple[float, list[tuple[float, str]]]:
        return y, [*[(50, label)] * bool(label), *((left + 100 * k, text) for k in range(4))]

    body = [line(112, "x", 95, "0.50"), line(124, "", 92, "(0.10)"), line(136, "N", 100, "90")]
    (grid,) = grids(page([(100, head), *body]), "p")
    return grid


def test_a_head_over_groups_of_columns() -> None:
    assert under([(147, "East"), (347, "West")]).rows[0] == ("", "East", "\x00", "West", "\x00")
    assert under([(95, "East of the river"), (250, "y"), (350, "z")]).rows[0][1] == "East of the river"
    middle = under([(100, "y"), (297, "Outcome")])  # over all three of the last columns, or over the middle one?
    assert middle.lost == ("Outcome",) and middle.rows[0] == ("", "y", "", "", "")
    assert under([(100, "y"), (200, "z")]).rows[0] == ("", "y", "z", "", "")
    unclear = under([(100, "y"), (140, "z"), (350, "w")])
    assert unclear.lost == ("z", "w") and unclear.rows[0] == ("", "y", "", "", "")


def test_numbers_broken_over_lines_are_mended_or_said() -> None:
    head = [(100, [(110, "(1)"), (210, "(2)")]), (112, [(50, "x"), (100, "0.50"), (200, "0.60")])]
    mended = [*head, (124, [(100, "("), (200, "(0.20)")]), (136, [(100, "0.10)")])]
    (grid,) = grids(page(mended), "p")
    assert grid.rows[-1] == ("", "(0.10)", "(0.20)")
    broken = [*head, (124, [(50, "z"), (100, "−3"), (200, "0.10")]), (136, [(100, "7.9066**")])]
    (grid,) = grids(page(broken), "p")
    assert len(grid.rows) == 1 and "broken over lines" in grid.rows[0][0]


def test_two_columns_of_a_page_are_read_apart() -> None:
    prose = [(40 + 12 * n, [(40 + 40 * k, "words") for k in range(6)]) for n in range(12)]
    right = [(40 + 12 * n, [(330 + 40 * k, "words") for k in range(6)]) for n in range(12)]
    table = [
        (300, [(140, "(1)")]),
        (312, [(40, "x"), (130, "0.50**")]),
        (324, [(130, "(0.20)")]),
        (336, [(40, "N"), (130, "90")]),
    ]
    beside = [(300 + 12 * n, [(330 + 40 * k, "words") for k in range(6)]) for n in range(4)]
    (grid,) = grids(page([*prose, *right, *table, *beside]), "p")
    assert grid.rows == (("", "(1)"), ("x", "0.50**"), ("", "(0.20)"), ("N", "90"))


def test_turned_pages_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    turned = Page(600, tuple(Word("words", 50 + 12 * n, 50, 60 + 12 * n, 90) for n in range(20)))
    monkeypatch.setattr(pdf, "_reader", lambda: lambda path: [turned])
    assert "turned by 90 degrees" in str(audit([written(tmp_path / "t.pdf", [[]])]).unread[0])
