"""Which covariance of the coefficients, as frozen values: ``el.cluster("code")`` and its siblings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from econloom.core.errors import UsageError

VcovKind = Literal[
    "iid", "hc1", "hc2", "hc3", "cluster", "cr2", "cr3", "wild", "newey_west", "driscoll_kraay", "conley"
]
BootWeights = Literal["rademacher", "webb"]
SpaceKernel = Literal["bartlett", "uniform"]


@dataclass(frozen=True, slots=True)
class Space:
    """Where rows lie and how far their errors reach.

    Attributes
    ----------
    latitude, longitude : str
        Columns, in degrees.
    km : float
        Distance at which the correlation ends.
    kernel : {"bartlett", "uniform"}
    """

    latitude: str
    longitude: str
    km: float
    kernel: SpaceKernel = "bartlett"


@dataclass(frozen=True, slots=True)
class Draws:
    """How a bootstrap draws.

    Attributes
    ----------
    number, seed : int
    weights : {"rademacher", "webb"}
    """

    number: int = 9_999
    seed: int = 1
    weights: BootWeights = "rademacher"


@dataclass(frozen=True, slots=True)
class VcovSpec:
    """Which covariance of the coefficients.

    Attributes
    ----------
    kind : str
        ``iid``, ``hc1``, ``hc2``, ``hc3``, ``cluster``, ``cr2``, ``cr3``, ``wild``, ``newey_west``,
        ``driscoll_kraay`` or ``conley``.
    clusters : tuple of str
        One column, or columns joined by ``^``, for each way of clustering; empty where nothing is clustered.
    lags : int
        Of ``newey_west``, ``driscoll_kraay`` and the serial part of ``conley``.
    space : Space or None
        Of ``conley``.
    draws : Draws or None
        Of ``wild``.
    """

    kind: VcovKind = "iid"
    clusters: tuple[str, ...] = ()
    lags: int = 0
    space: Space | None = None
    draws: Draws | None = None

    def __str__(self) -> str:
        if self.clusters:
            return f"{self.kind}({', '.join(self.clusters)})"
        if self.space is not None:
            lags = f", time_lags={self.lags}" if self.lags else ""
            return f"conley({self.space.km:g} km, {self.space.kernel}{lags})"
        return f"{self.kind}({self.lags})" if self.kind in {"newey_west", "driscoll_kraay"} else self.kind


def iid() -> VcovSpec:
    """Homoskedastic, uncorrelated errors: ``s2 (X'X)^-1``."""
    return VcovSpec("iid")


def hc1() -> VcovSpec:
    """Heteroskedasticity-robust (White) with the degrees-of-freedom factor n/(n-K)."""
    return VcovSpec("hc1")


def hc2() -> VcovSpec:
    """Heteroskedasticity-robust, squared residuals over ``1 - h`` with h the leverage, effects included."""
    return VcovSpec("hc2")


def hc3() -> VcovSpec:
    """Heteroskedasticity-robust, squared residuals over ``(1 - h)^2`` with h the leverage, effects included."""
    return VcovSpec("hc3")


def cluster(*columns: str) -> VcovSpec:
    """Errors correlated within the groups of one column, or of any of several columns.

    Parameters
    ----------
    *columns : str
        One for each way of clustering; ``"a^b"`` is the groups of both together.

    Raises
    ------
    UsageError
        No column is named, one twice, or more than six.
    """
    if not columns:
        raise UsageError("cluster() needs a column", hint="el.cluster('code')")
    if len(set(columns)) < len(columns):
        raise UsageError(f"cluster() names a column twice: {', '.join(columns)}")
    if len(columns) > 6:
        raise UsageError(f"clustering in {len(columns)} ways is refused: it adds up {2 ** len(columns) - 1} terms")
    return VcovSpec("cluster", tuple(columns))


def cr2(column: str) -> VcovSpec:
    """Bias-reduced cluster covariance with Satterthwaite degrees of freedom: for few clusters.

    See :mod:`econloom.panel.inference.few_clusters`.

    Examples
    --------
    >>> str(cr2("province"))
    'cr2(province)'
    """
    return VcovSpec("cr2", (column,))


def cr3(column: str) -> VcovSpec:
    """Jackknife-like cluster covariance with Satterthwaite degrees of freedom: larger than CR2."""
    return VcovSpec("cr3", (column,))


def wild(column: str, draws: int = 9_999, weights: BootWeights = "rademacher", seed: int = 1) -> VcovSpec:
    """Cluster covariance whose p values and intervals come from the wild cluster bootstrap.

    See :func:`econloom.panel.inference.bootstrap.wild_bootstrap`.

    Raises
    ------
    UsageError
        Fewer than 99 draws, or unknown weights.
    """
    if draws < 99:
        raise UsageError(f"wild(): {draws} draws are too few", hint="draws=9999")
    if weights not in get_args(BootWeights):
        raise UsageError(f"wild(): no weights {weights!r}", hint=", ".join(get_args(BootWeights)))
    return VcovSpec("wild", (column,), draws=Draws(draws, seed, weights))


def newey_west(lags: int) -> VcovSpec:
    """Errors correlated over time within a unit, up to some lags (Bartlett weights).

    Raises
    ------
    UsageError
        ``lags`` is not a whole number from 0 on.
    """
    return VcovSpec("newey_west", lags=_checked_lags(lags))


def driscoll_kraay(lags: int) -> VcovSpec:
    """Errors correlated between all units and over time, up to some lags (Bartlett weights).

    Raises
    ------
    UsageError
        ``lags`` is not a whole number from 0 on.
    """
    return VcovSpec("driscoll_kraay", lags=_checked_lags(lags))


def conley(lat: str, lon: str, km: float, kernel: SpaceKernel = "bartlett", time_lags: int = 0) -> VcovSpec:
    """Errors correlated between places closer than ``km`` kilometres, and over time within a unit.

    See :mod:`econloom.panel.inference.conley`.

    Raises
    ------
    UsageError
        A distance that is not positive, an unknown kernel, or wrong lags.

    Examples
    --------
    >>> str(conley("lat", "lon", 200, time_lags=3))
    'conley(200 km, bartlett, time_lags=3)'
    """
    if not (isinstance(km, int | float) and 0 < km < float("inf")):
        raise UsageError(f"conley(): km is a positive distance, not {km!r}")
    if kernel not in get_args(SpaceKernel):
        raise UsageError(f"conley(): no kernel {kernel!r}", hint=", ".join(get_args(SpaceKernel)))
    return VcovSpec("conley", lags=_checked_lags(time_lags), space=Space(lat, lon, float(km), kernel))


def _checked_lags(lags: int) -> int:
    if isinstance(lags, bool) or not isinstance(lags, int) or lags < 0:
        raise UsageError(f"lags: a whole number from 0 on, not {lags!r}")
    return lags
