"""Structure of the economy: rationalisation and upgrading of industry, employment by kind of industry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import polars as pl
from scipy.special import xlogy

from econloom.core.errors import UsageError, did_you_mean
from econloom.measures.values import FloatArray, numbers, option, ratio, refuse, several

FACTOR_INTENSITY: Mapping[str, tuple[str, ...]] = {
    "labour": ("agriculture", "lodging", "resident_services", "education", "health", "culture", "public"),
    "capital": ("mining", "manufacturing", "utilities", "construction", "transport", "real_estate", "water"),
    "technology": ("information", "science", "finance"),
}
"""Industries of the city yearbook by the factor that they use most; wholesale and retail, leasing and business services
belong to none of the three."""

PRODUCER_SERVICES: tuple[str, ...] = ("transport", "information", "leasing", "finance", "science")
"""Transport and post, information and software, leasing and business, finance, science and technical services."""


def theil_structure(value_added: Any, employment: Any = None) -> FloatArray:
    """Rationalisation of the industrial structure: 0 is the balanced structure, more is *less* rational.

    Without employment, Theil over the m industries, ``T = (1/m) Σ_i (Y_i/Ȳ) ln(Y_i/Ȳ)``: zero where all are of one
    size. With employment, ``TL = Σ_i (Y_i/Y) ln[(Y_i/L_i) / (Y/L)]``: zero where output per worker is the same
    everywhere.

    Parameters
    ----------
    value_added : array_like (N, m), or mapping, frame or list of m columns
        Y_i in one currency, not negative; a missing cell leaves the row without a value. 0 ln 0 = 0.
    employment : the same shape, optional
        L_i in persons. Zero workers are possible only in an industry without output.

    Returns
    -------
    ndarray (N,)
        Nats; T in [0, ln m], TL from 0.

    Raises
    ------
    UsageError
        Fewer than two industries, or other industries in the two tables.
    DataError
        Negative values, a total of zero, output without workers.

    Notes
    -----
    The second form: Gan, Zheng and Yu (2011), *Economic Research Journal* 46(5), 4-16.

    Examples
    --------
    >>> theil_structure([[1.0, 1.0, 1.0]]).tolist()
    [0.0]
    >>> theil_structure([[2.0, 2.0]], employment=[[3.0, 1.0]]).round(6).tolist()
    [0.143841]
    """
    y, names = several(_matrix(value_added), "industry")
    if y.shape[1] < 2:
        raise UsageError(f"a structure needs at least two industries, not {y.shape[1]}")
    shares = _shares(y, "value added")
    if employment is None:
        return _not_negative(np.sum(xlogy(shares, shares * y.shape[1]), axis=1))
    workers, others = several(_matrix(employment), "industry")
    if workers.shape != y.shape:
        raise UsageError(f"employment has the shape {workers.shape}, value added {y.shape}")
    if (
        isinstance(value_added, Mapping | pl.DataFrame)
        and isinstance(employment, Mapping | pl.DataFrame)
        and set(names) == set(others)
    ):
        workers = workers[:, [others.index(n) for n in names]]
    labour = _shares(workers, "employment")
    refuse((labour == 0) & (shares > 0), "an industry has output and no workers", "correct it or leave the row out")
    relative = np.divide(shares, labour, out=np.ones_like(shares), where=labour != 0)
    return _not_negative(np.sum(xlogy(shares, relative), axis=1) + 0 * labour.sum(axis=1))


def _not_negative(values: FloatArray) -> FloatArray:
    """Rounding below zero is zero."""
    return np.asarray(np.maximum(values, 0.0), np.float64)


def _matrix(values: Any) -> Any:
    """Nested lists of rows as an array; columns as they are."""
    if isinstance(values, Sequence) and values and isinstance(values[0], Sequence):
        return np.array([[np.nan if v is None else v for v in row] for row in values], np.float64)
    return values


def _shares(values: FloatArray, what: str) -> FloatArray:
    refuse(values < 0, f"{what} is negative")
    total = values.sum(axis=1)
    refuse(total == 0, f"the total of {what} is zero")
    found: FloatArray = values / total[:, None]
    return found


def upgrading(
    primary: Any, secondary: Any, tertiary: Any, *, form: Literal["ratio", "level", "angle"] = "ratio"
) -> FloatArray:
    """Upgrading of the industrial structure: more is more advanced.

    ``ratio``: tertiary over secondary. ``level``: ``Σ_k k s_k`` with s the shares of the three sectors, in [1, 3].
    ``angle``: ``3 θ_1 + 2 θ_2 + θ_3`` with θ_j the angle (radians) between the vector of shares and the axis of
    sector j.

    Parameters
    ----------
    primary, secondary, tertiary : array_like (N,)
        Value added or employment in one unit, not negative; missing stays missing.
    form : {"ratio", "level", "angle"}

    Returns
    -------
    ndarray (N,)

    Raises
    ------
    DataError
        Negative values, a total of zero, no secondary sector (ratio).

    Notes
    -----
    ratio: Gan, Zheng and Yu (2011); level: Xu and Jiang (2015); angle: Fu (2010), *Statistical Research* 27(8).

    Examples
    --------
    >>> upgrading([0.2], [0.4], [0.4]).tolist(), upgrading([0.2], [0.4], [0.4], form="level").round(12).tolist()
    ([1.0], [2.2])
    """
    option(form, "form", ("ratio", "level", "angle"))
    first = numbers(primary, "primary")
    rest = [numbers(v, k, len(first)) for k, v in (("secondary", secondary), ("tertiary", tertiary))]
    sectors = np.column_stack([first, *rest])
    shares = _shares(sectors, "the sectors")
    if form == "ratio":
        return ratio(sectors[:, 2], sectors[:, 1], "the secondary sector") + 0 * first
    if form == "level":
        return np.asarray(shares @ np.array([1.0, 2.0, 3.0]), np.float64)
    cosines = shares / np.linalg.norm(shares, axis=1, keepdims=True)
    return np.asarray(np.arccos(np.clip(cosines, 0.0, 1.0)) @ np.array([3.0, 2.0, 1.0]), np.float64)


def employment_share(industries: Any, total: Any) -> FloatArray:
    """Employment in a group of industries over total employment.

    Parameters
    ----------
    industries : array_like (N, m), or mapping, frame or list of columns
        Persons; one missing industry leaves the row without a share.
    total : array_like (N,)
        Persons, of all industries.

    Returns
    -------
    ndarray (N,)
        In [0, 1].

    Raises
    ------
    DataError
        Negative values, a total of zero, a sum above the total.

    Examples
    --------
    >>> employment_share({"finance": [2.0], "science": [1.0]}, [12.0]).tolist()
    [0.25]
    """
    persons, _ = several(_matrix(industries), "industry")
    if not persons.shape[1]:
        raise UsageError("a share of employment needs at least one industry")
    everybody = numbers(total, "total", len(persons))
    refuse(persons < 0, "employment of an industry is negative")
    together = persons.sum(axis=1)
    refuse(together > everybody * (1 + 1e-9), "the industries employ more than the total", "check the units of both")
    return ratio(together, everybody, "total employment")


def factor_intensity_shares(
    employment: Any, total: Any = None, *, groups: Mapping[str, Sequence[str]] = FACTOR_INTENSITY
) -> pl.DataFrame:
    """Shares of employment in labour-, capital- and technology-intensive industries.

    Parameters
    ----------
    employment : mapping or polars.DataFrame
        Persons by industry, under the names that ``groups`` uses.
    total : array_like (N,), optional
        All staff; without it the sum of all columns of ``employment``.
    groups : mapping of str to sequence of str
        Which industries belong together; :data:`FACTOR_INTENSITY` unless given.

    Returns
    -------
    polars.DataFrame
        One column a group, N rows.

    Raises
    ------
    UsageError
        An industry of ``groups`` is not there.
    DataError
        As :func:`employment_share`.

    Examples
    --------
    >>> factor_intensity_shares({"mining": [1.0], "finance": [3.0]}, groups={"k": ["mining"], "t": ["finance"]}).row(0)
    (0.25, 0.75)
    """
    columns = {str(c): employment[c] for c in (employment if isinstance(employment, Mapping) else employment.columns)}
    for industry in (i for members in groups.values() for i in members):
        if industry not in columns:
            raise UsageError(f"no industry {industry!r}{did_you_mean(industry, columns)}")
    whole = several(columns, "industry")[0].sum(axis=1) if total is None else total
    shares = {g: employment_share({i: columns[i] for i in members}, whole) for g, members in groups.items()}
    return pl.DataFrame(shares).fill_nan(None)


def producer_services_share(
    employment: Any, total: Any = None, *, industries: Sequence[str] = PRODUCER_SERVICES
) -> FloatArray:
    """Share of employment in producer services, (N,); parameters as in :func:`factor_intensity_shares`.

    Examples
    --------
    >>> producer_services_share({"finance": [3.0], "mining": [1.0]}, industries=["finance"]).tolist()
    [0.75]
    """
    made = factor_intensity_shares(employment, total, groups={"share": industries})
    return made["share"].cast(pl.Float64).to_numpy()
