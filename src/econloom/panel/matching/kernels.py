"""Compiled passes over donors that are sorted by score; a brute-force form of each is its test.

Targets come sorted like the donors, so that equal targets follow one another and share their work.
"""

from __future__ import annotations

import numpy as np

from econloom.core.compiling import compiled
from econloom.panel.absorb import FloatArray, IntArray

SAME = 1e-10
"""Squared distances that differ by less than this share are equal."""


@compiled
def _place(donors: FloatArray, low: int, high: int, s: float) -> int:
    """The first of ``donors[low:high]``, ascending, that is not below s."""
    while low < high:
        middle = (low + high) // 2
        if donors[middle] < s:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def nearest_runs(
    targets: FloatArray,
    low: IntArray,
    high: IntArray,
    donors: FloatArray,
    k: int,
    widest: float,
    slack: float,
    own: IntArray,
    first: IntArray,
    last: IntArray,
) -> None:
    """The run of donors within the distance of the k-th nearest, ties with it included.

    Parameters
    ----------
    targets : (m,) array
    low, high : (m,) int array
        Donors that each target may have: ``donors[low:high]``, ascending.
    donors : (D,) array
    k : int
        Zero: all within ``widest``.
    widest : float
        Largest distance.
    slack : float
        Squared distances up to that of the k-th nearest plus this are ties with it.
    own : (m,) int array
        Place of the target among the donors, which does not count as its own neighbour, or -1.
    first, last : (m,) int array
        Filled: the run is ``donors[first:last]``, a target's own place included; empty where there is none.
    """
    for i in range(len(targets)):
        s, lo, hi = targets[i], low[i], high[i]
        if i > 0 and s == targets[i - 1] and lo == low[i - 1] and (own[i] < 0) == (own[i - 1] < 0):
            first[i], last[i] = first[i - 1], last[i - 1]
            continue
        if own[i] >= 0:
            left, right = own[i] - 1, own[i] + 1
        else:
            right = _place(donors, lo, hi, s)
            left = right - 1
        cut = widest
        if k > 0:
            found = -1.0
            for _ in range(k):
                before = s - donors[left] if left >= lo else np.inf
                after = donors[right] - s if right < hi else np.inf
                if before == np.inf and after == np.inf:
                    break
                if before <= after:
                    found = before
                    left -= 1
                else:
                    found = after
                    right += 1
            if found < 0.0:
                first[i], last[i] = lo, lo
                continue
            cut = min(widest, np.sqrt(found * found * (1.0 + SAME) + slack))
        a = left + 1
        while a > lo and s - donors[a - 1] <= cut:
            a -= 1
        while a < right and s - donors[a] > cut:
            a += 1
        b = max(right, a)
        while b < hi and donors[b] - s <= cut:
            b += 1
        while b > a and donors[b - 1] - s > cut:
            b -= 1
        first[i], last[i] = a, b


@compiled
def run_means(first: IntArray, last: IntArray, values: FloatArray, out: FloatArray) -> None:
    """Means of the columns of ``values`` (D, q) over each run, into ``out`` (m, q)."""
    q = values.shape[1]
    for i in range(len(first)):
        a, b = first[i], last[i]
        if i > 0 and a == first[i - 1] and b == last[i - 1]:
            out[i] = out[i - 1]
            continue
        for c in range(q):
            total = 0.0
            for j in range(a, b):
                total += values[j, c]
            out[i, c] = total / (b - a) if b > a else np.nan


@compiled
def run_spreads(first: IntArray, last: IntArray, values: FloatArray, out: FloatArray) -> None:
    """Sample variance of ``values`` (D,) over each run, NaN for a run of fewer than two."""
    for i in range(len(first)):
        a, b = first[i], last[i]
        if i > 0 and a == first[i - 1] and b == last[i - 1]:
            out[i] = out[i - 1]
            continue
        if b - a < 2:
            out[i] = np.nan
            continue
        mean = 0.0
        for j in range(a, b):
            mean += values[j]
        mean /= b - a
        total = 0.0
        for j in range(a, b):
            total += (values[j] - mean) ** 2
        out[i] = total / (b - a - 1)


