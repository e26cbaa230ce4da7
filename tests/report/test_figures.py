from __future__ import annotations

import shutil
import statistics
import subprocess
import warnings
from pathlib import Path
from xml.etree import ElementTree

import polars as pl
import pytest

from econloom.core.errors import OutputError, UsageError
from econloom.core.labels import Label, Lang
from econloom.report import figures, fonts
from econloom.report.figures import Density, Difference, Differences, Facet, Interval, Intervals, Line, Trend, TrendSpec

FRAME = pl.DataFrame(
    {
        "year": [2000, 2001, 2002] * 2,
        "gi": [60.0, 62.0, None, 80.0, 81.0, 83.0],
        "ec": [1.0, 2.0, 3.0, float("nan"), 5.0, 6.0],
        "rich": [False] * 3 + [True] * 3,
    }
)
GROUPS = {
    "rich": (Label("发达国家", "Developed"), pl.col("rich")),
    "poor": (Label("发展中国家", "Developing"), FRAME["rich"].not_()),
}
LABELS = {"gi": Label("全球化指数", "Globalisation"), "year": Label("年份", "Year")}


def trend(**changes: object) -> Trend:
    given = {"id": "f1", "title": Label("趋势", "Trend"), "x": "year", "y": ("gi", "ec"), "labels": LABELS}
    return figures.trend(FRAME, GROUPS, TrendSpec(**(given | changes)))  # type: ignore[arg-type]


def intervals(at: bool = False) -> Intervals:
    points = tuple(
        Interval(c, Label.same(c), 11.0 + n, 4.0, 19.0, float(n) if at else None, marked=n == 1)
        for n, c in enumerate(["AUS", "BGR", "CHN"])
    )
    whole = Interval("all", Label("全样本", "Whole sample"), 11.5, 4.4, 18.7)
    return Intervals("loo", Label("逐一剔除", "Leave one out"), points, Label("系数", "Coefficient"), baseline=whole)


def differences() -> Differences:
    points = tuple(
        Difference(f"t3.c{n}", "t3", 1.0 + n * n * 0.3, 1.0, 1.0, "exact" if n == 0 else "within_se") for n in range(5)
    )
    verdicts = (("exact", Label("一致", "Exact")), ("within_se", Label("一个标准误内", "Within one SE")))
    return Differences("diff", Label("差异", "Differences"), points, verdicts, (("t3", Label("表3", "Table 3")),))


def density(**changes: object) -> Density:
    given = {"values": (-1.0, 0.5, 0.0, 0.7, 1.5), "real": 2.4, "value_label": Label("综试区的t值", "Zone, t value")}
    return Density("placebo", Label("安慰剂", "Placebo"), **(given | changes))  # type: ignore[arg-type]


ALL = [trend(), trend(layout="lines"), intervals(), intervals(at=True), differences(), density()]


