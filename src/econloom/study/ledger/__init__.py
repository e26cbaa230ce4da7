"""The ledger: every specification that was run in the life of a study, ``ledger.csv`` in its output folder.

Rows are added by each run and never changed; a specification that comes again with the same result is not added again.
"""

from econloom.study.ledger.book import COLUMNS, FILE, extend, read
from econloom.study.ledger.counted import Ledger, opened

__all__ = ["COLUMNS", "FILE", "Ledger", "extend", "opened", "read"]
