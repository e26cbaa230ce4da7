"""Measures of the field: inequality, productivity, structure, markets, trade, innovation, people, composite indices.

Pure functions on columns (numpy, polars, pandas, lists); missing stays missing, what has no value is refused.
"""

from econloom.measures.composite import Weighted, entropy_index, index_tree, principal_component_index
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
from econloom.measures.segmentation import market_integration, market_segmentation
from econloom.measures.spillovers import regional_spillover, trade_spillover
from econloom.measures.structure import (
    FACTOR_INTENSITY,
    PRODUCER_SERVICES,
    employment_share,
    factor_intensity_shares,
    producer_services_share,
    theil_structure,
    upgrading,
)
from econloom.measures.trade import (
    openness,
    revealed_comparative_advantage,
    trade_balance,
    trade_competitiveness,
)

__all__ = [
    "FACTOR_INTENSITY",
    "PRODUCER_SERVICES",
    "Decomposition",
    "Groups",
    "MarginalProducts",
    "SolowResidual",
    "Weighted",
    "atkinson",
    "employment_share",
    "entropy_index",
    "factor_intensity_shares",
    "gini",
    "hukou_index",
    "index_tree",
    "knowledge_breadth",
    "leave_one_out_gap",
    "marginal_products",
    "market_integration",
    "market_segmentation",
    "migration_rate",
    "openness",
    "perpetual_inventory",
    "principal_component_index",
    "producer_services_share",
    "rd_stock",
    "regional_spillover",
    "revealed_comparative_advantage",
    "schooling_years",
    "solow_residual",
    "theil",
    "theil_decomposition",
    "theil_structure",
    "trade_balance",
    "trade_competitiveness",
    "trade_spillover",
    "upgrading",
]
