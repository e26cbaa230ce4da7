"""Whether the condition of a finding holds: the run knows its models, the print does not show them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from econloom.audit.findings import Finding
from econloom.audit.paper import PaperTable
from econloom.core.estimate import Tidy
from econloom.study.self_audit.known import Known

_NEAR = 1e-9  # relative, of numbers that one formula gives for the same rows


def holds(finding: Finding, table: PaperTable, about: Known) -> bool | None:
    """Whether the condition of a finding is true; None where the run cannot tell either."""
    if finding.check == "copy":
        return _copied(finding, table, about)
    models = _columns(finding, table, about)
    if models is None:
        return None
    if finding.check == "stars":
        return _starred(finding, about)
    if finding.check == "repeated":  # rows that an estimator stacks are more than those of the panel
        return False if any(m.extra.get("estimator") for m in models) else None
    judge = _JUDGES.get(finding.check)
    return judge(models) if judge is not None else None


def _columns(finding: Finding, table: PaperTable, about: Known) -> list[Tidy] | None:
    """The models of the columns that a finding names, where each has one."""
    _, named, columns = finding.where.rpartition("column ")
    held = [about.column(table, c.strip()) for c in columns.split(",")] if named else []
    return [h[0] for h in held] if held and all(len(h) == 1 for h in held) else None


def _starred(finding: Finding, about: Known) -> bool:
    """All coefficients of the models are marked, by one distribution in each column; other rows need not be."""
    _, named, rest = finding.where.partition("row ")
    return about.by_table and (not named or any(rest.startswith(repr(label)) for label in about.marked))


def least_squares(model: Tidy) -> bool:
    """Whether a model is least squares: no instruments, no random effects, no estimator of another name."""
    apart = {"kappa", "theta"} & set(model.glance) or model.extra.get("estimator") or model.stage == "second"
    return not apart and model.glance.get("r2_adjusted") is not None


def one_sample(models: Sequence[Tidy]) -> bool:
    """Whether models have the same rows for all that is known: the same funnel, and the same N."""
    return all(a.sample == b.sample and a.glance.get("n") == b.glance.get("n") for a, b in pairwise(models))


def _nested(models: Sequence[Tidy]) -> bool | None:
    """Least squares of one outcome, with the same weights, on the same rows."""
    means = [m.glance.get("mean_outcome") for m in models]
    same = all(a.outcome == b.outcome and a.effects == b.effects for a, b in pairwise(models))
    if not (same and one_sample(models) and all(map(least_squares, models))):
        return False
    return True if all(a and b and math.isclose(a, b, rel_tol=_NEAR) for a, b in pairwise(means)) else None


def _mediated(models: Sequence[Tidy]) -> bool | None:
    """Least squares on the same rows; that the regressors which are not printed are the same too is not known."""
    same = all(a.effects == b.effects for a, b in pairwise(models))
    return None if same and one_sample(models) and all(map(least_squares, models)) else False


def _centred(models: Sequence[Tidy]) -> bool | None:
    """Every interval lies around its estimate."""
    spans = [(c.conf_low, c.estimate, c.conf_high) for m in models for c in m.coefficients if c.conf_low is not None]
    return all(math.isclose(high - b, b - low, rel_tol=1e-6, abs_tol=1e-12) for low, b, high in spans)


def _counted(models: Sequence[Tidy]) -> bool | None:
    """A column is no part of another one, nor that one with more regressors, if its rows were chosen otherwise."""
    whole, *others = (_chosen(m) for m in models)
    apart = any(m.sample.offered != models[0].sample.offered or m.extra.get("estimator") for m in models)
    return False if apart or not all(o.startswith(whole) for o in others) else None


def _chosen(model: Tidy) -> str:
    """The conditions that chose the rows of a model."""
    return next((d.reason for d in model.sample.drops if d.reason.startswith("outside where")), "outside where")


def _copied(finding: Finding, table: PaperTable, about: Known) -> bool | None:
    """A column is copied if the numbers before rounding are those of another column."""
    own = about.column(table, finding.where.rpartition("column ")[2])
    others = {_numbers(m) for c in about.columns if c is not own for m in c}
    return None if not own or any(_numbers(m) in others for m in own) else False


def _numbers(model: Tidy) -> tuple[tuple[str, float], ...]:
    return tuple((c.term, c.estimate) for c in model.coefficients)


_JUDGES: Mapping[str, Callable[[Sequence[Tidy]], bool | None]] = {
    "nested": _nested,
    "r2_loglik": _nested,
    "mediation": _mediated,
    "interval": _centred,
    "n": _counted,
}