@compiled
def run_loads(first: IntArray, last: IntArray, load: FloatArray, squares: FloatArray) -> None:
    """Add ``1/size`` of every run, and its square, to the donors in it."""
    i, m = 0, len(first)
    while i < m:
        a, b = first[i], last[i]
        times = 1
        while i + times < m and first[i + times] == a and last[i + times] == b:
            times += 1
        i += times
        if b > a:
            share = 1.0 / (b - a)
            for j in range(a, b):
                load[j] += times * share
                squares[j] += times * share * share


@compiled
def chosen(
    targets: FloatArray,
    first: IntArray,
    last: IntArray,
    donors: FloatArray,
    ends: IntArray,
    priority: IntArray,
    k: int,
    picked: IntArray,
    count: IntArray,
) -> None:
    """The k of each run that come first by distance, then by priority.

    Parameters
    ----------
    targets, first, last, donors : arrays
        As for :func:`nearest_runs`.
    ends : (D,) int array
        Where the donors with the same score as this one, which are sorted by priority, end.
    priority : (D,) int array
        The lower the earlier.
    picked : (m, k) int array
        Filled with places of donors.
    count : (m,) int array
        Filled: how many there are.
    """
    place = np.empty(k, dtype=np.int64)
    far = np.empty(k)
    for i in range(len(targets)):
        held, pos = 0, first[i]
        while pos < last[i]:
            end = min(ends[pos], last[i])
            d = abs(donors[pos] - targets[i])
            for j in range(pos, min(end, pos + k)):
                at = held
                while at > 0 and (d < far[at - 1] or (d == far[at - 1] and priority[j] < priority[place[at - 1]])):
                    at -= 1
                if at >= k:
                    break
                for move in range(min(held, k - 1), at, -1):
                    far[move] = far[move - 1]
                    place[move] = place[move - 1]
                far[at] = d
                place[at] = j
                held = min(held + 1, k)
            pos = end
        count[i] = held
        for at in range(held):
            picked[i, at] = place[at]


@compiled
def greedy(
    targets: FloatArray,
    low: IntArray,
    high: IntArray,
    donors: FloatArray,
    starts: IntArray,
    priority: IntArray,
    k: int,
    widest: float,
    picked: IntArray,
    count: IntArray,
) -> None:
    """Nearest donors that are still free, target by target in the given order, k rounds of one donor each.

    Parameters
    ----------
    targets, low, high, donors : arrays
        As for :func:`nearest_runs`; targets in the order in which they choose.
    starts : (D,) int array
        Where the donors with the same score as this one, which are sorted by priority, begin.
    priority : (D,) int array
    k : int
    widest : float
    picked : (m, k) int array
    count : (m,) int array
        Filled.
    """
    D = len(donors)
    up, down = np.arange(D + 1), np.arange(D + 1)  # the nearest free place at or above; at or below, shifted by one
    for _ in range(k):
        for i in range(len(targets)):
            s, lo, hi = targets[i], low[i], high[i]
            at = _place(donors, lo, hi, s)
            right = _root(up, at)
            left = _root(down, at) - 1
            after = donors[right] - s if right < hi else np.inf
            before = np.inf
            if left >= lo:
                before = s - donors[left]
                left = _root(up, max(starts[left], lo))
            if min(before, after) > widest or (before == np.inf and after == np.inf):
                continue
            take = right
            if before < after or (before == after and priority[left] < priority[right]):
                take = left
            picked[i, count[i]] = take
            count[i] += 1
            up[take] = take + 1
            down[take + 1] = take


@compiled
def _root(parent: IntArray, at: int) -> int:
    """The end of a chain of parents; the chain is shortened on the way."""
    end = at
    while parent[end] != end:
        end = parent[end]
    while parent[at] != end:
        after = parent[at]
        parent[at] = end
        at = after
    return end


@compiled
def bins(donors: FloatArray, width: float) -> tuple[IntArray, IntArray]:
    """Where the bin of each donor begins and ends: stretches of ascending donors no wider than ``width``."""
    D = len(donors)
    starts, ends = np.empty(D, dtype=np.int64), np.empty(D, dtype=np.int64)
    begin = 0
    for j in range(D + 1):
        if j == D or donors[j] < donors[begin] or donors[j] - donors[begin] > width:
            starts[begin:j] = begin
            ends[begin:j] = j
            begin = j
    return starts, ends


