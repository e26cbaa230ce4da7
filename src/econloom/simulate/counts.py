"""Counts with a Poisson-gamma law: the mean of ln(1 + count) as a function of the expected count, and its inverse."""

from __future__ import annotations

from functools import cache

import numpy as np

SHAPE = 1.5  # of the gamma law: variance of a count with mean m is m + m² / SHAPE
_LOW, _HIGH = -9.0, 11.0  # logs of expected counts in the table


def mean_log(expected: np.ndarray, shape: float = SHAPE) -> np.ndarray:
    """E ln(1 + N) for counts N with mean ``expected`` and a gamma law of the given shape.

    ``ln(1 + n) = ∫ e^-s (1 - e^-sn) / s ds`` over s > 0, so that the mean needs only the Laplace transform
    ``(1 + λ (1 - e^-s) / k)^-k``; with s = e^u the trapezoid rule is exact to rounding.

    Parameters
    ----------
    expected : (n,) float
        Positive.

    Returns
    -------
    (n,) float

    Examples
    --------
    >>> import numpy as np
    >>> bool(abs(mean_log(np.array([1.0]), 1e9)[0] - 0.573403) < 1e-6)  # a Poisson law with mean 1
    True
    """
    s = np.exp(np.linspace(-32, 5, 1200))
    log_law = -shape * np.log1p(np.asarray(expected, float)[:, None] / shape * -np.expm1(-s))
    return np.asarray(np.trapezoid(np.exp(-s) * -np.expm1(log_law), np.log(s), axis=1))


@cache
def _table() -> tuple[np.ndarray, np.ndarray]:
    logs = np.linspace(_LOW, _HIGH, 2001)
    return logs, mean_log(np.exp(logs))


def expected_count(wanted: np.ndarray) -> np.ndarray:
    """The expected count with which ln(1 + N) has the mean that is wanted.

    Parameters
    ----------
    wanted : float array
        Between 0.0002 and 10; others are moved to these ends.

    Examples
    --------
    >>> import numpy as np
    >>> bool(abs(mean_log(expected_count(np.array([1.3])))[0] - 1.3) < 1e-5)
    True
    """
    logs, means = _table()
    return np.asarray(np.exp(np.interp(wanted, means, logs)))


def mean_of(expected: np.ndarray) -> np.ndarray:
    """:func:`mean_log` read off the table: quick, to 3e-6.

    Examples
    --------
    >>> import numpy as np
    >>> bool(abs(mean_of(np.array([2.0])) - mean_log(np.array([2.0])))[0] < 3e-6)
    True
    """
    logs, means = _table()
    return np.asarray(np.interp(np.log(expected), logs, means))
