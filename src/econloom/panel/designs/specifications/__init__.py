"""Specification curves. ``el.specifications`` is this module.

``curve``   one coefficient under every combination of outcomes, controls, samples, effects, covariances and weights
"""

from econloom.panel.designs.specifications.asking import Failure
from econloom.panel.designs.specifications.choices import Specification
from econloom.panel.designs.specifications.curve import Curve
from econloom.panel.designs.specifications.entry import curve

__all__ = ["Curve", "Failure", "Specification", "curve"]
