"""Redraws of treated units and their dates: from a request to draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import polars as pl

from econloom.core.errors import DataError, EstimationError, UsageError, did_you_mean, plural
from econloom.core.frame import Panel
from econloom.core.spec import SscName, VcovSpec, cluster
from econloom.data.sources import as_panel
from econloom.panel.designs.placebo.assignment import Assignment, Keys, read
from econloom.panel.designs.placebo.base import prepare, treatment_term
from econloom.panel.designs.placebo.drawing import Pool, dealt, scheme, with_dates
from econloom.panel.designs.placebo.found import Placebo, RealTreated
from econloom.panel.designs.placebo.running import Outcome, Progress, run
from econloom.panel.fit import fit_many, requests
from econloom.panel.fitted import Fit
from econloom.panel.formula import Term
from econloom.panel.request import Request

FEWEST = 19


@dataclass(frozen=True)
class Draw:
    """How units are drawn.

    Attributes
    ----------
    keys : Keys
    draws, seed : int
    pool : {"all", "never_treated"}
    real_treated : {"keep", "drop"} or None
        Rows of truly treated units; None drops them where they are not in the pool.
    counts : mapping or None
        Units by batch; as many as there are by default.
    exact : bool or None
        Enumerate all assignments; None where there are no more than draws.
    """

    keys: Keys
    draws: int = 500
    seed: int = 1
    pool: Pool = "all"
    real_treated: RealTreated | None = None
    counts: Mapping[Any, int] | None = None
    exact: bool | None = None

    def __post_init__(self) -> None:
        for what, value, known in (("pool", self.pool, Pool), ("real_treated", self.real_treated, RealTreated)):
            if value is not None and value not in get_args(known):
                near = did_you_mean(value, get_args(known))
                raise UsageError(f"no {what} {value!r}{near}", hint=", ".join(get_args(known)))
        if isinstance(self.draws, bool) or not isinstance(self.draws, int) or self.draws < FEWEST:
            raise UsageError(f"draws: {self.draws!r} draws cannot reach a p value of 0.05", hint="draws=500")
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise UsageError(f"seed: a whole number from 0 on, not {self.seed!r}")
        if self.exact not in (None, True, False):
            raise UsageError(f"exact: True, False or None, not {self.exact!r}")
        if not isinstance(self.counts, Mapping | None):
            raise UsageError(f"counts: units by batch, not {self.counts!r:.60}", hint="counts={2015: 1, 2016: 12}")
        if self.pool == "all" and self.real_treated == "drop":
            raise UsageError("a pool of all units keeps the rows of the treated", hint="pool='never_treated'")

    @property
    def rows(self) -> RealTreated:
        """What becomes of the rows of truly treated units."""
        return self.real_treated or ("keep" if self.pool == "all" else "drop")


def permute(
    formula: str,
    data: Any,
    treatment: str,
    unit: str,
    time: str | None = None,
    draws: int = 500,
    seed: int = 1,
    within: str | Sequence[str] | None = None,
    vcov: VcovSpec | None = None,
    pool: Pool = "all",
    real_treated: RealTreated | None = None,
    counts: Mapping[Any, int] | None = None,
    exact: bool | None = None,
    cohort: str | None = None,
    weights: str | None = None,
    where: str | None = None,
    ssc: SscName = "fixest",
    singletons: Literal["keep", "drop"] = "keep",
    rows_of: str | None = None,
    progress: Progress | None = None,
) -> Placebo:
    """Randomisation inference: the treated units, and their dates, drawn again and again.

    Parameters
    ----------
    formula : str
        Of one least-squares model; the treatment is one of its regressors, by itself.
    data : Panel, polars, pandas, pyarrow or path
    treatment : str
        Column that is 0 before adoption, then positive and never falling.
    unit : str
        What treatment is assigned to, such as ``"city"``; rows may be finer, such as firms.
    time : str, optional
        Periods; without it treatment must be the same in all rows of a unit.
    draws, seed : int
        At least 19 draws. The same seed gives the same draws, and 100 draws are the first of 500.
    within : str or sequence of str, optional
        Strata: as many units are drawn in each as are treated there, of each batch.
    vcov : VcovSpec, optional
        ``el.cluster(unit)`` by default.
    pool : {"all", "never_treated"}
        Units that may be drawn. With all of them the p value is exact under the hypothesis of no effect on any unit.
    real_treated : {"keep", "drop"}, optional
        Rows of truly treated units that are not in the pool: kept as untreated, or dropped (the default then).
    counts : mapping, optional
        Units to draw by batch or period, ``{2015: 1, 2016: 12}``; by default as many as are treated.
    exact : bool, optional
        Enumerate every assignment once; by default where there are no more of them than draws.
    cohort : str, optional
        Column of the batch, null for never: needed where the data do not show a treated unit's date.
    weights, where, ssc, singletons
        As for :func:`econloom.ols`.
    rows_of : str, optional
        What rows are where they are finer than ``unit``, such as ``"firm"``: lags in the formula need it.
    progress : callable, optional
        ``progress(done, draws)``.

    Returns
    -------
    Placebo
        ``.tidy()`` has one row a draw, ``.p_value("t")`` the p value.

    Raises
    ------
    UsageError
        A column, choice or formula that does not fit; too many assignments to enumerate.
    DataError
        Treatment that differs between rows of a unit and period, switches off, or has no date.
    EstimationError
        A treatment that the effects absorb, strata without enough untreated units, a single possible assignment.

    Notes
    -----
    With b the coefficient of the model and ``b*`` that of a draw, ``p = (1 + #{|b*| >= |b|}) / (1 + draws)``, likewise
    for t (Fisher 1935; Phipson and Smyth 2010; Young 2019 for t). A draw costs no regression: see
    :mod:`econloom.panel.designs.placebo.cells`; its numbers are those of ``el.ols`` with the drawn treatment.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"city": list("aabbccddee"), "year": [1, 2] * 5, "d": [0, 1] + [0] * 8,
    ...                       "y": [1.0, 5.0, 1.0, 2.0, 2.0, 2.5, 0.0, 1.2, 3.0, 3.1]})
    >>> found = permute("y ~ d | city + year", frame, "d", "city", "year", draws=99)
    >>> found.exact, found.p_value("estimate")
    (True, 0.2)
    """
    keys = Keys.of(treatment, unit, time, within, cohort)
    how = Draw(keys, draws, seed, pool, real_treated, counts, exact)
    panel = panel_of(data, keys, rows_of)
    options = {"weights": weights, "where": where, "ssc": ssc, "singletons": singletons}
    asked = requests(formula, panel, vcov=vcov or cluster(unit), **options)
    if len(asked) > 1:
        raise UsageError(f"placebo draws are of one model, not of {len(asked)}: {formula}")
    return permuted(asked[0], how, progress)


def panel_of(data: Any, keys: Keys, rows_of: str | None = None) -> Panel:
    """The data as a panel; keyed by what rows are, or by unit and time where these name its rows."""
    if rows_of is not None:
        return as_panel(data, rows_of, keys.time)
    panel = as_panel(data)
    keys.refuse_unknown(panel.columns)
    if panel.unit is None and keys.time is not None:
        try:
            return as_panel(panel, keys.unit, keys.time)
        except DataError:
            return panel  # rows are finer than the units of treatment
    return panel


def permuted(asked: Request, how: Draw, progress: Progress | None = None) -> Placebo:
    """As :func:`permute`, of a request.

    Parameters
    ----------
    asked : Request
    how : Draw
    progress : callable, optional
    """
    how.keys.refuse_unknown(asked.panel.columns)
    if asked.vcov.kind == "wild":
        raise UsageError("a wild bootstrap in every draw is refused: its t values are those of el.cluster()")
    term = treatment_term(asked, how.keys.treatment)
    real = fit_many([asked])[0]
    coefficient = _coefficient(real, term)
    whole = with_dates(read(asked.panel.frame[real.design.rows], how.keys), how.counts)
    plan = scheme(whole, how.pool, how.counts)
    labels, exact, notes = dealt(plan, how.draws, how.seed, how.exact)
    rows, found = None, whole
    if how.rows == "drop":
        found, rows = whole.only(~whole.treated), _untreated(real, whole)
        labels = np.ascontiguousarray(labels[:, ~whole.treated])
    base = prepare(real, term, rows)
    found = _ordered(found, base.fit, how.keys)
    outcome = run(base, found, labels, progress)
    notes = (*notes, *_without(outcome))
    return Placebo(
        term.name, coefficient, real, outcome, found, labels, base.fit.design.rows, how.pool, how.rows, plan.space,
        exact, how.pool == "all" and not how.counts, how.seed, (*whole.notes, *notes),
    )  # fmt: skip


def _without(outcome: Outcome) -> list[str]:
    """How many draws lack a coefficient, or a standard error, and why the first does."""
    bare = np.isnan(outcome.estimate)
    found = []
    for what, lost in (("a coefficient", bare), ("a standard error", np.isnan(outcome.std_error) & ~bare)):
        if lost.any():
            first = outcome.why[int(np.argmax(lost))]
            found.append(f"{plural(int(lost.sum()), 'draw')} without {what}: {first}")
    return found


def _coefficient(real: Fit, term: Term) -> Any:
    """The true estimate.

    Raises
    ------
    EstimationError
    """
    found = real.summary.coefficient(term.name)
    if found is None:
        why = dict(real.estimate.removed).get(term.name, "it was left out")
        raise EstimationError(f"the treatment {term.name!r} has no coefficient: {why}", hint="coarser effects")
    return found


def _untreated(real: Fit, whole: Assignment) -> pl.Series:
    """Rows of units that are never treated."""
    chosen = np.zeros(real.request.panel.height, dtype=bool)
    chosen[real.design.rows[~whole.treated[whole.unit_rows]]] = True
    return pl.Series("units never treated", chosen)


def _ordered(found: Assignment, fit: Fit, keys: Keys) -> Assignment:
    """The assignment with the rows as the design of the draws has them."""
    frame = fit.request.panel.frame[fit.design.rows]
    places = {u: n for n, u in enumerate(found.units)}
    unit_rows = frame[keys.unit].replace_strict(places, return_dtype=pl.Int64).to_numpy()
    if keys.time is None:
        period_rows = np.zeros(len(unit_rows), dtype=np.int64)
    else:
        period_rows = np.searchsorted(found.periods, frame[keys.time].cast(pl.Int64).to_numpy())
    return replace(found, unit_rows=unit_rows, period_rows=period_rows)
