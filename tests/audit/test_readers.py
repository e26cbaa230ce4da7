"""Files of every format: one table gives one set of findings; bad files are refused; what was not read is listed."""

from __future__ import annotations

import contextlib
import json
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from econloom.audit import audit
from econloom.audit.auditing import Audit
from econloom.audit.noting import read_note
from econloom.audit.paper import PaperTable
from econloom.audit.read.files import read_tables
from econloom.core.errors import DataError
from econloom.core.labels import Label
from econloom.core.table import Cell, Row, Table
from econloom.report import render
from tests.audit.small import cell, column, regression

NOTE = "Standard errors in parentheses. *, ** and *** denote significance at the 10%, 5% and 1% levels."


def wrong_table() -> Table:
    """A table with one star too many, a lost t and a falling R2."""

    def row(name: str, role: str, *cells: Cell) -> Row:
        return Row(Label.same(name), cells, role)  # type: ignore[arg-type]

    def estimate(value: float, stars: int) -> Cell:
        return Cell("estimate", value, 4, stars)

    header = tuple(Cell.text(Label.same(f"({n})")) for n in (1, 2))
    rows = (
        row("TBI", "estimate", estimate(11.5545, 3), estimate(1.5286, 3)),
        row("", "paren", Cell("paren", 3.5239), Cell("paren", 4.4743)),
        row("RQ", "estimate", Cell(), estimate(-2.6181, 2)),
        row("", "paren", Cell(), Cell("paren", 1.2280)),
        row("N", "statistic", Cell("count", 615.0), Cell("count", 615.0)),
        row("R2", "statistic", Cell("number", 0.4420), Cell("number", 0.3911)),
    )
    return Table("t3", Label.same("Baseline"), (header,), rows, (Label.same(NOTE),))


def transcribed() -> dict[str, object]:
    rows = {
        "TBI": {"1": cell("11.5545", 3, "3.5239"), "2": cell("1.5286", 3, "4.4743")},
        "RQ": {"2": cell("-2.6181", 2, "1.2280")},
    }
    document = regression(rows, [column("1", "615", "0.4420"), column("2", "615", "0.3911")])
    return document | {"note": NOTE, "paren": "se"}


def told(done: Audit) -> list[tuple[str, str, str]]:
    return [(f.level, f.check, f.where) for f in done.findings]


def test_one_table_gives_one_set_of_findings_in_every_format(tmp_path: Path) -> None:
    expected = told(audit([wrong_table()]))
    assert [x[:2] for x in expected] == [("certain", "stars"), ("conditional", "nested")]
    for kind in ("docx", "tex", "html", "md", "csv", "xlsx"):
        path = render.write(wrong_table(), tmp_path / f"t3.{kind}", "en")
        done = audit([path])
        assert told(done) == expected, kind
        assert not done.unread and done.numbers == 10
    path = tmp_path / "t3.json"
    path.write_text(json.dumps(transcribed()), encoding="utf-8")
    assert told(audit([path])) == expected


def read_one(path: Path, text: str) -> PaperTable:
    path.write_text(text, encoding="utf-8")
    (table,) = read_tables(path)
    return table


HTML = """<p>表3 基准回归</p><table>
<tr><th rowspan=2>变量</th><th colspan=2>全球化指数</th></tr><tr><th>（1）</th><th>（2）</th></tr>
<tr><td>贸易利益</td><td>１１ ５５４５<sup>***</sup></td><td>***−1.20</td></tr>
<tr><td></td><td>（3.5239）</td><td>（0.30）</td></tr>
<tr><td>RQ</td><td>0.5**<br>(0.2)</td><td>—</td></tr><tr><td>控制变量</td><td>是</td><td>否</td></tr>
<tr><td>样本量</td><td>615</td><td>6１5</td></tr></table><p>注：括号内为标准误，*、**、***分别表示在10%、5%、1%的水平显著。</p>"""


