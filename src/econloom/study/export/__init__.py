"""A study as a Stata do-file and as an R script, with prepared data and expected numbers, so that it checks itself."""

from econloom.study.export.exporting import PROGRAMS as PROGRAMS
from econloom.study.export.exporting import Export as Export
from econloom.study.export.exporting import export as export
