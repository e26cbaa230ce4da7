"""Production functions: Solow residual, elasticities and marginal products, capital by perpetual inventory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from econloom.core.errors import EstimationError, UsageError
from econloom.measures.groups import FloatArray, Groups
from econloom.measures.sample import over
from econloom.measures.stocks import Rule, accumulate
from econloom.measures.values import Mask, numbers, option, ratio, refuse

Returns = Literal["constant", "free"]
_TIED = 1e-10  # share of a regressor's variation that must be its own


@dataclass(frozen=True)
class SolowResidual:
    """A Cobb-Douglas function fitted by least squares, and what it leaves.

    Attributes
    ----------
    tfp : ndarray (N,)
        ``A = exp(ln A)``, in output per unit of ``K^α L^β``; NaN where an input is missing.
    log_tfp : ndarray (N,)
        ``ln A = ln Y - α ln K - β ln L``, the constant included.
    elasticities : polars.DataFrame
        One row a group (one row without groups): keys, ``capital`` (α), ``labour`` (β), ``constant``, ``n``.
    returns : str
        ``constant`` (β = 1 - α) or ``free``.
    warnings : tuple of str
        Elasticities outside (0, 1).
    """

    tfp: FloatArray
    log_tfp: FloatArray
    elasticities: pl.DataFrame
    returns: Returns
    warnings: tuple[str, ...]

    @property
    def alpha(self) -> float:
        """Elasticity of output by capital, where there is one group."""
        return float(self.elasticities["capital"].item())

    @property
    def beta(self) -> float:
        """Elasticity of output by labour, where there is one group."""
        return float(self.elasticities["labour"].item())


def solow_residual(
    output: ArrayLike,
    capital: ArrayLike,
    labour: ArrayLike,
    *,
    returns: Returns = "constant",
    by: Any = None,
    where: ArrayLike | None = None,
) -> SolowResidual:
    """Total factor productivity as the residual of a Cobb-Douglas function.

    Constant returns: α is the slope of ``ln(Y/L) = a + α ln(K/L) + e`` over all rows (pooled least squares), and
    ``ln A = ln Y - α ln K - (1 - α) ln L``. Free returns: ``ln Y = a + α ln K + β ln L + e`` and
    ``ln A = ln Y - α ln K - β ln L``. In both ``A = exp(ln A)`` holds the constant.

    Parameters
    ----------
    output, capital, labour : array_like (N,)
        Y, K and L, all above zero; K a flow of investment or a stock (:func:`perpetual_inventory`). Rows that lack
        one of them have no residual.
    returns : {"constant", "free"}
    by : keys, optional
        One function for each group, such as an industry.
    where : array_like of bool (N,), optional
        The rows that the elasticities are estimated on; the residual is taken in all rows.

    Returns
    -------
    SolowResidual

    Raises
    ------
    DataError
        Zero or negative inputs.
    EstimationError
        Fewer rows than coefficients plus one, or no variation of K/L (of K and L each by itself).

    Notes
    -----
    Solow, R. M. (1957), Technical change and the aggregate production function, *REStat* 39, 312-320.

    Examples
    --------
    >>> k, l = np.array([1.0, 2.0, 8.0]), np.array([1.0, 1.0, 2.0])
    >>> done = solow_residual(2 * k**0.4 * l**0.6, k, l)
    >>> round(done.alpha, 12), done.tfp.round(12).tolist()
    (0.4, [2.0, 2.0, 2.0])
    """
    option(returns, "returns", ("constant", "free"))
    logs = _logs({"output": output, "capital": capital, "labour": labour})
    n = len(logs)
    groups = Groups.single(n) if by is None else Groups.of(by, n)
    there = ~np.isnan(logs).any(axis=1) & (groups.codes >= 0)
    used = there if where is None else there & _chosen(where, n)
    codes, (y, k, l) = groups.codes[used], logs[used].T
    if returns == "constant":
        alpha, constant = _simple(y - l, k - l, codes, groups, by is not None)
        beta = 1 - alpha
    else:
        alpha, beta, constant = _double(y, k, l, codes, groups, by is not None)
    log_tfp = np.full(n, np.nan)
    of = groups.codes[there]
    log_tfp[there] = logs[there, 0] - alpha[of] * logs[there, 1] - beta[of] * logs[there, 2]
    found = {"capital": alpha, "labour": beta, "constant": constant, "n": np.bincount(codes, minlength=groups.count)}
    table = pl.DataFrame(found) if by is None else groups.keys.hstack(pl.DataFrame(found))
    odd = ((alpha <= 0) | (alpha >= 1) | (beta <= 0)) & ~np.isnan(alpha)
    note = f"an elasticity lies outside (0, 1) in {int(odd.sum())} of {groups.count} production functions"
    return SolowResidual(np.exp(log_tfp), log_tfp, table, returns, (note,) if odd.any() else ())


def _chosen(where: ArrayLike, n: int) -> Mask:
    mask = np.asarray(where)
    if mask.shape != (n,) or mask.dtype != np.bool_:
        raise UsageError(f"where= takes {n} times true or false, not {mask.dtype} of shape {mask.shape}")
    return mask


def _logs(inputs: dict[str, ArrayLike]) -> FloatArray:
    """Logarithms side by side, (N, 3)."""
    columns: list[FloatArray] = []
    for name, values in inputs.items():
        column = numbers(values, name, len(columns[0]) if columns else None)
        refuse(column <= 0, f"{name} is zero or negative", "logarithms need values above zero")
        columns.append(np.log(column))
    return np.column_stack(columns)


def _centred(values: FloatArray, codes: Any, groups: Groups) -> tuple[FloatArray, FloatArray]:
    n = np.bincount(codes, minlength=groups.count)
    mean = over(groups.sums(values, codes), n.astype(np.float64))
    return values - mean[codes], mean


def _enough(codes: Any, groups: Groups, grouped: bool, least: int) -> None:
    n = np.bincount(codes, minlength=groups.count)
    few = (n < least) & ((n > 0) | (not grouped))
    if few.any():
        where = f" in {groups.names(few)}" if grouped else ""
        raise EstimationError(f"fewer than {least} rows for a production function{where}")


def _tied(mask: Any, groups: Groups, grouped: bool, what: str) -> None:
    if mask.any():
        where = f" in {groups.names(mask)}" if grouped else ""
        raise EstimationError(f"{what}{where}: the elasticities cannot be told apart")


def _simple(y: FloatArray, x: FloatArray, codes: Any, groups: Groups, grouped: bool) -> tuple[FloatArray, FloatArray]:
    """Slope and constant of each group."""
    _enough(codes, groups, grouped, 3)
    (dy, my), (dx, mx) = _centred(y, codes, groups), _centred(x, codes, groups)
    sxx = groups.sums(dx * dx, codes)
    size = np.bincount(codes, minlength=groups.count) * np.maximum(mx * mx, 1e-30)
    _tied(sxx <= 1e-24 * size, groups, grouped, "capital per worker does not vary")
    slope = over(groups.sums(dx * dy, codes), sxx)
    return slope, my - slope * mx


def _double(
    y: FloatArray, k: FloatArray, l: FloatArray, codes: Any, groups: Groups, grouped: bool
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Both slopes and the constant of each group; l is freed of k first."""
    _enough(codes, groups, grouped, 4)
    (dy, my), (dk, mk), (dl, ml) = (_centred(v, codes, groups) for v in (y, k, l))
    skk, sll = groups.sums(dk * dk, codes), groups.sums(dl * dl, codes)
    _tied(
        (np.minimum(skk, sll) <= 1e-24) & (np.bincount(codes, minlength=groups.count) > 0),
        groups,
        grouped,
        "capital or labour does not vary",
    )
    slope = over(groups.sums(dk * dl, codes), skk)
    own = dl - slope[codes] * dk
    soo = groups.sums(own * own, codes)
    _tied(soo <= _TIED * sll, groups, grouped, "capital and labour move together")
    beta = over(groups.sums(own * dy, codes), soo)
    alpha = over(groups.sums(dk * (dy - beta[codes] * dl), codes), skk)
    return alpha, beta, my - alpha * mk - beta * ml


