import pytest

from econloom.core.errors import ExpressionError, UsageError
from econloom.panel.formula import canonical, parse_formula


def terms(text: str) -> list[str]:
    return [t.name for t in parse_formula(text).terms]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("y ~ x + z", ["x", "z"]),
        ("y ~ log( x ) + l(x,1)", ["log( x )", "l(x,1)"]),
        ("y ~ a*b", ["a", "b", "a:b"]),
        ("y ~ (a + b):c", ["a:c", "b:c"]),
        ("y ~ a:a + a", ["a"]),
        ("y ~ a:b + b:a", ["a:b"]),
        ("y ~ x + x + log(x) + log( x )", ["x", "log(x)"]),
        ("y ~ l(x, 1:3)", ["l(x, 1)", "l(x, 2)", "l(x, 3)"]),
        ("y ~ I(x^2 / 2) + 贸易 + `人均 GDP`", ["I(x^2 / 2)", "贸易", "人均 GDP"]),
        ("y ~ log(x):z", ["log(x):z"]),
    ],
)
def test_terms_are_named_as_typed(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


@pytest.mark.parametrize(
    ("text", "intercept"),
    [("y ~ x", True), ("y ~ 1", True), ("y ~ 0 + x", False), ("y ~ x - 1", False), ("y ~ -1 + x", False)],
)
def test_intercept(text: str, intercept: bool) -> None:
    assert parse_formula(text).intercept is intercept


def test_effects() -> None:
    spec = parse_formula("log(y / pop) ~ x | 城市 + province^year + year^province")
    assert [e.name for e in spec.effects] == ["城市", "province^year"]
    assert spec.outcome.name == "log(y / pop)"
    assert parse_formula("y ~ x | 0").effects == ()


@pytest.mark.parametrize(("text", "name"), [("y ~ poly(a, 2)", "poly()"), ("y ~ b:poly(a, 3) | firm", "poly()")])
def test_later_constructs_are_named(text: str, name: str) -> None:
    with pytest.raises(UsageError, match="not built yet") as caught:
        parse_formula(text)
    assert name in str(caught.value)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("y", 1),
        ("y ~", 3),
        ("~ x", 0),
        ("y ~ x |", 7),
        ("y ~ x + ", 8),
        ("y ~ x ~ z", 6),
        ("y ~ x | a | b", 12),
        ("y ~ a / b", 6),
        ("y ~ x^2", 5),
        ("y ~ x - z", 8),
        ("y ~ x + 3", 8),
        ("y ~ x | a * b", 10),
        ("y ~ x | a - b", 12),
        ("y ~ l(x, 2:1)", 10),
        ("y ~ x ＋ z", 6),
        ("y ~ 'x'", 4),
        ("y ~ I(a, b)", 4),
        ("y ~ (x", 6),
    ],
)
def test_errors_carry_a_caret(text: str, position: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_formula(text)
    assert caught.value.position == position
    assert str(caught.value).splitlines()[2].rstrip().endswith("^")


def test_canonical_is_blind_to_spelling() -> None:
    one, two = (parse_formula(f"y ~ {x}").terms[0].factors[0].node for x in ("log(a+2.0)", "log( `a` + 2 )"))
    assert canonical(one) == canonical(two)
