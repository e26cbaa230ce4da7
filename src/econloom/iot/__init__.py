"""Inter-country input-output accounting: tables, the Leontief inverse, value added in trade.

Submodules ``assemble`` (national tables and bilateral flows to one table), ``decompose`` (gross exports in value added
terms) and ``leontief`` (factor once, solve many) are part of the public face. ``INDICATORS`` lists what can be asked of
a table.
"""

from econloom.iot import assemble, decompose, leontief, linkages, regionalise
from econloom.iot.accounts import Accounts
from econloom.iot.aggregation import aggregate
from econloom.iot.building import from_flows
from econloom.iot.chains import participation, vertical_specialisation
from econloom.iot.collection import YearlyTables
from econloom.iot.flows import absorption, exports_content, vax
from econloom.iot.reading import LAYOUTS, layout_of, read
from econloom.iot.registry import INDICATORS, Indicator, described, indicators
from econloom.iot.scaling import Scaled, ras
from econloom.iot.source import KnownTotals
from econloom.iot.stages import upstreamness
from econloom.iot.table import Balance, Gap, IOTable
from econloom.iot.trade_benefit import trade_benefit_index, trade_benefit_indices
from econloom.iot.value_added import (
    domestic_value_added_exported,
    gross_exports,
    value_added_absorbed,
    yearly_domestic_value_added,
    yearly_value_added_absorbed,
)

__all__ = [
    "INDICATORS",
    "LAYOUTS",
    "Accounts",
    "Balance",
    "Gap",
    "IOTable",
    "Indicator",
    "KnownTotals",
    "Scaled",
    "YearlyTables",
    "absorption",
    "aggregate",
    "assemble",
    "decompose",
    "described",
    "domestic_value_added_exported",
    "exports_content",
    "from_flows",
    "gross_exports",
    "indicators",
    "layout_of",
    "leontief",
    "linkages",
    "participation",
    "ras",
    "read",
    "regionalise",
    "trade_benefit_index",
    "trade_benefit_indices",
    "upstreamness",
    "value_added_absorbed",
    "vax",
    "vertical_specialisation",
    "yearly_domestic_value_added",
    "yearly_value_added_absorbed",
]
