"""What several parts of the tests share: one run of the shipped study, and a small study of milliseconds."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

import econloom as el
from tests.study import small

_CACHE = "ECONLOOM_CACHE"
_OURS = "ECONLOOM_TEST_CACHE"
if _OURS not in os.environ:  # workers of this run inherit it: they share one cache, which is not the user's
    os.environ[_OURS] = tempfile.mkdtemp(prefix="econloom-tests-")
os.environ[_CACHE] = os.environ[_OURS]
os.environ["ECONLOOM_JOBS"] = "1"

settings.register_profile("econloom", deadline=None, derandomize=True, database=None)  # the same examples in every run
settings.load_profile("econloom")
SHIPPED = Path(__file__).resolve().parents[1] / "studies/globalisation"


def pytest_unconfigure(config):
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ[_OURS], ignore_errors=True)


@pytest.fixture(scope="session")
def real_run(tmp_path_factory):
    """The shipped study, run once for all tests."""
    return el.study(SHIPPED).run(out=tmp_path_factory.mktemp("globalisation") / "out")


@pytest.fixture
def folder(tmp_path):
    """The small study with its data pinned by digest."""
    return small.write(tmp_path)
