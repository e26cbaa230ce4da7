"""A market on its way: cities with zones, and firms at home in them; what its parts need of one another."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from econloom.simulate.processes import Process, errors, persistent
from econloom.simulate.zones import Places

FIRST, LAST = 2010, 2022
YEARS = np.arange(FIRST, LAST + 1)
FIRMS = 3500
DIRECT = {"small": 0.04, "medium": 0.0, "large": 0.14}  # by tercile of revenue
DIRECT_EVERYWHERE = 0.05
PROFILE = (0.25, 0.5, 0.75, 1.0, 1.2, 1.4, 1.5, 1.5)  # of the effect by years since adoption, where it is dynamic
PATHS = {  # mediator: effect of a zone on it, its effect on innovation
    "profit": (0.02, 0.6),
    "conv": (0.012, 1.0),
    "spill": (0.15, 0.06),
}
RD = 0.3  # effect of a zone on log research
RINGS = {50: 0.06, 100: 0.04, 150: 0.02}  # of a zone within (s - 50, s] km, where neighbours are moved
CARRIED = 2020  # employment by industry is not printed: the study carries that of 2019 over


@dataclass
class Market:
    """A draw on its way.

    Attributes
    ----------
    cities : Places
    home : (n,) int
        City of each firm.
    size : (n, 1) float
        Of each firm, standard normal.
    there : (n, years) bool
        Years in which a firm has accounts.
    city, firm : dict of (cities, years) and (n, years) float
        Raw columns, without blanks.
    history, partners, national : dict of arrays
        Raw columns of the other books.
    computed : dict of arrays
        What the study computes of raw columns: mediators and controls, by city or by firm.
    expected, inventive : (n, years) float
        Expected patents and inventions, before the shock of each firm and year.
    count, inventions : (n, years) int
        Patents and inventions.
    clipped : int
        Firms' years in which the equation asks for fewer patents than none, or more inventions than patents.
    """

    seed: int
    process: Process
    cities: Places
    home: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=int))
    size: np.ndarray = field(default_factory=lambda: np.empty(0))
    there: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=bool))
    city: dict[str, np.ndarray] = field(default_factory=dict)
    firm: dict[str, np.ndarray] = field(default_factory=dict)
    history: dict[str, np.ndarray] = field(default_factory=dict)
    partners: dict[str, np.ndarray] = field(default_factory=dict)
    national: np.ndarray = field(default_factory=lambda: np.empty(0))
    computed: dict[str, np.ndarray] = field(default_factory=dict)
    expected: np.ndarray = field(default_factory=lambda: np.empty(0))
    inventive: np.ndarray = field(default_factory=lambda: np.empty(0))
    count: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=int))
    inventions: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=int))
    clipped: int = 0

    def stream(self, number: int) -> np.random.Generator:
        """A stream of random numbers of its own for each part."""
        return np.random.default_rng([self.seed, 200 + number])

    def city_errors(self, rng: np.random.Generator) -> np.ndarray:
        """Errors of an equation of cities, (cities, years)."""
        within = replace(self.process, common=0.0)
        return errors(rng, within, self.cities.province_code, len(YEARS))

    def firm_errors(self, rng: np.random.Generator) -> np.ndarray:
        """Errors of an equation of firms, (n, years); where errors have a common part, firms of a city share it."""
        return errors(rng, self.process, self.home, len(YEARS))

    def moves(self, rng: np.random.Generator, size: float, firms: bool = False) -> np.ndarray:
        """Persistent deviations of cities or firms, which are no errors of an equation."""
        n = len(self.home) if firms else self.cities.n
        return size * persistent(rng, (n, len(YEARS)), 0.6)


def dose(process: Process, adopted: np.ndarray, years: np.ndarray = YEARS) -> np.ndarray:
    """How much of the effect of a zone is there, by city and year: 0 before adoption.

    Parameters
    ----------
    adopted : (n,) int
        Year of adoption; 0: never.

    Examples
    --------
    >>> import numpy as np
    >>> dose(Process(dynamic=True), np.array([2015, 0]), np.arange(2014, 2018)).tolist()
    [[0.0, 0.25, 0.5, 0.75], [0.0, 0.0, 0.0, 0.0]]
    """
    since = years - adopted[:, None]
    on = (adopted[:, None] > 0) & (since >= 0)
    if not process.dynamic:
        return np.asarray(process.effect * on.astype(float))
    shape = np.array(PROFILE)[np.clip(since, 0, len(PROFILE) - 1)]
    return np.asarray(process.effect * np.where(on, shape, 0.0))
