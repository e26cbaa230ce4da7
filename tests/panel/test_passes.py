"""Compiled passes against the same passes in numpy; threads do not change a digit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from econloom.core import compiling
from econloom.panel import kernels, passes, plain
from econloom.panel.absorb import Grouping, absorber


def sample(seed: int, weighted: bool) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    n, m, q = int(rng.integers(1, 1_200)), int(rng.integers(1, 11)), int(rng.integers(1, 4))
    first = Grouping.of("g", np.sort(rng.integers(0, rng.integers(1, 40), n)))
    L = int(rng.integers(1, 12))
    return {
        "X": rng.normal(size=(n, m)),
        "w": rng.uniform(0.1, 4, n) if weighted else np.zeros(0),
        "starts": np.r_[0, np.cumsum(first.sizes())].astype(np.int64),
        "columns": (rng.integers(0, L, (n, q)) + np.arange(q) * L).astype(np.int32),
        "V": rng.normal(size=(L * q, m)),
        "means": rng.normal(size=m),
        "codes": first.codes[rng.permutation(n)],
    }


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_kernels_equal_their_plain_forms(seed: int, weighted: bool) -> None:
    s = sample(seed, weighted)
    X, w, starts, columns, V, means = (s[k] for k in ("X", "w", "starts", "columns", "V", "means"))
    n, m = X.shape
    G, found = len(starts) - 1, {}
    for form in (kernels, plain):
        out, L = np.empty_like(X), V.shape[0]
        sums, through, S, R, clusters = np.zeros((L, m)), np.zeros((L, m)), np.zeros((L, L)), X.copy(), np.zeros((G, m))
        form.first_residuals(X, means, 1 / (1 + means**2), w, starts, out, 0, G)
        form.level_sums(X, w, columns, starts, sums, 0, G)
        for half in passes.halves(starts):
            form.complement(V, w, columns, starts, through, *half)
        form.crossings(w, columns, starts, S)
        form.subtract(R, V, w, columns, starts, 0, G)
        form.group_sums(X, np.arange(m)[::-1].copy(), X[:, 0].copy(), s["codes"], clusters)
        order = form.counting_order(s["codes"], G)
        moved = np.zeros_like(X)
        form.interleave(np.ascontiguousarray(X.T), order[::-1].copy(), moved)
        taken = np.zeros(n, np.int64)
        form.gather(s["codes"], order, taken, 0, n)
        sets = form.joined_sets(s["codes"], columns[:, 0].astype(np.int64), G, L)
        found[form] = [
            sets,
            taken,
            out,
            sums,
            through,
            S,
            R,
            clusters,
            form.linked(S * (np.abs(S) > 0.5)),
            order,
            moved,
            form.spread(X, w, means, 0, n),
            S @ V,
        ]
    for compiled, slow in zip(found[kernels], found[plain], strict=True):
        np.testing.assert_allclose(compiled, slow, atol=1e-10, rtol=1e-10)
    np.testing.assert_allclose(found[kernels][4], found[kernels][-1], atol=1e-9)


@pytest.mark.parametrize("levels", [5, 2_500])
def test_threads_do_not_change_a_digit(levels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    n = 30_000
    effects = [Grouping.of("a", rng.integers(0, 3_000, n)), Grouping.of("b", rng.integers(0, levels, n))]
    X = rng.normal(size=(n, 3))
    found = []
    for count in (1, 2):
        monkeypatch.setattr(passes, "THREADED_CELLS", 0)
        monkeypatch.setattr(passes, "threads", lambda count=count: count)
        found.append(absorber(effects, None).residuals(X))
    np.testing.assert_array_equal(*found)


def test_cache_folder_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert compiling.cache_folder() == f"{tmp_path}/econloom/numba"
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/nowhere")
    assert "econloom-numba" in compiling.cache_folder()
    monkeypatch.setenv("NUMBA_CACHE_DIR", "elsewhere")
    assert compiling.cache_folder() == "elsewhere"
