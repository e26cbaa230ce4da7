import pytest

import econloom as el
from econloom.core.errors import EconloomError
from econloom.study import schema
from tests.study import small


def fault(tmp_path, old, new):
    """The message for the small study with one text replaced."""
    assert old in small.TEXT
    folder = small.write(tmp_path, small.TEXT.replace(old, new, 1))
    with pytest.raises(EconloomError) as caught:
        schema.load(folder)
    return str(caught.value).replace(str(folder) + "/", "")


FAULTS = {
    "misspelt key": (
        "    sample: shore\n", "    sample: shore\n    clustr: code\n",
        "study.yaml:62:5: tables.t4.clustr: unknown key, did you mean 'cluster'?",
    ),
    "misspelt vcov": ("  vcov: {cluster", "  vcv: {cluster", "defaults.vcv: unknown key, did you mean 'vcov'?"),
    "misspelt show": ("show: {paren: se", "show: {parens: se", "show.parens: unknown key, did you mean 'paren'?"),
    "misspelt top": ("macros:", "macro:", "study.yaml:30:1: macro: unknown key, did you mean 'macros'?"),
    "misspelt in a column": ("sample: early}", "smple: early}", "columns.2.smple: unknown key, did you mean 'sample'?"),
    "missing key": ("  unit: code\n", "", "panel: lacks 'unit'"),
    "no for a boolean": ("effects: true", "effects: no", "effects: expected true or false, found 'no'"),
    "off for a boolean": ("effects: true", "effects: off", "effects: expected true or false, found 'off'"),
    "a text for a number": ("digits: 3", "digits: three", "defaults.digits: expected a whole number, found 'three'"),
    "too many digits": ("digits: 3", "digits: 13", "defaults.digits: "),
    "unknown choice": ("ssc: xtreg", "ssc: xtregg", "'xtregg' is not one of"),
    "choice suggested": ("r2: within_unit", "r2: within_units", "did you mean 'within_unit'?"),
    "unquoted item": ("['TIA', 'HEB', 'LIA']", "['TIA', HEB]", "lists.coast: HEB is not quoted"),
    "empty list": ("['TIA', 'HEB', 'LIA']", "[]", "lists.coast: must not be empty"),
    "span reversed": ("[2001, 2006]", "[2006, 2001]", "panel.span: ends (2001) before it starts (2006)"),
    "span of three": ("[2001, 2006]", "[2001, 2002, 2006]", "panel.span: "),
    "stars in the wrong order": ("[0.10, 0.05, 0.01]", "[0.01, 0.05]", "from the weakest to the strongest"),
    "stars of one": ("[0.10, 0.05, 0.01]", "[1]", "a cut-off lies between 0 and 1"),
    "four stars": ("[0.10, 0.05, 0.01]", "[0.2, 0.10, 0.05, 0.01]", "at most three cut-offs"),
    "two recipes": ("{formula: log(gdp),", "{formula: log(gdp), measure: f(x),", "both 'formula' and 'measure'"),
    "a name in two places": ("growth: diff", "early: diff", "'early' is both in 'samples' and in 'variables'"),
    "list and macro": ("  controls: ", "  coast: ", "'coast' is both in 'lists' and in 'macros'"),
    "no identifier": ("study: small", "study: 1small", "'1small' is no name"),
    "blank in an id": ("  t4:", "  t 4:", "'t 4' is no name"),
    "bad digest": ("sha256: MAIN", "sha256: abc", "'abc' is no SHA-256 digest"),
    "default as a version": ("  straight:", "  default:", "a version cannot be called 'default'"),
    "table across versions": ("  t4:", "  t3_versions:", "is called 't3_versions'"),
    "join of two": ("- more: {rq: quality}", "- {more: {rq: quality}, main: [x]}", "names one source"),
    "joined twice": ("{rq: quality}", "[quality, quality]", "the column 'quality' is listed twice"),
    "41 columns": ("      - y ~ tbi | code + year\n", "      - y ~ tbi | code + year\n" * 39, "at most 40 entries"),
    "clustering in words": ("{cluster: code}", "cluster", "clustering is written {cluster: column}"),
    "no tables": ("tables:", "tables: {}\nlists2:", "lists2: unknown key, did you mean 'lists'?"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "words"), FAULTS.values(), ids=FAULTS)
