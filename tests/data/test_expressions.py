import math
import statistics

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from econloom.core.errors import DataError, EconloomError, ExpressionError, UsageError
from econloom.core.frame import Panel
from econloom.data.expressions import Scope, check, compute, compute_condition, condition, evaluate
from econloom.data.functions import FUNCTIONS
from econloom.study.functions import FUNCTIONS as MEASURED

NUMBERS = st.one_of(st.none(), st.floats(0.01, 100), st.integers(1, 100).map(float))


def panel_of(x, y=None):
    """Rows A, B, C of 2000, then of 2001, and so on."""
    keys = {"code": ["ABC"[k % 3] for k in range(len(x))], "year": [2000 + k // 3 for k in range(len(x))]}
    columns = {"x": pl.Series(x, dtype=pl.Float64), "y": pl.Series(y or x, dtype=pl.Float64)}
    return Panel.build(pl.DataFrame({**keys, **columns}), "code", "year")


X = [1.0, None, 3.0, 4.0, 0.5, None, 2.0, 8.0, 1.0]
PANEL = panel_of(X)


def by_unit(rule, x, units):
    """A statistic of the present values of each unit, None without one."""
    found = {}
    for unit in set(units):
        there = [v for v, u in zip(x, units, strict=True) if u == unit and v is not None]
        found[unit] = rule(there)
    return [found[u] for u in units]


def or_none(rule, least=1):
    return lambda values: rule(values) if len(values) >= least else None


ELEMENTWISE = {"log": math.log, "log1p": math.log1p, "exp": math.exp, "sqrt": math.sqrt, "abs": abs}
SUMMARIES = {
    "mean": or_none(statistics.fmean),
    "sum": or_none(sum),
    "min": or_none(min),
    "max": or_none(max),
    "sd": or_none(statistics.stdev, 2),
    "median": or_none(statistics.median),
    "count": len,
}
IN_TIME = {
    "lag(x)": -1, "lag(x, 2)": -2, "lead(x)": 1, "l(x)": -1, "l(x, -1)": 1, "f(x, 2)": 2, "lag(x, 0)": 0,
}  # fmt: skip


def close(found, wanted):
    assert [v is None for v in found] == [v is None for v in wanted]
    for a, b in zip(found, wanted, strict=True):
        assert a is None or a == pytest.approx(b, rel=1e-12, abs=1e-12)


@given(st.lists(NUMBERS, min_size=1, max_size=12), st.sampled_from(sorted(ELEMENTWISE)))
def test_functions_of_one_value(x, name):
    wanted = [None if v is None else ELEMENTWISE[name](v) for v in x]
    close(evaluate(panel_of(x), f"{name}(x)").to_list(), wanted)


@given(st.lists(NUMBERS, min_size=1, max_size=12), st.sampled_from(sorted(SUMMARIES)))
def test_summaries(x, name):
    panel = panel_of(x)
    whole = SUMMARIES[name]([v for v in x if v is not None])
    close(evaluate(panel, f"{name}(x)").to_list(), [whole] * len(x))
    units = panel.frame["code"].to_list()
    close(evaluate(panel, f"{name}(x, by=code)").to_list(), by_unit(SUMMARIES[name], x, units))


@pytest.mark.parametrize(("text", "step"), IN_TIME.items())
def test_lags_and_leads(text, step):
    there = dict(zip(PANEL.frame.select("code", "year").iter_rows(), X, strict=True))
    close(evaluate(PANEL, text).to_list(), [there.get((c, t + step)) for c, t in there])


@pytest.mark.parametrize("name", ["diff", "d"])
def test_differences(name):
    earlier = evaluate(PANEL, "lag(x)").to_list()
    wanted = [None if a is None or b is None else a - b for a, b in zip(X, earlier, strict=True)]
    close(evaluate(PANEL, f"{name}(x)").to_list(), wanted)


def test_fills_leave_flags_and_events():
    done = compute(PANEL, "interpolate(x) + carry_forward(y, limit=1)")
    assert set(done.flags) == {"x_filled", "y_filled"}
    assert [e.kind for e in done.events] == ["fill", "fill"]


def test_fill_with_a_number():
    done = compute(PANEL, "fill(x, 0)")
    assert done.values.to_list() == [0.0 if v is None else v for v in X]
    assert done.flags["x_filled"].to_list() == [v is None for v in X]
    with pytest.raises(ExpressionError, match="number"):
        evaluate(PANEL, "fill(x, y)")


def test_at_and_missing():
    assert evaluate(PANEL, "at(x, year == 2001)").to_list() == [4.0, 0.5, None] * 3
    assert condition(PANEL, "missing(x)").to_list() == [v is None for v in X]
    assert evaluate(PANEL, "count()").to_list() == [9.0] * 9
    with pytest.raises(ExpressionError, match="holds in several rows of a unit"):
        evaluate(PANEL, "at(x, year > 2000)")
    with pytest.raises(ExpressionError, match="holds in no row"):
        evaluate(PANEL, "at(x, year > 3000)")


def test_every_function_is_tested():
    tried = {*ELEMENTWISE, *SUMMARIES, *(t.split("(")[0] for t in IN_TIME)}
    cleaning = "winsorise trim deflate deflator price_level convert minmax zscore leave_one_out"
    elsewhere = {*cleaning.split(), "region", "province", "adcode", "iso3", "member"}  # tests of their own
    here = {"diff", "d", "fill", "interpolate", "carry_forward", "at", "missing"}
    assert tried | elsewhere | here == set(FUNCTIONS) - set(MEASURED)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("log(x - 1)", r"log\(\) has no value in 3 rows: A 2000, B 2001, C 2002 \(first: 0.0\)"),
        ("log(-x)", "in 7 rows"),
        ("sqrt(-x)", "has no value"),
        ("1 / (x - 1)", "division by zero in 2 rows: A 2000, C 2002"),
        ("(x - x) / (x - x)", "division by zero"),
        ("exp(1000 * x)", "has no value"),
        ("(-x) ^ 0.5", "without a finite real value"),
        ("(x - x) ^ -1", "without a finite real value"),
        ("x * 1e308 * 1e308", "overflow"),
        ("log(1e999)", "has no value"),
        ("interpolate(z)", "column 'z' holds 1 infinite values: A 2000"),
        ("z", "infinite"),
    ],
)
def test_values_that_do_not_exist_are_refused(text, words):
    panel = PANEL.with_column("z", pl.Series([math.inf] + [1.0] * 8))
    with pytest.raises(DataError, match=words):
        evaluate(panel, text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("gpd + 1", "no column or sample 'gpd', did you mean 'gdp'"),
        ("lgo(x)", r"no function 'lgo', did you mean 'log'"),
        ("x + code", "needs numbers here, this is text"),
        ("x + 'a'", "needs numbers here, this is text"),
        ("x == 'a'", "compares numbers with text"),
        ("code == 3", "compares text with numbers"),
        ("not x", "needs true or false here, this is numbers"),
        ("x > 1 and x", "needs true or false"),
        ("x > 1", "numbers expected, this gives true or false"),
        ("-true", "needs numbers"),
        ("log()", "lacks its argument 'x'"),
        ("log(x, 2)", "too many arguments"),
        ("lag(x, periods=1, limit=2)", "no further argument 'limit'"),
        ("lag(x, 1.5)", "must be a whole number"),
        ("lag(x, -1)", "negative"),
        ("lag(x, y)", "must be a whole number"),
        ("diff(x, 0)", "at least 1"),
        ("carry_forward(x, limit=0)", "at least 1"),
        ("mean(x, by=cod)", "by= takes columns; 'cod' is none, did you mean 'code'"),
        ("x : y", "belongs to model formulas"),
        ("[1, 2]", "a list stands only behind"),
        ("big + 1", "'big' is a list: it stands behind 'in'"),
        ("+".join(["x"] * 250), "operations inside one another"),
    ],
)
def test_formulas_that_make_no_sense(text, words):
    panel = PANEL.with_column("gdp", PANEL.frame["x"])
    with pytest.raises(ExpressionError, match=words):
        evaluate(panel, text, Scope({"big": ("A",)}))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x", "a condition expected, this gives numbers"),
        ("code == 'D'", "no row has 'D' here"),
        ("code != 'AA'", "no row has 'AA' here, did you mean 'A'"),
        ("code in [A]", "'A' in a list is not quoted"),
        ("code in big2", "no list 'big2', did you mean 'big'"),
        ("code in x", "no list 'x'"),
        ("code in [1]", "the column holds text, the list numbers"),
        ("code in []", "the list nothing"),
        ("code in ['Z', 'Y']", "no row has any member"),
        ("'A' in big", "a column stands before 'in'"),
        ("x in [-1, 1 + 1]", "numbers and quoted texts"),
    ],
)
def test_conditions_that_make_no_sense(text, words):
    with pytest.raises(ExpressionError, match=words):
        condition(PANEL, text, Scope({"big": ("A",)}))


