from __future__ import annotations

import csv
import io
import os
import time
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from econloom.core.errors import OutputError, UsageError
from econloom.core.labels import Label, Lang
from econloom.core.table import Cell, Row, Table
from econloom.report import render as out
from econloom.report.render import html
from tests.report.examples import panelled, ragged

SNAPSHOTS = Path(__file__).parent / "snapshots"
HOSTILE = [
    "",
    "a & b < c > \"d\" 'e'",
    "x|y*z_w`v~u[1](2)#$\\",
    "=HYPERLINK(\"http://x\")",
    "控制\x00字符\x0b与\ud800换行\n第二行\u202eabc",
    "<script>alert(1)</script>",
    "国内生产总值" * 40,
    "W" * 300,
    "👩‍🔬 ﷽ é",
]  # fmt: skip


def tricky(columns: int) -> Table:
    """A table whose every text is hostile."""
    header = tuple(Cell.text(Label.same(HOSTILE[n % len(HOSTILE)])) for n in range(columns))
    spanned = (Cell.text(Label.same("a|b & c"), span=columns),)
    numbers = tuple(Cell("estimate", -1.5 * n, 4, stars=n % 4, source=f't3.c{n}."<&') for n in range(columns))
    rows = tuple(Row(Label.same(words), numbers, "estimate") for words in HOSTILE)
    notes = tuple(Label.same(words) for words in HOSTILE)
    return Table("t3", Label.same(HOSTILE[1]), (spanned, header), rows, notes, Label.same(HOSTILE[2]))


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("kind", ["html", "md", "csv", "tex"])
def test_snapshots(table: Table, kind: str, lang: Lang) -> None:
    """Rewritten by ``ECONLOOM_SNAPSHOTS=write pytest tests/report``."""
    file = SNAPSHOTS / f"t3.{lang}.{kind}"
    made = html.fragment(table, lang).encode() if kind == "html" else out.render(table, kind, lang)
    if os.environ.get("ECONLOOM_SNAPSHOTS") == "write":
        file.write_bytes(made)
    assert made == file.read_bytes()


@pytest.mark.parametrize("columns", [1, 12])
@pytest.mark.parametrize("kind", list(out.FORMATS))
def test_hostile_texts_pass_through_every_format(kind: str, columns: int) -> None:
    assert len(out.render(tricky(columns), kind, "zh")) > 500


@pytest.mark.parametrize("kind", list(out.FORMATS))
def test_the_same_table_gives_the_same_bytes(table: Table, kind: str) -> None:
    first = out.render(table, kind, "zh")
    time.sleep(0.01)
    assert out.render(table, kind, "zh") == first


def test_html_is_well_formed_and_escaped() -> None:
    page = html.fragment(tricky(9), "en")
    tree = ElementTree.fromstring(page)
    assert "<script>" not in page
    assert tree.find(".//td[@data-source]") is not None
    assert {len(r.findall("td")) for r in tree.iter("tr") if r.get("class")} == {9}


def test_html_has_three_rules_and_one_above_the_statistics(table: Table) -> None:
    page = html.render(table, "zh")
    assert page.count('<th class="stub rule"') == 2
    assert (
        "border-top: var(--outer, 1.5pt)" in page and "border-bottom: var(--outer, 1.5pt)" in page and "0.75pt" in page
    )
    assert 'data-source="t3.c2.tbi">11.5545<sup>***</sup></td>' in page
    assert "−0.9086" in page
    assert 'lang="zh-CN"' in page


def test_markdown_has_as_many_pipes_on_each_line() -> None:
    lines = [x for x in out.render(tricky(5), "md").decode().splitlines() if x.startswith("| ")]
    bare = [x.replace("\\\\", "").replace("\\|", "") for x in lines]
    assert {x.count("|") for x in bare} == {7}
    assert len(lines) == 2 + len(HOSTILE)


def test_csv_is_rectangular_and_opens_in_a_chinese_excel() -> None:
    made = out.render(tricky(5), "csv")
    assert made.startswith(b"\xef\xbb\xbf")
    records = list(csv.reader(io.StringIO(made.decode("utf-8-sig"))))
    assert {len(r) for r in records} == {6}


def test_csv_runs_no_formula_and_keeps_numbers(table: Table) -> None:
    records = list(csv.reader(io.StringIO(out.render(tricky(3), "csv").decode("utf-8-sig"))))
    texts = [field for r in records for field in r]
    assert '\'=HYPERLINK("http://x")' in texts
    assert not [t for t in texts if t[:1] in ("=", "+", "@")]
    assert "-1.5000*" in texts
    assert "(3.5239)" in out.render(table, "csv", "en").decode()


def test_write_goes_by_the_suffix_and_leaves_nothing_aside(table: Table, tmp_path: Path) -> None:
    written = out.write_all(table, tmp_path / "tables", "zh")
    assert [p.name for p in written] == ["t3.docx", "t3.tex", "t3.html", "t3.md", "t3.xlsx", "t3.csv"]
    assert sorted(p.name for p in (tmp_path / "tables").iterdir()) == sorted(p.name for p in written)


def test_write_names_what_is_wrong(table: Table, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown table format 'doc', did you mean 'docx'"):
        out.write(table, tmp_path / "t3.doc")
    with pytest.raises(UsageError, match="cannot be a file name"):
        out.write_all(Table("../t3", table.title, table.header, table.rows), tmp_path)
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        out.write(table, blocked / "t3.md")


def test_an_interruption_leaves_the_old_file(table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = out.write(table, tmp_path / "t3.md", "zh")
    before = file.read_bytes()

    def interrupted(self: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        out.write(table, file, "en")
    assert file.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["t3.md"]


def test_a_large_table_in_all_formats(wide: Callable[[int, int], Table]) -> None:
    for table in (wide(40, 12), ragged(12)):
        for kind in out.FORMATS:
            assert len(out.render(table, kind, "en")) > 1_000


def test_panels_and_groups_in_html_and_markdown() -> None:
    page = html.fragment(panelled(4), "en")
    tree = ElementTree.fromstring(page)
    assert [(e.get("colspan"), "".join(e.itertext())) for e in tree.findall(".//tr[@class='panel']/th")] == [
        ("5", "Panel A: Developed"),
        ("5", "Panel B: Developing"),
    ]
    assert [e.get("colspan") for e in tree.findall(".//th[@class='spanner']")] == ["2", "2"]
    text = out.render(panelled(4), "md", "en").decode()
    assert "| **Panel B: Developing** |  |  |  |  |" in text
    assert "| Variable | Loose<br>(1)<br>Globalisation |" in text


def test_a_style_shows_in_html(table: Table) -> None:
    from dataclasses import replace

    from econloom.report import presets

    made = html.fragment(replace(table, style=presets.load("booktabs").style), "en")
    assert 'style="--outer: 1pt; --inner: 0.5pt"' in made
    assert "<i>Trade benefit index</i>" in made


@settings(max_examples=12, deadline=None)
@given(st.lists(st.text(max_size=30), min_size=3, max_size=3))
def test_any_text_passes_through_every_format(words: list[str]) -> None:
    title, head, label = map(Label.same, words)
    rows = (Row(label, (Cell("estimate", -0.5, 2, stars=1, source=words[0]), Cell.text(head))),)
    table = Table("t1", title, ((Cell.text(head), Cell.text(label)),), rows, (label,), head)
    for kind in out.FORMATS:
        assert out.render(table, kind, "zh") == out.render(table, kind, "zh")
    ElementTree.fromstring(html.fragment(table, "zh"))