class MarginalProducts(NamedTuple):
    """Marginal products of capital and labour, in output per unit of the input.

    Attributes
    ----------
    capital, labour : ndarray (N,)
    """

    capital: FloatArray
    labour: FloatArray


def marginal_products(
    output: ArrayLike, capital: ArrayLike, labour: ArrayLike, alpha: ArrayLike, beta: ArrayLike | None = None
) -> MarginalProducts:
    """Marginal products of a Cobb-Douglas function: ``MPK = α Y/K`` and ``MPL = β Y/L``, β = 1 - α unless given.

    α and 1 - α alone are *elasticities* (per cent by per cent): without Y/K and Y/L they are the same in every row,
    whatever a paper calls them.

    Parameters
    ----------
    output, capital, labour : array_like (N,)
        The marginal products come in units of output per unit of capital and of labour.
    alpha : float or array_like (N,)
    beta : float or array_like (N,), optional

    Returns
    -------
    MarginalProducts

    Raises
    ------
    DataError
        Capital or labour of zero.

    Examples
    --------
    >>> marginal_products([10.0], [20.0], [5.0], alpha=0.4)
    MarginalProducts(capital=array([0.2]), labour=array([1.2]))
    """
    y = numbers(output, "output")
    k, l = numbers(capital, "capital", len(y)), numbers(labour, "labour", len(y))
    a = numbers(alpha, "alpha", len(y))
    b = 1 - a if beta is None else numbers(beta, "beta", len(y))
    return MarginalProducts(a * ratio(y, k, "capital"), b * ratio(y, l, "labour"))