def test_chinese_print_of_a_web_page(tmp_path: Path) -> None:
    table = read_one(tmp_path / "表3.html", HTML)
    cells = {(e.row, e.column): (str(e.coefficient.value), e.stars, str(e.se and e.se.value)) for e in table.estimates}
    assert cells == {
        ("贸易利益", "1"): ("11.5545", 3, "3.5239"),
        ("贸易利益", "2"): ("-1.20", 3, "0.30"),
        ("RQ", "1"): ("0.5", 2, "0.2"),
    }
    assert table.columns[0].head == ("全球化指数",) and table.note.cutoffs == (0.1, 0.05, 0.01)
    assert [s.number.value for s in table.statistics] == [615, 615] and len(table.marks) == 2
    assert len(table.repaired) == 1 and "lost to a blank" in table.repaired[0]


TEX = r"""\begin{table}\caption{Results\label{t}}\begin{tabular}{l*{2}{c}}\hline\hline
 & \multicolumn{2}{c}{Outcome} \\ \cmidrule(lr){2-3}
 & (1) & (2) \\ \midrule
x & 0.50\sym{***} & $-$0.20\textsuperscript{*} \\
  & (0.10) & (0.11) \\[2pt] % a comment with & and \\
\multirow{2}{*}{z} & {\small 1.10**} & \\ & [0.50] & \\
\midrule Observations & 1{,}234 & \multicolumn{1}{c}{$1\,200$} \\ $R^2$ & 0.30 & 0.20 \\ \bottomrule
\end{tabular}\begin{tablenotes}
\item Standard errors in parentheses. \sym{*} \(p<0.1\), \sym{**} \(p<0.05\), \sym{***} \(p<0.01\)
\end{tablenotes}\end{table}"""


def test_latex_of_several_hands(tmp_path: Path) -> None:
    table = read_one(tmp_path / "t.tex", TEX)
    cells = {(e.row, e.column): (str(e.coefficient.value), e.stars) for e in table.estimates}
    assert cells == {("x", "1"): ("0.50", 3), ("x", "2"): ("-0.20", 1), ("z", "1"): ("1.10", 2)}
    assert table.title == "Results" and table.parens == "se" and table.note.cutoffs == (0.1, 0.05, 0.01)
    assert [str(s.number.value) for s in table.statistics] == ["1234", "1200", "0.30", "0.20"]


def test_parts_of_an_estimate_in_columns_of_their_own(tmp_path: Path) -> None:
    text = ",OLS,,,2SLS,,\n变量,系数,标准误,t值,系数,标准误,t值\nx,0.50***,0.10,5.00,0.60*,0.35,1.71\nN,615,,,615,,\n"
    table = read_one(tmp_path / "t.csv", text)
    assert [(e.column, str(e.se and e.se.value), str(e.t and e.t.value)) for e in table.estimates] == [
        ("OLS", "0.10", "5.00"), ("2SLS", "0.35", "1.71"),
    ]  # fmt: skip
    assert [s.number.value for s in table.statistics] == [615, 615]


def test_panels(tmp_path: Path) -> None:
    text = ",(1)\nPanel A: East,\nx,0.5**\n,(0.2)\nN,100\nPanel B: West,\nx,0.6**\n,(0.2)\nN,120\n"
    table = read_one(tmp_path / "t.csv", text)
    assert [(e.panel, e.row) for e in table.estimates] == [("Panel A: East", "x"), ("Panel B: West", "x")]
    assert [str(table.statistic("1", "n", p).number.value) for p in table.panels] == ["100", "120"]


def test_descriptives_both_ways_round(tmp_path: Path) -> None:
    across = read_one(tmp_path / "a.csv", "变量,样本量,平均值,标准差,最小值,最大值\nx,10,0.5,0.3,0.0,1.0\n")
    down = read_one(tmp_path / "b.csv", ",x,y\nMean,0.5,1.5\nStd. Dev.,0.3,0.4\nMin,0.0,1.0\nMax,1.0,2.0\n")
    assert {(v.row, v.role) for v in across.values} == {("x", k) for k in ("n", "mean", "sd", "min", "max")}
    assert ("y", "sd", "0.4") in {(v.row, v.role, str(v.number.value)) for v in down.values}


