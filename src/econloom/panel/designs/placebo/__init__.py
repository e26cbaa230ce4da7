"""Placebo tests and randomisation inference. ``el.placebo`` is this module.

``permute``   the treated units and their dates drawn again, within strata: the distribution of the coefficient and of
              its t value under no effect
``shift``     dates moved to earlier periods, estimated where nothing was treated yet
"""

from econloom.panel.designs.placebo.found import Placebo
from econloom.panel.designs.placebo.permuting import permute
from econloom.panel.designs.placebo.shifting import Shifts, shift

__all__ = ["Placebo", "Shifts", "permute", "shift"]
