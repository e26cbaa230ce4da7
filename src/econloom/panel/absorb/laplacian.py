"""A preconditioner for effects that are hardly connected."""

from __future__ import annotations

from collections.abc import Callable

from econloom.panel.absorb.groupings import FloatArray
from econloom.panel.absorb.rows import SortedRows


def paired_preconditioner(rows: SortedRows, sizes: FloatArray) -> Callable[[FloatArray], FloatArray]:
    """Placeholder."""
    return lambda r: r / sizes[:, None]
