"""What honest intervals and the power of pre-tests rest on: effects before and after adoption, and a target."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from econloom.core.errors import EstimationError, UsageError, listed
from econloom.panel.absorb import FloatArray, IntArray
from econloom.panel.did.effects import DynamicEffects

Weights = Literal["equal"] | Mapping[int, float] | Sequence[float] | FloatArray
# their base is that of the effects before adoption alone; those after it are against all untreated rows
_APART = ("imputation", "two_stage")
_RANK = 1e-10  # smallest eigenvalue of the correlations: below it differences of estimates are rounding


@dataclass(frozen=True, eq=False)
class Trends:
    """Effects before and after adoption against one base period, with their covariance.

    Attributes
    ----------
    events : (m,) int array
        Ascending, without the base.
    estimates : (m,) array
    vcov : (m, m) array
    base : tuple of int
    n_pre : int
        How many of ``events`` are pre-periods; they come first.
    outcome : str
    notes : tuple of str
        What a reader has to know of the event times.
    """

    events: IntArray
    estimates: FloatArray
    vcov: FloatArray
    base: tuple[int, ...]
    n_pre: int
    outcome: str = ""
    notes: tuple[str, ...] = ()

    @property
    def pre(self) -> IntArray:
        """Event times of the pre-periods."""
        return self.events[: self.n_pre]

    @property
    def post(self) -> IntArray:
        """Event times of the others."""
        return self.events[self.n_pre :]


@dataclass(frozen=True)
class Target:
    """A weighted sum of post-periods' effects: weights (q,) and how it is written."""

    weights: FloatArray
    name: str


def trends(effects: Any, base: int | None = None) -> Trends:
    """Checked effects of an estimator, or of ``(event times, estimates, covariance)``.

    Raises
    ------
    UsageError
        Something else; no pre-period, no post-period; shapes, event times that repeat.
    EstimationError
        A covariance that is not finite, not symmetric or singular.
    """
    if isinstance(effects, DynamicEffects):
        if base is not None:
            raise UsageError("base= is for arrays: effects of an estimator know theirs")
        found = _of_estimator(effects)
    elif isinstance(effects, tuple) and len(effects) == 3:
        found = _of_arrays(*effects, -1 if base is None else base)
    else:
        raise UsageError(
            f"effects by event time, or (event times, estimates, covariance), not {type(effects).__name__}",
            hint="el.did.event_study(...), el.did.group_time(...).aggregate('dynamic') or another estimator's effects",
        )
    if not found.n_pre or found.n_pre == len(found.events):
        lacking = "post" if found.n_pre else "pre"
        raise UsageError(
            f"no {lacking}-period is estimated: the event times are {listed(found.events, 40)}",
            hint="a wider window" if lacking == "post" else "a window that begins before the base period",
        )
    _check(found)
    return found


def _of_estimator(found: DynamicEffects) -> Trends:
    bins = [found.text(int(e)) for e in found.events if int(e) in found.bins]
    notes = (f"{' and '.join(bins)} stand for several periods and are taken as one each",) if bins else ()
    base = () if found.estimator in _APART else found.base
    return Trends(found.events, found.estimates, found.vcov, base, int(found.pre.sum()), found.outcome, notes)


def _of_arrays(events: Any, estimates: Any, vcov: Any, base: int) -> Trends:
    try:
        t, b, V = np.asarray(events), np.asarray(estimates, dtype=float), np.asarray(vcov, dtype=float)
    except (TypeError, ValueError) as fault:
        raise UsageError(f"event times, estimates and covariance are no arrays of numbers: {fault}") from None
    m = len(t) if t.ndim == 1 else -1
    if b.shape != (m,) or V.shape != (m, m):
        raise UsageError(f"event times (m,), estimates (m,), covariance (m, m): not {t.shape}, {b.shape}, {V.shape}")
    if not np.issubdtype(t.dtype, np.integer) or len(set(t.tolist())) < m or base in t:
        raise UsageError(f"event times are whole numbers, each once, without the base {base}: not {listed(t, 40)}")
    if not np.isfinite(b).all():
        raise EstimationError(f"no finite estimate at the event times {listed(t[~np.isfinite(b)])}")
    order = np.argsort(t)
    t = t.astype(np.int64)[order]
    return Trends(t, b[order], V[np.ix_(order, order)], (base,), int((t < 0).sum()))


