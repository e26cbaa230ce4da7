"""What a matching is asked for, checked before anything is computed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from econloom.core.errors import UsageError, did_you_mean

Method = Literal["nearest", "radius", "kernel", "ipw"]
Score = Literal["logit", "probit"]
Distance = Literal["score", "linear", "mahalanobis", "scaled", "columns"]
Estimand = Literal["att", "ate"]
Ties = Literal["all", "first", "random"]
Order = Literal["largest", "smallest", "data", "random"]
Kernel = Literal["epanechnikov", "gaussian", "uniform", "biweight", "tricube"]
Support = Literal["none", "minmax", "density", "range"]
Form = Literal["normalised", "plain", "stabilised"]
Errors = Literal["abadie_imbens", "estimated_score", "sandwich", "weights", "bootstrap", "none"]
Denominator = Literal["treated", "control", "pooled"]
_CHOICES: dict[str, Any] = {
    "method": Method,
    "score": Score,
    "distance": Distance,
    "estimand": Estimand,
    "ties": Ties,
    "order": Order,
    "kernel": Kernel,
    "support": Support,
    "form": Form,
    "errors": Errors,
    "caliper_in": Literal["sd", "raw"],
    "variance": Literal["neighbours", "equal"],
    "denominator": Denominator,
    "covariance": Literal["sample", "within"],
}
_SEARCHED = ("nearest", "radius", "kernel")


@dataclass(frozen=True)
class Rule:
    """How to match; the parameters of :func:`econloom.matching.match`, all of them settled."""

    method: Method = "nearest"
    score: Score = "logit"
    distance: Distance = "score"
    estimand: Estimand = "att"
    k: int = 1
    replacement: bool = True
    ties: Ties | None = None
    tolerance: float = 1e-16
    order: Order | None = None
    seed: int | None = None
    caliper: float | None = None
    caliper_in: Literal["sd", "raw"] = "sd"
    exact: tuple[str, ...] = ()
    on: tuple[str, ...] = ()
    covariance: Literal["sample", "within"] = "sample"
    kernel: Kernel = "epanechnikov"
    bandwidth: float = 0.06
    support: Support = "none"
    trim: float | tuple[float, float] | None = None
    form: Form = "normalised"
    most_weight: float | None = None
    errors: Errors | None = None
    variance: Literal["neighbours", "equal"] = "neighbours"
    neighbours: int = 2
    bias_adjust: bool | tuple[str, ...] = False
    draws: int = 500
    denominator: Denominator = "treated"

    @property
    def modelled(self) -> bool:
        """Whether a model of the score is needed."""
        return self.distance in {"score", "linear"} or self.method == "ipw" or self.support != "none"

    @property
    def one_dimension(self) -> bool:
        """Whether rows lie on a line."""
        return self.distance in {"score", "linear"} or (self.distance == "columns" and len(self.on) == 1)

    def settled(self) -> Rule:
        """The rule with its defaults filled in.

        Raises
        ------
        UsageError
            An unknown word, a number out of range, or options that do not go together.
        """
        for name, kind in _CHOICES.items():
            value = getattr(self, name)
            known = get_args(kind)
            if value is not None and value not in known:
                near = did_you_mean(value, known)
                raise UsageError(f"{name}: no {name} {value!r}{near}", hint=f"{name}: {', '.join(known)}")
        _refuse_numbers(self)
        _refuse_combinations(self)
        ties = self.ties or ("all" if self.replacement else "first")
        order = self.order or ("largest" if self.one_dimension else "data")
        made = replace(self, ties=ties, order=order, errors=self.errors or _usual_errors(self))
        _refuse_errors(made)
        if self.seed is None and ("random" in (ties, order) or made.errors == "bootstrap"):
            what = "errors='bootstrap'" if made.errors == "bootstrap" else "ties or order 'random'"
            raise UsageError(f"{what} needs a seed", hint="seed=1")
        return made


def _usual_errors(rule: Rule) -> Errors:
    if rule.method == "ipw":
        return "sandwich"
    return "abadie_imbens" if rule.method == "nearest" else "weights"


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _refuse_numbers(rule: Rule) -> None:
    for name in ("k", "neighbours", "draws"):
        value = getattr(rule, name)
        if not _whole(value) or value < 1:
            raise UsageError(f"{name}: a whole number from 1 is needed, not {value!r}")
    if rule.seed is not None and (not _whole(rule.seed) or rule.seed < 0):
        raise UsageError(f"seed: a whole number from 0 is needed, not {rule.seed!r}")
    if rule.caliper is not None and (not _number(rule.caliper) or rule.caliper <= 0):
        raise UsageError(f"caliper: a positive number is needed, not {rule.caliper!r}")
    if not _number(rule.bandwidth) or rule.bandwidth <= 0:
        raise UsageError(f"bandwidth: a positive number is needed, not {rule.bandwidth!r}")
    if not _number(rule.tolerance) or rule.tolerance < 0:
        raise UsageError(f"tolerance: a number from 0 is needed, not {rule.tolerance!r}")
    if rule.most_weight is not None and (not _number(rule.most_weight) or not 0 < rule.most_weight < 1):
        raise UsageError(f"most_weight: a share between 0 and 1 is needed, not {rule.most_weight!r}", hint="0.99")
    if rule.draws < 99 and rule.errors == "bootstrap":
        raise UsageError(f"{rule.draws} draws are too few", hint="draws=500")
    if not isinstance(rule.replacement, bool):
        raise UsageError(f"replacement: True or False, not {rule.replacement!r}")


def _refuse_combinations(rule: Rule) -> None:
    if rule.method != "nearest":
        for name, usual in (("k", 1), ("replacement", True), ("ties", None), ("order", None), ("bias_adjust", False)):
            if getattr(rule, name) != usual:
                raise UsageError(f"{name} belongs to method='nearest', not to {rule.method!r}")
    if rule.method in {"kernel", "ipw"} and rule.caliper is not None:
        hint = "bandwidth=" if rule.method == "kernel" else "support='range', trim=(0.1, 0.9)"
        raise UsageError(f"caliper does not belong to method={rule.method!r}", hint=hint)
    if rule.method == "radius" and rule.caliper is None:
        raise UsageError("method='radius' needs the radius", hint="caliper=0.05, caliper_in='raw'")
    if rule.method in {"radius", "kernel"} and not rule.one_dimension:
        raise UsageError(
            f"method={rule.method!r} needs distance='score' or 'linear', or one column, not {rule.distance!r}",
            hint="distance='columns', on='pscore'",
        )
    if rule.on and rule.distance in {"score", "linear"}:
        raise UsageError(f"on belongs to distances of columns, not to {rule.distance!r}", hint="distance='mahalanobis'")
    if rule.covariance != "sample" and rule.distance not in {"mahalanobis", "scaled"}:
        raise UsageError("covariance belongs to distance='mahalanobis' or 'scaled'")
    if rule.order in {"largest", "smallest"} and not rule.one_dimension:
        raise UsageError(f"order={rule.order!r} needs a score", hint="order='data', or 'random' with a seed")
    if rule.method == "ipw" and (rule.distance != "score" or rule.exact):
        raise UsageError("inverse-probability weights have no distance and no exact matching")
    if rule.method != "ipw" and (rule.form != "normalised" or rule.most_weight is not None):
        raise UsageError("form and most_weight belong to method='ipw'")
    if not rule.replacement and rule.ties == "all":
        raise UsageError("ties='all' needs matching with replacement", hint="ties='first', or 'random' with a seed")
    if not rule.replacement and rule.estimand == "ate":
        raise UsageError("estimand='ate' needs matching with replacement")
    if rule.replacement and rule.order is not None:
        raise UsageError("the order matters only without replacement", hint="replacement=False")
    if rule.caliper is not None and not rule.one_dimension and rule.caliper_in == "sd":
        raise UsageError(f"with distance={rule.distance!r} the caliper is a distance", hint="caliper_in='raw'")
    _refuse_trim(rule)


def _refuse_trim(rule: Rule) -> None:
    given = rule.trim
    if rule.support in {"none", "minmax"}:
        if given is not None:
            raise UsageError("trim belongs to support='density' (a share) or 'range' (two scores)")
    elif rule.support == "density":
        if isinstance(given, tuple) or not _number(given) or not 0 < float(given or 0) < 1:
            raise UsageError(f"support='density' needs a share, not {given!r}", hint="trim=0.05: 5 per cent")
    elif not (isinstance(given, tuple) and len(given) == 2 and all(map(_number, given)) and given[0] < given[1]):
        raise UsageError(f"support='range' needs two scores, not {given!r}", hint="trim=(0.1, 0.9)")


_ERRORS = {
    "nearest": ("abadie_imbens", "estimated_score", "none"),
    "radius": ("weights", "bootstrap", "none"),
    "kernel": ("weights", "bootstrap", "none"),
    "ipw": ("sandwich", "bootstrap", "none"),
}


def _refuse_errors(rule: Rule) -> None:
    known = _ERRORS[rule.method]
    if rule.errors not in known:
        why = (
            ": the bootstrap fails for nearest neighbours"
            if (rule.method, rule.errors) == ("nearest", "bootstrap")
            else ""
        )
        raise UsageError(
            f"method={rule.method!r} has no errors={rule.errors!r}{why}", hint=f"errors: {', '.join(known)}"
        )
    if rule.errors != "estimated_score":
        return
    ties = rule.ties or "all"
    if (
        rule.distance not in {"score", "linear"}
        or not rule.replacement
        or ties != "all"
        or rule.variance != "neighbours"
    ):
        raise UsageError(
            "errors='estimated_score' needs matching on the score with replacement, ties='all' and "
            "variance='neighbours'"
        )
    if rule.exact or rule.bias_adjust:
        raise UsageError("errors='estimated_score' takes no exact= and no bias_adjust=")
