import json

import pytest

import econloom as el
from econloom.core.errors import EconloomError, StudyFileError
from econloom.study import catalog, plan, schema
from tests.study import small


def test_a_plan_is_pure(folder):
    spec = schema.load(folder)
    facts = catalog.survey(spec)
    for file in sorted((folder / "data").iterdir()):
        file.unlink()
    one, other = plan.build(spec, facts), plan.build(spec, facts)
    assert one == other
    assert json.loads(json.dumps(one.to_dict())) == one.to_dict()
    assert sorted(p.name for p in folder.iterdir()) == ["data", "study.yaml"]


def test_steps_come_after_what_they_need_and_are_shared(folder):
    made = el.study(folder).plan()
    seen = set()
    for step in made.steps:
        assert set(step.inputs) <= seen
        assert step.digest not in seen
        seen.add(step.digest)
    names = [s.name for s in made.steps]
    assert names.count("read main") == names.count("variable lnGDP") - 1 == 1  # edition1 has another panel below it
    assert names.count("read more") == 2
    assert made.outputs["default"].tables["t1"] != made.outputs["edition1"].tables["t1"]
    assert len({o.tables["t3"] for o in made.outputs.values()}) == 3


def test_only_what_a_table_needs_is_selected(folder):
    made = el.study(folder).plan()
    chosen = {s.name for s in made.select(["t1"])}
    assert "table t1" in chosen and not {"table t3", "table t4", "table t3 across versions"} & chosen
    with pytest.raises(EconloomError, match="no table or figure 't33', did you mean 't3'"):
        made.select(["t33"])
    assert made.chosen(["t4", "t1"]) == ("t1", "t4")


def test_digests_follow_contents_not_places(folder, tmp_path):
    elsewhere = small.write(tmp_path / "again")
    digests = [[s.digest for s in el.study(f).plan().steps] for f in (folder, elsewhere)]
    assert digests[0] == digests[1]
    text = small.TEXT.replace("log(gdp)", "log(gdp + 0)")
    changed = [s.digest for s in el.study(small.rewrite(elsewhere, text)).plan().steps]
    assert 0 < len(set(changed) & set(digests[0])) < len(changed)


FAULTS = {
    "join": ("{rq: quality}", "{rq: qualty}", "16:18: more: no column 'qualty', did you mean 'quality'?"),
    "join of a source": ("- more: {rq", "- mor: {rq", "no source or panel 'mor', did you mean 'more'?"),
    "column there twice": ("{rq: quality}", "{gdp: quality}", "the panel already has a column 'gdp'"),
    "key": ("unit: code", "unit: cod", "no column 'cod', did you mean 'code'?"),
    "start": ("start: main", "start: mian", "no source 'mian', did you mean 'main'?"),
    "drop": ("code == 'HLJ'", "cod == 'HLJ'", "panel.drop.0.where: no column or sample 'cod', did you mean 'code'?"),
    "source where": ("edition == 2", "editon == 2", "no column or sample 'editon', did you mean 'edition'?"),
    "formula": ("log(gdp)", "log(gpd)", "23:24: variables.lnGDP.formula: no column or sample 'gpd', did"),
    "function": ("log(gdp)", "lgo(gdp)", "no function 'lgo', did you mean 'log'?"),
    "outcome": ("- y ~ tbi | code + year", "- yy ~ tbi | code + year", "no column or sample 'yy'"),
    "regressor": ("- y ~ tbi | code + year", "- y ~ tbii | code + year", "did you mean 'tbi'?"),
    "effect": ("- y ~ tbi | code + year", "- y ~ tbi | code + yaer", "no column 'yaer' for fixed effects"),
    "no tilde": ("- y ~ tbi | code + year", "- y tbi | code + year", "tables.t3.columns.0: "),
    "sample": ("sample: early}", "sample: eary}", "no sample 'eary', did you mean 'early'?"),
    "sample of a table": ("    sample: shore", "    sample: shor", "61:13: no sample 'shor', did you mean 'shore'?"),
    "in a sample": ("early: year", "early: yaer", "samples.early: no column or sample 'yaer', did you mean 'year'?"),
    "list": ("code in coast", "code in cost", "no list 'cost', did you mean 'coast'?"),
    "cluster": ("{cluster: code}", "{cluster: cod}", "38:19: no cluster column 'cod', did you mean 'code'?"),
    "cluster of a table": (
        "    sample: shore\n", "    sample: shore\n    vcov: {cluster: cod}\n", "62:21: no cluster column 'cod'",
    ),
    "macro": ("tbi + $controls", "tbi + $control", "no macro $control, did you mean 'controls'?"),
    "in a macro": ("lnGDP + RQ", "lnGPD + RQ", "no column or sample 'lnGPD', did you mean 'lnGDP'?"),
    "values": ("values: tbi", "values: tib", "no variable 'tib', did you mean 'tbi'?"),
    "values of a key": ("values: tbi", "values: code", "values is a variable, not a key"),
    "rows": ("rows: year", "rows: years", "rows is a key of the panel, did you mean 'year'?"),
    "columns twice": ("['BEI', 'TIA']", "['BEI', 'BEI']", "the column 'BEI' is listed twice"),
    "across versions": ("across_versions: [tbi]", "across_versions: [tib]", "no model has the term 'tib'"),
    "a label of nothing": ("  tbi: {zh", "  tib: {zh", "variables.tib: no such column, did you mean 'tbi'?"),
    "a variable that is there": ("  growth: diff", "  gdp: diff", "the panel already has a column 'gdp'"),
    "circle of variables": ("growth: diff(lnGDP)", "growth: h + 1\n  h: growth", "in a circle: growth, h"),
    "circle of samples": ("early: year <= 2005", "early: late\n  late: not early", "'early' is defined by itself"),
    "circle of macros": ("controls: lnGDP + RQ", "controls: $more2\n  more2: $controls", "contains itself"),
    "unit is time": ("time: year", "time: code", "unit and time are the same column"),
    "measure": ("diff(lnGDP)", "{measure: trade_benefit_indx(main)}", "no measure 'trade_benefit_indx'"),
    "measure of a file": ("diff(lnGDP)", "{measure: trade_benefit_index(main)}", "needs inter-country"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "words"), FAULTS.values(), ids=FAULTS)