def test_strangers_in_a_list_are_a_warning():
    done = compute_condition(PANEL, "code in big", Scope({"big": ("A", "AA", "Z")}))
    assert done.values.to_list() == [True, False, False] * 3
    assert "'AA', did you mean 'A'?" in done.events[0].message
    assert condition(PANEL, "x not in [1, -3]").to_list() == [None if v is None else v != 1 for v in X]


def test_samples_are_bare_words():
    scope = Scope(samples={"early": "year < 2001", "both": "early and x > 2"})
    assert condition(PANEL, "both", scope).to_list() == [False, None, True] + [False] * 6
    with pytest.raises(EconloomError, match="samples inside one another"):
        condition(PANEL, "a", Scope(samples={"a": "b", "b": "a"}))


def test_check_needs_no_data():
    check("log(gdp) > 1 and code in ['A']", ["gdp", "code"])
    for text, kind in (("lgdp", ExpressionError), ("f(", ExpressionError), ("code in xs", ExpressionError)):
        with pytest.raises(kind):
            check(text, ["gdp", "code"])
    with pytest.raises(UsageError):
        check("+".join(["gdp"] * 5000), ["gdp"])


def test_whole_numbers_do_not_wrap():
    frame = pl.DataFrame({"x": [200, 255], "y": [2**62, 2**62]}, schema={"x": pl.UInt8, "y": pl.Int64})
    panel = Panel.build(frame)
    assert evaluate(panel, "-x").to_list() == [-200, -255]
    assert evaluate(panel, "x * x").to_list() == [40000, 65025]
    assert evaluate(panel, "sum(y)").to_list() == [2.0**63] * 2


