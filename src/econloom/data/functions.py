"""The functions of the formula language: a table of names, parameters and what computes them.

Each works on whole columns in the panel's row order; a missing value stays missing. To add one, write it here and
enter it in ``FUNCTIONS``: reading, checking and the list in error messages follow. Functions of higher layers, such as
the measures of inequality, are entered by :func:`register`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

from econloom.core.errors import UsageError, did_you_mean
from econloom.core.frame import Panel
from econloom.data.columns import filling, groups, prices, scaling, tails, timing, units
from econloom.data.columns.worked import Filled, Worked, grouped
from econloom.data.regions import columns as regions
from econloom.data.regions.named import SCHEMES
from econloom.data.regions.registry import clubs

ParameterKind = Literal["numbers", "whole", "number", "word", "condition", "columns", "any", "several"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: what it takes, whether it may be left out, whether it is given by name only.

    ``numbers``, ``condition`` and ``any`` are columns, ``several`` a list of columns of numbers, ``columns`` names;
    ``whole``, ``number`` and ``word`` (a quoted text, one of ``choices``) stand in the formula.
    """

    name: str
    kind: ParameterKind = "numbers"
    optional: bool = False
    named: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the language.

    Attributes
    ----------
    apply : callable
        ``apply(panel, **arguments) -> polars.Series, Filled or Worked``.
    parameters : tuple of Parameter
    summary : bool
        One value a group: in an aggregate it is taken within the group without ``by=``.
    """

    apply: Callable[..., pl.Series | Filled | Worked]
    parameters: tuple[Parameter, ...]
    summary: bool = False

    def usage(self, name: str) -> str:
        """How the function is written, such as ``lag(x, [periods])``."""
        words = [f"{p.name}=…" if p.named else p.name for p in self.parameters]
        shown = [f"[{w}]" if p.optional else w for w, p in zip(words, self.parameters, strict=True)]
        return f"{name}({', '.join(shown)})"


def _elementwise(name: str) -> Function:
    """A numpy function, applied to the values that are there."""
    ufunc: np.ufunc = getattr(np, name)

    def apply(panel: Panel, x: pl.Series) -> pl.Series:
        present = x.cast(pl.Float64)
        with np.errstate(all="ignore"):
            result = pl.Series(x.name, ufunc(present.to_numpy()))
        return pl.select(pl.when(present.is_not_null()).then(result)).to_series().alias(x.name)

    return Function(apply, (Parameter("x"),))


def _shift(sign: int, either: bool) -> Function:
    """Lags (sign 1) and leads (sign -1) that know time."""

    def apply(panel: Panel, x: pl.Series, periods: int = 1) -> pl.Series:
        if periods < 0 and not either:
            raise UsageError("the number of periods is negative", hint="lag() looks back, lead() ahead")
        return timing.lag(panel, x, sign * periods)

    return Function(apply, (Parameter("x"), Parameter("periods", "whole", optional=True)))


_BY = Parameter("by", "columns", optional=True, named=True)
_INDEX = Parameter("index", "word", optional=True, named=True, choices=prices.FORMS)


def _cut(act: Callable[[Panel, pl.Series, tails.Tails], Worked]) -> Function:
    """Winsorising and trimming."""

    def apply(
        panel: Panel,
        x: pl.Series,
        lower: float = 0.01,
        upper: float = 0.99,
        by: list[str] | None = None,
        rule: tails.Rule = "winsor",
    ) -> Worked:
        return act(panel, x, tails.tails_of(lower, upper, by, rule))

    ends = (Parameter("lower", "number", optional=True), Parameter("upper", "number", optional=True))
    rule = Parameter("rule", "word", optional=True, named=True, choices=tails.RULES)
    return Function(apply, (Parameter("x"), *ends, _BY, rule))


def _grouped(act: Callable[[Panel, pl.Series, list[str]], pl.Series | Worked]) -> Function:
    """A function of a column, over all rows or within groups."""

    def apply(panel: Panel, x: pl.Series, by: list[str] | None = None) -> pl.Series | Worked:
        return act(panel, x, by or [])

    return Function(apply, (Parameter("x"), _BY))


def _deflate(panel: Panel, x: pl.Series, price: pl.Series, base: int, index: prices.Form = "previous=100") -> Worked:
    return prices.deflate(panel, x, price, base, index)


def _deflator(
    panel: Panel, nominal: pl.Series, volume: pl.Series, base: int, index: prices.Form = "previous=100"
) -> Worked:
    return prices.implicit_deflator(panel, nominal, volume, base, index)


def _price_level(panel: Panel, price: pl.Series, base: int, index: prices.Form = "previous=100") -> Worked:
    return prices.price_level(panel, price, base, index)


def _summary(rule: Callable[[pl.Expr], pl.Expr]) -> Callable[..., pl.Series]:
    """A statistic of all rows, or of the rows of each group, repeated in every row."""

    def apply(panel: Panel, x: pl.Series | None = None, by: list[str] | None = None) -> pl.Series:
        values = pl.Series("count", [1.0] * panel.height) if x is None else x.cast(pl.Float64)  # no overflow
        frame, groups_of = grouped(panel, by or (), values)
        expression = rule(pl.col("x"))
        spread = expression.over(groups_of) if groups_of else expression
        return frame.with_columns(spread.alias("made"))["made"].cast(pl.Float64).alias(values.name)

    return apply


def _summaries() -> dict[str, Function]:
    rules: dict[str, Callable[[pl.Expr], pl.Expr]] = {
        "mean": lambda v: v.mean(),
        "sum": lambda v: pl.when(v.count() > 0).then(v.sum()),
        "min": lambda v: v.min(),
        "max": lambda v: v.max(),
        "sd": lambda v: v.std(),
        "median": lambda v: v.median(),
        "count": lambda v: v.count(),
    }
    by = Parameter("by", "columns", optional=True, named=True)
    return {n: Function(_summary(r), (Parameter("x", optional=n == "count"), by), True) for n, r in rules.items()}


def _at(panel: Panel, x: pl.Series, where: pl.Series) -> pl.Series:
    """The unit's value in its one row where the condition holds."""
    if panel.unit is None:
        raise UsageError("at() needs the unit of the panel", hint="give unit=")
    picked = panel.frame.select(panel.unit).with_columns(x.alias("__x")).filter(where.fill_null(False))
    if picked[panel.unit].is_duplicated().any():
        raise UsageError("at(): the condition holds in several rows of a unit")
    if picked.height == 0:
        raise UsageError("at(): the condition holds in no row")
    return panel.frame.select(panel.unit).join(picked, on=panel.unit, how="left", maintain_order="left")["__x"]


