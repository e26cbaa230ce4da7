from __future__ import annotations

import io
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageFilter, ImageStat

from econloom.core.estimate import Unavailable
from econloom.core.labels import Label, Lang
from econloom.core.table import Cell, Row, Table
from econloom.report import presets
from econloom.report.render import latex
from econloom.report.render.layout import by_rows
from tests.report.examples import panelled, ragged
from tests.report.test_render import tricky

GOLDEN = Path(__file__).parent / "snapshots"
ENGLISH = pytest.mark.skipif(
    not (shutil.which("pdflatex") or shutil.which("xelatex")), reason="no TeX engine is installed"
)


def chinese_tex() -> bool:
    if not (shutil.which("xelatex") and shutil.which("kpsewhich")):
        return False
    return not subprocess.run(["kpsewhich", "ctexart.cls"], capture_output=True, check=False).returncode


CHINESE = pytest.mark.skipif(not chinese_tex(), reason="XeLaTeX with ctex is not installed")


def typeset(table: Table, lang: Lang) -> bytes:
    made = latex.compile_pdf(latex.document(latex.render(table, lang), lang))
    assert not isinstance(made, Unavailable), made.reason
    return made


def test_special_characters_are_escaped() -> None:
    label = Label.same("R&D 50% a_b #1 US$ {x} ~ ^ \\end")
    header = ((Cell.text(label),),)
    text = latex.render(Table("t1", label, header, (Row(label, (Cell("number", -0.5, 2),)),), (label,)), "en")
    escaped = r"R\&D 50\% a\_b \#1 US\$ \{x\} \textasciitilde{} \textasciicircum{} \textbackslash{}end"
    assert text.count(escaped) == 4
    assert f"{escaped} & -0.50 \\\\" in text


def test_rules_groups_and_panels(capsys: pytest.CaptureFixture[str]) -> None:
    text = latex.render(panelled(4), "en")
    assert r"\cmidrule[0.5pt](lr){2-3}\cmidrule[0.5pt](lr){4-5}" in text
    assert text.count(r"\midrule[0.75pt]") == 4 and r"\toprule[1.5pt]" in text and r"\bottomrule[1.5pt]" in text
    assert r"\multicolumn{5}{l}{Panel B: Developing} \\" in text
    assert r"11.5545\econloomstars{***}" in text and "(3.5239)" in text


def test_a_row_never_begins_with_what_latex_takes_for_an_option() -> None:
    rows = tuple(Row(Label.same(words), (Cell("number", 1.0),)) for words in ("[1]", "*x"))
    text = latex.render(Table("t1", Label(), ((Cell.text(Label.same("a")),),), rows), "en")
    assert not [line for line in text.splitlines() if line.startswith(("[", "*"))]


def test_parts_are_continued() -> None:
    text = latex.render(ragged(30), "zh")
    assert text.count(r"\begin{table}") == text.count("(续表)") + 1 > 1
    assert text.startswith("% packages: booktabs, dcolumn, graphicx, pdflscape; compile with XeLaTeX and ctex")


def test_a_long_table_is_cut_between_rows(wide: Callable[[int, int], Table]) -> None:
    text = latex.render(wide(120, 3), "en")
    assert text.count(r"\begin{table}") == 3 and text.count("(continued)") == 2
    assert [y for y in range(2000, 2120) if f"\n{y} & " not in text] == []


def test_brackets_stay_with_their_coefficients() -> None:
    pair = (Row(Label.same("x"), (Cell("estimate", 1.0),), "estimate"), Row(Label(), (Cell("paren", 1.0),), "paren"))
    table = Table("t1", Label(), ((Cell.text(Label.same("a")),),), pair * 20, (Label.same("note"),))
    made = by_rows(table, 8)
    assert all(t.rows[0].role == "estimate" and len(t.rows) <= 8 for t in made)
    assert sum(len(t.rows) for t in made) == 40
    assert [t.continued for t in made[:2]] == [False, True] and [bool(t.notes) for t in made][-2:] == [False, True]


def test_numbers_are_mathematics() -> None:
    cells = (
        Cell("estimate", -2.5e-7, 4, stars=1),
        Cell("count", 21384),
        Cell("paren", 1.0, 2, upper=2.0, brackets="[]"),
    )
    header = (tuple(Cell.text(Label.same(c)) for c in "abc"),)
    style = presets.load("booktabs").style
    text = latex.render(Table("t1", Label(), header, (Row(Label.same("x"), cells),), style=style), "en")
    assert r"x & -2.500\mathrm{e}{-}7\econloomstars{*}" in text
    assert r"$21\,384$" in text and r"$[1.00,\ 2.00]$" in text


def test_without_an_engine_there_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    made = latex.compile_pdf(latex.document("x", "en"))
    assert isinstance(made, Unavailable) and "no TeX engine is installed (pdflatex or xelatex)" in made.reason


@ENGLISH
def test_a_fault_of_the_source_is_said() -> None:
    made = latex.compile_pdf(latex.document(r"\nosuchcommand", "en"))
    assert isinstance(made, Unavailable) and made.reason.startswith("! Undefined control sequence")


@ENGLISH
@pytest.mark.parametrize("preset", ["chinese", "booktabs", "aer"])
def test_english_tables_compile(preset: str) -> None:
    style = presets.load(preset).style
    for table in (ragged(style=style), panelled(style=style)):
        assert typeset(table, "en").startswith(b"%PDF")


@CHINESE
def test_chinese_and_hostile_tables_compile() -> None:
    for table in (ragged(), panelled(), ragged(30), tricky(5)):
        assert typeset(table, "zh").startswith(b"%PDF")


@pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="poppler-utils is not installed")
@pytest.mark.parametrize("lang", [pytest.param("en", marks=ENGLISH), pytest.param("zh", marks=CHINESE)])
def test_typeset_tables_look_as_they_did(lang: Lang) -> None:
    """Rewritten by ``ECONLOOM_SNAPSHOTS=write pytest tests/report``; blurred, as engines differ by a pixel."""
    file = GOLDEN / f"t5.{lang}.png"
    command = ["pdftoppm", "-png", "-gray", "-r", "50", "-singlefile", "-", "-"]
    done = subprocess.run(command[:-2], input=typeset(panelled(), lang), capture_output=True, check=True)
    made = Image.open(io.BytesIO(done.stdout)).convert("L")
    if os.environ.get("ECONLOOM_SNAPSHOTS") == "write":
        made.quantize(8).save(file, optimize=True)
    blurred = [image.convert("L").filter(ImageFilter.GaussianBlur(3)) for image in (made, Image.open(file))]
    assert blurred[0].size == blurred[1].size
    assert ImageStat.Stat(ImageChops.difference(*blurred)).extrema[0][1] < 60