def test_what_cannot_be_read_is_listed(tmp_path: Path) -> None:
    table = read_one(tmp_path / "t.csv", ",(1),(2)\nx,0.5**,see text\n,(0.2),\ny,12 345,0.1\n,(0.1),(0.1)\nz,0.3ᵃ,\n")
    assert [u.text for u in table.unread][:3] == ["see text", "12 345", "(0.1)"]
    assert any("ᵃ" in u.text for u in table.unread)
    words = read_one(tmp_path / "w.csv", "level,items\ntrade,tariffs\nfinance,capital controls\n")
    assert "table of words" in words.unread[0].why and not words.numbers


def test_words_and_base_periods_are_marks(tmp_path: Path) -> None:
    text = """,(1),(2)
k = -2,0.010,0.020
,(0.02),(0.03)
k = -1,0.000,0.030
,(base),(0.02)
k = 0,(基期),0.5
,,(0.1)
Compared with,never treated,not yet treated
Bootstrap interval,"[0.1, 0.2]","[0.3, 0.4]"
N,100,100
Standard errors in parentheses,,
"""
    table = read_one(tmp_path / "t.csv", text)
    assert not table.unread
    said = {(m.row, m.column, m.text) for m in table.marks}
    assert {("k = -1", "1", "(base)"), ("k = 0", "1", "(基期)"), ("Compared with", "2", "not yet treated")} <= said
    assert not [f for f in audit([table]).findings if f.check == "window"]


@pytest.mark.parametrize("label", ["与首组的系数差：TBI", "Difference from first group: TBI"])
def test_differences_of_coefficients_are_no_coefficients(tmp_path: Path, label: str) -> None:
    text = f",(1)\nTBI,0.5**\n,(0.2)\nN,100\n{label},0.30\n,[0.01]\nEndogeneity,0.7\n,[0.38]\nSE in parentheses,\n"
    table = read_one(tmp_path / "t.csv", text)
    last = table.statistics[-1]
    assert [e.row for e in table.estimates] == ["TBI"] and last.p is not None and str(last.p.value) == "0.38"


def test_right_to_left_text(tmp_path: Path) -> None:
    table = read_one(tmp_path / "t.csv", "المتغير,(1)\n\u200fالتجارة\u200f,\u202b0.50**\u202c\n,(0.20)\nN,100\n")
    assert [(str(e.coefficient.value), e.stars) for e in table.estimates] == [("0.50", 2)]


def test_tables_of_ten_thousand_cells(tmp_path: Path) -> None:
    rows = [",".join(["", *(f"({k})" for k in range(1, 101))])]
    for n in range(50):
        rows += [",".join([f"x{n}", *["0.50**"] * 100]), ",".join(["", *["(0.20)"] * 100])]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    done = audit([path])
    assert done.numbers == 10_000 and done.ok


def _docx(path: Path, parts: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


BOMB = b"""<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><document>&c;</document>"""
WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: p.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512), "encrypted"),
        (lambda p: p.write_bytes(b"PK\x03\x04 not a zip"), "damaged"),
        (lambda p: p.write_bytes(b""), "damaged"),
        (lambda p: _docx(p, {"other.xml": b"<a/>"}), "not a Word document"),
        (lambda p: _docx(p, {"word/document.xml": b"<w:document"}), "damaged"),
        (lambda p: _docx(p, {"word/document.xml": BOMB}), "entities; refused"),
        (lambda p: _docx(p, {"word/document.xml": BOMB.decode().encode("utf-16")}), "entities; refused"),
    ],
)
def test_bad_word_files(tmp_path: Path, make: object, message: str) -> None:
    path = tmp_path / "论文.docx"
    make(path)  # type: ignore[operator]
    with pytest.raises(DataError, match=message):
        audit([path])


