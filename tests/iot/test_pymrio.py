"""The test table of pymrio against what pymrio 0.7.0 makes of it; see pymrio_test/README.md."""

from pathlib import Path

import numpy as np

from econloom import iot

FOLDER = Path(__file__).parent / "pymrio_test"
SECTORS = ["food", "mining", "manufactoring", "electricity", "construction", "trade", "transport", "other"]
L = {
    (0, 0): 1.1101020720270822,
    (10, 40): 2.4571883899525366e-05,
    (47, 3): 0.002347787990224698,
    (22, 22): 1.010360458593799,
}
MULTIPLIERS = {0: 0.5390527500883587, 13: 0.005424450420957047, 47: 0.018016887456203574}
OUTPUT = {0: 239154.3864726197, 13: 84405368.84449737, 47: 91544454.45939705}
BY_ORIGIN = [6436043.6110000005, 3148698.294, 15024308.489999998, 4096691.17, 4410376.8500000015, 6025295.85]
BY_DESTINATION = [
    7051826.203511118, 4588852.831035247, 6862576.496369612, 6700602.064423516, 4407308.001773786, 9530248.66788672,
]  # fmt: skip


def test_the_test_table_of_pymrio():
    Z, F, added = (np.loadtxt(FOLDER / f"{name}.csv", delimiter=",") for name in ("Z", "Y", "value_added"))
    regions = [f"reg{k}" for k in range(1, 7)]
    plain = iot.from_flows(Z, F, regions, SECTORS)
    t = iot.IOTable(plain.Z, plain.Y, regions, SECTORS, v=added / plain.x)
    factors = iot.leontief.factor(t)
    inverse, shares = factors.inverse(), factors.solve_transposed(t.v)
    for place, expected in L.items():
        np.testing.assert_allclose(inverse[place], expected, rtol=1e-9)
    for place, expected in MULTIPLIERS.items():
        np.testing.assert_allclose(shares[place], expected, rtol=1e-9)
    for place, expected in OUTPUT.items():
        np.testing.assert_allclose(t.x[place], expected, rtol=1e-12)
    flows = iot.absorption(t)["value_added"].to_numpy().reshape(6, 6)
    np.testing.assert_allclose(flows.sum(axis=1), BY_ORIGIN, rtol=1e-9)
    np.testing.assert_allclose(flows.sum(axis=0), BY_DESTINATION, rtol=1e-9)
