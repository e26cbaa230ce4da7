"""The columns and series of estimators beside a two-way estimate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from econloom.core.covariances import VcovSpec
from econloom.core.errors import EconloomError, EstimationError
from econloom.core.estimate import Tidy
from econloom.core.frame import Panel
from econloom.core.labels import Label
from econloom.core.lineage import SampleLog
from econloom.panel.did.effects import DynamicEffects
from econloom.panel.formula import parse_formula
from econloom.study.staggered.registry import NEVER, ROBUST
from econloom.study.staggered.wanted import Wanted, beside

NOT_ESTIMATED = Label("未能估计", "not estimated")


@dataclass(frozen=True)
class Companion:
    """What an estimator says beside a two-way column: one row, in the row of the treatment."""

    summary: Tidy


def column(
    formula: str,
    data: Panel,
    vcov: VcovSpec,
    where: pl.Series | None,
    weights: str | None,
    *,
    method: str,
    term: str,
    adoption: tuple[str, str | None],
    convention: str,
    asked: bool,
) -> Companion:
    """The column of one estimator beside a two-way estimate.

    Parameters
    ----------
    formula : str
        Of the two-way model.
    data : Panel
    vcov, where, weights, convention
        Its own; the last is its small-sample convention.
    method : str
        Name in :data:`ROBUST`.
    term : str
        The treatment, whose row it stands in.
    adoption : (str, str or None)
        Columns of the first treated period and of what adopts.
    asked : bool
        By name: what cannot be estimated is an error. Otherwise the column is empty and says why.

    Raises
    ------
    EconloomError
        As the estimator.
    """
    way = ROBUST[method]
    wanted = beside(formula, data, vcov, where, weights, term, adoption, convention)
    model = parse_formula(formula)
    try:
        found, summary = way.overall(wanted)
        if not found.std_error > 0:
            raise EstimationError("the error of the mean effect is undefined")
    except EconloomError as error:
        if asked:
            raise _with_others(error, method, wanted) from error
        return Companion(_empty(wanted, method, error))
    clusters = wanted.vcov.clusters if wanted.vcov is not None else (wanted.keys[0],)
    return Companion(
        replace(
            summary,
            coefficients=(replace(found, term=term),),
            glance={k: summary.glance.get(k) for k in ("n", "n_units", "n_treated", "n_clusters")},
            effects=tuple(e.name for e in model.effects),
            clusters=clusters if summary.vcov.startswith("cluster") else summary.clusters,
            removed=(),
            extra={
                "warnings": summary.extra.get("warnings", ()),
                "estimator": method,
                "companion": method,
                "adjusted": tuple(t.name for t in model.terms if t.name != term) if way.controls != "none" else (),
                "compared": way.compared(wanted),
            },
        )
    )


def series(wanted: Wanted, names: Sequence[str], asked: bool) -> tuple[list[tuple[str, DynamicEffects]], list[Tidy]]:
    """Effects by event time of several estimators.

    Returns
    -------
    list of (name, DynamicEffects)
    list of Tidy
        Of those that cannot be estimated, with the reason.

    Raises
    ------
    EconloomError
        One that was asked for by name cannot be estimated.
    """
    made, failed = [], []
    for name in names:
        try:
            made.append((name, ROBUST[name].effects(wanted)))
        except EconloomError as error:
            if asked:
                raise _with_others(error, name, wanted) from error
            failed.append(_empty(wanted, name, error))
    return made, failed


def _with_others(error: EconloomError, method: str, wanted: Wanted) -> EconloomError:
    """The error with the estimator's name, and those that need no never-treated units where there are none."""
    if wanted.never or method != "group_time":
        return error.within(method)
    others = [n for n, way in ROBUST.items() if way.compared(wanted) != NEVER]
    return EstimationError("group_time: no unit is never treated in the sample", hint=f"robust: [{', '.join(others)}]")


def _empty(wanted: Wanted, method: str, error: EconloomError) -> Tidy:
    """A column without a number, which says why."""
    model = parse_formula(wanted.formula)
    reason = error.message
    for text in (wanted.plain, wanted.formula):
        reason = reason.removeprefix(f"{text}: ")
    label = ROBUST[method].label
    note = Label(f"{label.text('zh')}未能估计：{reason}", f"{label.text('en')} not estimated: {reason}")
    return Tidy(
        outcome=model.outcome.name,
        coefficients=(),
        glance={"n": None},
        effects=tuple(e.name for e in model.effects),
        vcov=str(wanted.vcov),
        ssc="none",
        distribution="normal",
        df=None,
        sample=SampleLog(0, (), 0),
        extra={
            "warnings": (f"{method}: not estimated: {reason}",),
            "estimator": method,
            "companion": method,
            "adjusted": tuple(t.name for t in model.terms),
            "compared": NOT_ESTIMATED,
            "note": note,
        },
    )
