"""From rows and a rule to matches, weights and the effect: arrays in, arrays out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from econloom.core.errors import EconloomError, EstimationError, UsageError, did_you_mean
from econloom.core.estimate import Unavailable
from econloom.core.lineage import Drop
from econloom.panel.absorb import FloatArray, IntArray
from econloom.panel.columns import BoolArray
from econloom.panel.matching import effects, estimated
from econloom.panel.matching.asked import Rule
from econloom.panel.matching.effects import Average, Matches
from econloom.panel.matching.links import Links
from econloom.panel.matching.rows import Covariates, Rows, covariates
from econloom.panel.matching.search import Places, links
from econloom.panel.matching.support import on_support
from econloom.panel.matching.weighting import inverse_weights, weighted_effect
from econloom.panel.nonlinear.binary import BinaryEstimate, binary

_FAILED = 0.1
"""Share of bootstrap draws that may fail."""


@dataclass(frozen=True)
class Found:
    """A matching as arrays over its n rows.

    Attributes
    ----------
    used : Covariates
    model : BinaryEstimate or None
        Of the score.
    places : Places
    support : (n,) bool array
    matches : Matches or None
        None for inverse-probability weights.
    weights : (n,) array
        Zero for rows that are left out.
    effect : Average or None
        None without an outcome.
    drops : tuple of Drop
        From the n rows to those with a weight.
    """

    used: Covariates
    model: BinaryEstimate | None
    places: Places
    support: BoolArray
    matches: Matches | None
    weights: FloatArray
    effect: Average | None
    drops: tuple[Drop, ...]


def find(rows: Rows, rule: Rule) -> Found:
    """Score, support, matches, weights and effect.

    Raises
    ------
    EstimationError
        Separation, no common support, more matches than untreated rows, nobody within the caliper.
    """
    used = covariates(rows)
    model = binary(rows.treated.astype(float), used.X, rule.score, used.names) if rule.modelled else None
    places = _places(rows, used, model, rule)
    kept = np.ones(rows.n, dtype=bool)
    if rule.support != "none":
        assert model is not None
        kept = on_support(rows.treated, model.fitted, rule)
    if rule.method == "ipw":
        assert model is not None
        return _weighted(rows, used, model, places, kept, rule)
    _refuse_too_many(rows.treated & kept, ~rows.treated & kept, rule)
    matches = _matches(rows.treated, kept, places, rule)
    weights = _weights(matches)
    drops = _drops(rows.treated, kept, matches, weights, rule)
    effect = None if rows.y is None else _effect(rows, rows.y, used, model, places, matches, rule)
    return Found(used, model, places, kept, matches, weights, effect, drops)


def _places(rows: Rows, used: Covariates, model: BinaryEstimate | None, rule: Rule) -> Places:
    if rule.distance in {"score", "linear"}:
        assert model is not None
        line = model.fitted if rule.distance == "score" else model.eta
        return Places(line[:, None], rows.groups, float(np.std(line, ddof=1)))
    X = used.X[:, :-1] if rows.given is None else rows.given
    if rule.distance == "columns":
        unit = float(np.std(X[:, 0], ddof=1)) if X.shape[1] == 1 else 1.0
        return Places(np.ascontiguousarray(X), rows.groups, unit)
    if rule.covariance == "within":
        arms = (rows.treated, ~rows.treated)
        total = np.sum([(a.sum() - 1) * np.atleast_2d(np.cov(X[a].T)) for a in arms], axis=0)
        C = total / (rows.n - 2)
    else:
        C = np.atleast_2d(np.cov(X.T))
    if rule.distance == "scaled":
        C = np.diag(np.diag(C))
    try:
        root = np.linalg.cholesky(np.linalg.inv(C))
    except np.linalg.LinAlgError as error:
        raise EstimationError(
            f"distance={rule.distance!r}: the columns do not vary, or are combinations of one another"
        ) from error
    return Places(X @ root, rows.groups, 1.0)


def _refuse_too_many(treated: BoolArray, donors: BoolArray, rule: Rule) -> None:
    if rule.method != "nearest":
        return
    have = int(donors.sum())
    if rule.k > have:
        raise EstimationError(f"k = {rule.k} matches for each row, but there are {have} untreated rows")
    if rule.estimand == "ate" and rule.k > treated.sum():
        raise EstimationError(f"k = {rule.k} matches for each row, but there are {int(treated.sum())} treated rows")


def _matches(treated: BoolArray, kept: BoolArray, places: Places, rule: Rule) -> Matches:
    first = places.points[:, 0] if places.line else None
    arms = [(treated & kept, ~treated & kept)]
    if rule.estimand == "ate":
        arms.append((~treated & kept, treated & kept))
    found: list[Links] = [links(places, some, others, rule, first) for some, others in arms]
    for some, what in zip(found, ("treated", "untreated"), strict=False):
        if not len(some.focal):
            raise EstimationError(f"no {what} row has a match{_why(places, rule)}", hint=_cure(rule))
    return Matches(treated, tuple(found))


def _why(places: Places, rule: Rule) -> str:
    parts = []
    if rule.caliper is not None:
        wide = rule.caliper * (places.unit if rule.caliper_in == "sd" else 1.0)
        parts.append(f" within the caliper of {wide:.4g}")
    if rule.method == "kernel":
        parts.append(f" within the bandwidth of {rule.bandwidth:g}")
    if rule.exact:
        parts.append(f" with the same {', '.join(rule.exact)}")
    return "".join(parts)


def _cure(rule: Rule) -> str:
    if rule.caliper is not None or rule.method == "kernel":
        return "widen it, or look whether the scores overlap at all"
    return "match exactly on fewer columns"


def _weights(matches: Matches) -> FloatArray:
    load, _ = matches.loads()
    return np.where(matches.focal, 1.0, 0.0) + load


def _drops(treated: BoolArray, kept: BoolArray, matches: Matches, weights: FloatArray, rule: Rule) -> tuple[Drop, ...]:
    focal, both = matches.focal, rule.estimand == "ate"
    used = weights > 0
    unmatched = kept & ~focal if both else kept & treated & ~focal
    rules = [
        ("treated off common support", treated & ~kept),
        ("untreated off common support", ~treated & ~kept),
        (f"treated without a match{_short(rule)}", unmatched & treated & ~used),
        ("untreated that match nobody", kept & ~treated & ~used),
    ]
    return tuple(Drop(why, int(rows.sum())) for why, rows in rules if rows.any())


def _short(rule: Rule) -> str:
    if rule.caliper is not None:
        return f" within the caliper ({rule.caliper:g}{' sd' if rule.caliper_in == 'sd' else ''})"
    return f" within the bandwidth ({rule.bandwidth:g})" if rule.method == "kernel" else ""


def _effect(
    rows: Rows, y: FloatArray, used: Covariates, model: BinaryEstimate | None, places: Places, matches: Matches,
    rule: Rule,
) -> Average:  # fmt: skip
    if rule.method in {"radius", "kernel"}:
        return _by_weights(rows, y, matches, rule)
    fitted = None
    if rule.bias_adjust:
        at = _adjusting(rows, used, rule)
        fitted = effects.regressions(matches, y, rows.X[:, at], [rows.names[j] for j in at])
    found = effects.average(matches, y, places, rule, fitted)
    if rule.errors != "estimated_score":
        return found
    assert model is not None
    if not matches.focal[rows.treated].all():
        reason = "the variance for an estimated score needs a match for every treated row"
        return replace(found, variance=Unavailable(reason))
    return estimated.adjusted(found, rows.treated, y, used.X, model, places, rule)


def _adjusting(rows: Rows, used: Covariates, rule: Rule) -> list[int]:
    if rule.bias_adjust is True:
        return [rows.names.index(n) for n in used.names[:-1]]
    wanted = rule.bias_adjust or ()
    found = [j for j, name in enumerate(rows.names) if any(name == w or name.startswith(f"{w}::") for w in wanted)]
    lacking = [w for w in wanted if not any(n == w or n.startswith(f"{w}::") for n in rows.names)]
    if lacking:
        raise UsageError(f"bias_adjust: no covariate {lacking[0]!r}{did_you_mean(lacking[0], rows.names)}")
    return found


def _by_weights(rows: Rows, y: FloatArray, matches: Matches, rule: Rule) -> Average:
    """The mean effect by row, with the variance given the weights (Lechner 2001), or by the bootstrap.

    ``V = sum_i w_i^2 s_a^2 / N^2``, s_a^2 the sample variance of y in the arm of row i.
    """
    by_row = effects.effects_by_row(matches, y, None)
    focal = matches.focal
    estimate, N = float(by_row[focal].mean()), int(focal.sum())
    if rule.errors == "none":
        return Average(estimate, Unavailable("errors='none'"), N)
    if rule.errors == "bootstrap":
        return Average(estimate, bootstrapped(rows, rule), N)
    w = _weights(matches)
    total = 0.0
    for arm in (rows.treated, ~rows.treated):
        used = arm & (w > 0)
        if used.sum() < 2:
            return Average(estimate, Unavailable("an arm with a single row has no variance"), N)
        total += float(w[arm] @ w[arm]) * float(np.var(y[used], ddof=1))
    return Average(estimate, total / N**2, N)


def _weighted(
    rows: Rows, used: Covariates, model: BinaryEstimate, places: Places, kept: BoolArray, rule: Rule
) -> Found:
    """Inverse-probability weights; off support they are zero, with the score as it was estimated on all rows."""
    weights = np.where(kept, _cut(rows.treated, model.fitted, kept, rule), 0.0)
    drops = tuple(
        Drop(f"{what} off common support", int(n))
        for what, n in (("treated", (rows.treated & ~kept).sum()), ("untreated", (~rows.treated & ~kept).sum()))
        if n
    )
    effect = None
    if rows.y is not None:
        effect = weighted_effect(rows.y, used.X, rows.treated, weights, model, rule)
        if rule.errors == "bootstrap":
            effect = replace(effect, variance=bootstrapped(rows, rule))
    return Found(used, model, places, kept, None, weights, effect, drops)


def _cut(treated: BoolArray, p: FloatArray, kept: BoolArray, rule: Rule) -> FloatArray:
    out = np.zeros(len(p))
    out[kept] = inverse_weights(treated[kept], p[kept], rule)
    return out


def bootstrapped(rows: Rows, rule: Rule) -> float | Unavailable:
    """Variance of the effect over draws of rows with replacement, the score estimated anew in each."""
    rng = np.random.default_rng(rule.seed)
    plain = replace(rule, errors="none")
    drawn = []
    for _ in range(rule.draws):
        at = rng.integers(rows.n, size=rows.n)
        try:
            effect = find(_taken(rows, at), plain).effect
        except EconloomError:
            continue
        if effect is not None:
            drawn.append(effect.estimate)
    if len(drawn) < (1 - _FAILED) * rule.draws:
        return Unavailable(f"{rule.draws - len(drawn)} of {rule.draws} draws have no estimate")
    return float(np.var(drawn, ddof=1))


def _taken(rows: Rows, at: IntArray) -> Rows:
    return replace(
        rows, rows=rows.rows[at], treated=rows.treated[at], X=rows.X[at], y=None if rows.y is None else rows.y[at],
        groups=rows.groups[at], given=None if rows.given is None else rows.given[at],
    )  # fmt: skip
