"""The fast searches against all distances."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import econloom as el
from econloom.panel.matching.links import kernel_at
from tests.panel.matching.samples import distances, greedy, nearest, random_rows

SEEDS = st.integers(0, 10_000)


def partners(made: el.matching.Matched) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for row, match in made.pairs().select("row", "match").iter_rows():
        found.setdefault(row, set()).add(match)
    return found


SPACES = {
    "line": (["s"], {"distance": "columns", "on": "s"}),
    "plane": (["x1", "x2"], {"distance": "columns", "on": ["x1", "x2"]}),
}


@pytest.mark.parametrize("space", SPACES)
@settings(max_examples=25)
@given(seed=SEEDS, discrete=st.booleans(), k=st.integers(1, 4), exact=st.booleans(), caliper=st.sampled_from([9, 0.3]))
def test_nearest_with_ties(space: str, seed: int, discrete: bool, k: int, exact: bool, caliper: float) -> None:
    frame = random_rows(seed, discrete=discrete)
    columns, options = SPACES[space]
    wanted = nearest(frame, columns, k, caliper, exact)
    if not wanted:
        return
    made = el.matching.match(
        "d ~ s + x1", frame, "y", k=k, exact=["g"] if exact else (), caliper=caliper, caliper_in="raw", **options
    )
    assert partners(made) == wanted
    by_hand = np.mean([frame["y"][i] - frame["y"][sorted(js)].mean() for i, js in wanted.items()])
    assert made.effect.estimate == pytest.approx(by_hand, rel=1e-12, abs=1e-13)
    assert made.by_row["weight"].sum() == pytest.approx(2 * len(wanted))


@pytest.mark.parametrize("space", SPACES)
@settings(max_examples=25)
@given(seed=SEEDS, discrete=st.booleans(), k=st.integers(1, 3), exact=st.booleans(), caliper=st.sampled_from([9, 0.3]))
def test_nearest_without_replacement(
    space: str, seed: int, discrete: bool, k: int, exact: bool, caliper: float
) -> None:
    frame = random_rows(seed, discrete=discrete)
    columns, options = SPACES[space]
    order = np.flatnonzero(frame["d"].to_numpy() == 1).tolist()
    if space == "line":
        order = sorted(order, key=lambda i: -frame["s"][i])
    wanted = greedy(frame, columns, k, order, caliper, exact)
    if not wanted or k > (frame["d"] == 0).sum():
        return
    made = el.matching.match(
        "d ~ s + x1", frame, k=k, replacement=False, exact="g" if exact else (), caliper=caliper, caliper_in="raw",
        **options,
    )  # fmt: skip
    assert partners(made) == wanted


@settings(max_examples=25)
@given(seed=SEEDS, discrete=st.booleans(), k=st.integers(1, 4))
def test_first_of_ties(seed: int, discrete: bool, k: int) -> None:
    frame = random_rows(seed, discrete=discrete)
    made = partners(el.matching.match("d ~ s", frame, k=k, ties="first", distance="columns", on="s"))
    D, d = distances(frame, ["s"]), frame["d"].to_numpy()
    others = np.flatnonzero(d == 0)
    for i in np.flatnonzero(d == 1):
        chosen = others[np.lexsort((others, D[i, others]))[:k]]
        assert made[int(i)] == set(chosen.tolist())


def test_random_ties_by_seed() -> None:
    frame = random_rows(3, 200, discrete=True)
    options = {"distance": "columns", "on": "s", "ties": "random"}
    one, same, other = (el.matching.match("d ~ s", frame, seed=s, **options).pairs() for s in (1, 1, 2))
    assert one.equals(same) and not one.equals(other)
    assert one["distance"].to_list() == other["distance"].to_list()


@pytest.mark.parametrize("kernel", ["epanechnikov", "gaussian", "uniform", "biweight", "tricube"])
@pytest.mark.parametrize(("n", "width"), [(60, 0.1), (3_000, 0.4)])
def test_kernels(kernel: str, n: int, width: float) -> None:
    """All weights by hand: to rounding, and where running sums are used, to 1e-11."""
    frame = random_rows(5, n)
    made = el.matching.match(
        "d ~ s", frame, "y", method="kernel", kernel=kernel, bandwidth=width, distance="columns", on="s", exact="g"
    )
    d, s, g, y = (frame[c].to_numpy() for c in ("d", "s", "g", "y"))
    some, others = np.flatnonzero(d == 1), np.flatnonzero(d == 0)
    u = np.abs(s[some][:, None] - s[others][None]) / width
    W = np.where(u <= 1, 1.0, 0.0) if kernel == "uniform" else kernel_at(u, kernel)
    W = W * (g[some][:, None] == g[others][None])
    held = W.sum(axis=1) > 0
    W = W[held] / W[held].sum(axis=1, keepdims=True)
    assert made.effect.estimate == pytest.approx(float((y[some][held] - W @ y[others]).mean()), rel=1e-11)
    np.testing.assert_allclose(made.found.weights[others], W.sum(axis=0), rtol=1e-9, atol=1e-11)
    if n < 100:
        pairs = made.pairs()
        at = {(int(i), int(j)): w for i, j, _, w in pairs.iter_rows()}
        for a, i in enumerate(some[held]):
            for b, j in enumerate(others):
                assert at.get((int(i), int(j)), 0.0) == pytest.approx(W[a, b], abs=1e-12)


@settings(max_examples=25)
@given(seed=SEEDS, discrete=st.booleans(), radius=st.sampled_from([0.02, 0.1, 0.3]))
def test_radius(seed: int, discrete: bool, radius: float) -> None:
    frame = random_rows(seed, discrete=discrete)
    wanted = nearest(frame, ["s"], 10_000, radius)
    if not wanted:
        return
    made = el.matching.match(
        "d ~ s", frame, "y", method="radius", caliper=radius, caliper_in="raw", distance="columns", on="s"
    )
    assert partners(made) == wanted
    by_hand = np.mean([frame["y"][i] - frame["y"][sorted(js)].mean() for i, js in wanted.items()])
    assert made.effect.estimate == pytest.approx(by_hand, rel=1e-11, abs=1e-12)


@pytest.mark.parametrize("space", SPACES)
def test_the_variance_given_the_score(space: str) -> None:
    """Theorem 7 of Abadie and Imbens (2006) by hand, with ties."""
    frame = random_rows(11, 120, discrete=True)
    columns, options = SPACES[space]
    made = el.matching.match("d ~ s + x1", frame, "y", k=2, neighbours=3, **options)
    D, d, y = distances(frame, columns), frame["d"].to_numpy(), frame["y"].to_numpy()
    some, K, squares, t = np.flatnonzero(d == 1), np.zeros(120), np.zeros(120), []
    for i, js in nearest(frame, columns, 2).items():
        t.append(y[i] - y[sorted(js)].mean())
        K[sorted(js)] += 1 / len(js)
        squares[sorted(js)] += 1 / len(js) ** 2
    total = ((np.array(t) - np.mean(t)) ** 2).sum()
    for j in np.flatnonzero(d == 0):
        others = [o for o in np.flatnonzero(d == 0) if o != j]
        cut = np.sort(D[j, others])[2] + 1e-9
        near = [j, *(o for o in others if D[j, o] <= cut)]
        total += (K[j] ** 2 - squares[j]) * np.var(y[near], ddof=1)
    assert made.effect.std_error == pytest.approx(np.sqrt(total) / len(some), rel=1e-10)


def test_rows_in_any_order_give_the_same() -> None:
    frame = random_rows(4, 300).with_columns(id=pl.int_range(300))
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=1)
    for options in ({}, {"replacement": False}, {"method": "kernel"}, {"estimand": "ate", "distance": "mahalanobis"}):
        one, other = (el.matching.match("d ~ s + x1", f, "y", **options) for f in (frame, shuffled))
        assert one.effect.estimate == pytest.approx(other.effect.estimate, rel=1e-10)
        assert one.effect.std_error == pytest.approx(other.effect.std_error, rel=1e-10)
        a, b = one.data().sort("id")["id"], other.data().sort("id")["id"]
        assert a.to_list() == b.to_list()