def test_faults(tmp_path, old, new, words):
    assert words in fault(tmp_path, old, new)


def test_the_promised_message(tmp_path):
    text = fault(tmp_path, "    sample: shore\n", "    sample: shore\n    clustr: code\n")
    assert text.splitlines()[:4] == [
        "study.yaml:62:5: tables.t4.clustr: unknown key, did you mean 'cluster'?",
        "        clustr: code",
        "        ^",
        "  hint: written vcov: {cluster: …}",
    ]


VERSIONS = {
    "no such key": ("{variables.RQQ.formula: x}", "variables.RQQ.formula: the study has no 'RQQ', did you mean 'RQ'?"),
    "no such source": ("{sources.mor.where: x > 1}", "the study has no 'mor', did you mean 'more'?"),
    "no such entry": ("{panel.join.3: {main: x}}", "no entry 3 (0 to 0)"),
    "no number": ("{panel.join.²: {main: x}}", "no entry ²"),
    "below a text": ("{study.x: 1}", "cannot change 'study'"),
    "below a number": ("{defaults.digits.x: 1}", "nothing lies below 'digits'"),
    "itself": ("{versions.edition1: {}}", "cannot change 'versions'"),
    "wrong kind": ("{defaults.digits: many}", "defaults.digits: expected a whole number, found 'many'"),
    "a table less": ("{tables: {t1: {title: x, values: tbi, rows: year, columns: ['BEI']}}}", "other tables than"),
    "another kind of table": ("{tables.t4: {title: x, values: tbi, rows: year, columns: ['BEI']}}", "another kind"),
    "a misspelt column": ("{variables.RQ.formula: interpolate(rqq)}", "study.yaml:65:48: variables.RQ.formula"),
    "inside a new entry": ("{panel.drop: [{where: cod == 'HLJ', why: x}]}", "study.yaml:65:35: panel.drop.0.where"),
}


@pytest.mark.parametrize(("change", "words"), VERSIONS.values(), ids=VERSIONS)
def test_versions_change_what_is_there(tmp_path, change, words):
    folder = small.write(tmp_path, small.TEXT.replace("{variables.RQ.formula: interpolate(rq)}", change))
    with pytest.raises(EconloomError) as caught:
        el.study(folder).plan()
    assert words in str(caught.value)


def test_a_version_leaves_the_study_as_it_was(folder):
    spec = schema.load(folder)
    changed = schema.version(spec, "straight")
    assert changed.variables["RQ"].formula == "interpolate(rq)"
    assert spec == schema.load(folder) and spec.variables["RQ"].formula == "carry_forward(rq)"
    assert schema.version(spec, "default") is spec


def test_python_and_yaml_build_the_same_study(folder):
    small.rewrite(folder, small.TEXT, pinned=False)
    from_file = el.study(folder)
    from_dict = el.study(small.data(), folder)
    assert from_dict.spec.model_dump() == from_file.spec.model_dump()
    assert [s.digest for s in from_dict.plan().steps] == [s.digest for s in from_file.plan().steps]
    one, other = from_dict.run(), from_file.run()
    assert one.results.equals(other.results) and one.values.equals(other.values)
    assert one.path is None and other.path == folder / "out"


@pytest.mark.parametrize("data", [{}, {"study": 1}, {1: 2}, {"study": "a", "title": object()}, {"tables": []}])
def test_odd_dicts_are_refused(data):
    with pytest.raises(EconloomError):
        el.study(data)
