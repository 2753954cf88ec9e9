import pytest

from plumeline.errors import OutputError
from plumeline.workflows.output import fresh_folder


def test_an_empty_folder_is_filled_and_stays_when_the_work_fails(tmp_path):
    target = tmp_path / "mine"
    target.mkdir()

    def broken():
        with fresh_folder(target) as folder:
            (folder / "half.txt").write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    assert [path.name for path in tmp_path.rglob("*")] == ["mine"]
    with fresh_folder(target) as folder:
        (folder / "whole.txt").write_text("whole")
    assert [path.name for path in tmp_path.rglob("*")] == ["mine", "whole.txt"]


def test_a_folder_that_holds_something_is_not_touched(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="not empty"), fresh_folder(tmp_path):
        pytest.fail("the block must not run")
    assert (tmp_path / "mine.txt").read_text() == "mine"
