"""Fixed effects swept out of blocks of columns."""

from econloom.panel.absorb.connections import pairwise_redundant
from econloom.panel.absorb.effects import Absorber, absorber
from econloom.panel.absorb.groupings import FloatArray, Grouping, IntArray, compact, largest, singletons
from econloom.panel.absorb.means import (
    GroupMeans,
    dummy_columns,
    pivoted_cholesky,
    refuse_too_many,
    schur_complement,
)
from econloom.panel.absorb.rows import sorting_order
from econloom.panel.absorb.slopes import SlopedAbsorber, Slopes, count_slopes, levelled, sloped_absorber

__all__ = [
    "Absorber",
    "FloatArray",
    "GroupMeans",
    "Grouping",
    "IntArray",
    "SlopedAbsorber",
    "Slopes",
    "absorber",
    "compact",
    "count_slopes",
    "dummy_columns",
    "largest",
    "levelled",
    "pairwise_redundant",
    "pivoted_cholesky",
    "refuse_too_many",
    "schur_complement",
    "singletons",
    "sloped_absorber",
    "sorting_order",
]
