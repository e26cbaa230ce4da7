"""Specification curves. ``el.specifications`` is this module.

``curve``   one coefficient under every combination of outcomes, controls, samples, effects, covariances and weights
``joint_test``   all estimates of a curve together against no effect
"""

from econloom.panel.designs.specifications.asking import Failure
from econloom.panel.designs.specifications.choices import Specification
from econloom.panel.designs.specifications.curve import Curve
from econloom.panel.designs.specifications.entry import curve
from econloom.panel.designs.specifications.joint import JointTest, joint_test

__all__ = ["Curve", "Failure", "JointTest", "Specification", "curve", "joint_test"]
