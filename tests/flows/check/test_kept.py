"""What is kept between the passes comes back whole, from memory or from the nameless file, and leaves no trace."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.flows.check import kept as module
from assay.flows.check.kept import Kept


@given(st.lists(st.binary(max_size=40)), st.integers(0, 100), st.randoms(use_true_random=False))
def test_everything_comes_back_in_any_order(pieces: list[bytes], limit: int, random: Random) -> None:
    order = list(range(len(pieces)))
    random.shuffle(order)
    with closing(Kept(memory_bytes=limit)) as kept:
        numbers = [kept.put(piece) for piece in pieces]
        assert [kept.take(numbers[i]) for i in order] == [pieces[i] for i in order]


def test_the_file_beyond_the_limit_has_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    kept = Kept(memory_bytes=10)
    numbers = [kept.put(bytes([i]) * 100) for i in range(5)]
    assert list(tmp_path.iterdir()) == []
    assert kept.take(numbers[3]) == b"\x03" * 100
    kept.close()


def test_a_check_that_spills_says_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from assay.flows.check import check

    path = tmp_path / "a.jsonl"
    path.write_text("".join(f'{{"question": "What is {n % 30}?", "answer": "It is {n % 40}."}}\n' for n in range(200)))
    whole = check([str(path)])
    monkeypatch.setattr(module.Kept.__init__, "__defaults__", (0,))
    assert check([str(path)]) == whole
    assert {problem.rule for problem in whole.problems} >= {"exact_duplicate", "answer_conflict"}
