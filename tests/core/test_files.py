"""A file appears whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.core.files import whole_file


@pytest.mark.parametrize("sync", [False, True])
def test_it_takes_its_place_when_the_block_ends_well(tmp_path: Path, sync: bool) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")
    with whole_file(path, sync=sync) as part:
        part.write_text("new")
        assert path.read_text() == "old"
    assert [f.name for f in tmp_path.iterdir()] == ["a.json"]
    assert path.read_text() == "new"


def test_a_block_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")
    with pytest.raises(OSError, match="full"):
        _half_written(path)
    assert [(f.name, f.read_text()) for f in tmp_path.iterdir()] == [("a.json", "old")]


def _half_written(path: Path) -> None:
    with whole_file(path) as part:
        part.write_text("half")
        raise OSError("full")
