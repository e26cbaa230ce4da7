"""Inter-country input-output accounting: tables, the Leontief inverse, value added in trade.

Submodules ``assemble`` (national tables and bilateral flows to one table) and ``leontief`` (factor once, solve many)
are part of the public face.
"""

from econloom.iot import assemble, leontief
from econloom.iot.collection import YearlyTables
from econloom.iot.reading import LAYOUTS, layout_of, read
from econloom.iot.source import KnownTotals
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
    "LAYOUTS",
    "Balance",
    "Gap",
    "IOTable",
    "KnownTotals",
    "YearlyTables",
    "assemble",
    "domestic_value_added_exported",
    "gross_exports",
    "layout_of",
    "leontief",
    "read",
    "trade_benefit_index",
    "trade_benefit_indices",
    "value_added_absorbed",
    "yearly_domestic_value_added",
    "yearly_value_added_absorbed",
]
