from pathlib import Path

import pytest

from econloom import iot
from tests.iot import arrays2013, sources

STUDIES = Path(__file__).resolve().parents[2] / "studies"
REAL = STUDIES / "globalisation/data/wiod2016"
REAL_2013 = STUDIES / "globalisation_1995_2011/data/wiod2013"


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


@pytest.fixture(scope="session")
def real_2013():
    """The shipped tables of the 2013 release, 1995-2011."""
    return iot.read(REAL_2013)


@pytest.fixture
def folder_2013(tmp_path):
    """A small folder in the layout of whole yearly arrays."""
    return arrays2013.write(tmp_path, arrays2013.years())


@pytest.fixture(scope="session", autouse=True)
def kept_elsewhere(tmp_path_factory):
    """No test writes to the user's cache of parsed tables."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ECONLOOM_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
