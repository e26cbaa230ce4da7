"""Composite indices: scaling, weights by entropy and principal components, trees of indices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import xlogy

from econloom.core.errors import DataError, EstimationError, UsageError, did_you_mean, listed
from econloom.measures.values import FloatArray, several


@dataclass(frozen=True)
class Weighted:
    """A composite index with its weights.

    Attributes
    ----------
    index : ndarray (N,)
        NaN where an indicator is missing.
    weights : dict of str to float
        By indicator; they sum to 1 (entropy), or are the scores of the component (principal components).
    share : float
        Of the variance that a first component explains; NaN for entropy.
    """

    index: FloatArray
    weights: dict[str, float]
    share: float


def _indicators(values: Any) -> tuple[FloatArray, tuple[str, ...], Any]:
    x, names = several(values, "indicator")
    if x.shape[1] < 2:
        raise UsageError(f"a composite index needs at least two indicators, not {x.shape[1]}")
    there = ~np.isnan(x).any(axis=1)
    if there.sum() < 2:
        raise DataError("a composite index needs at least two rows with all indicators")
    flat = [n for n, spread in zip(names, np.ptp(x[there], axis=0), strict=True) if spread == 0]
    if flat:
        raise DataError(f"indicators that do not vary: {listed(flat)}", hint="leave them out")
    return x, names, there


def _signs(names: Sequence[str], negative: Sequence[str]) -> np.ndarray:
    for name in negative:
        if name not in names:
            raise UsageError(f"no indicator {name!r}{did_you_mean(name, names)}")
    return np.array([name in negative for name in names])


def minmax(values: FloatArray, negative: np.ndarray) -> FloatArray:
    """Columns to [0, 1]: ``(x - min)/(max - min)``, or ``(max - x)/(max - min)`` where less is better."""
    low, high = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
    scaled: FloatArray = np.where(negative, high - values, values - low) / (high - low)
    return scaled


def entropy_index(values: Any, *, negative: Sequence[str] = ()) -> Weighted:
    """Composite index with weights by entropy: indicators that differ more between rows weigh more.

    ``z = (x - min)/(max - min)`` (turned round for ``negative`` ones), ``p_ij = z_ij / Σ_i z_ij``,
    ``e_j = -(1/ln n) Σ_i p_ij ln p_ij`` with 0 ln 0 = 0, ``w_j = (1 - e_j) / Σ_j (1 - e_j)``, index ``Σ_j w_j z_ij``.
    Zeros need no shift of the data.

    Parameters
    ----------
    values : array_like (N, m), or mapping or frame of m columns
        At least two; rows with a missing one have no index and no part in the weights.
    negative : sequence of str
        Indicators of which less is better.

    Returns
    -------
    Weighted
        Index in [0, 1].

    Raises
    ------
    UsageError
        Fewer than two indicators, an unknown one.
    DataError
        Fewer than two whole rows, an indicator that does not vary.

    Notes
    -----
    Shannon (1948); as an index Zou, Yun and Sun (2006), *Journal of Hydrology*.

    Examples
    --------
    >>> done = entropy_index({"a": [0.0, 1.0, 2.0], "b": [0.0, 0.0, 1.0]})
    >>> {k: round(v, 4) for k, v in done.weights.items()}, done.index.round(4).tolist()
    ({'a': 0.2961, 'b': 0.7039}, [0.0, 0.148, 1.0])
    """
    x, names, there = _indicators(values)
    z = minmax(x[there], _signs(names, negative))
    p = z / z.sum(axis=0)
    spread = 1 + xlogy(p, p).sum(axis=0) / np.log(len(z))
    weights = spread / spread.sum()
    index = np.full(len(x), np.nan)
    index[there] = z @ weights
    return Weighted(index, dict(zip(names, weights.tolist(), strict=True)), float("nan"))


def principal_component_index(values: Any, *, negative: Sequence[str] = ()) -> Weighted:
    """First principal component of the standardised indicators.

    Indicators have mean 0 and standard deviation 1 (n - 1) over the whole rows; the weights are the eigenvector of
    their correlations with the largest eigenvalue, of length 1 and turned so that they sum to more than 0.

    Parameters
    ----------
    values : array_like (N, m), or mapping or frame of m columns
    negative : sequence of str
        Indicators whose sign is turned before.

    Returns
    -------
    Weighted
        Index with mean 0; ``share`` is the eigenvalue over m.

    Raises
    ------
    UsageError, DataError
        As :func:`entropy_index`.
    EstimationError
        The two largest eigenvalues are the same: no first component exists.

    Notes
    -----
    Filmer and Pritchett (2001), *Demography* 38, 115-132.

    Examples
    --------
    >>> done = principal_component_index({"a": [1.0, 2.0, 3.0], "b": [2.0, 4.0, 6.0]})
    >>> round(done.share, 12), [round(w, 6) for w in done.weights.values()]
    (1.0, [0.707107, 0.707107])
    """
    x, names, there = _indicators(values)
    z = np.where(_signs(names, negative), -x, x)[there]
    z = (z - z.mean(axis=0)) / z.std(axis=0, ddof=1)
    roots, vectors = np.linalg.eigh(z.T @ z / (len(z) - 1))
    if roots[-1] - roots[-2] <= 1e-10 * roots[-1]:
        raise EstimationError("no first principal component: the two largest eigenvalues are equal")
    weights = vectors[:, -1] * (-1.0 if vectors[:, -1].sum() < 0 else 1.0)
    index = np.full(len(x), np.nan)
    index[there] = z @ weights
    return Weighted(index, dict(zip(names, weights.tolist(), strict=True)), float(roots[-1] / len(names)))


Tree = Mapping[str, Any]


def index_tree(
    values: Any, tree: Tree, *, weights: Mapping[str, float] | None = None, missing: str = "refuse"
) -> dict[str, FloatArray]:
    """A tree of indices: each node is the weighted mean of its children, up to the top, as in the KOF index.

    ``I_node = Σ_c w_c I_c / Σ_c w_c``; equal weights unless given.

    Parameters
    ----------
    values : mapping or polars.DataFrame
        The leaves, on one scale.
    tree : mapping
        Node to a list of leaves, or to a mapping of nodes: ``{"economic": {"trade": ["tariffs"], "finance": […]}}``.
    weights : mapping of str to float, optional
        Of nodes or leaves, not negative; those not named weigh 1.
    missing : {"refuse", "reweight"}
        A node with a missing child is missing, or is the mean of the children that are there (missing where none is).

    Returns
    -------
    dict of str to ndarray (N,)
        Every node, children before their parents.

    Raises
    ------
    UsageError
        An unknown leaf or weight, a name twice, a node without children, weights that are negative or sum to zero.

    Notes
    -----
    Gygli, Haelg, Potrafke and Sturm (2019), *Review of International Organizations* 14, 543-574.

    Examples
    --------
    >>> tree = {"all": {"trade": ["tariff", "quota"], "finance": ["flows"]}}
    >>> done = index_tree({"tariff": [1.0], "quota": [3.0], "flows": [6.0]}, tree)
    >>> {k: v.tolist() for k, v in done.items()}
    {'trade': [2.0], 'finance': [6.0], 'all': [4.0]}
    """
    if missing not in ("refuse", "reweight"):
        near = did_you_mean(str(missing), ("refuse", "reweight"))
        raise UsageError(f"missing={missing!r}{near}", hint="'refuse' or 'reweight'")
    matrix, names = several({c: values[c] for c in (values if isinstance(values, Mapping) else values.columns)}, "leaf")
    leaves = dict(zip(names, matrix.T, strict=True))
    made: dict[str, FloatArray] = {}
    seen: set[str] = set()
    heavy = dict(weights or {})
    for name, children in tree.items():
        _node(name, children, leaves, made, seen, heavy, missing)
    unknown = [w for w in heavy if w not in seen]
    if unknown:
        raise UsageError(f"weights of what is not in the tree: {listed(unknown)}{did_you_mean(unknown[0], seen)}")
    return made


def _node(
    name: str,
    children: Any,
    leaves: Mapping[str, FloatArray],
    made: dict[str, FloatArray],
    seen: set[str],
    weights: Mapping[str, float],
    missing: str,
) -> FloatArray:
    _once(name, seen)
    if isinstance(children, Mapping):
        parts = {c: _node(c, below, leaves, made, seen, weights, missing) for c, below in children.items()}
    else:
        if isinstance(children, str):
            raise UsageError(f"{name!r} takes a list of leaves, not {children!r}")
        parts = {}
        for leaf in children:
            if leaf not in leaves:
                raise UsageError(f"{name!r}: no column {leaf!r}{did_you_mean(str(leaf), leaves)}")
            _once(leaf, seen)
            parts[leaf] = leaves[leaf]
    if not parts:
        raise UsageError(f"{name!r} has no children")
    w = np.array([float(weights.get(c, 1.0)) for c in parts])
    if not np.isfinite(w).all() or (w < 0).any() or w.sum() == 0:
        raise UsageError(f"{name!r}: the weights of its children are negative or sum to zero")
    made[name] = _mean(np.column_stack(list(parts.values())), w, missing)
    return made[name]


def _once(name: str, seen: set[str]) -> None:
    if name in seen:
        raise UsageError(f"{name!r} stands twice in the tree")
    seen.add(name)


def _mean(parts: FloatArray, w: FloatArray, missing: str) -> FloatArray:
    if missing == "refuse":
        return np.asarray(parts @ w / w.sum(), np.float64)
    there = ~np.isnan(parts)
    total = there @ w
    summed = np.where(there, parts, 0.0) @ w
    return np.asarray(np.divide(summed, total, out=np.full(len(total), np.nan), where=total > 0), np.float64)
