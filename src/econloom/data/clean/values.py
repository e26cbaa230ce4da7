"""Columns filled, cut, deflated and converted; the new values take the place of the old, or stand beside them."""

from __future__ import annotations

from econloom.core.errors import UsageError
from econloom.core.frame import Panel
from econloom.data.clean.entering import Names, each, entered, names_of
from econloom.data.columns import filling, prices, tails, units
from econloom.data.columns.filling import Method
from econloom.data.columns.prices import Form
from econloom.data.columns.tails import Rule


def interpolate(
    panel: Panel, columns: Names, *, method: Method = "linear", limit: int | None = None, suffix: str = ""
) -> Panel:
    """Fill interior gaps by unit, never beyond the first or last value; a flag ``x_filled`` marks the filled cells.

    Parameters
    ----------
    columns : str or sequence of str
    method : {"linear", "log"}
        ``x_a + (x_b - x_a)(t - a)/(b - a)``, or constant growth ``x_a (x_b / x_a)^((t - a)/(b - a))``.
    limit : int, optional
        Only gaps of at most this many periods.
    suffix : str
        Of the new column's name; empty: it takes the place of the old one.

    Raises
    ------
    DataError
        A column that holds no numbers; ``log`` beside a value that is not positive.

    Examples
    --------
    >>> import polars as pl
    >>> import econloom as el
    >>> p = el.clean.panel(pl.DataFrame({"c": ["A"] * 3, "t": [1, 2, 3], "x": [1.0, None, 4.0]}), "c", "t")
    >>> el.clean.interpolate(p, "x").frame["x"].to_list(), el.clean.interpolate(p, "x").events[-1].message
    ([1.0, 2.5, 4.0], 'x: 1 missing cells interpolated linearly')
    """
    return each(panel, columns, suffix, lambda x: filling.interpolate(panel, x, method, limit), f"interpolate:{method}")


def fill(panel: Panel, columns: Names, value: float, *, suffix: str = "") -> Panel:
    """Give every missing cell one value, such as 0 where a register has no entry; a flag ``x_filled`` marks them.

    Examples
    --------
    >>> import polars as pl
    >>> import econloom as el
    >>> p = el.clean.panel(pl.DataFrame({"c": ["A", "B"], "t": [1, 1], "patents": [5, None]}), "c", "t")
    >>> el.clean.fill(p, "patents", 0).frame["patents"].to_list()
    [5.0, 0.0]
    """
    return each(panel, columns, suffix, lambda x: filling.fill(panel, x, value), f"fill:{value:g}")


def carry_forward(panel: Panel, columns: Names, *, limit: int | None = None, suffix: str = "") -> Panel:
    """Fill a missing value with the unit's last one before it; a flag ``x_filled`` marks the filled cells.

    Examples
    --------
    >>> import polars as pl
    >>> import econloom as el
    >>> p = el.clean.panel(pl.DataFrame({"c": ["A"] * 3, "t": [1, 2, 3], "x": [1.0, None, None]}), "c", "t")
    >>> el.clean.carry_forward(p, "x", limit=1).frame["x_filled"].to_list()
    [False, True, False]
    """
    return each(panel, columns, suffix, lambda x: filling.carry_forward(panel, x, limit), "carry_forward")


def winsorise(
    panel: Panel,
    columns: Names,
    lower: float = 0.01,
    upper: float = 0.99,
    *,
    by: Names | None = None,
    rule: Rule = "winsor",
    suffix: str = "",
) -> Panel:
    """Values beyond two percentiles take the percentile's value; over all rows or within the groups of ``by``.

    Parameters
    ----------
    lower, upper : float
        Shares: 0.01 and 0.99; 0 or 1 leaves a side alone.
    by : str or sequence of str, optional
        Such as the year.
    rule : {"winsor", "pctile", "centile", "linear"}
        ``winsor``: Stata's ``winsor``, idempotent. ``pctile``: Stata's ``winsor2``. ``centile``: Stata's ``centile``.
        ``linear``: R's and numpy's default. See docs/cleaning.md.

    Raises
    ------
    UsageError
        Percentiles that are no shares or not in order, or an unknown rule.

    Examples
    --------
    >>> import polars as pl
    >>> import econloom as el
    >>> p = el.clean.panel(pl.DataFrame({"x": [1.0, 2.0, 3.0, 4.0, 100.0]}))
    >>> el.clean.winsorise(p, "x", 0.2, 0.8, suffix="_w").frame["x_w"].to_list()
    [2.0, 2.0, 3.0, 4.0, 4.0]
    """
    cut = tails.tails_of(lower, upper, by, rule)
    return each(panel, columns, suffix, lambda x: tails.winsorise(panel, x, cut), f"winsorised {cut}")


