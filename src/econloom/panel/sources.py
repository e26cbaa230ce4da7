"""What a user may hand over as data; see :mod:`econloom.data.sources`."""

from __future__ import annotations

from econloom.data.sources import as_panel

__all__ = ["as_panel"]
