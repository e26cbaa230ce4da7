"""Printed tables against arithmetic and against our own numbers."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

_PUBLIC = {
    "Audit": "econloom.audit.auditing",
    "Finding": "econloom.audit.findings",
    "Given": "econloom.audit.given",
    "audit": "econloom.audit.auditing",
    "check": "econloom.audit.auditing",
}
__all__ = ["Audit", "Finding", "Given", "audit", "check"]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'econloom.audit' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


if TYPE_CHECKING:
    from econloom.audit.auditing import Audit as Audit
    from econloom.audit.auditing import audit as audit
    from econloom.audit.auditing import check as check
    from econloom.audit.findings import Finding as Finding
    from econloom.audit.given import Given as Given
