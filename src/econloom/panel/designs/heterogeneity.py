"""Subgroups, and whether their coefficients differ. ``el.heterogeneity`` is this module.

"Significant here, not there" is no test of a difference (Gelman and Stern 2006). Three are offered:

``interaction``   the coefficient of the term times the group in one regression in which everything, effects too, is
                  interacted with the group (Chow 1960), with the covariance and convention of the fits
``suest``         the seemingly unrelated sandwich with Stata's factor and the normal law (Weesie 1999)
``permutation``   Fisher's test: labels are dealt again, whole units where each lies in one group
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from econloom.core.errors import EconloomError, EstimationError, UsageError, did_you_mean
from econloom.core.frame import Panel
from econloom.core.spec import SscName, VcovSpec, iid
from econloom.data import expressions
from econloom.data.sources import as_panel
from econloom.panel.absorb import FloatArray
from econloom.panel.columns import Columns
from econloom.panel.design import draw_sample
from econloom.panel.designs.differences import Comparison, Difference, TestName, differences, known_tests
from econloom.panel.designs.joint import union
from econloom.panel.designs.splits import Groups, Split, divide, refuse_functions, split
from econloom.panel.fit import fit_many, request
from econloom.panel.fitted import Fit
from econloom.panel.request import Request

__all__ = ["Comparison", "Difference", "Split", "compare", "differences", "split"]

By = str | Split | Mapping[str, str] | Sequence[str]


def compare(
    formula: str,
    data: Any,
    by: By,
    terms: Sequence[str] | str | None = None,
    tests: Sequence[TestName] | TestName = ("interaction",),
    vcov: VcovSpec | None = None,
    weights: str | None = None,
    where: str | None = None,
    unit: str | None = None,
    time: str | None = None,
    ssc: SscName = "fixest",
    draws: int = 1_000,
    seed: int = 1,
    permute: str | None = None,
) -> Comparison:
    """One model in every group, and tests of the differences between the groups.

    Parameters
    ----------
    formula : str
        Of one model; effects are absorbed in each group by themselves.
    data : Panel, polars, pandas, pyarrow or path
    by : str, Split, mapping or sequence
        A column whose values are the groups; a rule of :func:`split`; or conditions, by label or alone.
    terms : str or sequence of str, optional
        Coefficients to compare; the first regressor by default.
    tests : {"interaction", "suest", "permutation"} or several
    vcov, weights, where, unit, time, ssc
        As for :func:`econloom.ols`.
    draws, seed : int
        Of the permutation test.
    permute : str, optional
        Column whose values are dealt together, or ``"rows"``; by default units where each lies in one group.

    Returns
    -------
    Comparison

    Raises
    ------
    UsageError
        A term that the model does not have, fewer than two groups, a split by a function of the regressor or of the
        outcome that is not forced, a formula of several models.
    EstimationError
        An empty group, a group with one cluster, a term that a group does not identify; with the group's name.

    Notes
    -----
    With ``b_1, b_2`` the coefficients of two groups, ``t = (b_1 - b_2) / sqrt(V_11 + V_22 - 2 V_12)``; V_12 is not
    zero where clusters have rows in both (Chow 1960; Weesie 1999; Good 2005 for the permutation test).

    Examples
    --------
    >>> import polars as pl
    >>> x = [1.0, 2, 3, 4, 1, 2, 3, 4]
    >>> frame = pl.DataFrame({"g": ["a"] * 4 + ["b"] * 4, "x": x, "y": [1.0, 2, 3, 4.5, 2, 4.5, 6, 8]})
    >>> found = compare("y ~ x", frame, by="g")
    >>> [round(v, 4) for v in found.tidy()["difference"]], round(found.tidy()["p_value"][0], 4)
    ([-0.8], 0.0097)
    """
    wanted = known_tests(tests)
    panel = as_panel(data, unit, time)
    groups, conditions = _groups(panel, by, where)
    options = {"vcov": vcov or iid(), "weights": weights, "unit": unit, "ssc": ssc}
    asked = {name: request(formula, panel, where=inside, **options) for name, inside in conditions.items()}
    if groups is not None:
        first = next(iter(asked.values()))
        _refuse_functions(groups, first, terms)
    fits = dict(zip(asked, fit_groups(asked), strict=True))
    made = differences(fits, terms, wanted, draws, seed, permute)
    whole = request(formula, panel, where=where, **options)
    left_out = rows_left_out(whole, list(fits.values()))
    return Comparison(fits, made.differences, made.joint, left_out, made.shared, groups, made.permutation)


def _groups(panel: Panel, by: By, where: str | None) -> tuple[Groups | None, dict[str, pl.Series]]:
    """The rows of each group, by its label."""
    inside = pl.repeat(True, panel.height, eager=True)
    if where is not None:
        inside = expressions.condition(panel, where).fill_null(False)
    if isinstance(by, Split):
        groups = divide(panel, by, inside=inside)
        names = [label.text("en") for label in by.names]
        return groups, {n: inside & (groups.codes == k).fill_null(False) for k, n in enumerate(names)}
    if isinstance(by, str):
        if by not in panel.columns:
            raise UsageError(
                f"no column {by!r} of groups{did_you_mean(by, panel.columns)}", hint="or a condition: {'a': 'x > 0'}"
            )
        column = panel.column(by)
        values = column.filter(inside).drop_nulls().unique().sort().to_list()
        if len(values) > 50:
            raise UsageError(f"{by!r} has {len(values):,} values: too many groups", hint="el.heterogeneity.split(...)")
        found = {str(v): inside & (column == v).fill_null(False) for v in values}
    else:
        named = by if isinstance(by, Mapping) else {text: text for text in by}
        found = {n: inside & expressions.condition(panel, text).fill_null(False) for n, text in named.items()}
    if len(found) < 2:
        raise UsageError(f"a comparison needs two groups; there {'is' if found else 'are'} {len(found) or 'none'}")
    return None, found


def _refuse_functions(groups: Groups, asked: Request, terms: Sequence[str] | str | None) -> None:
    named = [terms] if isinstance(terms, str) else list(terms or [])
    chosen = [t for t in asked.model.regressors if t.name in named] or list(asked.model.regressors[:1])
    refuse_functions(groups, columns_of(asked, [asked.model.outcome, *chosen]))


def columns_of(asked: Request, terms: Sequence[Any]) -> dict[str, FloatArray]:
    """Values of some terms on all rows of the panel, by name."""
    columns = Columns(asked.panel, None, asked.scope)
    return {t.name: columns.term(t, asked.model.text) for t in terms if not columns.is_text(_column(t))}


def _column(term: Any) -> str | None:
    return getattr(term.factors[0], "column", None)


def fit_groups(asked: Mapping[str, Request]) -> list[Fit]:
    """Fits of all groups; an error names the group.

    Raises
    ------
    EstimationError, DataError
        An empty group, one cluster, and what a fit may raise.
    """
    found = []
    for name, one in asked.items():
        try:
            if isinstance(one.where, pl.Series) and not one.where.any():
                raise EstimationError("the group is empty: no row of the sample is in it")
            found.append(fit_many([one])[0])
        except EconloomError as error:
            raise error.within(f"group {name!r}") from error
    return found


def rows_left_out(whole: Request, fits: Sequence[Fit]) -> int:
    """Rows that the whole sample has and none of the fits."""
    columns = Columns(whole.panel, whole.where, whole.scope)
    rows = draw_sample(columns, whole).rows
    return len(np.setdiff1d(rows, union(fits), assume_unique=True))
