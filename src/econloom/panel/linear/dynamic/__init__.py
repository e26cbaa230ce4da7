"""Generalised method of moments for dynamic panels: rows, instruments, weighting, estimates and their tests."""

from econloom.panel.linear.dynamic.gmm import DynamicEstimate, estimate
from econloom.panel.linear.dynamic.instruments import GmmStyle, Instruments, Standard, instrument_rows
from econloom.panel.linear.dynamic.rows import Equation, Row, Stack, Transform, stacked
from econloom.panel.linear.dynamic.tests import autocorrelation, difference_in_hansen, hansen, sargan

__all__ = [
    "DynamicEstimate",
    "Equation",
    "GmmStyle",
    "Instruments",
    "Row",
    "Stack",
    "Standard",
    "Transform",
    "autocorrelation",
    "difference_in_hansen",
    "estimate",
    "hansen",
    "instrument_rows",
    "sargan",
    "stacked",
]