@compiled
def window_sums(
    targets: FloatArray,
    first: IntArray,
    last: IntArray,
    donors: FloatArray,
    width: float,
    powers: FloatArray,
    values: FloatArray,
    out: FloatArray,
) -> None:
    """``sum_j K(|t_i - s_j| / width) v_j`` over windows ``donors[first:last]``, for a kernel that is a polynomial.

    Few donors are summed one by one. Of many, running sums of ``v (s - c)^p`` over bins that begin at c and are half a
    bandwidth wide give each side of the target as a polynomial in its distance from c.

    Parameters
    ----------
    powers : (d,) array
        ``K(u) = sum_q powers_q u^q`` for u below 1.
    values, out : (D, q), (m, q) arrays
    """
    few, top, q = 256, len(powers), values.shape[1]
    starts, ends = bins(donors, 0.5 * width)
    running = np.empty((len(donors), top, q))
    for j in range(len(donors)):
        v, power = (donors[j] - donors[starts[j]]) / width, 1.0
        for p in range(top):
            for c in range(q):
                before = running[j - 1, p, c] if j > starts[j] else 0.0
                running[j, p, c] = before + power * values[j, c]
            power *= v
    shifted = np.empty(top)
    for i in range(len(targets)):
        t, a, b = targets[i], first[i], last[i]
        out[i] = 0.0
        if b - a <= few:
            for j in range(a, b):
                u = abs(donors[j] - t) / width
                w = 0.0
                for p in range(top - 1, -1, -1):
                    w = w * u + powers[p]
                if u < 1.0:
                    for c in range(q):
                        out[i, c] += w * values[j, c]
            continue
        middle = _place(donors, a, b, t)
        j = a
        while j < b:
            end = min(ends[j], middle if j < middle else b)
            sign = -1.0 if j < middle else 1.0
            shift = -(t - donors[starts[j]]) / width
            for p in range(top):  # K(sign (v + shift)) in powers of v
                total, choose, power = 0.0, 1.0, 1.0
                for r in range(p, top):
                    odd = sign if r % 2 else 1.0
                    total += powers[r] * odd * choose * power
                    choose = choose * (r + 1) / (r + 1 - p)
                    power *= shift
                shifted[p] = total
            for c in range(q):
                total = 0.0
                for p in range(top):
                    before = running[j - 1, p, c] if j > starts[j] else 0.0
                    total += shifted[p] * (running[end - 1, p, c] - before)
                out[i, c] += total
            j = end


@compiled
def gauss_sums(targets: FloatArray, sources: FloatArray, values: FloatArray, width: float, out: FloatArray) -> None:
    """``sum_j exp(-(t_i - s_j)^2 / 2 width^2) v_j`` for sorted targets and sources, right to rounding.

    Sources in a bin around c share a Taylor series: with u = (t - c)/width and v = (s - c)/width the kernel is
    ``exp(-u^2/2) exp(-v^2/2) sum_p u^p v^p / p!``. Bins are half a bandwidth wide, so ``|v| <= 1/4``; those more than
    ``REACH`` bandwidths away add less than rounding.
    """
    reach, terms, half = 9.0, 24, 0.25
    q = values.shape[1]
    moments = np.zeros((terms, q))
    begin, low = 0, 0
    while begin < len(sources):
        centre = sources[begin] + half * width
        end = begin
        moments[:] = 0.0
        while end < len(sources) and sources[end] <= centre + half * width:
            v = (sources[end] - centre) / width
            power = np.exp(-0.5 * v * v)
            for p in range(terms):
                for c in range(q):
                    moments[p, c] += power * values[end, c]
                power *= v / (p + 1)
            end += 1
        while low < len(targets) and targets[low] < centre - reach * width:
            low += 1
        for i in range(low, len(targets)):
            u = (targets[i] - centre) / width
            if u > reach:
                break
            outer = np.exp(-0.5 * u * u)
            for c in range(q):
                total = 0.0
                for p in range(terms - 1, -1, -1):
                    total = total * u + moments[p, c]
                out[i, c] += outer * total
        begin = end