def test_zip_bombs_are_refused_within_bounded_memory(tmp_path: Path) -> None:
    path = _docx(tmp_path / "bomb.docx", {"word/document.xml": b"0" * 60_000_000})
    tracemalloc.start()
    with pytest.raises(DataError, match="unpacks to"):
        audit([path])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000


def test_pictures_of_tables_are_said(tmp_path: Path) -> None:
    body = f"<w:document {WORD}><w:body><w:p><w:r><w:drawing/></w:r></w:p></w:body></w:document>".encode()
    done = audit([_docx(tmp_path / "p.docx", {"word/document.xml": body})])
    assert "picture" in str(done.unread[0])
    page = tmp_path / "p.html"
    page.write_text('<img src="t.png">', encoding="utf-8")
    assert "picture" in str(audit([page]).unread[0])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (r"\begin{tabular}{cc} a & b \\ 1 & 2", "never ends"),
        (r"\begin{tabular}{cc} \begin{tabular}{c} 1 \end{tabular}", "never ends"),
    ],
)
def test_latex_that_never_ends(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "t.tex"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        audit([path])


@pytest.mark.parametrize(
    "text",
    [r"\def\a{\a}\begin{tabular}{c}\a\end{tabular}", "{" * 20000, r"\begin{tabular}{" + "{" * 5000 + r"\end{tabular}"],
)
def test_latex_that_would_loop(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.tex"
    path.write_text(text, encoding="utf-8")
    with contextlib.suppress(DataError):
        assert not audit([path]).numbers


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.pdf", b"PDF", "not a PDF file"),
        ("t.png", b"PNG", "are not read"),
        ("t.doc", b"\xd0\xcf", "are not read"),
        ("t.csv", b"\x00\x01\x02\xff\xfe", "not a text"),
        ("t.json", b"{", "not a JSON"),
        ("t.xlsx", b"PK\x05\x06" + b"\0" * 18, "not a workbook"),
    ],
)
def test_other_files(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        audit([path])
    with pytest.raises(DataError, match="no such file"):
        audit([tmp_path / "absent.docx"])
    with pytest.raises(DataError, match="folder"):
        audit([tmp_path])


def test_tables_of_other_encodings(tmp_path: Path) -> None:
    text = "变量,(1)\n贸易,0.5**\n,(0.2)\n"
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "gb18030"):
        path = tmp_path / f"{encoding}.csv"
        path.write_bytes(text.encode(encoding))
        (table,) = read_tables(path)
        assert table.estimates[0].row == "贸易"


@pytest.mark.parametrize(
    ("note", "kind"),
    [
        ("T statistics from conventional (iid) standard errors in parentheses.", "t"),
        ("t statistics based on robust standard errors are in parentheses", "t"),
        ("括号内为由聚类到省份层面的稳健标准误得出的t值；*p<0.1", "t"),
        ("括号内为t值（基于稳健标准误计算），***p<0.01", "t"),
        ("括号内为聚类稳健标准误，t值见附录", "se"),
        ("Robust standard errors, clustered by firm, in parentheses; t statistics in brackets.", "se"),
        ("Numbers in parentheses are p values", "p"),
        ("Clustered by firm. Stars as usual. Controls as in Table 1. Standard errors in parentheses", "se"),
    ],
)
def test_what_a_note_says_of_brackets(note: str, kind: str) -> None:
    assert read_note(note).holds("()") == kind


def test_brackets_with_signs_are_no_standard_errors(tmp_path: Path) -> None:
    text = ",(1)\nx,-0.5**\n,(-2.1)\nz,-0.4***\n,(-3.1)\nN,100\nStandard errors in parentheses,\n"
    done = audit([read_one(tmp_path / "t.csv", text)])
    assert done.ok and "have signs" in done.unread[0].why
