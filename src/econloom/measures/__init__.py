"""Measures of the field: inequality, productivity, structure, migration, schooling.

Pure functions on columns (numpy, polars, pandas, lists); missing stays missing, what has no value is refused.
"""

from econloom.measures.decomposition import Decomposition, theil_decomposition
from econloom.measures.groups import Groups
from econloom.measures.human_capital import schooling_years
from econloom.measures.inequality import atkinson, gini, leave_one_out_gap, theil
from econloom.measures.innovation import knowledge_breadth, rd_stock
from econloom.measures.migration import hukou_index, migration_rate
from econloom.measures.productivity import (
    MarginalProducts,
    SolowResidual,
    marginal_products,
    perpetual_inventory,
    solow_residual,
)
from econloom.measures.structure import (
    FACTOR_INTENSITY,
    PRODUCER_SERVICES,
    employment_share,
    factor_intensity_shares,
    producer_services_share,
    theil_structure,
    upgrading,
)

__all__ = [
    "FACTOR_INTENSITY",
    "PRODUCER_SERVICES",
    "Decomposition",
    "Groups",
    "MarginalProducts",
    "SolowResidual",
    "atkinson",
    "employment_share",
    "factor_intensity_shares",
    "gini",
    "hukou_index",
    "knowledge_breadth",
    "leave_one_out_gap",
    "marginal_products",
    "migration_rate",
    "perpetual_inventory",
    "producer_services_share",
    "rd_stock",
    "schooling_years",
    "solow_residual",
    "theil",
    "theil_decomposition",
    "theil_structure",
    "upgrading",
]
