import pickle

import pytest

from econloom.core.errors import (
    DataError,
    EconloomError,
    EstimationError,
    ExpressionError,
    Location,
    OutputError,
    StudyFileError,
    UsageError,
    did_you_mean,
    listed,
)

HERE = Location("研究/study.yaml", 11, 5, "    clustr: code\n")
ERRORS = [
    UsageError("wrong", where=HERE, hint="do this"),
    DataError("missing"),
    EstimationError("singular", hint="drop one"),
    OutputError("full", where=Location("out")),
    ExpressionError("unknown", "log(gdpp)", 4, "known: gdp"),
    StudyFileError([UsageError("one", where=HERE), DataError("two")]),
]


def test_the_caret_stands_under_the_column():
    message = str(UsageError("unknown key", where=HERE, hint="did you mean 'cluster'?"))
    assert message == (
        "研究/study.yaml:11:5: unknown key\n        clustr: code\n        ^\n  hint: did you mean 'cluster'?"
    )


def test_full_width_characters_are_two_blanks_wide():
    where = Location("s.yaml", 1, 3, "国家：x")
    assert where.excerpt() == "    国家：x\n        ^"
    assert str(ExpressionError("full width", "a（b", 1)).splitlines()[-1] == "     ^"


def test_a_tab_is_one_blank():
    assert Location("s", 1, 2, "\tx").excerpt() == "     x\n     ^"


@pytest.mark.parametrize(
    ("where", "text"),
    [
        (Location("f"), ""),
        (Location("f", 3), ""),
        (Location("f", 3, None, "line"), "    line"),
    ],
)
def test_an_excerpt_needs_a_source(where, text):
    assert where.excerpt() == text


def test_a_caret_in_a_long_expression_shows_its_neighbourhood():
    text = "+".join(["gdp"] * 200)
    shown = str(ExpressionError("odd", text, 400)).splitlines()
    assert len(shown[1]) < 160
    assert shown[1].count("…") == 2
    assert shown[1][shown[2].index("^")] == text[400]


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
def test_errors_survive_pickling(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (str(again), again.exit_code, again.hint) == (str(error), error.exit_code, error.hint)


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
def test_within_and_at_keep_the_kind_of_fault(error):
    named = error.within("table t3")
    assert "table t3: " in str(named)
    assert named.exit_code == error.exit_code
    placed = named.at(Location("other.yaml", 1, 1))
    assert placed.exit_code == error.exit_code
    if error.where:
        assert placed.where == error.where


@pytest.mark.parametrize(
    ("kinds", "code"), [((UsageError, DataError), 2), ((DataError, DataError), 3), ((DataError, EstimationError), 3)]
)
def test_the_exit_code_of_several_faults(kinds, code):
    assert StudyFileError([k("x") for k in kinds]).exit_code == code
    assert StudyFileError([]).exit_code == 2


def test_suggestions():
    assert did_you_mean("clustr", ["cluster", "vcov"]) == ", did you mean 'cluster'?"
    assert did_you_mean("KOFGIDJ", ["KOFGIdj"]) == ", did you mean 'KOFGIdj'?"
    assert did_you_mean("贸易指", ["贸易指数", "年份"]) == ", did you mean '贸易指数'?"
    assert did_you_mean("zzz", ["cluster"]) == did_you_mean("x", []) == ""


def test_long_lists_are_cut():
    assert listed(range(3)) == "0, 1, 2"
    assert listed(range(11)) == "0, 1, 2, 3, 4, 5, 6, 7 and 3 more"


def test_exit_codes():
    codes = [e.exit_code for e in (EconloomError("x"), *ERRORS)]
    assert codes == [1, 2, 3, 4, 2, 2, 2]
