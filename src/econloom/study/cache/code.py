"""The code that made a number (:mod:`econloom.core.code`), as steps and runs record it."""

from econloom.core.code import LIBRARIES, Code, changes, current, digest_of

__all__ = ["LIBRARIES", "Code", "changes", "current", "digest_of"]
