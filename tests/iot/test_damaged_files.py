"""Random damage to small files: either an econloom error or exactly the same result, never anything else."""

import random
import zipfile

import numpy as np
import pytest

from econloom import iot
from econloom.core.errors import EconloomError
from tests.iot import arrays2013, leather, sources


def flip(content, rng):
    damaged = bytearray(content)
    for _ in range(rng.randint(1, 3)):
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def truncate(content, rng):
    return content[: rng.randrange(len(content))]


def blank(content, rng):
    start = rng.randrange(len(content))
    length = rng.randint(1, 200)
    return content[:start] + bytes(length) + content[start + length :]


def append(content, rng):
    return content + rng.randbytes(rng.randint(1, 50))


def result_of_folder(folder):
    tables = iot.read(folder)
    return iot.yearly_value_added_absorbed(tables), iot.trade_benefit_indices(tables)["tbi"].to_numpy()


def result_of_arrays(folder):
    tables = iot.read(folder)
    return iot.yearly_value_added_absorbed(tables), iot.yearly_domestic_value_added(tables)


def result_of_file(path):
    t = iot.read(path)
    return t.Z, t.Y, t.x, t.v, iot.value_added_absorbed(t)


def same_or_refused(ask, expected):
    try:
        found = ask()
    except EconloomError:
        return True
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_array_equal(one, other)
    return False


@pytest.mark.parametrize("manifest", [False, True])
@pytest.mark.parametrize("damage", [flip, truncate, blank, append])
def test_damaged_folder(tmp_path, damage, manifest):
    sources.write(tmp_path, sources.arrays(), manifest)
    expected = result_of_folder(tmp_path)
    names = [*sources.FILES, *(["manifest.json"] if manifest else [])]
    refused = 0
    for seed in range(40):
        rng = random.Random(seed)
        path = tmp_path / rng.choice(names)
        whole = path.read_bytes()
        path.write_bytes(damage(whole, rng))
        refused += same_or_refused(lambda: result_of_folder(tmp_path), expected)
        path.write_bytes(whole)
    assert refused > 20 or (damage is append and not manifest)  # a zip archive may have a tail


@pytest.mark.parametrize("manifest", [False, True])
@pytest.mark.parametrize("damage", [flip, truncate, blank, append])
def test_damaged_yearly_file(tmp_path, damage, manifest):
    arrays2013.write(tmp_path, arrays2013.years(), manifest)
    expected = result_of_arrays(tmp_path)
    names = [p.name for p in sorted(tmp_path.iterdir())]
    refused = 0
    for seed in range(40):
        rng = random.Random(seed)
        path = tmp_path / rng.choice(names)
        whole = path.read_bytes()
        path.write_bytes(damage(whole, rng))
        refused += same_or_refused(lambda: result_of_arrays(tmp_path), expected)
        path.write_bytes(whole)
    assert refused > 20 or (damage is append and not manifest)


@pytest.mark.parametrize("damage", [flip, truncate, blank, append])
def test_damaged_saved_table(tmp_path, damage):
    path = tmp_path / "t.npz"
    iot.IOTable(leather.Z, leather.Y, leather.COUNTRIES, leather.SECTORS).to_npz(path)
    whole, expected = path.read_bytes(), result_of_file(path)
    for seed in range(80):
        path.write_bytes(damage(whole, random.Random(seed)))
        same_or_refused(lambda: result_of_file(path), expected)


def test_every_array_is_needed(tmp_path):
    parts = sources.arrays()
    for place, part in enumerate(parts):
        for name in part:
            less = [dict(p) for p in parts]
            del less[place][name]
            sources.write(tmp_path, less)
            with pytest.raises(EconloomError, match=f"missing arrays {name}"):
                iot.read(tmp_path)


@pytest.mark.parametrize("seed", range(60))
def test_arrays_of_other_shapes_and_kinds(tmp_path, seed):
    rng = random.Random(seed)
    parts = sources.arrays()
    part = rng.choice(parts)
    name = rng.choice(sorted(part))
    part[name] = rng.choice(
        [
            lambda a: a[None],
            lambda a: a.ravel(),
            lambda a: a.astype("S"),
            lambda a: a.astype("U"),
            lambda a: np.full(a.shape, True),
            lambda a: np.full(a.shape, np.nan),
            lambda a: np.full(a.shape, 1e308),
            lambda a: np.full(a.shape, np.inf),
            lambda a: np.zeros(a.shape, dtype="datetime64[s]"),
            lambda a: np.array(5),
            lambda a: np.array([]),
            lambda a: a.astype("U") if a.ndim == 0 else a[:0],
            lambda a: np.full(a.shape, -1),
        ]
    )(np.asarray(part[name]))
    expected = result_of_folder(sources.write(tmp_path, sources.arrays()))
    sources.write(tmp_path, parts)
    same_or_refused(lambda: result_of_folder(tmp_path), expected)


def test_an_array_with_a_false_header_is_refused(tmp_path):
    sources.write(tmp_path, sources.arrays())
    header = b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999, 99999), }"
    with zipfile.ZipFile(tmp_path / "national.npz", "w") as archive:
        for name in sources.arrays()[0]:
            archive.writestr(f"{name}.npy", header.ljust(127) + b"\n")
    with pytest.raises(EconloomError, match="damaged"):
        iot.read(tmp_path)