@pytest.fixture
def no_chinese_font(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(fonts.VARIABLE, raising=False)
    monkeypatch.setattr(fonts, "_installed", lambda: frozenset({"STIXGeneral", "DejaVu Sans"}))
    monkeypatch.setattr(fonts, "find_spec", lambda name: None)


def texts(figure: figures.Figure, lang: Lang, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The words in a figure: SVG with text kept as text."""
    from econloom.report import plotting

    monkeypatch.setitem(plotting._STYLE, "svg.fonttype", "none")
    tree = ElementTree.fromstring(figures.draw(figure, "svg", lang))
    return ["".join(e.itertext()) for e in tree.iter() if e.tag.endswith("}text")]


def test_a_trend_holds_the_mean_by_group_without_missing_values() -> None:
    gi, ec = trend().facets
    assert [line.name for line in gi.lines] == ["rich", "poor"]
    assert gi.lines[1].x == (2000.0, 2001.0) and gi.lines[1].y == (60.0, 62.0)
    assert ec.lines[0].x == (2001.0, 2002.0) and ec.label == Label.same("ec")


def test_lines_of_all_outcomes_share_one_pair_of_axes() -> None:
    (facet,) = trend(layout="lines").facets
    assert facet.lines[0].label.text("zh") == "全球化指数（发达国家）"
    assert len(facet.lines) == 4


@pytest.mark.parametrize("figure", ALL, ids=lambda f: f.id)
@pytest.mark.parametrize("kind", figures.KINDS)
def test_every_figure_draws_to_every_kind_with_the_same_bytes_twice(figure: figures.Figure, kind: figures.Kind) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fonts.FontWarning)
        made = figures.draw(figure, kind, "zh")
        assert made == figures.draw(figure, kind, "zh")
    assert made.startswith({"svg": b"<?xml", "pdf": b"%PDF", "png": b"\x89PNG"}[kind])
    assert b"2026" not in made[-2000:]


def test_without_a_chinese_font_labels_are_english_and_one_warning_says_so(
    no_chinese_font: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.warns(fonts.FontWarning, match="apt-get install fonts-noto-cjk") as caught:
        words = texts(trend(), "zh", monkeypatch)
    assert len(caught) == 1
    assert {"Developed", "Developing", "Globalisation", "Year"} <= set(words)
    assert not [w for w in words if any(ord(c) > 0x2E7F for c in w)]


def test_a_label_without_english_falls_back_to_its_name(no_chinese_font: None, monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line("KOFGIdj", Label(zh="全球化指数"), (1.0, 2.0), (1.0, None))
    figure = Trend("f1", Label(), (Facet("f", Label(zh="分面"), (line,)),), Label(zh="年份"))
    with pytest.warns(fonts.FontWarning):
        words = texts(figure, "zh", monkeypatch)
    assert {"KOFGIdj", "f", "??"} <= set(words)
    assert "\u25a1" not in "".join(words)


def test_english_figures_never_warn(no_chinese_font: None) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figures.draw(trend(), "svg", "en")


def test_characters_that_no_font_holds_become_question_marks() -> None:
    assert fonts.available("en").legible(Label.same("a\U0001f469b"), "en") == "a?b"


def test_a_font_that_is_none_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "x.ttf").write_bytes(b"no font")
    monkeypatch.setenv(fonts.VARIABLE, str(tmp_path / "x.ttf"))
    with pytest.raises(UsageError, match="cannot be used as a font"):
        fonts.available("zh")
    from matplotlib import get_data_path

    latin = Path(get_data_path()) / "fonts" / "ttf" / "STIXGeneral.ttf"
    monkeypatch.setenv(fonts.VARIABLE, str(latin))
    with pytest.raises(UsageError, match="has no Chinese glyphs"):
        fonts.available("zh")


def test_dollar_signs_are_no_mathematics(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line("a", Label.same("US$ & 50% a_b$ ^~\\"), (1.0,), (1.0,))
    assert line.label.text("en") in texts(Trend("f1", Label(), (Facet("", Label(), (line,)),)), "en", monkeypatch)


def test_errors_name_figure_and_column(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="figure f1: no column 'gii', did you mean 'gi'"):
        trend(y=("gii",))
    with pytest.raises(UsageError, match="figure f1: empty"):
        Trend("f1", Label(), ())
    with pytest.raises(UsageError, match="no value of gi in group 'none'"):
        figures.trend(FRAME, {"none": (Label(), pl.lit(False))}, TrendSpec("f1", Label(), "year", ("gi",)))
    with pytest.raises(UsageError, match="unknown figure format 'jpg'"):
        figures.draw(intervals(), "jpg")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="did you mean 'exact'"):
        Differences("d", Label(), (Difference("a", "t", 1, 1, 1, "exakt"),), (("exact", Label()),))
    with pytest.raises(UsageError, match="cannot be a file name"):
        figures.write_all(Intervals("../x", Label(), intervals().points), tmp_path)


def test_files_are_named_by_the_figure(tmp_path: Path) -> None:
    made = figures.write_all(intervals(), tmp_path / "figures", "en")
    assert [p.name for p in made] == ["loo.svg", "loo.pdf", "loo.png"]
    assert sorted(p.name for p in (tmp_path / "figures").iterdir()) == ["loo.pdf", "loo.png", "loo.svg"]


@pytest.mark.skipif(shutil.which("pdffonts") is None, reason="poppler-utils is not installed")
def test_pdf_embeds_its_fonts(tmp_path: Path) -> None:
    (path,) = figures.write_all(trend(), tmp_path, "en", ("pdf",))
    done = subprocess.run(["pdffonts", path], check=True, capture_output=True, text=True)
    assert "STIX" in done.stdout and "Warning" not in done.stderr


@pytest.mark.skipif(not fonts.available("en").chinese, reason="no Chinese font is installed")
def test_with_a_chinese_font_labels_are_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        words = texts(trend(), "zh", monkeypatch)
    assert {"发达国家", "发展中国家", "全球化指数", "年份", "ec"} <= set(words)


def test_a_folder_below_a_file_is_said_and_not_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    point = figures.Interval("x", Label.same("x"), 1.0, 0.0, 2.0)
    with pytest.raises(OutputError, match="cannot write"):
        figures.write_all(figures.Intervals("f1", Label.same("F"), (point,)), tmp_path / "file" / "below")


def test_a_density_is_the_sum_of_its_kernels() -> None:
    """Silverman's bandwidth and normal kernels, by the textbook: 0.9 min(sd, IQR / 1.34) n^(-1/5)."""
    x, heights = density().curve()
    values = [-1.0, 0.5, 0.0, 0.7, 1.5]
    h = 0.9 * min(statistics.stdev(values), (0.7 - 0.0) / 1.34) * 5**-0.2
    kernel = statistics.NormalDist(0, h)
    wanted = [sum(kernel.pdf(at - v) for v in values) / 5 for at in x]
    assert heights == pytest.approx(wanted, rel=1e-12)
    assert density(values=(1.0, 1.0)).curve()[0].size == 0
    assert figures.draw(density(values=(1.0, 1.0)), "svg", "en")


def test_a_density_says_what_it_lacks() -> None:
    with pytest.raises(UsageError, match="figure placebo: empty"):
        density(values=())
    with pytest.raises(UsageError, match="finite numbers"):
        density(real=float("nan"))
    made = density(columns=(("draw", (1, 2)), ("why", (None, "absorbed"))))
    assert made.csv() == b"draw,why\n1,\n2,absorbed\n"
