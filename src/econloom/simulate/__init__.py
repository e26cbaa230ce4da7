"""Simulated yearbooks: the raw columns that statistical yearbooks print, with known true effects.

Nothing here is an observation. City names are real, numbers are drawn. No variable of a study is drawn: ratios,
indices, instruments and mediators are what the study computes from these columns.
"""

from __future__ import annotations

from econloom.simulate.books import PROCESS as PROCESS
from econloom.simulate.books import REAL as REAL
from econloom.simulate.books import SEED as SEED
from econloom.simulate.books import SIMULATORS as SIMULATORS
from econloom.simulate.books import VERSION as VERSION
from econloom.simulate.books import Book as Book
from econloom.simulate.books import columns_of as columns_of
from econloom.simulate.books import draw as draw
from econloom.simulate.columns import Column as Column
from econloom.simulate.processes import PROCESSES as PROCESSES
from econloom.simulate.processes import Process as Process
from econloom.simulate.truth import Effect as Effect
from econloom.simulate.truth import Truth as Truth
from econloom.simulate.write import write as write

__all__ = ["PROCESSES", "SIMULATORS", "Book", "Column", "Effect", "Process", "Truth", "draw", "write"]