def test_faults_are_found_before_anything_runs(tmp_path, old, new, words):
    assert old in small.TEXT
    folder = small.write(tmp_path, small.TEXT.replace(old, new, 1))
    with pytest.raises(StudyFileError) as caught:
        el.study(folder).plan()
    assert words in str(caught.value)
    assert all(p.where is not None and p.where.line for p in caught.value.problems)
    assert caught.value.exit_code == 2


def test_several_faults_are_told_together(tmp_path):
    text = small.TEXT.replace("log(gdp)", "log(gpd)").replace("values: tbi", "values: tib")
    with pytest.raises(StudyFileError) as caught:
        el.study(small.write(tmp_path, text)).plan()
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("data/regions.csv", "data/region.csv", "no such file, did you mean 'regions.csv'"),
        ("data/regions.csv", "data", "is a folder"),
        ("data/regions.csv", "dta/regions.csv", "does not exist either"),
        ("data/regions.csv", '"data/reg\\0ions.csv"', "null"),
        ("data/regions.csv", "d" * 5000, "too long"),
        ("data/regions.csv", "study.yaml", "not the one that the study names"),
        ("{path: data/more.parquet,", "{layout: wiod2016-assembled, path: data/more.parquet,", "no 'where'"),
    ],
)
def test_sources_that_are_none(tmp_path, old, new, words):
    folder = small.write(tmp_path, small.TEXT.replace(old, new, 1))
    with pytest.raises(EconloomError, match=words) as caught:
        el.study(folder).plan()
    assert caught.value.exit_code in {2, 3}


def test_another_content_than_the_named_one_is_refused(folder):
    source = folder / "data/regions.csv"
    source.write_bytes(source.read_bytes().replace(b"2001", b"2002", 1))
    with pytest.raises(StudyFileError, match="is not the one that the study names") as caught:
        el.study(folder).plan()
    assert caught.value.exit_code == 3
    assert "study.yaml:6:11" in str(caught.value)


def test_unused_sources_are_a_warning(tmp_path):
    text = small.TEXT.replace("  join:\n    - more: {rq: quality}\n", "").replace("carry_forward(rq)", "log(gdp)")
    text = text.replace("variables.RQ.formula: interpolate(rq)", "variables.RQ.formula: gdp")
    assert el.study(small.write(tmp_path, text)).plan().warnings == ("sources that nothing uses: more",)


def test_a_formula_may_name_a_sample(tmp_path):
    text = small.TEXT.replace("diff(lnGDP)", "at(lnGDP, early and year == 2003)")
    folder = small.write(tmp_path, text)
    frame = el.study(folder).run().panel.frame
    wanted = dict(frame.filter(frame["year"] == 2003).select("code", "lnGDP").iter_rows())
    assert frame["growth"].to_list() == [wanted[c] for c in frame["code"]]
