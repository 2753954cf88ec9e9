import errno
import os
import subprocess
import sys
import textwrap

import pytest

from plumeline.errors import OutputError
from plumeline.store import result_folder


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_result_appears_whole(tmp_path):
    with result_folder(tmp_path / "deep" / "out") as folder:
        (folder / "a.txt").write_text("a")
        assert not (tmp_path / "deep" / "out").exists()
    assert names(tmp_path / "deep") == ["out"]
    assert (tmp_path / "deep" / "out" / "a.txt").read_text() == "a"


def test_a_failure_leaves_nothing(tmp_path):
    def write_half():
        with result_folder(tmp_path / "out") as folder:
            (folder / "a.txt").write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert names(tmp_path) == []


def test_an_existing_folder_is_refused_and_unchanged(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="exists already") as refused, result_folder(tmp_path / "out"):
        pytest.fail("the block must not run")
    assert "--force" in refused.value.remedy
    assert names(tmp_path / "out") == ["mine.txt"]


def test_force_keeps_every_older_result_as_a_backup(tmp_path):
    for text in ("one", "two", "three"):
        with result_folder(tmp_path / "out", force=True) as folder:
            (folder / "a.txt").write_text(text)
    assert names(tmp_path) == ["out", "out.backup-1", "out.backup-2"]
    assert (tmp_path / "out" / "a.txt").read_text() == "three"
    assert (tmp_path / "out.backup-1" / "a.txt").read_text() == "one"


def test_a_file_in_the_way_is_never_replaced(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="file, not a folder"), result_folder(tmp_path / "out", force=True):
        pytest.fail("the block must not run")
    assert (tmp_path / "out").read_text() == "a file"


def test_a_full_disk_is_said_and_the_old_result_stays(tmp_path):
    with result_folder(tmp_path / "out") as folder:
        (folder / "a.txt").write_text("old")
    with pytest.raises(OutputError, match="disk is full"), result_folder(tmp_path / "out", force=True):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert names(tmp_path) == ["out"]
    assert (tmp_path / "out" / "a.txt").read_text() == "old"


def test_every_writer_that_runs_out_of_room_ends_in_one_clear_error(tmp_path):
    (tmp_path / "free").mkdir()
    # A limit on the size of any file stands for a full disk: the real libraries meet a real failing write.
    code = textwrap.dedent(
        """
        import resource, signal, sys
        from pathlib import Path
        import h5netcdf, pyogrio, xarray
        import fakes
        from plumeline.errors import OutputError
        from plumeline.store import layers_of, result_folder, write_geojson, write_geopackage, write_netcdf
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        report = fakes.fake_report()
        layers = layers_of(report)
        writers = {
            "gpkg": lambda folder: write_geopackage(report, layers, folder / "r.gpkg"),
            "geojson": lambda folder: write_geojson(report, layers, folder),
            "nc": lambda folder: write_netcdf(report, folder / "r.nc"),
        }
        writers["gpkg"](Path(sys.argv[2]))
        writers["nc"](Path(sys.argv[2]))
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
        for name, write in writers.items():
            try:
                with result_folder(Path(sys.argv[1]) / name) as folder:
                    write(folder)
            except OutputError as error:
                print(name, error.what)
        """
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, str(tmp_path / "limited"), str(tmp_path / "free")],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": "tests", "PATH": ""},
    )
    said = [line.partition(" ") for line in done.stdout.splitlines()]
    assert [name for name, _, _ in said] == ["gpkg", "geojson", "nc"]
    assert all("cannot write" in text or "disk is full" in text for _, _, text in said)
    assert names(tmp_path / "limited") == []


def test_what_a_killed_process_left_is_in_nobodys_way(tmp_path):
    # In a container every run may have the same process id.
    (tmp_path / f".out.partial-{os.getpid()}").mkdir()
    with result_folder(tmp_path / "out") as folder:
        (folder / "a.txt").write_text("a")
    assert (tmp_path / "out" / "a.txt").read_text() == "a"
