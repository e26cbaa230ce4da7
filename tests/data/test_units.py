"""Units and currencies: by hand; the shipped exchange rates against another source."""

import polars as pl
import pytest

import econloom as el
from econloom.core.errors import DataError, UsageError
from econloom.core.frame import Panel, Variable
from econloom.data.columns.units import unit
from econloom.data.expressions import compute

# Penn World Table 9.1, `xr` of China (yuan for one US dollar, after the IMF), CC BY 4.0, Feenstra, Inklaar and Timmer
# (2015). The yearbook averages the official middle rate of trading days, the IMF that of all days: 0.11 per cent.
PWT = {
    1985: 2.9367, 1990: 4.7832, 1993: 5.7620, 1994: 8.6187, 1997: 8.2898, 2000: 8.2785, 2004: 8.2768, 2005: 8.1943,
    2006: 7.9734, 2007: 7.6075, 2008: 6.9487, 2009: 6.8314, 2010: 6.7703, 2011: 6.4615, 2012: 6.3123, 2013: 6.1958,
    2014: 6.1434, 2015: 6.2275, 2016: 6.6445, 2017: 6.7588,
}  # fmt: skip


def panel(**columns):
    n = len(next(iter(columns.values())))
    return Panel.build(pl.DataFrame({"c": ["A"] * n, "t": range(2008, 2008 + n), **columns}), "c", "t")


def test_the_shipped_rates_against_the_penn_world_table():
    ours = dict(el.clean.usd_cny().iter_rows())
    assert sorted(ours) == list(range(1981, 2024))
    for year, rate in PWT.items():
        assert ours[year] == pytest.approx(rate, rel=0.0011), year


@pytest.mark.parametrize(
    ("old", "new", "factor"),
    [("万元", "亿元", 1e-4), ("亩", "公顷", 1 / 15), ("万人", "人", 1e4), ("%", "share", 0.01),
     ("million USD", "万美元", 100), ("km2", "平方公里", 1), ("十亿元", "billion CNY", 1)],
)  # fmt: skip
def test_units_of_one_kind(old, new, factor):
    made = el.clean.convert(panel(x=[3.0]), "x", old, new)
    assert made.frame["x"].to_list() == pytest.approx([3 * factor], rel=1e-14)
    assert made.variables["x"].unit == new


def test_dollars_at_the_average_of_each_year():
    made = el.clean.convert(panel(x=[100.0, 100.0]), "x", "万美元", "万元")
    assert made.frame["x"].to_list() == pytest.approx([694.51, 683.10])
    assert "annual average of the official middle rate" in made.events[-1].message
    back = el.clean.convert(made, "x", "万元", "万美元")
    assert back.frame["x"].to_list() == pytest.approx([100.0, 100.0])


def test_a_rate_of_ones_own():
    given = panel(x=[2.0, 3.0], r=[7.0, 8.0])
    assert el.clean.convert(given, "x", "USD", "CNY", rate="r").frame["x"].to_list() == [14.0, 24.0]
    assert compute(given, "convert(x, 'USD', 'CNY', rate=r)").values.to_list() == [14.0, 24.0]
    assert compute(given, "convert(x, '万元', '亿元')").values.to_list() == pytest.approx([2e-4, 3e-4])


@pytest.mark.parametrize(
    ("old", "new", "rate", "kind", "words"),
    [
        ("万元", "万人", None, UsageError, "万元 is money, 万人 is persons"),
        ("万园", "亿元", None, UsageError, "no unit '万园'"),
        ("EUR", "CNY", None, UsageError, "a column of CNY for one EUR"),
        ("CNY", "亿元", [7.0, 7.0], UsageError, "a rate has no use"),
        ("USD", "CNY", [0.14, 0.15], DataError, "it may be inverted"),
        ("USD", "CNY", [694.5, 683.1], DataError, "the yearbook quotes 100 dollars"),
        ("USD", "CNY", [7.0, None], DataError, "no exchange rate for A 2009"),
        ("EUR", "CNY", [8.0, -1.0], DataError, "not positive: A 2009"),
    ],
)
def test_conversions_that_cannot_be(old, new, rate, kind, words):
    given = panel(x=[1.0, 1.0], r=pl.Series(rate or [1.0, 1.0], dtype=pl.Float64))
    with pytest.raises(kind) as caught:
        el.clean.convert(given, "x", old, new, rate="r" if rate else None)
    assert words in str(caught.value)


def test_a_column_known_to_be_in_another_unit():
    given = panel(x=[1.0]).with_column("x", pl.Series([1.0]), Variable(unit="亿元"))
    with pytest.raises(UsageError, match="'x' is in 亿元, not in 万元"):
        el.clean.convert(given, "x", "万元", "元")
    assert unit("亿元").currency == "CNY"


def test_a_year_without_a_rate():
    given = Panel.build(pl.DataFrame({"c": ["A"], "t": [1960], "x": [1.0]}), "c", "t")
    with pytest.raises(DataError, match="no exchange rate for A 1960"):
        el.clean.convert(given, "x", "USD", "CNY")
