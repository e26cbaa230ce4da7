"""Each test here has a cache of its own."""

import pytest


@pytest.fixture(autouse=True)
def shelf(tmp_path, monkeypatch):
    """The folder of the entries."""
    monkeypatch.setenv("ECONLOOM_CACHE", str(tmp_path / "kept values"))
    return tmp_path / "kept values/studies"
