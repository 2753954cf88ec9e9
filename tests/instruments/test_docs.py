"""The how-to's own examples are run."""

import re
from pathlib import Path

from plumeline.instruments import load_mapping, read

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "own-csv.md"


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)


def test_the_ten_line_mapping_reads_the_csv_beside_it(tmp_path):
    first = blocks("toml")[0]
    assert len(first.strip().splitlines()) == 10
    (tmp_path / "flight.csv").write_text(blocks("csv")[0])
    (tmp_path / "flight.csv.toml").write_text(first)
    readings = read(tmp_path / "flight.csv").tables["readings"]
    assert readings["CH4"].to_numpy().tolist() == [2.11, 2.14]
    assert readings["CH4"].attrs["detection_limit"] == 0.05


def test_every_recipe_is_a_mapping_that_loads(tmp_path):
    for number, text in enumerate(blocks("toml")):
        path = tmp_path / f"recipe{number}.toml"
        path.write_text(text)
        load_mapping(path)
