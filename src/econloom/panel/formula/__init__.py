"""Model formulas in fixest's notation: text to frozen :class:`ModelSpec` values.

``log(y) ~ x + c:d + l(x, 1) | unit + province^year | price ~ rain + cost``: the outcome, the regressors, the effects
to absorb, and the endogenous variables with their instruments.
"""

from econloom.panel.formula.factors import expand, has_factors
from econloom.panel.formula.reading import parse_formula, parse_formulas, retyped
from econloom.panel.formula.spec import (
    EffectTerm,
    Factor,
    Level,
    Levels,
    ModelSpec,
    Term,
    canonical,
    functions_in,
    quoted,
)

__all__ = [
    "EffectTerm",
    "Factor",
    "Level",
    "Levels",
    "ModelSpec",
    "Term",
    "canonical",
    "expand",
    "functions_in",
    "has_factors",
    "parse_formula",
    "parse_formulas",
    "quoted",
    "retyped",
]
