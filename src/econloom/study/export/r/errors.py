"""The covariance of a statement as an expression of R: the raw sandwich times the factor of the convention."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from econloom.study.export.statement import Errors, Statement
from econloom.study.export.tables import number

NOT_HERE = {
    "newey_west": "errors correlated over time within units: sandwich and plm use other weights and factors",
    "driscoll_kraay": "Driscoll-Kraay errors: plm::vcovSCC uses another factor",
    "conley": "Conley errors: no Debian package has them (fixest::vcov_conley, conleyreg with other distances)",
}


def variance_of(s: Statement) -> tuple[str, str]:
    """An expression of the covariance of ``m``, and why it is not the convention's (empty where it is)."""
    kind = s.errors.kind
    if kind in NOT_HERE or kind not in KINDS:
        return "vcov(m)", NOT_HERE.get(kind, f"no {kind} errors in R")
    if kind in {"cr2", "cr3", "hc2", "hc3"} and not _dummies(s):
        return (
            "vcov(m)",
            f"{kind.upper()} needs the leverages of {sum(e.levels for e in s.effects):,} dummies: too many for lm()",
        )
    return KINDS[kind](s), ""


def _dummies(s: Statement) -> bool:
    return sum(e.levels for e in s.effects) <= 400 and not s.endogenous and not s.weights


def factor_text(errors: Errors, n: int) -> str:
    """The factor as a formula where it is one, to the last digit either way.

    Examples
    --------
    >>> factor_text(Errors("cluster", "", (), 0, "xtreg", 41 / 40 * 614 / 599, 16, 41), 615)
    'cluster_factor(n = 615, K = 16, G = 41)'
    >>> factor_text(Errors("iid", "", (), 0, "fixest", 1 / 560, 55), 615)
    '1 / 560'
    """
    factor = errors.factor or 1.0
    K, G = errors.parameters, errors.groups
    if errors.clusters and G and K and abs(G / (G - 1) * (n - 1) / (n - K) / factor - 1) < 1e-12:
        return f"cluster_factor(n = {n}, K = {K}, G = {G})"
    if errors.clusters and G and abs(G / (G - 1) / factor - 1) < 1e-12:
        return f"{G} / {G - 1}"
    over = 1 if errors.kind == "iid" else n
    below = round(over / factor)
    return f"{over} / {below}" if below and abs(over / below / factor - 1) < 1e-12 else number(factor)


def _iid(s: Statement) -> str:
    factor = factor_text(s.errors, s.n)
    if s.method in LIKELIHOODS:
        return f"{_own(s)}{number(s.errors.factor or 1.0)} * summary(m)$cov.unscaled"
    return f"iid(m, {factor})"


LIKELIHOODS = frozenset({"poisson", "logit", "fractional"})


def _own(s: Statement) -> str:
    """Prefix for models that are a list of their own."""
    if s.method != "poisson" or not s.effects:
        return ""
    return f'if (inherits(m, "own")) own_variance(m, NULL, {number(s.errors.factor or 1.0)}) else '


def _robust(s: Statement) -> str:
    factor = factor_text(s.errors, s.n)
    own = (
        f'if (inherits(m, "own")) own_variance(m, list(), {factor}) else '
        if s.method == "poisson" and s.effects
        else ""
    )
    return f"{own}robust(m, {factor})"


def _clustered(s: Statement) -> str:
    factor = factor_text(s.errors, s.n)
    rows = _cluster_rows(s)
    own = ""
    if s.method == "poisson" and s.effects:
        own = f'if (inherits(m, "own")) own_variance(m, {rows}, {factor}) else '
    return f"{own}clustered(m, {rows}, {factor})"


def _cluster_rows(s: Statement) -> str:
    """The clusters of the rows that the model has."""
    listed = ", ".join(f'"{c}"' for c in s.errors.clusters)
    if s.method == "between":
        return f'd[!duplicated(d[["{s.unit}"]]), ][order(unique(d[["{s.unit}"]])), c({listed}), drop = FALSE]'
    if s.method == "first_difference":
        rows = f'difference_rows("{s.outcome.column}", d, "{s.unit}", "{s.time}")$.row'
        return f"d[{rows}, c({listed}), drop = FALSE]"
    return f"d[c({listed})]"


def _leverage(s: Statement) -> str:
    return f'{factor_text(s.errors, s.n)} * sandwich::vcovHC(m, type = "{s.errors.kind.upper()}")'


def _small(s: Statement) -> str:
    kind = s.errors.kind.upper()
    return f'as.matrix(clubSandwich::vcovCR(m, cluster = d[["{s.errors.clusters[0]}"]], type = "{kind}"))'


KINDS: Mapping[str, Callable[[Statement], str]] = {
    "iid": _iid,
    "hc1": _robust,
    "hc2": _leverage,
    "hc3": _leverage,
    "cluster": _clustered,
    "wild": _clustered,
    "cr2": _small,
    "cr3": _small,
}
