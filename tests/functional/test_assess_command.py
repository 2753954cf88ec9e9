import pytest

from plumeline.cli.main import main


def run(*words):
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    return left.value.code


def test_a_broken_result_folder_is_one_clear_line(tmp_path, capsys):
    broken = tmp_path / "flight.plumeline"
    broken.mkdir()
    (broken / "result.json").write_text("{}")
    assert run("assess", broken, "-o", tmp_path / "out") == 3
    said = capsys.readouterr().err
    assert "is no whole result folder" in said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_wrong_words_are_usage_errors(tmp_path, capsys):
    folder = tmp_path / "flight.plumeline"
    folder.mkdir()
    assert run("assess", folder, "-o", tmp_path / "out", "--wind", "west") == 2
    assert "write it as 268,3.2" in capsys.readouterr().err
    assert run("assess", "-o", tmp_path / "out") == 2
    pack = tmp_path / "x.pack"
    pack.write_text("plain")
    assert run("assess", folder, "-o", tmp_path / "out", "--pack", pack) == 2
