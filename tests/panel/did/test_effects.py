"""The result of estimators of dynamic effects."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import econloom as el
from econloom.core.errors import EstimationError, UsageError
from econloom.core.estimate import Test as Statistic
from econloom.core.estimate import Unavailable
from econloom.core.labels import Label
from econloom.core.lineage import SampleLog

V = np.array([[0.04, 0.01, 0.0, 0.01], [0.01, 0.05, 0.01, 0.0], [0.0, 0.01, 0.06, 0.02], [0.01, 0.0, 0.02, 0.07]])


def effects(**changes: object) -> el.did.DynamicEffects:
    made = el.did.DynamicEffects(
        "event_study", Label("事件研究", "event study"), "y", np.array([-3, -2, 0, 1]), np.array([0.1, -0.2, 0.5, 0.9]),
        V, (-1,), SampleLog(90, (), 90), n_units=30, n_treated=10, n_clusters=30, covariance="cluster(i)",
        ssc="fixest", df=29.0, bins=(-3, None), counts=np.array([10.0, 10, 10, 5]),
    )  # fmt: skip
    return replace(made, **changes)


def test_rows_with_the_base_as_exact_zero() -> None:
    found = effects().tidy()
    assert found["event_time"].to_list() == [-3, -2, -1, 0, 1]
    assert found["role"].to_list() == ["pre", "pre", "base", "post", "post"]
    base = found.row(2, named=True)
    assert (base["estimate"], base["std_error"], base["conf_low"], base["conf_high"]) == (0, 0, 0, 0)
    assert base["statistic"] is None and base["p_value"] is None
    at = found.row(4, named=True)
    t = 0.9 / np.sqrt(0.07)
    assert at["p_value"] == pytest.approx(2 * stats.t.sf(t, 29), rel=1e-12)
    assert at["conf_high"] == pytest.approx(0.9 + stats.t.ppf(0.975, 29) * np.sqrt(0.07), rel=1e-12)


def test_pretrend_is_wald_of_the_pre_periods() -> None:
    b, W = np.array([0.1, -0.2]), V[:2, :2]
    value = b @ np.linalg.inv(W) @ b
    found = effects().pretrend
    assert isinstance(found, Statistic) and found.df == (2, 29.0)
    assert found.statistic == pytest.approx(value / 2, rel=1e-12)
    assert found.p_value == pytest.approx(stats.f.sf(value / 2, 2, 29), rel=1e-10)
    normal = effects(df=None).pretrend
    assert isinstance(normal, Statistic) and normal.p_value == pytest.approx(stats.chi2.sf(value, 2), rel=1e-10)


def test_no_pretrend_test_without_a_regular_covariance() -> None:
    singular = V.copy()
    singular[:2, :2] = 0.04
    undefined = np.where(np.eye(4) == 1, np.nan, V)
    assert isinstance(effects(vcov=singular).pretrend, Unavailable)
    assert isinstance(effects(vcov=undefined).pretrend, Unavailable)
    assert isinstance(effects(anticipation=3).pretrend, Unavailable)
    assert effects(vcov=undefined).tidy()["std_error"].null_count() == 4
    assert effects(vcov=undefined).glance()["pretrend_p"][0] is None


def test_average_by_hand() -> None:
    mean, weighted = effects().average(), effects().average(weights="counts")
    assert mean.estimate == pytest.approx(0.7) and mean.std_error == pytest.approx(np.sqrt((0.06 + 0.07 + 0.04) / 4))
    w = np.array([2, 1]) / 3
    assert weighted.estimate == pytest.approx(w @ [0.5, 0.9])
    assert weighted.std_error == pytest.approx(np.sqrt(w @ V[2:, 2:] @ w))
    assert effects().average([-3]).estimate == pytest.approx(0.1)
    with pytest.raises(UsageError, match="7 not estimated"):
        effects().average([0, 7])
    with pytest.raises(UsageError, match="not known"):
        effects(counts=None).average(weights="counts")


def test_band_of_independent_effects() -> None:
    """Independent normals: the band's quantile is that of the maximum of m absolute normals."""
    found = effects(vcov=np.eye(4), df=None).with_band(draws=200_000)
    exact = stats.norm.ppf((1 + 0.95 ** (1 / 4)) / 2)
    assert found.critical == pytest.approx(exact, abs=0.015)  # five Monte Carlo errors
    rows = found.tidy()
    assert rows["band_high"][4] == pytest.approx(0.9 + found.critical) and rows["band_low"][2] == 0
    one = effects(vcov=np.ones((4, 4))).with_band(draws=200_000)
    assert one.critical == pytest.approx(stats.t.ppf(0.975, 29), abs=0.03)


def test_shows_and_travels() -> None:
    found = effects(warnings=("成都 <leaves>",))
    assert "event_time::-3" in repr(found) and "against event time -1" in repr(found)
    assert "&lt;leaves&gt;" in found._repr_html_()
    assert found.text(-3) == "≤ -3" and found.text(1) == "1"
    assert found.glance()["n_treated"][0] == 10
    again = pickle.loads(pickle.dumps(found))
    assert again.tidy().equals(found.tidy())


def test_what_cannot_be() -> None:
    with pytest.raises(UsageError, match="shapes"):
        effects(vcov=np.eye(3))
    with pytest.raises(UsageError, match="ascend"):
        effects(events=np.array([-2, -3, 0, 1]))
    with pytest.raises(UsageError, match="both estimated and base: 0"):
        effects(base=(-1, 0))
    with pytest.raises(EstimationError, match="event times 1"):
        effects(estimates=np.array([0, 0, 0, np.inf]))
    with pytest.raises(AttributeError):
        el.did.nothing  # noqa: B018
