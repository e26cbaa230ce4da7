"""Which layout a folder has: told by its files, or named and then confirmed."""

import pytest

from econloom import iot
from econloom.core.errors import DataError, UsageError
from tests.iot import leather


def test_layouts_are_told_by_their_files(folder):
    assert iot.LAYOUTS[:2] == ("wiod2016-assembled", "wiod2013-arrays")
    assert iot.layout_of(folder) == "wiod2016-assembled"
    assert iot.read(folder, layout="wiod2016-assembled").years == iot.read(folder).years


def test_the_2013_layout(folder_2013):
    assert iot.layout_of(str(folder_2013)) == "wiod2013-arrays"
    assert iot.read(folder_2013, "wiod2013-arrays").layout == "wiod2013-arrays"


def test_an_unknown_layout_says_what_was_looked_for(tmp_path):
    (tmp_path / "wiod2013_95.npz").touch()
    (tmp_path / "wiod2013_1995.npz.bak").touch()
    (tmp_path / "wiod2013_1996.npz").mkdir()
    for ask in (iot.read, iot.layout_of):
        with pytest.raises(DataError, match=r"looked for national.npz.* or wiod2013_YYYY.npz \(layout wiod2013-arrays"):
            ask(tmp_path)


def test_a_layout_that_the_folder_has_not(folder_2013):
    with pytest.raises(DataError, match=r"not the layout wiod2016-assembled: looked for national.npz") as caught:
        iot.read(folder_2013, layout="wiod2016-assembled")
    assert "its files are those of wiod2013-arrays" in str(caught.value)
    with pytest.raises(UsageError, match="did you mean 'wiod2013-arrays'"):
        iot.read(folder_2013, layout="wiod2013-array")


def test_files_of_several_layouts_need_a_name(folder):
    (folder / "wiod2013_1995.npz").touch()
    with pytest.raises(DataError, match="files of several layouts: wiod2016-assembled, wiod2013-arrays"):
        iot.read(folder)
    assert iot.read(folder, layout="wiod2016-assembled").years == (2000, 2001)
    with pytest.raises(DataError, match=r"wiod2013_1995.npz: not an npz file"):
        iot.read(folder, layout="wiod2013-arrays")


def test_places_that_are_no_folder(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        iot.layout_of(tmp_path / "nothing")
    with pytest.raises(UsageError, match="a path is needed"):
        iot.layout_of(3)
    iot.IOTable(leather.Z, leather.Y, leather.COUNTRIES, leather.SECTORS).to_npz(tmp_path / "t.npz")
    with pytest.raises(DataError, match=r"a file; the layout wiod2013-arrays is a folder with wiod2013_YYYY.npz"):
        iot.read(tmp_path / "t.npz", layout="wiod2013-arrays")
