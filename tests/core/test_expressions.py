import pytest
from hypothesis import given
from hypothesis import strategies as st

from econloom.core.errors import ExpressionError
from econloom.core.expressions import (
    MAX_CHAIN,
    MAX_DEPTH,
    MAX_LENGTH,
    Binary,
    Call,
    Items,
    Name,
    Number,
    Text,
    Truth,
    Unary,
    names_in,
    parse,
)


def shown(node):
    """A tree with all its brackets."""
    if isinstance(node, Binary):
        return f"({shown(node.left)} {node.op} {shown(node.right)})"
    if isinstance(node, Unary):
        return f"({node.op} {shown(node.operand)})"
    if isinstance(node, Call):
        named = [f"{k}={shown(v)}" for k, v in node.kwargs]
        return f"{node.function}({', '.join([*map(shown, node.args), *named])})"
    if isinstance(node, Items):
        return f"[{', '.join(map(shown, node.items))}]"
    if isinstance(node, Name):
        return node.name
    return repr(node.value)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a + b * c", "(a + (b * c))"),
        ("a - b - c", "((a - b) - c)"),
        ("a / b * c", "((a / b) * c)"),
        ("a ^ b ^ c", "(a ^ (b ^ c))"),
        ("a ** b", "(a ^ b)"),
        ("-a ^ b", "(- (a ^ b))"),
        ("-a * b", "((- a) * b)"),
        ("a : b * c", "((a : b) * c)"),
        ("not a and b or c", "(((not a) and b) or c)"),
        ("a or b and c", "(a or (b and c))"),
        ("not a == b", "(not (a == b))"),
        ("a + 1 > b * 2", "((a + 1.0) > (b * 2.0))"),
        ("a in [1, 'x']", "(a in [1.0, 'x'])"),
        ("a not in xs and b", "((a not in xs) and b)"),
        ("(a + b) * c", "((a + b) * c)"),
        ("lag(log(x), 2)", "lag(log(x), 2.0)"),
        ("mean(x, by=[a, b])", "mean(x, by=[a, b])"),
        ("`GDP (2011)` / 人口", "(GDP (2011) / 人口)"),
        ("1.5e-3 + .5", "(0.0015 + 0.5)"),
        ("x == true", "(x == True)"),
        ("f(a,)", "f(a)"),
    ],
)
def test_precedence(text, tree):
    assert shown(parse(text)) == tree


def test_literals():
    assert parse("3") == Number(3.0, 0, True)
    assert parse("3.0") == Number(3.0, 0, False)
    assert parse('"中文"') == Text("中文", 0)
    assert parse("false") == Truth(False, 0)


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("", 0, "ends too early"),
        ("a +", 3, "ends too early"),
        ("a b", 2, "unexpected 'b'"),
        ("a = b", 2, "unexpected '='"),
        ("log(x", 5, "expected ')', found the end"),
        ("(a]", 2, "expected ')', found ']'"),
        ("a < b < c", 6, "comparisons do not chain"),
        ("a && b", 2, "'&' is not an operator"),
        ("!a", 0, "'!' is not an operator"),
        ("$controls", 0, "a macro"),
        ("2x", 0, "cannot start with a digit"),
        ("'open", 0, "not closed"),
        ("``", 0, "empty name"),
        ("f(a=1, a=2)", 8, "given twice"),
        ("f(a=1, 2)", 7, "positional argument follows"),
        ("a § b", 2, "unexpected character '§' (U+00A7)"),
        (")", 0, "expected a name"),
        ("log（x）", 3, "full-width"),
        ("a，b", 1, "full-width"),
        ("x ≥ 3", 2, "full-width"),
        ("code == “CHN”", 8, "full-width"),
        ("a\u3000+ b", 1, "full-width"),
        ("a − b", 2, "full-width"),
    ],
)
def test_faults_have_a_place(text, position, words):
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert caught.value.position == position
    assert words in caught.value.problem


@pytest.mark.parametrize(("wide", "plain"), [("（", "("), ("，", ","), ("：", ":"), ("＝", "="), ("“", '"')])
def test_full_width_punctuation_names_its_plain_form(wide, plain):
    with pytest.raises(ExpressionError) as caught:
        parse(f"a {wide} b")
    assert caught.value.hint == f"type {plain} instead"


def test_limits():
    with pytest.raises(ExpressionError, match="nested levels"):
        parse("(" * (MAX_DEPTH + 1) + "x" + ")" * (MAX_DEPTH + 1))
    with pytest.raises(ExpressionError, match="operators in a row"):
        parse("+".join(["x"] * (MAX_CHAIN + 2)))
    with pytest.raises(ExpressionError, match="characters"):
        parse("x" * (MAX_LENGTH + 1))
    assert len(names_in(parse("+".join(["x"] * MAX_CHAIN)))) == MAX_CHAIN


def test_names_in_reading_order():
    assert [n.name for n in names_in(parse("lag(b, 2) + a in xs or not f(z=c)"))] == ["b", "a", "xs", "c"]


TOKENS = st.sampled_from([*"()[],:+-*/^<>=~|@'\"`$ 12ab.", "log(", " in ", " not ", " and ", "，", "true", "**", "年"])


@given(st.text(st.characters(exclude_categories=["Cs"])) | st.lists(TOKENS, max_size=30).map("".join))
def test_any_text_is_read_or_refused(text):
    try:
        parse(text)
    except ExpressionError as error:
        assert 0 <= error.position <= len(text)
        assert str(error)
