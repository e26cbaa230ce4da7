import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import econloom.panel.absorb.effects as effects_module
from econloom.core.errors import EstimationError
from econloom.panel import kernels
from econloom.panel.absorb import Grouping, absorber, gradients, largest, singletons


def explicit(effects: list[Grouping]) -> np.ndarray:
    return np.column_stack([(g.codes[:, None] == np.arange(g.levels)).astype(float) for g in effects])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4), st.booleans(), st.booleans())
def test_residuals_and_rank_are_those_of_explicit_dummies(seed: int, m: int, weighted: bool, ordered: bool) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(5, 120))
    effects = [Grouping.of(str(j), rng.integers(0, rng.integers(1, 15), n)) for j in range(m)]
    if ordered:
        order = np.argsort(effects[largest(effects)].codes, kind="stable")
        effects = [g.take(order) for g in effects]
    w = rng.uniform(0.1, 5, n) if weighted else None
    X = rng.normal(size=(n, 3))
    root = np.ones(n) if w is None else np.sqrt(w)
    D = explicit(effects) * root[:, None]
    coefficients = np.linalg.lstsq(D, X * root[:, None], rcond=1e-11)[0]
    truth = X - explicit(effects) @ coefficients
    engine = absorber(effects, w)
    np.testing.assert_allclose(engine.residuals(X), truth, atol=1e-11)
    assert engine.rank == np.linalg.matrix_rank(D, tol=1e-9)
    first = absorber(effects, w, first=m - 1)
    np.testing.assert_allclose(first.residuals(X), truth, atol=1e-11)
    assert first.rank == engine.rank


def test_a_chain_of_movers_is_connected() -> None:
    """The worst connected panel: each worker links two firms that nothing else links."""
    L = 1500
    worker, firm = np.repeat(np.arange(L), 2), np.r_[np.repeat(np.arange(1, L), 2), 0, L]
    firm = np.sort(np.r_[0, np.repeat(np.arange(1, L), 2), L])
    effects = [Grouping.of("worker", worker), Grouping.of("firm", firm)]
    engine = absorber(effects, None)
    assert engine.rank == 2 * L
    np.testing.assert_allclose(engine.residuals(np.random.default_rng(0).normal(size=(2 * L, 1))), 0, atol=1e-8)


