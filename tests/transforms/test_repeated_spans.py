"""Stretches cut out of texts by a file that says which."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.core.errors import UserError
from assay.dedup.substring import Stretches, fingerprints
from assay.records.schema import TEXT
from assay.transforms import TRANSFORMS
from assay.transforms.repeated_spans import CUT_FILE
from tests.dedup.repeats import Known, texts
from tests.transforms.cut_files import cut_file

CUT = TRANSFORMS.get("cut_repeated")


def cut(spans: str, *given_texts: str | None, keep: str = "none") -> list[str | None]:
    new, _ = CUT.apply(pa.array(given_texts, TEXT), {"spans": spans, "keep": keep})
    return list(new.to_pylist())


def test_the_bytes_named_go_and_nothing_else(tmp_path: Path) -> None:
    text = "Ünder one (all rights reserved, by us)\n\nand two."
    start, end = text.encode().index(b"all"), text.encode().index(b")")
    spans = cut_file(tmp_path / "s.arrow", {text: [(start, end)]})
    column = pa.array([text, None, "", "other", text], TEXT)
    new, changes = CUT.apply(column, {"spans": spans, "keep": "none"})
    told = "Ünder one ()\n\nand two."
    assert new.to_pylist() == [told, None, "", "other", told]
    assert changes.to_pylist()[0] == [{"start": start, "end": end, "new": 0, "what": "repeated", "note": None}]
    assert cut(spans, told) == [told]


def test_keep_first_cuts_what_another_holds_first(tmp_path: Path) -> None:
    spans = cut_file(tmp_path / "s.arrow", {"a b c": [(0, 5)], "x b c": [(2, 5)]}, {"x b c": [(2, 5)]})
    assert cut(spans, "a b c", "x b c", keep="first") == ["a b c", "x "]
    assert cut(spans, "a b c", "x b c", keep="none") == ["", "x "]


@pytest.mark.parametrize(
    ("text", "gone", "left"),
    [
        ("ab日本cd", "日本", "ab cd"),
        ("ab日 cd", "日", "ab cd"),
        ("日本語学", "本語", "日学"),
        ("ab-cd-ef", "cd", "ab--ef"),
        ("日cd", "日", "cd"),
        ("ab日", "日", "ab"),
        ("x𝐀日𝐁y", "日", "x𝐀 𝐁y"),
    ],
)
def test_words_never_grow_together(tmp_path: Path, text: str, gone: str, left: str) -> None:
    start = text.encode().index(gone.encode())
    spans = cut_file(tmp_path / "s.arrow", {text: [(start, start + len(gone.encode()))]})
    assert cut(spans, text) == [left]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(known=texts().filter(lambda k: len(k.words) > 0), data=st.data())
def test_the_words_that_remain_are_those_not_cut(tmp_path: Path, known: Known, data: st.DataObject) -> None:
    """However many words go, wherever: the others are read from the new text as they were from the old."""
    flags = data.draw(st.lists(st.booleans(), min_size=len(known.words), max_size=len(known.words)))
    places = []
    for word, gone in zip(known.words, flags, strict=True):
        if gone and places and places[-1][2] is True:
            places[-1] = (places[-1][0], word.end, True)
        elif gone:
            places.append((word.start, word.end, True))
        elif places:
            places[-1] = (*places[-1][:2], False)
    spans = cut_file(tmp_path / "s.arrow", {known.text: [(a, b) for a, b, _ in places]})
    (now,) = cut(spans, known.text)
    left = [word.folded for word, gone in zip(known.words, flags, strict=True) if not gone]
    column = pa.array([now, " ".join(left)], TEXT)
    counts, hashes, holders = fingerprints(column, np.arange(2, dtype=np.uint32), Stretches(2))
    assert counts.tolist() == [len(left)] * 2
    assert hashes[holders == 0].tolist() == hashes[holders == 1].tolist()


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    column = pa.array(["a"], TEXT)
    with pytest.raises(UserError, match="E104: cut_repeated needs to know what to cut"):
        CUT.apply(column)
    with pytest.raises(UserError, match="E104: keep: 'last'"):
        CUT.apply(column, {"keep": "last"})
    with pytest.raises(UserError, match="E106: spans"):
        CUT.apply(column, {"spans": str(tmp_path / "none.arrow")})
    other = tmp_path / "other.arrow"
    other.write_text("a secret of many letters, 0123456789\n")
    with pytest.raises(UserError, match="is no file of repeated spans"):
        CUT.apply(column, {"spans": str(other)})
    with pa.ipc.new_file(str(other), CUT_FILE) as out:
        out.write_table(CUT_FILE.empty_table())
    with pytest.raises(UserError, match="is no file of repeated spans"):
        CUT.apply(column, {"spans": str(other)})


def test_an_empty_file_cuts_nothing(tmp_path: Path) -> None:
    assert cut(cut_file(tmp_path / "s.arrow", {}), "a", None) == ["a", None]
