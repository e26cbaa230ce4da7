# ruff: noqa: E501
"""Decompositions of the `leather` example by two R programs, and the same terms written out with dense blocks.

KWW and WWZ: decompr 6.8.0 under R 4.2.2 (``decomp(method="wwz")``, exporter totals for the nine terms). Borin-Mancini
and participation: exvatools 0.9.0. Run on 2026-11-22; printed digits, so compared to 1e-9 relative.

One printed number is not used: MVA_INT of TUR textiles to DEU was noted down as 1.5131862401, with which the row misses
its exports of 47.1 by 5.3e-8; exact rational arithmetic on the formula gives 1.5131861872, and that row then adds up.
"""

import numpy as np

KWW = {
    "ARG": (19.34940465, 18.97119268, 8.411490781, 5.259501076, 0.825972386, 0.8723949262, 3.450595354, 3.388616584, 3.770831571),
    "TUR": (43.39461374, 26.20677651, 7.740053428, 10.475795057, 2.007578114, 2.6369363181, 10.205386264, 5.359697788, 5.573162788),
    "DEU": (78.73100832, 15.23967019, 2.748463662, 5.689669297, 4.433591599, 4.4481799929, 26.668991682, 4.455024229, 5.185401030),
}  # fmt: skip
KWW_NAMES = ("DVA_FIN", "DVA_INT", "DVA_INTrex", "RDV_FIN", "RDV_INT", "DDC", "FVA_FIN", "FVA_INT", "FDC")

WWZ_NAMES = (
    "DVA_FIN", "DVA_INT", "DVA_INTrexI1", "DVA_INTrexF", "DVA_INTrexI2", "RDV_INT", "RDV_FIN", "RDV_FIN2",
    "OVA_FIN", "MVA_FIN", "OVA_INT", "MVA_INT", "DDC_FIN", "DDC_INT", "ODC", "MDC",
)  # fmt: skip
WWZ_WORLD = (
    141.4750267, 54.70325509, 5.714384284, 17.01225907, 1.887748801, 7.267142099, 19.791519863, 1.633445566,
    18.90000787, 21.424965429, 5.936196501, 7.267142099, 4.858634618, 3.098876619, 6.571884152, 7.957511237,
)  # fmt: skip
WWZ_ROWS = {
    ("ARG", "Agriculture", "TUR"): (
        5.4744353951, 2.6813685938, 1.1363440677, 1.4093002657, 0.5049315439, 0.1686147297, 0.7056837230, 0.3470197509,
        0.4112635596, 0.2143010452, 0.1958840517, 0.1020711805, 0.0648641455, 0.0717157408, 0.3367359681, 0.1754662387,
    ),
    ("TUR", "Textile.and.Leather", "DEU"): (
        13.7238724828, 12.0058480110, 0.6280295540, 3.9068090420, 0.1273673381, 0.9500595618, 5.5797904756, 0.0741519992,
        1.4357409371, 1.7403865801, 1.2483107945, 1.5131861872, 0.5971366530, 0.6551238728, 1.3173327736, 1.5968537369,
    ),
}  # fmt: skip

BM_NAMES = ("exports", "DC", "DVA", "VAX", "DAVAX", "REF", "DDC", "FC", "FVA", "FDC", "GVC", "GVCB", "GVCF")
BM_SOURCE = {
    "ARG": (64.3, 53.6899564913, 52.8175615650, 46.7320881031, 34.7987701292, 6.0854734619, 0.8723949262, 10.6100435087,
            10.4348371690, 0.1752063398, 29.5012298708, 11.4824384350, 18.0187914359),
    "TUR": (113.6, 92.4617531596, 89.8248168415, 77.3414436706, 65.5036008320, 12.4833731709, 2.6369363181, 21.1382468404,
            20.5556418704, 0.5826049700, 48.0963991680, 23.7751831585, 24.3212160095),
    "DEU": (147.6, 111.2905830594, 106.8424030665, 96.7191421705, 89.3168887464, 10.1232608959, 4.4481799929,
            36.3094169406, 35.0648879935, 1.2445289471, 58.2831112536, 40.7575969335, 17.5255143201),
}  # fmt: skip
BM_SINK_VAXIM = (36.9032399512, 68.1975605508, 93.3269804857)
BM_KWW_FVA = (6.8392119379, 15.5650840521, 31.1240159103)
BM_KWW_FDC = (3.7708315709, 5.5731627883, 5.1854010303)
OECD_BACKWARD = (10.6100435087, 21.1382468404, 36.3094169406)
OECD_FORWARD = (21.6347472928, 27.1003777985, 19.3225821984)


class Dense:
    """Blocks of a table, made the obvious way: ``B[s][r]``, ``A[s][r]``, ``L[s]``, ``Y[s][r]``, ``v[s]``, ``E``."""

    def __init__(self, t):
        G, S, n = len(t.countries), len(t.sectors), t.n
        coefficients = np.zeros((n, n))
        for j in range(n):
            if t.x[j] > 0:
                coefficients[:, j] = t.Z[:, j] / t.x[j]
        inverse = np.linalg.inv(np.eye(n) - coefficients)
        cut = [slice(g * S, (g + 1) * S) for g in range(G)]
        self.G, self.S, self.cut = G, S, cut
        self.A = [[coefficients[a, b] for b in cut] for a in cut]
        self.B = [[inverse[a, b] for b in cut] for a in cut]
        self.L = [np.linalg.inv(np.eye(S) - self.A[g][g]) for g in range(G)]
        self.Y = [[t.Y[a, g] for g in range(G)] for a in cut]
        self.v = [t.v[a] for a in cut]
        self.x = [t.x[a] for a in cut]
        self.coefficients, self.v_all, self.Y_all = coefficients, t.v, t.Y
        self.E = [
            [t.Z[a, b].sum(axis=1) + t.Y[a, r] if r != s else np.zeros(S) for r, b in enumerate(cut)]
            for s, a in enumerate(cut)
        ]

    def total(self, s):
        return sum(self.E[s])

    def others(self, *left_out):
        return [g for g in range(self.G) if g not in left_out]


