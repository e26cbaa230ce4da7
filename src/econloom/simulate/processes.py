"""What a simulator is told: how errors depend on one another, whether there is an effect, where it differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

__all__ = ["PROCESSES", "Process", "errors"]


@dataclass(frozen=True, slots=True)
class Process:
    """A way in which the numbers of a simulator come about; the columns are the same in all.

    Attributes
    ----------
    effect : float
        Factor of the true effects of the regressor of interest and of its effects on mediators and moderators; 0: none.
    endogenous : float
        Effect on the outcome of a shock that also moves the regressor; 0 makes the regressor exogenous.
    uneven_effect : bool
        The effect differs between groups of cities (regions; large cities and others).
    serial : float
        Autocorrelation of the errors from year to year.
    common : float
        Share of the errors' variance that cities of one province and year have in common.
    uneven : bool
        The errors' variance grows with the size of the regressor's shock and differs between cities.
    moderators : tuple of str
        Variables that change the effect (``delta_yearbook`` only).
    free_effects : bool
        City effects are independent of the regressors (``delta_yearbook`` only).
    dynamic : bool
        The effect grows with the years since adoption (books of firms only).
    trend : float
        Growth a year of what adopters would have had without adoption, beyond that of others (books of firms only).
    rings : bool
        Zones move their neighbours within 150 km, too (books of firms only).
    counts : bool
        The equation holds for logs of expected counts, not for the mean of ln(1 + count) (books of firms only).
    """

    effect: float = 1.0
    endogenous: float = 0.0
    uneven_effect: bool = False
    serial: float = 0.0
    common: float = 0.0
    uneven: bool = False
    moderators: tuple[str, ...] = ()
    free_effects: bool = False
    dynamic: bool = False
    trend: float = 0.0
    rings: bool = False
    counts: bool = False


PROCESSES: Mapping[str, Process] = {
    "realistic": Process(
        endogenous=1.0,
        uneven_effect=True,
        serial=0.3,
        common=0.1,
        uneven=True,
        moderators=("str", "tec", "cos"),
        dynamic=True,
    ),
    "plain": Process(),
    "dependent": Process(serial=0.6, common=0.25, uneven=True),
    "endogenous": Process(endogenous=1.0),
    "zero": Process(effect=0.0),
    "uneven_effect": Process(uneven_effect=True),
    "free_effects": Process(free_effects=True),
    "structure": Process(moderators=("str",)),
    "innovation": Process(moderators=("tec",)),
    "consumption": Process(moderators=("cos",)),
    "dynamic": Process(dynamic=True),
    "trends": Process(trend=0.05),
    "neighbours": Process(rings=True),
    "counts": Process(counts=True),
}
"""By name. ``plain`` has independent errors of equal variance and one effect everywhere; ``dependent`` has errors that
persist, spread over provinces and differ in variance; ``zero`` has no effect; ``realistic`` has everything at once."""


def errors(
    rng: np.random.Generator, process: Process, provinces: np.ndarray, years: int, spread: np.ndarray | None = None
) -> np.ndarray:
    """Errors of one equation with variance one on average.

    Parameters
    ----------
    provinces : (n,) int
        Province of each city.
    years : int
    spread : (n, years) float, optional
        Standard deviation of each cell relative to others, used where the process is uneven.

    Returns
    -------
    (n, years) float
    """
    own = persistent(rng, (len(provinces), years), process.serial)
    if process.common:
        shared = persistent(rng, (int(provinces.max()) + 1, years), process.serial)[provinces]
        own = np.sqrt(1 - process.common) * own + np.sqrt(process.common) * shared
    if process.uneven and spread is not None:
        own = own * spread / np.sqrt(np.mean(spread**2))
    return own


def persistent(rng: np.random.Generator, shape: tuple[int, int], serial: float) -> np.ndarray:
    """Rows of a stationary first-order autoregression with variance one.

    Examples
    --------
    >>> import numpy as np
    >>> persistent(np.random.default_rng(1), (2, 3), 0.5).shape
    (2, 3)
    """
    shocks = rng.normal(size=shape)
    if serial:
        for t in range(1, shape[1]):
            shocks[:, t] = serial * shocks[:, t - 1] + np.sqrt(1 - serial**2) * shocks[:, t]
    return shocks