def trim(
    panel: Panel,
    columns: Names,
    lower: float = 0.01,
    upper: float = 0.99,
    *,
    by: Names | None = None,
    rule: Rule = "winsor",
    suffix: str = "",
) -> Panel:
    """Values beyond two percentiles become missing; arguments as :func:`winsorise`.

    Examples
    --------
    >>> import polars as pl
    >>> import econloom as el
    >>> p = el.clean.panel(pl.DataFrame({"x": [1.0, 2.0, 3.0, 4.0, 100.0]}))
    >>> el.clean.trim(p, "x", 0, 0.8).frame["x"].to_list()
    [1.0, 2.0, 3.0, 4.0, None]
    """
    cut = tails.tails_of(lower, upper, by, rule)
    return each(panel, columns, suffix, lambda x: tails.trim(panel, x, cut), f"trimmed {cut}")


def deflate(
    panel: Panel, columns: Names, index: str, base: int, *, form: Form = "previous=100", suffix: str = "_real"
) -> Panel:
    """Columns at prices of the base year, beside the nominal ones.

    Parameters
    ----------
    index : str
        Column of the price index.
    base : int
        The base year; with a chain it may be the year before the first link.
    form : {"previous=100", "previous=1", "base=100", "base=1"}
        Links to the year before (上年=100), or levels whose base year must show 100 or 1.

    Raises
    ------
    DataError
        An index that cannot be of that form, whose base is not 100 or 1, or that reaches the base for no unit.

    Examples
    --------
    >>> import polars as pl
    >>> import econloom as el
    >>> p = el.clean.panel(pl.DataFrame({"c": ["A"], "t": [2005], "y": [110.0], "cpi": [110.0]}), "c", "t")
    >>> round(el.clean.deflate(p, "y", "cpi", base=2004).frame["y_real"][0], 6)
    100.0
    """
    level = prices.price_level(panel, panel.column(index), base, form)
    what = f"prices of {base} ({index}, {form})"
    return each(panel, columns, suffix, lambda x: prices.deflated(x, level, what), f"at prices of {base}")


def deflator(panel: Panel, nominal: str, real_index: str, base: int, *, form: Form = "previous=100",
             name: str = "deflator") -> Panel:  # fmt: skip
    """The implicit deflator ``(nominal_t / nominal_base) / real_index_t`` as a new column.

    Examples
    --------
    >>> import polars as pl
    >>> import econloom as el
    >>> frame = pl.DataFrame({"c": ["A"] * 2, "t": [2004, 2005], "y": [100.0, 121.0], "q": [105.0, 110.0]})
    >>> p = el.clean.panel(frame, "c", "t")
    >>> [round(v, 4) for v in el.clean.deflator(p, "y", "q", 2004).frame["deflator"]]
    [1.0, 1.1]
    """
    made = prices.implicit_deflator(panel, panel.column(nominal), panel.column(real_index), base, form)
    return entered(panel, name, made.named(name), f"deflator({nominal}, {real_index}, base={base})")


def convert(panel: Panel, columns: Names, old: str, new: str, *, rate: str | None = None, suffix: str = "") -> Panel:
    """Columns in another unit or currency; the unit is kept with the variable.

    Parameters
    ----------
    old, new : str
        Such as ``万元`` and ``亿元``, ``万美元`` and ``亿元``, ``million USD``, ``万人``, ``km2``, ``%``.
    rate : str, optional
        Column with units of the new currency for one of the old. Without it dollars and yuan are converted at the
        annual average of the official middle rate.

    Raises
    ------
    UsageError
        Unknown units or units of different kinds, a column known to be in another unit, a rate that is missing.
    DataError
        Rates that are missing, not positive or look inverted.

    Examples
    --------
    >>> import polars as pl
    >>> import econloom as el
    >>> p = el.clean.panel(pl.DataFrame({"c": ["A"], "t": [2008], "fdi": [100.0]}), "c", "t")
    >>> made = el.clean.convert(p, "fdi", "万美元", "万元")
    >>> made.frame["fdi"][0], made.variables["fdi"].unit
    (694.51, '万元')
    """
    for name in names_of(columns):
        known = panel.variables.get(name)
        if known is not None and known.unit is not None and known.unit != old:
            raise UsageError(f"convert: {name!r} is in {known.unit}, not in {old}")
    rates = None if rate is None else panel.column(rate)
    return each(panel, columns, suffix, lambda x: units.convert(panel, x, old, new, rates), f"{old} to {new}")