TERMS = st.recursive(
    st.sampled_from(["x", "y", "2", "0.5"]),
    lambda inner: (
        st.tuples(inner, st.sampled_from("+-*/^"), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})")
        | st.tuples(st.sampled_from(["log", "exp", "sqrt", "abs", "-"]), inner).map(lambda p: f"{p[0]}({p[1]})")
    ),
    max_leaves=6,
)


@given(TERMS, st.lists(NUMBERS, min_size=1, max_size=6))
def test_missing_in_missing_out(text, x):
    """A row without x has no value in anything made of x, and no value is ever infinite or NaN."""
    panel = panel_of(x, [v if v is not None else 1.0 for v in x])
    try:
        found = evaluate(panel, f"{text} + 0 * x").to_list()
    except DataError:
        return
    assert all(f is None for f, v in zip(found, x, strict=True) if v is None)
    assert all(f is not None and math.isfinite(f) for f, v in zip(found, x, strict=True) if v is not None)


@given(st.text(st.sampled_from("xy code12+-*/()[],'=<>&in notlag"), max_size=25))
def test_any_text_gives_a_column_or_a_clear_error(text):
    for act in (evaluate, condition):
        try:
            assert act(PANEL, text).len() == PANEL.height
        except EconloomError as error:
            assert str(error)
