"""Differences from the period before.

``y_it - y_i,t-1 = c + (x_it - x_i,t-1)' b + error`` over the rows whose unit has a row one period earlier. The constant
is a common trend, as in R's ``plm`` and Stata's ``regress D.y D.x``.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from econloom.core.errors import EstimationError
from econloom.panel.absorb import Grouping, IntArray
from econloom.panel.design import Design


def differenced(design: Design, unit: Grouping, time: IntArray) -> Design:
    """The design of first differences, in the order of units and times.

    Parameters
    ----------
    design : Design
        n rows, of any order.
    unit : Grouping
    time : (n,) int array
        Periods; unique within a unit.

    Raises
    ------
    EstimationError
        No row has one a period earlier.
    """
    now, before = pairs(unit, time)
    if not len(now):
        raise EstimationError(f"no row of {design.n} has one a period before: there is nothing to difference")
    return replace(
        design,
        block=design.block[now] - design.block[before],
        effects=(),
        groups={keys: group.take(now) for keys, group in design.groups.items()},
        rows=design.rows[now],
    )


def pairs(unit: Grouping, time: IntArray) -> tuple[IntArray, IntArray]:
    """Rows that have a row of the same unit one period earlier, and that row.

    Examples
    --------
    >>> now, before = pairs(Grouping.of("i", [0, 0, 0, 1]), np.array([4, 1, 2, 3]))
    >>> now.tolist(), before.tolist()
    ([2], [1])
    """
    order = np.lexsort((time, unit.codes)).astype(np.int64)
    codes, periods = unit.codes[order], time[order]
    follows = np.flatnonzero((codes[1:] == codes[:-1]) & (periods[1:] == periods[:-1] + 1))
    return order[follows + 1], order[follows]
