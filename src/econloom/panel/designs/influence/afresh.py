"""A fit estimated again on some of its rows: what large groups and hard cases take."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from econloom.core.errors import EstimationError
from econloom.core.lineage import Drop
from econloom.panel.absorb import IntArray, levelled, singletons
from econloom.panel.columns import BoolArray
from econloom.panel.design import Design
from econloom.panel.fit import printed_constant
from econloom.panel.fitted import Fit, Shared, fitted
from econloom.panel.moments import cross_multiply, sweep
from econloom.panel.passes import one_blas_thread


def without(fit: Fit, rows: IntArray) -> Fit:
    """The model of a fit on its sample without some rows, as a plain fit on the others gives it.

    Parameters
    ----------
    fit : Fit
    rows : int array
        Positions in the design.

    Raises
    ------
    EstimationError
        As any fit.
    """
    stay = np.ones(fit.design.n, dtype=bool)
    stay[rows] = False
    if not stay.any():
        raise EstimationError("no rows are left")
    design = _reduced(fit.design, stay)
    if fit.request.singletons == "drop" and (effects := levelled(design.effects, design.slopes)):
        lonely = singletons(effects)
        if lonely.all():
            raise EstimationError("no rows are left but singletons")
        if lonely.any():
            design = _reduced(design, ~lonely)
    gone = Drop("left out", fit.design.n - design.n)
    log = replace(fit.sample, drops=(*fit.sample.drops, gone), n=design.n, rows=np.sort(design.rows))
    with one_blas_thread():
        moments = cross_multiply(sweep(design))
        offset = printed_constant(fit.request, design, moments.absorbed)
        return fitted(fit.request, log, Shared(design, moments, offset), fit.stage)


def _reduced(design: Design, stay: BoolArray) -> Design:
    """Some rows of a design, weights scaled anew."""
    at = np.flatnonzero(stay).astype(np.int64)
    weights = None if design.weights is None else design.weights[at] / design.weights[at].mean()
    known = {id(e): e.take(at) for e in (*design.effects, *design.groups.values())}
    return replace(
        design,
        block=design.block[at],
        effects=tuple(known[id(e)] for e in design.effects),
        weights=weights,
        groups={keys: known[id(g)] for keys, g in design.groups.items()},
        rows=design.rows[at],
        slopes=tuple(s and replace(s, values=s.values[at]) for s in design.slopes),
    )
