"""Which form of a pass runs, compiled or plain, and on how many threads; the numbers do not depend on the threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import cache, partial
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from econloom.panel import plain

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

COMPILED_ROWS = 10_000
"""Samples of at least so many rows run the compiled kernels; below, loading them costs more than they save."""
THREADED_CELLS = 2_000_000
"""Blocks of at least so many cells are worth a second thread."""


def forms(n: int) -> Any:
    """The module of passes for a sample of n rows."""
    return _kernels() if n >= COMPILED_ROWS else plain


@cache
def _kernels() -> ModuleType:
    from econloom.panel import kernels

    return kernels


@cache
def threads() -> int:
    """Two at most; one where ``OMP_NUM_THREADS`` or the processors allow no more."""
    stated = os.environ.get("OMP_NUM_THREADS", "2")
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(2, available, int(stated) if stated.isdigit() and int(stated) > 0 else 2)


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2, thread_name_prefix="econloom")


def halves(starts: IntArray) -> list[tuple[int, int]]:
    """Groups in two runs of about as many rows each; one run where there are few."""
    groups = len(starts) - 1
    middle = int(np.searchsorted(starts, starts[-1] // 2))
    if groups < 2 or starts[-1] < COMPILED_ROWS or not 0 < middle < groups:
        return [(0, groups)]
    return [(0, middle), (middle, groups)]


def spread(X: FloatArray, weights: FloatArray | None, means: FloatArray) -> FloatArray:
    """Weighted sums of ``X - means`` and of its squares, and its largest size, (3, m)."""
    n = len(X)
    w = np.zeros(0) if weights is None else weights
    bounds = row_halves(n)
    found: list[Any] = [None] * len(bounds)

    def part(place: int, low: int, high: int) -> None:
        found[place] = forms(n).spread(X, w, means, low, high)

    together([partial(part, place, *bound) for place, bound in enumerate(bounds)], X.size)
    sums = sum(f[:2] for f in found)
    return np.vstack([sums, np.max([f[2] for f in found], axis=0)])


def gather(values: IntArray, order: IntArray) -> IntArray:
    """``values[order]``, (n,)."""
    out = np.empty(len(order), dtype=np.int64)
    run = partial(forms(len(order)).gather, values, order, out)
    together([partial(run, *span) for span in row_halves(len(order))], len(order))
    return out


def row_halves(n: int) -> list[tuple[int, int]]:
    """Rows in two runs, in one where there are few."""
    return [(0, n)] if n < COMPILED_ROWS else [(0, n // 2), (n // 2, n)]


def group_sums(
    X: FloatArray, columns: Sequence[int], multiplier: FloatArray, codes: IntArray, levels: int
) -> FloatArray:
    """Sums of ``multiplier_i X[i, columns]`` in each group, (levels, k)."""
    out = np.zeros((levels, len(columns)))
    chosen = np.asarray(columns, dtype=np.int64)
    forms(len(X)).group_sums(X, chosen, np.ascontiguousarray(multiplier), codes, out)
    return out


def together(tasks: Sequence[Callable[[], None]], cells: int) -> None:
    """Run tasks that write to different places, side by side where it pays."""
    if len(tasks) > 1 and cells >= THREADED_CELLS and threads() > 1:
        for future in [_pool().submit(task) for task in tasks]:
            future.result()
    else:
        for task in tasks:
            task()


def one_blas_thread() -> AbstractContextManager[Any]:
    """Matrix products on one thread meanwhile: blocks are tall and thin, and sums keep their order."""
    limited: AbstractContextManager[Any] = _controller().limit(limits=1, user_api="blas")
    return limited


@cache
def _controller() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