def test_nested_effects_add_nothing() -> None:
    firm = Grouping.of("firm", np.repeat(np.arange(20), 5))
    province = Grouping.of("province", np.repeat(np.arange(20), 5) // 4)
    assert absorber([province, firm], None).rank == 20
    assert firm.nested_in(province)
    assert not province.nested_in(firm)


def test_singletons_fall_like_dominoes() -> None:
    unit, time = Grouping.of("i", [0, 0, 1, 1, 2]), Grouping.of("t", [0, 1, 0, 1, 2])
    assert singletons([unit, time]).tolist() == [False, False, False, False, True]
    chain = Grouping.of("i", [0, 0, 1, 1, 2, 2]), Grouping.of("t", [0, 1, 1, 2, 2, 3])
    assert singletons(chain).all()


def test_codes_follow_the_order_of_values() -> None:
    g = Grouping.of("year", [2003, 2001, 2003, 2002])
    assert g.codes.tolist() == [2, 0, 2, 1]
    assert g.sizes().tolist() == [1, 1, 2]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n", [3_000, 15_000])
def test_gradients_equal_the_dense_factor(n: int, weighted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(n)
    levels = (n // 6, n // 20, 9)
    effects = [Grouping.of(str(j), rng.integers(0, size, n)) for j, size in enumerate(levels)]
    w = rng.uniform(0.2, 3, n) if weighted else None
    X = rng.normal(size=(n, 4)) + rng.normal(size=levels[0])[effects[0].codes][:, None]
    X[:, 3] = effects[1].codes + np.sin(effects[2].codes)
    dense = absorber(effects, w)
    monkeypatch.setattr(effects_module, "DENSE_LEVELS", 1)
    iterated = absorber(effects, w)
    R, Q = iterated.residuals(X), dense.residuals(X)
    np.testing.assert_allclose(R, Q, atol=1e-6)
    np.testing.assert_allclose(R[:, :3].T @ R[:, :3], Q[:, :3].T @ Q[:, :3], atol=1e-11 * n)
    assert np.linalg.norm(R[:, 3]) < 1e-9 * np.linalg.norm(X[:, 3])
    assert not iterated.exact
    assert iterated.rank >= dense.rank
    two = absorber(effects[:2], w)
    assert two.exact
    monkeypatch.setattr(effects_module, "DENSE_LEVELS", 10_000)
    assert two.rank == absorber(effects[:2], w).rank


def movers(seed: int, workers: int, firms: int, moves: int) -> list[Grouping]:
    """Workers who stay in one firm, save a few who move to the next firms of a ring; and years."""
    rng = np.random.default_rng(seed)
    home = rng.integers(0, firms, workers)
    worker, year = np.repeat(np.arange(workers), 6), np.tile(np.arange(6), workers)
    firm = home[worker]
    moving = np.isin(worker, rng.choice(workers, moves, replace=False)) & (year >= 3)
    firm[moving] = (firm[moving] + rng.integers(1, 3, moving.sum())) % firms
    keep = np.sort(rng.choice(len(worker), int(0.9 * len(worker)), replace=False))
    return [Grouping.of(n, c[keep]) for n, c in (("worker", worker), ("firm", firm), ("year", year))]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("years", [False, True])
@pytest.mark.parametrize("moves", [80, 300])
def test_hardly_connected_effects(moves: int, years: bool, weighted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    effects = movers(moves, 2_000, 150, moves)[: 3 if years else 2]
    rng = np.random.default_rng(1)
    n = len(effects[0].codes)
    w = rng.uniform(0.2, 3, n) if weighted else None
    X = rng.normal(size=(n, 3)) + effects[1].codes[:, None] / 10
    dense = absorber(effects, w)
    monkeypatch.setattr(effects_module, "DENSE_LEVELS", 1)
    iterated = absorber(effects, w)
    R, Q = iterated.residuals(X), dense.residuals(X)
    np.testing.assert_allclose(R, Q, atol=1e-6)
    np.testing.assert_allclose(R.T @ R, Q.T @ Q, atol=1e-11 * n)
    assert iterated.rank == dense.rank
    assert iterated.exact != years


def test_a_long_chain_is_factorised_exactly() -> None:
    L = 5_000
    worker = np.repeat(np.arange(L), 4)
    firm = np.repeat(np.sort(np.r_[0, np.repeat(np.arange(1, L), 2), L]), 2)
    effects = [Grouping.of("worker", worker), Grouping.of("firm", firm)]
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=4 * L), rng.normal(size=L + 1)[firm] + rng.normal(size=L)[worker]])
    engine = absorber(effects, None)
    R = engine.residuals(X)
    assert engine.rank == 2 * L
    cells = Grouping.of("cell", worker * (L + 1) + firm)
    np.testing.assert_allclose(R[:, 0], absorber([cells], None).residuals(X)[:, 0], atol=1e-8)
    np.testing.assert_allclose(R[:, 1], 0, atol=1e-7)


def test_iterations_that_do_not_converge_fail_loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effects_module, "DENSE_LEVELS", 1)
    monkeypatch.setattr(gradients, "QUICK", 2)
    monkeypatch.setattr(gradients, "MOST", 2)
    effects = movers(3, 2_000, 150, 80)
    with pytest.raises(EstimationError, match="not converged: 4 iterations"):
        absorber(effects, None).residuals(np.random.default_rng(0).normal(size=(len(effects[0].codes), 2)))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_sampled_elimination(seed: int) -> None:
    """Exact on chains; on any graph symmetric, positive, and zero on nothing but constants of components."""
    rng = np.random.default_rng(seed)
    nodes = int(rng.integers(2, 30))
    left, right = np.arange(1, nodes), np.array([rng.integers(0, k) if seed % 2 else k - 1 for k in range(1, nodes)])
    more = int(rng.integers(0, 40)) * int(seed % 2)
    a, b = rng.integers(0, nodes, more), rng.integers(0, nodes, more)
    left, right = np.r_[left, a[a != b]].astype(np.int64), np.r_[right, b[a != b]].astype(np.int64)
    w = rng.uniform(0.1, 3, len(left))
    laplacian = np.zeros((nodes, nodes))
    for i, j, v in zip(left, right, w, strict=True):
        laplacian[[i, j], [i, j]] += v
        laplacian[[i, j], [j, i]] -= v
    order = np.argsort(np.bincount(np.r_[left, right], minlength=nodes), kind="stable")
    parts = kernels.eliminate(order, left, right, w, 7)
    X = np.eye(nodes) - 1 / nodes
    kernels.substitute(X, order, *parts)
    X -= X.mean(axis=0)
    np.testing.assert_allclose(X, X.T, atol=1e-9)
    assert np.linalg.eigvalsh(X)[1] > 0
    if not seed % 2:
        np.testing.assert_allclose(X, np.linalg.pinv(laplacian), atol=1e-8)
