"""Cleaning in study files: what a study says is done, checked and recorded."""

import pytest

import econloom as el
from econloom.core.errors import EconloomError
from tests.study import small


def run(tmp_path, **changes):
    text = small.TEXT
    for old, new in changes.get("swap", {}).items():
        assert old in text
        text = text.replace(old, new)
    return el.study(small.write(tmp_path, text, pinned=False)).run()


def test_an_impossible_share_stops_the_run_with_its_rows(tmp_path):
    with pytest.raises(EconloomError) as caught:
        run(tmp_path, swap={"growth: diff(lnGDP)": "growth: {formula: diff(lnGDP), unit: share}"})
    assert caught.value.exit_code == 3
    assert "range of growth: 'growth' must lie between 0 and 1" in str(caught.value)
    assert "study.yaml" in str(caught.value) and "BEI 200" in str(caught.value)


def test_a_range_that_holds(tmp_path):
    done = run(tmp_path, swap={"growth: diff(lnGDP)": "growth: {formula: diff(lnGDP), range: [-10, inf]}"})
    assert done.tables


@pytest.mark.parametrize(
    ("range_", "words"), [("[-inf, inf]", "from -inf to inf"), ("[2, 1]", "not from 2 to 1"), ("[1]", "range")]
)
def test_ranges_that_make_no_sense(tmp_path, range_, words):
    with pytest.raises(EconloomError) as caught:
        run(tmp_path, swap={"growth: diff(lnGDP)": f"growth: {{formula: diff(lnGDP), range: {range_}}}"})
    assert words in str(caught.value)


def test_steps_of_formulas_stand_in_the_log(tmp_path):
    done = run(
        tmp_path,
        swap={"growth: diff(lnGDP)": "growth: winsorise(diff(lnGDP), 0.1, 0.9, by=year, rule='pctile')"},
    )
    assert any("winsorised at 0.1 and 0.9 by year (pctile rule)" in e.message for e in done.panel.events)


def test_a_join_says_its_kind(tmp_path):
    done = run(tmp_path, swap={"more: {rq: quality}": "more: {on: [code, year], columns: {rq: quality}, kind: 1:1}"})
    assert done.tables


@pytest.mark.parametrize(
    ("join", "words"),
    [
        ("more: {columns: {rq: quality}, kind: 1:m}", "start from the finer side"),
        ("more: {columns: {rq: quality}, kind: mm}", "1:1 or m:1, not 'mm'"),
        ("more: {on: code, columns: {rq: quality}}", "duplicate keys"),
        ("more: {on: year, columns: {rq: quality}, kind: 1:1}", "duplicate keys"),
    ],
)
def test_joins_that_would_multiply_rows(tmp_path, join, words):
    with pytest.raises(EconloomError) as caught:
        run(tmp_path, swap={"more: {rq: quality}": join})
    assert words in str(caught.value) and "study.yaml" in str(caught.value)


COLUMN = '- {formula: "y ~ tbi | code + year", sample: early}'


def test_columns_prepared_for_one_model_only(tmp_path):
    """The prepared column equals an estimate on columns cut by hand; the others are as they were."""
    written = COLUMN + '\n      - {formula: "y ~ tbi | code + year", prepare: {winsorise: [0.1, 0.9], by: year}}'
    done = run(tmp_path, swap={COLUMN: written})
    plain = run(tmp_path / "plain")
    found = done.results.filter(table="t3", version="default", term="tbi")
    old = plain.results.filter(table="t3", version="default", term="tbi")
    assert found.filter(found["column"] != found["column"].max())["estimate"].to_list() == old["estimate"].to_list()
    panel = el.clean.winsorise(done.panel, ["y", "tbi"], 0.1, 0.9, by="year")
    by_hand = el.ols("y ~ tbi | code + year", panel).tidy()
    assert found["estimate"][-1] == pytest.approx(by_hand["estimate"][0], rel=1e-12)
    assert [e.message.split(":")[0] for e in done.prepared] == ["tbi", "y"] * 3  # in each version
    assert all("winsorised at 0.1 and 0.9 by year" in e.message for e in done.prepared)


def test_trimmed_columns_lose_rows(tmp_path):
    written = COLUMN + '\n      - {formula: "y ~ tbi | code + year", prepare: {trim: [0, 0.9], of: tbi}}'
    found = run(tmp_path, swap={COLUMN: written}).results.filter(table="t3", version="default", term="tbi")
    assert found["n"][-1] == found["n"][0] - 4  # a tenth of 42


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        ("{winsorise: [0.01, 0.99], of: [tbj]}", "did you mean 'tbi'"),
        ("{winsorise: [0.01, 0.99], by: yaer}", "did you mean 'year'"),
        ("{winsorise: [0.01, 0.99], rule: stata}", "rule"),
        ("{trim: [0, 1]}", "cut nothing"),
        ("{trim: [1, 99]}", "less than or equal to 1"),
    ],
)
def test_preparations_that_cannot_be(tmp_path, prepare, words):
    written = COLUMN + f'\n      - {{formula: "y ~ tbi | code + year", prepare: {prepare}}}'
    with pytest.raises(EconloomError) as caught:
        run(tmp_path, swap={COLUMN: written})
    assert words in str(caught.value)


def test_a_panel_is_balanced_after_its_drops(tmp_path):
    drops = "  drop:\n    - {where: \"code == 'HLJ'\", why: no trade}\n"
    more = drops + "    - {where: \"code == 'SHX' and year == 2003\", why: a flood}\n  balance: "
    dropped = run(tmp_path, swap={drops: more + "drop\n"}).panel
    assert dropped.height == 36 and "SHX" not in dropped.frame["code"].to_list()
    filled = run(tmp_path / "b", swap={drops: more + "fill\n", "growth: diff(lnGDP)": "growth: diff(lnGDP)"}).panel
    assert filled.height == 42 and filled.frame["y"].null_count() == 1


def test_regions_and_lists_need_no_writing(tmp_path):
    regions = "growth: region(code)\n  inside: adcode(code)"
    swap = {"growth: diff(lnGDP)": regions, "code in coast or year < 2004": "code in jing_jin_ji"}
    with pytest.raises(EconloomError) as caught:
        run(tmp_path, swap=swap)
    assert "no value of the column is a place" in str(caught.value)
    text = small.TEXT.replace("code in coast", "code in jing_jing_ji")
    with pytest.raises(EconloomError, match="did you mean 'jing_jin_ji'"):
        el.study(small.write(tmp_path / "c", text, pinned=False)).plan()


def test_every_variable_stands_in_the_codebook(tmp_path):
    folder = small.write(tmp_path, small.TEXT, pinned=False)
    el.study(folder).run(out=folder / "out", lang="en")
    book = (folder / "out/tables/codebook.md").read_text(encoding="utf-8")
    rows = {line.split("|")[1].strip(" *"): line for line in book.splitlines() if line.startswith("|")}
    assert set(rows) >= {"code", "year", "tbi", "lnGDP", "RQ", "growth", "y", "gdp", "rq"}
    assert "Region" in rows["code"] and "main" in rows["tbi"] and "diff(lnGDP)" in rows["growth"]
    assert "carry" in rows["RQ"] and "more" in rows["RQ"] and "main" in rows["growth"]
    page = (folder / "out/report.html").read_text(encoding="utf-8")
    assert '<section id="codebook">' in page and page.rindex("<section id") == page.index('<section id="codebook">')
