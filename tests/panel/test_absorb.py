import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import econloom.panel.absorb.effects as effects_module
from econloom.panel.absorb import Grouping, absorber, largest, singletons


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
    np.testing.assert_allclose(R, Q, atol=1e-7)
    np.testing.assert_allclose(R[:, :3].T @ R[:, :3], Q[:, :3].T @ Q[:, :3], atol=1e-12 * n)
    assert np.linalg.norm(R[:, 3]) < 1e-9 * np.linalg.norm(X[:, 3])
    assert not iterated.exact
    assert iterated.rank >= dense.rank
    two = absorber(effects[:2], w)
    assert two.exact
    monkeypatch.setattr(effects_module, "DENSE_LEVELS", 10_000)
    assert two.rank == absorber(effects[:2], w).rank
