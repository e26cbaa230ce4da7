"""What one regression is asked for, checked before anything is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from econloom.core.errors import UsageError
from econloom.core.frame import Panel
from econloom.core.spec import ConstantName, SscName, VcovSpec
from econloom.data.expressions import Scope
from econloom.panel.columns import Where
from econloom.panel.conventions import check_convention, refuse_beside_slopes
from econloom.panel.formula import EffectTerm, ModelSpec

Keys = tuple[str, ...]


@dataclass(frozen=True)
class Request:
    """One regression that somebody asks for.

    Attributes
    ----------
    model : ModelSpec
    panel : Panel
    vcov : VcovSpec
    weights : str or None
        Column of analytic weights; scaled to sum to n.
    where : str, Node, boolean Series or None
        Rows to use.
    unit : str or None
        Which effect is the unit of ``xtreg`` and ``r2_within_unit``; by default the panel's unit where it is among
        the effects, else the first effect.
    ssc : str
        Small-sample convention (:mod:`econloom.panel.conventions`).
    singletons : {"keep", "drop"}
        Rows alone in a group of an effect: kept, as fixest and xtreg do, or dropped until none is left.
    method : {"2sls", "liml", "gmm"}
        Of a model with endogenous variables.
    constant : {"auto", "none", "centred", "xtreg", "lsdv"}
        Which constant stands beside effects; ``auto`` is that of ``xtreg`` under this convention, else none.
    scope : Scope or None
        Lists and named samples that ``where`` and the terms may use.
    """

    model: ModelSpec
    panel: Panel
    vcov: VcovSpec = VcovSpec()
    weights: str | None = None
    where: Where = None
    unit: str | None = None
    ssc: SscName = "fixest"
    singletons: Literal["keep", "drop"] = "keep"
    scope: Scope | None = None
    method: Literal["2sls", "liml", "gmm"] = "2sls"
    constant: ConstantName = "auto"

    def __post_init__(self) -> None:
        _check_kinds(self)
        check_convention(self.ssc)
        if self.singletons not in {"keep", "drop"}:
            raise UsageError(f"singletons: 'keep' or 'drop', not {self.singletons!r}")
        if self.method not in {"2sls", "liml", "gmm"}:
            raise UsageError(f"method: '2sls', 'liml' or 'gmm', not {self.method!r}")
        if self.constant not in get_args(ConstantName):
            raise UsageError(f"no constant {self.constant!r}", hint=", ".join(get_args(ConstantName)))
        if self.vcov.kind == "cluster" and not self.vcov.clusters:
            raise UsageError("a cluster covariance needs a column")
        if not (self.model.regressors or self.model.effects or self.model.intercept):
            raise UsageError(f"a model needs a regressor: {self.model.text}")
        refuse_beside_slopes(self.ssc, self.constant, [e.name for e in self.model.effects if e.slopes])
        if self.method == "gmm" and self.model.slopes and not any(e.levels for e in self.model.effects):
            raise UsageError(f"method 'gmm' takes no effects that are slopes only: {self.model.text}")
        if self.ssc == "xtreg" and self.unit_effect is None:
            raise UsageError(f"convention xtreg needs a unit effect: {self.model.text}", hint="y ~ x | unit + year")

    @property
    def cluster_ways(self) -> tuple[Keys, ...]:
        """Columns of each way of clustering, ``a^b`` split; empty without clusters."""
        names = self.vcov.clusters
        return tuple((n,) if n in self.panel.columns else tuple(part.strip() for part in n.split("^")) for n in names)

    @property
    def constant_kind(self) -> Literal["none", "centred", "xtreg", "lsdv"]:
        """Which constant stands beside effects: under ``auto`` that of ``xtreg`` for this convention, else none."""
        if self.constant != "auto":
            return self.constant
        return "xtreg" if self.ssc == "xtreg" else "none"

    @property
    def unit_effect(self) -> EffectTerm | None:
        """The effect that ``xtreg`` and ``r2_within_unit`` take for the unit.

        Raises
        ------
        UsageError
            ``unit`` names no effect of an ``xtreg`` model.
        """
        effects = {e.columns: e for e in self.model.effects if e.levels}
        if not effects:
            return None
        if self.unit is not None and (self.unit,) not in effects and self.ssc == "xtreg":
            raise UsageError(f"unit {self.unit!r} is not among the effects of: {self.model.text}")
        for name in (self.unit, self.panel.unit):
            if name is not None and (name,) in effects:
                return effects[(name,)]
        return next(iter(effects.values()))

    @property
    def unit_keys(self) -> Keys | None:
        """Columns whose groups are counted as ``n_units``."""
        if self.unit or self.panel.unit:
            return (self.unit or str(self.panel.unit),)
        effect = self.unit_effect
        return effect.columns if effect else None


def _check_kinds(asked: Request) -> None:
    """Refuse arguments of another kind than a request has."""
    if not isinstance(asked.vcov, VcovSpec):
        given = f"{asked.vcov.__name__} without ()" if callable(asked.vcov) else repr(asked.vcov)
        raise UsageError(f"vcov: {given} is no covariance", hint="el.iid(), el.hc1(), el.cluster('column') ...")
    if not isinstance(asked.weights, str | None):
        raise UsageError(f"weights: {asked.weights!r:.60} is not the name of a column")
    if not isinstance(asked.where, get_args(Where)):
        raise UsageError(f"where: {asked.where!s:.60} is no condition", hint="where='year > 2000', or a boolean Series")
