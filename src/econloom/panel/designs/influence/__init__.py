"""How much single units, periods or other groups of rows carry. ``el.influence`` is this module.

``leave_one_out``   coefficients and standard errors with each group left out, exactly
"""

from econloom.panel.designs.influence.entry import Influence, leave_one_out

__all__ = ["Influence", "leave_one_out"]
