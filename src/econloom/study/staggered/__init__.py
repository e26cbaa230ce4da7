"""Estimators robust to staggered timing beside the two-way estimates of a study."""

from econloom.study.staggered.beside import column as column
from econloom.study.staggered.beside import series as series
from econloom.study.staggered.registry import DEFAULTS as DEFAULTS
from econloom.study.staggered.registry import ROBUST as ROBUST
from econloom.study.staggered.wanted import beside as beside
