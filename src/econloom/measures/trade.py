"""Trade: balance, openness, revealed comparative advantage, competitiveness."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from econloom.core.errors import UsageError
from econloom.measures.groups import Groups
from econloom.measures.sample import over
from econloom.measures.values import FloatArray, numbers, option, ratio, refuse


def _flows(exports: ArrayLike, imports: ArrayLike) -> tuple[FloatArray, FloatArray]:
    x = numbers(exports, "exports")
    m = numbers(imports, "imports", len(x))
    refuse(x < 0, "exports are negative")
    refuse(m < 0, "imports are negative")
    return x, m


def _product(gdp: ArrayLike, n: int) -> FloatArray:
    y = numbers(gdp, "gdp", n)
    refuse(y <= 0, "gdp is zero or negative")
    return y


def trade_balance(exports: ArrayLike, imports: ArrayLike, gdp: ArrayLike | None = None) -> FloatArray:
    """Exports less imports, over product if given: ``(X - M) / Y``; surplus is positive.

    Parameters
    ----------
    exports, imports : array_like (N,)
        In one currency, not negative.
    gdp : array_like (N,), optional
        In the *same* currency and unit: convert dollars first.

    Returns
    -------
    ndarray (N,)
        In the currency, or a share of product.

    Raises
    ------
    DataError
        Negative flows, a product of zero or less.

    Examples
    --------
    >>> trade_balance([30.0], [20.0], [100.0]).tolist()
    [0.1]
    """
    x, m = _flows(exports, imports)
    return x - m if gdp is None else ratio(x - m, _product(gdp, len(x)), "gdp")


def openness(exports: ArrayLike, imports: ArrayLike, gdp: ArrayLike) -> FloatArray:
    """Trade over product: ``(X + M) / Y``.

    Parameters
    ----------
    exports, imports, gdp : array_like (N,)
        In one currency and unit.

    Returns
    -------
    ndarray (N,)
        A share; it may exceed 1.

    Raises
    ------
    DataError
        Negative flows, a product of zero or less.

    Examples
    --------
    >>> openness([30.0], [20.0], [100.0]).tolist()
    [0.5]
    """
    x, m = _flows(exports, imports)
    return ratio(x + m, _product(gdp, len(x)), "gdp")


def trade_competitiveness(exports: ArrayLike, imports: ArrayLike) -> FloatArray:
    """Trade-competitiveness index ``TC = (X - M) / (X + M)``: 1 exports only, -1 imports only.

    Parameters
    ----------
    exports, imports : array_like (N,)

    Returns
    -------
    ndarray (N,)
        In [-1, 1]; NaN where there is no trade.

    Raises
    ------
    DataError
        Negative flows.

    Examples
    --------
    >>> trade_competitiveness([3.0, 0.0], [1.0, 0.0]).tolist()
    [0.5, nan]
    """
    x, m = _flows(exports, imports)
    return over(x - m, x + m)


def revealed_comparative_advantage(
    exports: ArrayLike,
    exporter: Any,
    product: Any,
    *,
    by: Any = None,
    form: Literal["balassa", "symmetric"] = "balassa",
) -> FloatArray:
    """Balassa's index: the product's share in the exporter's exports over its share in everybody's.

    ``RCA_ik = (X_ik / X_i) / (X_k / X)``; symmetric ``(RCA - 1) / (RCA + 1)``. Sums run over the rows that are there.

    Parameters
    ----------
    exports : array_like (N,)
        One row an exporter and product (and period), not negative.
    exporter, product : keys
    by : keys, optional
        Periods, computed apart.
    form : {"balassa", "symmetric"}

    Returns
    -------
    ndarray (N,)
        Above 1 an advantage (symmetric: above 0, in [-1, 1]); NaN where the exporter exports nothing or nobody
        exports the product.

    Raises
    ------
    UsageError
        An exporter and product stand twice in a period.
    DataError
        Negative exports.

    Notes
    -----
    Balassa (1965), *Manchester School* 33, 99-123; Dalum, Laursen and Villumsen (1998) for the symmetric form.

    Examples
    --------
    >>> revealed_comparative_advantage([30.0, 10.0, 10.0, 50.0], list("AABB"), list("xyxy")).round(4).tolist()
    [1.875, 0.4167, 0.4167, 1.3889]
    """
    option(form, "form", ("balassa", "symmetric"))
    x = numbers(exports, "exports")
    refuse(x < 0, "exports are negative")
    n = len(x)
    who, what = Groups.of(exporter, n), Groups.of(product, n)
    when = Groups.single(n) if by is None else Groups.of(by, n)
    there = ~np.isnan(x) & (who.codes >= 0) & (what.codes >= 0) & (when.codes >= 0)
    i, k, t, flow = who.codes[there], what.codes[there], when.codes[there], x[there]
    cell = (t * who.count + i) * what.count + k
    if len(np.unique(cell)) < len(cell):
        raise UsageError("an exporter and product stand twice", hint="sum the rows, or give the period as by=")
    own, world = t * who.count + i, t * what.count + k
    of_exporter = np.bincount(own, flow).astype(np.float64)[own]
    of_product = np.bincount(world, flow)[world]
    everything = np.bincount(t, flow)[t]
    index = over(over(flow, of_exporter), over(of_product, everything.astype(np.float64)))
    result = np.full(n, np.nan)
    result[there] = index if form == "balassa" else (index - 1) / (index + 1)
    return result