def kww(d, s):
    """Equation 36 of Koopman, Wang and Wei (2014), term by term."""
    own = d.others(s)
    foreign = sum((d.v[t] @ d.B[t][s] for t in own), np.zeros(d.S))
    A, B, L, Y, v = d.A, d.B, d.L, d.Y, d.v
    return (
        sum(v[s] @ B[s][s] @ Y[s][r] for r in own),
        sum(v[s] @ B[s][r] @ Y[r][r] for r in own),
        sum(v[s] @ B[s][r] @ Y[r][t] for r in own for t in d.others(s, r)),
        sum(v[s] @ B[s][r] @ Y[r][s] for r in own),
        sum(v[s] @ B[s][r] @ A[r][s] @ L[s] @ Y[s][s] for r in own),
        sum(v[s] @ B[s][r] @ A[r][s] @ L[s] @ d.total(s) for r in own),
        sum(foreign @ Y[s][r] for r in own),
        sum(foreign @ A[s][r] @ L[r] @ Y[r][r] for r in own),
        sum(foreign @ A[s][r] @ L[r] @ d.total(r) for r in own),
    )


def wwz(d, s, r):
    """The sixteen terms of Wang, Wei and Zhu for exporter s and importer r, each (S,)."""
    A, B, L, Y, v, S = d.A, d.B, d.L, d.Y, d.v, d.S
    zero = np.zeros(S)
    third = d.others(s, r)
    first, whole, importer = v[s] @ L[s], v[s] @ B[s][s], v[r] @ B[r][s]
    other = sum((v[t] @ B[t][s] for t in third), zero)
    home, exported = A[s][r] @ L[r] @ Y[r][r], A[s][r] @ L[r] @ d.total(r)
    output = sum((B[r][t] @ Y[t][u] for t in range(d.G) for u in range(d.G)), zero)
    return (
        whole * Y[s][r],
        first * (A[s][r] @ B[r][r] @ Y[r][r]),
        first * (A[s][r] @ sum((B[r][t] @ Y[t][t] for t in third), zero)),
        first * (A[s][r] @ B[r][r] @ sum((Y[r][t] for t in third), zero)),
        first * (A[s][r] @ sum((B[r][t] @ Y[t][u] for t in third for u in d.others(s, t)), zero)),
        first * (A[s][r] @ B[r][s] @ Y[s][s]),
        first * (A[s][r] @ B[r][r] @ Y[r][s]),
        first * (A[s][r] @ sum((B[r][t] @ Y[t][s] for t in third), zero)),
        other * Y[s][r],
        importer * Y[s][r],
        other * home,
        importer * home,
        first * (A[s][r] @ B[r][s] @ sum((Y[s][t] for t in d.others(s)), zero)),
        (v[s] @ L[s] @ sum((A[s][t] @ B[t][s] for t in d.others(s)), np.zeros((S, S)))) * (A[s][r] @ output),
        other * exported,
        importer * exported,
    )


def without_exports_of(d, s):
    """``B`` of the table from which the intermediate exports of s are struck out."""
    kept = d.coefficients.copy()
    for r in d.others(s):
        kept[d.cut[s], d.cut[r]] = 0
    return np.linalg.inv(np.eye(len(kept)) - kept)


def borin_mancini(d, s, r, approach):
    """DVA, VAX, VAXIM, DAVAX, REF, FVA of exporter s and importer r, each (S,), with the inverse struck out for s."""
    A, B, L, Y, v = d.A, d.B, d.L, d.Y, d.v
    cut, struck = d.cut, without_exports_of(d, s)
    final = d.Y_all.copy()
    if approach == "sink":
        final[cut[s], d.others(s)] = 0
        needed = (struck @ final)[cut[r]]
        share = v[s] @ B[s][s]
    else:
        needed = sum(B[r][t] @ d.Y_all[cut[t]] for t in range(d.G))
        share = v[s] @ L[s]
    foreign = [v[t] for t in d.others(s)]
    once = sum((f @ struck[cut[t], cut[s]] for f, t in zip(foreign, d.others(s), strict=True)), np.zeros(d.S))
    content = sum((f @ B[t][s] for f, t in zip(foreign, d.others(s), strict=True)), np.zeros(d.S))
    by_user = A[s][r] @ needed
    DVA = share * (Y[s][r] + by_user.sum(axis=1))
    FVA = once * d.E[s][r] if approach == "source" else content * (Y[s][r] + by_user.sum(axis=1))
    return {
        "DVA": DVA,
        "VAX": share * (Y[s][r] + by_user.sum(axis=1) - by_user[:, s]),
        "VAXIM": share * (Y[s][r] + by_user[:, r]),
        "DAVAX": (v[s] @ L[s]) * (Y[s][r] + A[s][r] @ L[r] @ Y[r][r]),
        "REF": share * by_user[:, s],
        "FVA": FVA,
    }
