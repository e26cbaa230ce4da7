"""Models of limited outcomes: censored and fractional ones."""

from econloom.panel.limited.censored import TobitFit, tobit
from econloom.panel.limited.fractions import FractionalFit, fractional

__all__ = ["FractionalFit", "TobitFit", "fractional", "tobit"]
