"""What several parts of the tests share: one run of the shipped study, and a small study of milliseconds."""

from pathlib import Path

import pytest
from hypothesis import settings

import econloom as el
from tests.study import small

settings.register_profile("econloom", deadline=None, derandomize=True, database=None)  # the same examples in every run
settings.load_profile("econloom")
SHIPPED = Path(__file__).resolve().parents[1] / "studies/globalisation"


@pytest.fixture(scope="session")
def real_run(tmp_path_factory):
    """The shipped study, run once for all tests."""
    return el.study(SHIPPED).run(out=tmp_path_factory.mktemp("globalisation") / "out")


@pytest.fixture
def folder(tmp_path):
    """The small study with its data pinned by digest."""
    return small.write(tmp_path)
