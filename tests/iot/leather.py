"""The 3-country, 3-sector `leather` example and what two R programs make of it.

Source: data set `leather` of the R package decompr (GPL-3; only the numbers). ``B`` entries, ``v``: decompr 6.8.0 under
R 4.2.2. ``VAX`` (value added absorbed abroad) and ``DVA`` (domestic value added in exports, source-based Borin-Mancini;
also the sum of the first five KWW terms of decompr), by exporter: exvatools 0.9.0. Run on 2026-11-22; printed digits.
"""

import numpy as np

COUNTRIES = ["ARG", "TUR", "DEU"]
SECTORS = ["Agriculture", "Textile.and.Leather", "Transport.Equipment"]

Z = np.array(
    [
        [16.1, 5.1, 1.8, 3.2, 4.3, 0.4, 3.1, 2.8, 4.9],
        [2.4, 8, 3.2, 0.1, 3.2, 1.6, 1.2, 3.9, 11.5],
        [0.9, 0.5, 4, 0, 0.1, 0.3, 0, 0.4, 0.5],
        [1.1, 1.9, 0.2, 18, 13.2, 6.1, 9, 3.1, 8.9],
        [0.3, 2.8, 0.1, 6.1, 28.1, 6.3, 2.1, 2.5, 25.6],
        [0, 0.1, 0.3, 4.1, 3.2, 8.9, 0.2, 0, 1.8],
        [1.2, 4.2, 0.3, 4.1, 1.2, 0.6, 29, 19.5, 17.9],
        [1.3, 1.1, 0, 3.2, 4.8, 2.6, 5.1, 29.1, 24.1],
        [2.1, 1.4, 3, 4.1, 3.1, 3.9, 11.3, 8.1, 51.3],
    ]
)
Y = np.array(
    [
        [21.5, 6.1, 8.4],
        [16.2, 1.9, 5.1],
        [11, 0.5, 0.8],
        [7.5, 29.5, 14.2],
        [8.9, 24.9, 16.9],
        [1.2, 18.5, 4.9],
        [9.2, 17.9, 51.2],
        [7.9, 10.1, 38.5],
        [25.1, 35.2, 68.4],
    ]
)
x = [77.7, 58.3, 19, 112.7, 124.6, 43.2, 156.3, 127.8, 217]
v = [
    0.6731016731, 0.5694682676, 0.3210526316, 0.6193433895, 0.5088282504,
    0.2893518519, 0.6097248880, 0.4569640063, 0.3248847926,
]  # fmt: skip
B = {(1, 1): 1.276359808610, (5, 9): 0.239844849698, (9, 3): 0.30551919882}
VAX = [46.7320881031, 77.3414436706, 96.7191421705]
DVA = [52.8175615650, 89.8248168415, 106.8424030665]