def perpetual_inventory(
    investment: ArrayLike,
    unit: Any,
    time: ArrayLike,
    *,
    depreciation: float,
    growth: float | None = None,
    initial: ArrayLike | None = None,
    timing: Literal["current", "lagged"] = "current",
) -> FloatArray:
    """Stock of capital from a flow of investment.

    ``K_t = (1 - δ) K_{t-1} + I_t`` (``timing="lagged"``: ``+ I_{t-1}``), from ``K_0 = I_0 / (g + δ)`` in each unit's
    first period with investment.

    Parameters
    ----------
    investment : array_like (N,)
        In constant prices, not negative.
    unit : keys
        The unit of each row.
    time : array_like of int (N,)
        Periods, each once in a unit, in any order of rows.
    depreciation : float
        δ in (0, 1], by period.
    growth : float, optional
        g, by period; without it the unit's own mean growth, ``(I_T / I_0)^(1/(T-0)) - 1``.
    initial : array_like (N,), optional
        The stock of each unit's first period, repeated in its rows, in place of the formula.
    timing : {"current", "lagged"}
        Whether investment works in its own period (Hall and Jones) or in the next one (Coe and Helpman).

    Returns
    -------
    ndarray (N,)
        In the unit of investment; NaN before the unit's first and after its last value.

    Raises
    ------
    DataError
        Negative investment, a gap between two known periods, a period twice, or ``g + δ <= 0``.

    Notes
    -----
    Hall and Jones (1999), *QJE* 114, 83-116; Coe and Helpman (1995), *European Economic Review* 39, 859-887.

    Examples
    --------
    >>> perpetual_inventory([10.0, 10.0, 20.0], ["A"] * 3, [2000, 2001, 2002], depreciation=0.1, growth=0.1).tolist()
    [50.0, 55.0, 69.5]
    """
    return accumulate(numbers(investment, "investment"), unit, time, Rule(depreciation, growth, initial, timing))
