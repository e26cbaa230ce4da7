"""The tF procedure of Lee, McCrary, Moreira and Porter (2022): t judged by what its first-stage F says.

"Valid t-ratio inference for IV", American Economic Review 112, 3260-3290. The numbers of its table were taken from a
program that copies them, and verified by the definition: with the table, the test of any first stage rejects a true
hypothesis under the worst endogeneity in at most 5 per cent (tests/panel/test_weak_instruments.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

# c(F) of Lee, McCrary, Moreira and Porter (2022) at 5 per cent, for the root of F from 2.0 to 10.3 in steps of 0.1
_TF = """
18.66 9.74 7.37 6.18 5.43 4.92 4.54 4.25 4.01 3.82 3.65 3.51 3.39 3.29 3.19 3.11 3.03 2.97 2.91 2.85 2.80 2.75 2.71
2.67 2.63 2.60 2.57 2.54 2.51 2.48 2.46 2.43 2.41 2.39 2.37 2.35 2.33 2.32 2.30 2.29 2.27 2.26 2.24 2.23 2.22 2.21
2.20 2.19 2.17 2.16 2.16 2.15 2.14 2.13 2.12 2.11 2.10 2.10 2.09 2.08 2.08 2.07 2.06 2.06 2.05 2.04 2.04 2.03 2.03
2.02 2.02 2.01 2.01 2.00 2.00 1.99 1.99 1.99 1.98 1.98 1.97 1.97 1.97 1.96
"""


def tf_critical_value(F: float) -> float:
    """c(F), by which |t| is judged at 5 per cent in place of 1.96; infinite below F = 4, where the table begins.

    Linear in the root of F between the table's points, which errs to the safe side.

    Examples
    --------
    >>> tf_critical_value(10.24), tf_critical_value(200.0), tf_critical_value(3.0)
    (3.39, 1.96, inf)
    """
    table = np.array(_TF.split(), dtype=float)
    roots = np.linspace(2.0, 10.3, len(table))
    return math.inf if F < 4 else float(np.interp(math.sqrt(F), roots, table))


@dataclass(frozen=True, slots=True, repr=False)
class TF:
    """The tF procedure for one endogenous variable and one instrument, at 5 per cent.

    Attributes
    ----------
    term : str
    estimate, statistic : float
        The coefficient and its t.
    first_stage_f, critical_value : float
        F under the same covariance, and c(F).
    std_error : float
        The usual one times c(F)/1.96.
    conf_low, conf_high : float
        95 per cent; infinite where F is below 4.
    """

    term: str
    estimate: float
    statistic: float
    first_stage_f: float
    critical_value: float
    std_error: float
    conf_low: float
    conf_high: float

    @property
    def rejects_zero(self) -> bool:
        """Whether the coefficient differs from zero at 5 per cent."""
        return abs(self.statistic) > self.critical_value

    def __repr__(self) -> str:
        head = f"tF of {self.term}: F = {self.first_stage_f:.6g}, |t| = {abs(self.statistic):.6g}, "
        if math.isinf(self.critical_value):
            return head + "unbounded: F is below 4, nothing can be said"
        said = f"critical value {self.critical_value:.4g}, adjusted std. error {self.std_error:.6g}"
        return f"{head}{said}, 95% [{self.conf_low:.6g}, {self.conf_high:.6g}]"


def tf(term: str, estimate: float, std_error: float, F: float) -> TF:
    """Judge t by c(F).

    Examples
    --------
    >>> tf("x", 1.0, 0.2, 10.24)
    tF of x: F = 10.24, |t| = 5, critical value 3.39, adjusted std. error 0.345918, 95% [0.322, 1.678]
    """
    c = tf_critical_value(F)
    reach = c * std_error
    return TF(term, estimate, estimate / std_error, F, c, reach / 1.96, estimate - reach, estimate + reach)