def _check(found: Trends) -> None:
    V, spread = found.vcov, np.diag(found.vcov)
    bad = ~np.isfinite(V).all(axis=1)
    if bad.any():
        at = listed(found.events[np.isnan(spread)] if np.isnan(spread).any() else found.events[bad])
        raise EstimationError(
            f"the covariance is undefined at the event times {at}",
            hint="leave those event times out by a narrower window, or bin them",
        )
    if (spread <= 0).any():
        raise EstimationError(f"no variance at the event times {listed(found.events[spread <= 0])}")
    R = V / np.sqrt(np.outer(spread, spread))
    if np.abs(R - R.T).max() > 1e-8:
        raise UsageError("the covariance is not symmetric")
    least = float(np.linalg.eigvalsh(R)[0])
    if least < _RANK:
        raise EstimationError(
            f"the covariance of {len(R)} event times is singular (least eigenvalue of the correlations {least:.1e})",
            hint="fewer event times than clusters: a narrower window or bins, or clusters at a lower level",
        )


def consecutive(found: Trends) -> Trends:
    """The same against the last pre-period, where event times follow one another without a gap.

    Restrictions on differences are the same against any base, so that ``b - b_last`` loses nothing.

    Raises
    ------
    UsageError
        No base period, or several; event times that do not follow one another.
    """
    if len(found.base) != 1:
        have = "none" if not found.base else f"{listed(found.base)}"
        raise UsageError(
            f"restrictions on trends need effects against one base period, not {have}: effects before and after "
            "adoption would not be measured against the same",
            hint="el.did.event_study, sun_abraham or stacked with one base, or group_time(base_period='universal')",
        )
    base = found.base[0]
    every = sorted([*map(int, found.events), base])
    lacking = sorted(set(range(every[0], every[-1] + 1)) - set(every))
    if lacking:
        raise UsageError(f"event times do not follow one another: no {listed(lacking)}", hint="a window without gaps")
    last = int(found.post[0]) - 1
    if base == last:
        return found
    if base > last:
        raise UsageError(f"the base period {base} comes after adoption", hint="a base period before adoption")
    n = len(found.events)
    T = np.eye(n) - np.outer(np.ones(n), found.events == last)
    T[found.events == last] = np.where(found.events == last, -1.0, 0.0)
    events = np.where(found.events == last, base, found.events)
    order = np.argsort(events)
    T = T[order]
    note = f"against event time {last} in place of {base}: restrictions on differences are the same"
    V = T @ found.vcov @ T.T
    return Trends(
        events[order], T @ found.estimates, (V + V.T) / 2, (last,), found.n_pre, found.outcome, (*found.notes, note)
    )


def target(found: Trends, event: int | None, weights: Weights | None) -> Target:
    """Weights over post-periods: one event time (the first by default), all the same, or as given.

    Raises
    ------
    UsageError
        Both or neither of those; an event time that is none of them; weights that are not finite or all zero.
    """
    post = list(map(int, found.post))
    if event is not None and weights is not None:
        raise UsageError("either event= or weights=")
    if weights is None:
        at = post[0] if event is None else event
        if at not in post:
            raise UsageError(f"event={at} is no post-period", hint=f"post-periods: {listed(post, 40)}")
        return Target(np.array([float(e == at) for e in post]), f"event time {at}")
    if isinstance(weights, str):
        if weights != "equal":
            raise UsageError(f"weights: 'equal', one number a post-period, or {{event time: weight}}, not {weights!r}")
        return Target(np.full(len(post), 1 / len(post)), f"mean of event times {post[0]} to {post[-1]}")
    return Target(_weights(weights, post), "weighted sum of the post-periods")


def _weights(weights: Any, post: list[int]) -> FloatArray:
    if isinstance(weights, Mapping):
        if absent := [e for e in weights if e not in post]:
            raise UsageError(f"weights of event times that are no post-periods: {listed(absent)}")
        weights = [weights.get(e, 0.0) for e in post]
    try:
        w = np.asarray(weights, dtype=float)
    except (TypeError, ValueError):
        raise UsageError("weights: 'equal', one number a post-period, or {event time: weight}") from None
    if w.shape != (len(post),) or not np.isfinite(w).all() or not w.any():
        raise UsageError(f"weights: {len(post)} finite numbers, not all zero, for the event times {listed(post, 40)}")
    return w


def whole_level(level: float) -> float:
    """A level of confidence, checked: at least one half, below one."""
    if not (isinstance(level, int | float) and math.isfinite(level) and 0.5 <= level < 1):
        raise UsageError(f"level: at least 0.5 and below 1, not {level!r}")
    return float(level)


def tail_weights(weights: FloatArray) -> FloatArray:
    """Weights of a path's steps ``d_t`` in ``sum of l_t delta_t``: ``L_t = l_t + l_t+1 + ...``, (q,)."""
    return np.cumsum(weights[::-1])[::-1].copy()


def steps_before(found: Trends) -> FloatArray:
    """Matrix (p, m) of the steps ``delta_s - delta_s-1`` up to the base, in time's order, of a path over ``events``."""
    p, m = found.n_pre, len(found.events)
    D = np.zeros((p, m))
    D[np.arange(p), np.arange(p)] = -1.0
    D[np.arange(p - 1), np.arange(1, p)] = 1.0
    return D
