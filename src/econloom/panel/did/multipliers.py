"""Multiplier bootstrap of influence functions: errors and the critical value of a uniform band."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy import special

from econloom.core.errors import UsageError
from econloom.panel.absorb import FloatArray
from econloom.panel.passes import one_blas_thread, together

Multipliers = Literal["rademacher", "mammen"]
RUN = 1_024
"""Clusters whose multipliers are held at once."""
MAMMEN = (1 + np.sqrt(5)) / 2


@dataclass(frozen=True)
class Bootstrap:
    """Draws of a multiplier bootstrap.

    Attributes
    ----------
    draws, seed : int
    multipliers : {"rademacher", "mammen"}
        ``rademacher``: 1 or -1 (R's did); ``mammen``: (1 + sqrt 5)/2 with probability (sqrt 5 - 1)/(2 sqrt 5), else
        (1 - sqrt 5)/2 (Mammen 1993), as in the paper.
    """

    draws: int = 999
    seed: int = 1
    multipliers: Multipliers = "rademacher"

    def __post_init__(self) -> None:
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise UsageError(f"seed: a whole number from 0 on, not {self.seed!r}")
        if self.multipliers not in get_args(Multipliers):
            raise UsageError(f"multipliers: 'rademacher' or 'mammen', not {self.multipliers!r}")
        if isinstance(self.draws, bool) or not isinstance(self.draws, int) or self.draws < 0 or 0 < self.draws < 99:
            raise UsageError(f"draws: 0 for no bootstrap, or at least 99, not {self.draws!r}")


@dataclass(frozen=True)
class Drawn:
    """What the draws say.

    Attributes
    ----------
    errors : (m,) array
        Interquartile range of the draws over that of the normal law (R's did).
    critical : float
        The quantile at ``level`` of the largest ``|draw| / error`` over the estimates.
    """

    errors: FloatArray
    critical: float


def bootstrap(influence: FloatArray, errors: FloatArray, spec: Bootstrap, level: float = 0.95) -> Drawn:
    """Draw ``sum_c v_c psi_c`` and summarise it.

    Parameters
    ----------
    influence : (m, C) array
        Of clusters; sums to the errors of the estimates.
    errors : (m,) array
        Analytic errors, by which the band is studentised; those that are zero or undefined have no part in it.
    spec : Bootstrap
    level : float
    """
    found = draws(influence, spec)
    quartiles = np.quantile(found, [0.25, 0.75], axis=1)
    spread = (quartiles[1] - quartiles[0]) / (special.ndtri(0.75) - special.ndtri(0.25))
    known = errors > 0
    if not known.any():
        return Drawn(spread, np.nan)
    largest = (np.abs(found[known]) / errors[known, None]).max(axis=0)
    return Drawn(spread, float(np.quantile(largest, level, method="inverted_cdf")))


def draws(influence: FloatArray, spec: Bootstrap) -> FloatArray:
    """``influence @ V``, V independent multipliers of mean 0 and variance 1, (m, draws).

    V is an affine function of 0 and 1, which are multiplied in single precision: the rounding of a draw is some 1e-6 of
    its spread. The two halves of the clusters have streams of their own, so that threads do not change the numbers.
    """
    m, C = influence.shape
    size = np.abs(influence).max(axis=1, initial=0.0)
    scale = np.where(size > 0, size, 1.0)
    halves = [(0, C // 2), (C // 2, C)]
    streams = np.random.SeedSequence(spec.seed).spawn(2)
    found = [np.zeros((m, spec.draws)) for _ in halves]

    def part(place: int, low: int, high: int) -> None:
        rng = np.random.default_rng(streams[place])
        for begin in range(low, high, RUN):
            run = influence[:, begin : min(begin + RUN, high)]
            ones = _ones(rng, run.shape[1], spec)
            here = np.flatnonzero(run.any(axis=1))  # units are sorted: most effects do not concern most of them
            found[place][here] += (run[here] / scale[here, None]).astype(np.float32) @ ones

    tasks: list[Callable[[], None]] = [partial(part, place, *half) for place, half in enumerate(halves)]
    with one_blas_thread():
        together(tasks, C * spec.draws)
    low, step = (-1.0, 2.0) if spec.multipliers == "rademacher" else (1 - MAMMEN, np.sqrt(5))
    sums = (found[0] + found[1]) * scale[:, None]
    return np.asarray(step * sums + low * influence.sum(axis=1)[:, None])


def _ones(rng: np.random.Generator, clusters: int, spec: Bootstrap) -> npt.NDArray[np.float32]:
    """Where the multiplier has its higher value: 1, else 0."""
    if spec.multipliers == "mammen":
        high = rng.random((clusters, spec.draws), dtype=np.float32) < (np.sqrt(5) - 1) / (2 * np.sqrt(5))
        return np.asarray(high, dtype=np.float32)
    bits = np.unpackbits(rng.integers(0, 256, (clusters, -(-spec.draws // 8)), dtype=np.uint8), axis=1)
    return bits[:, : spec.draws].astype(np.float32)
