"""Difference-in-differences (``el.did``): staggered adoption, effects by time since it, and what they rest on."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# name -> module; imported on first use, so that one estimator does not load the others. A module must not have the name
# of what it offers: importing it would hide that.
_PUBLIC: dict[str, str] = {
    "Adoption": "econloom.panel.did.staggered",
    "adoption": "econloom.panel.did.staggered",
    "Aggregate": "econloom.panel.did.group_effects",
    "Bacon": "econloom.panel.did.goodman",
    "bacon": "econloom.panel.did.goodman",
    "DynamicEffects": "econloom.panel.did.effects",
    "event_study": "econloom.panel.did.dynamic",
    "EventStudy": "econloom.panel.did.dynamic",
    "group_time": "econloom.panel.did.callaway",
    "GroupTime": "econloom.panel.did.group_effects",
    "Honest": "econloom.panel.did.sensitivity",
    "honest": "econloom.panel.did.sensitivity",
    "imputation": "econloom.panel.did.borusyak",
    "ImputedEffects": "econloom.panel.did.borusyak",
    "multiple_periods": "econloom.panel.did.intertemporal",
    "pretrend_power": "econloom.panel.did.pretests",
    "PretrendPower": "econloom.panel.did.pretests",
    "Stacked": "econloom.panel.did.stacks",
    "stacked": "econloom.panel.did.stacks",
    "sun_abraham": "econloom.panel.did.interacted",
    "SunAbraham": "econloom.panel.did.interacted",
    "twfe": "econloom.panel.did.twoway",
    "twfe_weights": "econloom.panel.did.negative_weights",
    "two_stage": "econloom.panel.did.gardner",
    "TwoStageEffects": "econloom.panel.did.gardner",
    "TwoWay": "econloom.panel.did.twoway",
    "TwoWayWeights": "econloom.panel.did.negative_weights",
}

__all__ = [*_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'econloom.panel.did' has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)


if TYPE_CHECKING:
    from econloom.panel.did.borusyak import ImputedEffects as ImputedEffects
    from econloom.panel.did.borusyak import imputation as imputation
    from econloom.panel.did.callaway import group_time as group_time
    from econloom.panel.did.dynamic import EventStudy as EventStudy
    from econloom.panel.did.dynamic import event_study as event_study
    from econloom.panel.did.effects import DynamicEffects as DynamicEffects
    from econloom.panel.did.gardner import TwoStageEffects as TwoStageEffects
    from econloom.panel.did.gardner import two_stage as two_stage
    from econloom.panel.did.goodman import Bacon as Bacon
    from econloom.panel.did.goodman import bacon as bacon
    from econloom.panel.did.group_effects import Aggregate as Aggregate
    from econloom.panel.did.group_effects import GroupTime as GroupTime
    from econloom.panel.did.interacted import SunAbraham as SunAbraham
    from econloom.panel.did.interacted import sun_abraham as sun_abraham
    from econloom.panel.did.intertemporal import multiple_periods as multiple_periods
    from econloom.panel.did.negative_weights import TwoWayWeights as TwoWayWeights
    from econloom.panel.did.negative_weights import twfe_weights as twfe_weights
    from econloom.panel.did.pretests import PretrendPower as PretrendPower
    from econloom.panel.did.pretests import pretrend_power as pretrend_power
    from econloom.panel.did.sensitivity import Honest as Honest
    from econloom.panel.did.sensitivity import honest as honest
    from econloom.panel.did.stacks import Stacked as Stacked
    from econloom.panel.did.stacks import stacked as stacked
    from econloom.panel.did.staggered import Adoption as Adoption
    from econloom.panel.did.staggered import adoption as adoption
    from econloom.panel.did.twoway import TwoWay as TwoWay
    from econloom.panel.did.twoway import twfe as twfe
