"""Inter-country input-output accounting: tables, the Leontief inverse, value added absorbed abroad.

Submodules ``assemble`` (national tables and bilateral flows to one table) and ``leontief`` (factor once, solve many)
are part of the public face.
"""

from econloom.iot import assemble, leontief
from econloom.iot.collection import KnownTotals, YearlyTables
from econloom.iot.reading import read
from econloom.iot.table import Balance, Gap, IOTable
from econloom.iot.value_added import (
    trade_benefit_index,
    trade_benefit_indices,
    value_added_absorbed,
    yearly_value_added_absorbed,
)

__all__ = [
    "Balance",
    "Gap",
    "IOTable",
    "KnownTotals",
    "YearlyTables",
    "assemble",
    "leontief",
    "read",
    "trade_benefit_index",
    "trade_benefit_indices",
    "value_added_absorbed",
    "yearly_value_added_absorbed",
]
