"""Two runs of a study: which numbers differ, by how much, and why."""

from __future__ import annotations

from econloom.study.diff.causes import Cause
from econloom.study.diff.cells import Change
from econloom.study.diff.comparing import RunDiff, diff

__all__ = ["Cause", "Change", "RunDiff", "diff"]
