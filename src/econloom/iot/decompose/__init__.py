"""Decompositions of gross exports into value added: Koopman-Wang-Wei, Wang-Wei-Zhu, Borin-Mancini.

Each gives a tidy frame whose columns carry the literature's term names; ``terms`` says what they are.
"""

from econloom.iot.decompose.borin import borin_mancini
from econloom.iot.decompose.frames import gaps, terms
from econloom.iot.decompose.koopman import kww
from econloom.iot.decompose.terms import WWZ_IN_KWW
from econloom.iot.decompose.wang import wwz

__all__ = ["WWZ_IN_KWW", "borin_mancini", "gaps", "kww", "terms", "wwz"]
