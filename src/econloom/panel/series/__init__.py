"""Tests of a panel as time series: Granger non-causality, unit roots, dependence across units."""

from econloom.panel.series.causality import GrangerTest, panel_granger
from econloom.panel.series.dependence import cross_section_dependence
from econloom.panel.series.roots import UnitRootTest, unit_root

__all__ = ["GrangerTest", "UnitRootTest", "cross_section_dependence", "panel_granger", "unit_root"]
