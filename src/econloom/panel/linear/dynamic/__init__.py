"""Generalised method of moments for dynamic panels: rows, instruments, weighting and estimates."""

from econloom.panel.linear.dynamic.gmm import DynamicEstimate, estimate
from econloom.panel.linear.dynamic.instruments import GmmStyle, Instruments, Standard, instrument_rows
from econloom.panel.linear.dynamic.rows import Equation, Row, Stack, Transform, stacked

__all__ = [
    "DynamicEstimate",
    "Equation",
    "GmmStyle",
    "Instruments",
    "Row",
    "Stack",
    "Standard",
    "Transform",
    "estimate",
    "instrument_rows",
    "stacked",
]
