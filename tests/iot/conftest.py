from pathlib import Path

import pytest

from econloom import iot
from tests.iot import sources

REAL = Path(__file__).resolve().parents[2] / "studies/globalisation/data/wiod2016"


@pytest.fixture
def folder(tmp_path):
    """A small folder in the assembled layout."""
    return sources.write(tmp_path, sources.arrays())


@pytest.fixture(scope="session")
def real():
    """The shipped tables, 2000-2014."""
    return iot.read(REAL)


@pytest.fixture(scope="session")
def real_flows(real):
    """Value added absorbed of the shipped tables, solved once for all tests."""
    return iot.yearly_value_added_absorbed(real)
