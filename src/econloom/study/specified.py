"""Specification curves of a study: from planned choices to estimates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from econloom.core.frame import Panel
from econloom.data.expressions import Scope
from econloom.panel.designs.specifications.asking import Setting
from econloom.panel.designs.specifications.choices import Choices
from econloom.panel.designs.specifications.curve import Curve, estimated
from econloom.panel.designs.specifications.joint import JointTest, joint_test
from econloom.study import estimates


@dataclass(frozen=True)
class Specified:
    """A curve without its data.

    Attributes
    ----------
    frame : polars.DataFrame
        One row a specification with an estimate (:meth:`econloom.panel.designs.specifications.Curve.tidy`).
    failed : polars.DataFrame
        Those without: number, choices, reason.
    summary : polars.DataFrame
        By outcome.
    preferred : int
        Number of the study's own specification.
    level : float
    ssc : str
    joint : JointTest or None
    """

    frame: pl.DataFrame
    failed: pl.DataFrame
    summary: pl.DataFrame
    preferred: int
    level: float
    ssc: str
    joint: JointTest | None = None

    @property
    def number(self) -> int:
        """Of all specifications."""
        return self.frame.height + self.failed.height


def curve(panel: Panel, params: Mapping[str, Any], progress: Callable[[int, int], object]) -> Specified:
    """Estimate all specifications of a planned curve.

    Parameters
    ----------
    panel : Panel
    params : mapping
        As planned.
    progress : callable

    Raises
    ------
    EstimationError
        No specification has an estimate.
    """
    made = fitted(panel, params, progress)
    assert made.preferred is not None
    asked = params["test"]
    joint = None
    if asked is not None:
        given = {k: asked[k] for k in ("method", "draws", "seed", "unit", "within")}
        joint = joint_test(made, progress=progress, **given)
    frames = made.tidy(), made.failures(), made.summary("outcome")
    return Specified(*frames, made.preferred, made.level, params["ssc"], joint)


def fitted(panel: Panel, params: Mapping[str, Any], progress: Callable[[int, int], object] | None = None) -> Curve:
    """The curve itself, with its data."""
    vcovs = [estimates.covariance(v) for v in params["vcovs"]]
    choices = Choices(
        outcomes=tuple(params["outcomes"]),
        terms=(params["term"],),
        sets=tuple(map(tuple, params["sets"])),
        samples=params["samples"],
        effects=tuple(params["effects"]),
        vcovs={str(v): v for v in vcovs},
        weights=tuple(params["weights"]),
    )
    instruments = {params["term"]: params["instruments"]} if params["instruments"] else {}
    scope = Scope({k: tuple(v) for k, v in params["lists"].items()}, params["scope"])
    setting = Setting(panel, choices, instruments, params["ssc"], "keep", params["common"], panel.unit, scope)
    preferred = {
        **params["preferred"],
        "outcome": params["outcomes"][0],
        "vcov": str(vcovs[0]),
        "weights": params["weights"][0],
    }
    return estimated(setting, preferred, params["level"], progress)