def _missing(panel: Panel, x: pl.Series) -> pl.Series:
    return x.is_null()


FUNCTIONS: dict[str, Function] = {
    **{name: _elementwise(name) for name in ("log", "log1p", "exp", "sqrt", "abs")},
    "lag": _shift(1, either=False),
    "lead": _shift(-1, either=False),
    "l": _shift(1, either=True),
    "f": _shift(-1, either=True),
    **dict.fromkeys(
        ("diff", "d"),
        Function(timing.difference, (Parameter("values"), Parameter("periods", "whole", optional=True))),
    ),
    "carry_forward": Function(
        filling.carry_forward, (Parameter("values"), Parameter("limit", "whole", optional=True, named=True))
    ),
    "fill": Function(filling.fill, (Parameter("values"), Parameter("value", "number"))),
    "interpolate": Function(
        filling.interpolate,
        (
            Parameter("values"),
            Parameter("method", "word", optional=True, named=True, choices=filling.METHODS),
            Parameter("limit", "whole", optional=True, named=True),
        ),
    ),
    "winsorise": _cut(tails.winsorise),
    "trim": _cut(tails.trim),
    "deflate": Function(_deflate, (Parameter("x"), Parameter("price"), Parameter("base", "whole", named=True), _INDEX)),
    "deflator": Function(
        _deflator, (Parameter("nominal"), Parameter("volume"), Parameter("base", "whole", named=True), _INDEX)
    ),
    "price_level": Function(_price_level, (Parameter("price"), Parameter("base", "whole", named=True), _INDEX)),
    "convert": Function(
        units.convert,
        (
            Parameter("values"),
            Parameter("old", "word"),
            Parameter("new", "word"),
            Parameter("rate", optional=True, named=True),
        ),
    ),
    "minmax": _grouped(scaling.minmax),
    "zscore": _grouped(scaling.zscore),
    "leave_one_out": _grouped(groups.leave_one_out),
    "region": Function(
        regions.region_of, (Parameter("x", "any"), Parameter("scheme", "word", optional=True, choices=tuple(SCHEMES)))
    ),
    "province": Function(regions.province_of, (Parameter("x", "any"),)),
    "adcode": Function(regions.adcode_of, (Parameter("x", "any"),)),
    "iso3": Function(regions.iso3_of, (Parameter("x", "any"),)),
    "member": Function(regions.member_of, (Parameter("x", "any"), Parameter("name", "word", choices=tuple(clubs())))),
    **_summaries(),
    "at": Function(_at, (Parameter("x"), Parameter("where", "condition"))),
    "missing": Function(_missing, (Parameter("x", "any"),)),
}


def register(functions: Mapping[str, Function]) -> None:
    """Enter functions that a higher layer computes; the study layer enters those of :mod:`econloom.measures`.

    Raises
    ------
    ValueError
        A name that is taken.
    """
    taken = sorted(set(functions) & set(FUNCTIONS))
    if taken:
        raise ValueError(f"functions of formulas with these names exist: {', '.join(taken)}")
    FUNCTIONS.update(functions)


def bind(name: str, positional: list[Any], named: Mapping[str, Any]) -> list[tuple[Parameter, Any]]:
    """Match arguments to the parameters of a function.

    Raises
    ------
    UsageError
        Too many or too few arguments, or an unknown name; says how the function is written.
    """
    function = FUNCTIONS[name]
    free = [p for p in function.parameters if not p.named]
    hint = f"written {function.usage(name)}"
    if len(positional) > len(free):
        raise UsageError(f"{name}() has too many arguments", hint=hint)
    bound = dict(zip((p.name for p in free), positional, strict=False))
    known = {p.name: p for p in function.parameters}
    for key, value in named.items():
        if key not in known or key in bound:
            raise UsageError(f"{name}() has no further argument {key!r}{did_you_mean(key, known)}", hint=hint)
        bound[key] = value
    for parameter in function.parameters:
        if parameter.name not in bound and not parameter.optional:
            raise UsageError(f"{name}() lacks its argument {parameter.name!r}", hint=hint)
    return [(known[key], value) for key, value in bound.items()]
