"""Repeated stretches against every run of N words in a dictionary."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.errors import UserError
from assay.dedup.substring import Keys, Stretches, fingerprints, parts, repeated
from assay.kernels.winnowing import find
from assay.records.schema import TEXT
from tests.dedup.repeats import Known, Word, known, oracle, search, texts

A, B, C, D = (0, 0), (2, 0), (5, 0), (6, 1)  # spelling and gap


def expected(documents: list[Known], size: int) -> dict[int, object]:
    found = oracle([document.words for document in documents], size)
    return {i: {"words": len(d.words), **one} for i, (d, one) in enumerate(zip(documents, found, strict=True))}


@settings(max_examples=400)
@given(documents=st.lists(texts(), max_size=7), size=st.integers(2, 7))
def test_spans_counts_and_cuts_are_those_of_the_dictionary(documents: list[Known], size: int) -> None:
    assert search([[(i, d.text) for i, d in enumerate(documents)]], size) == expected(documents, size)


@settings(max_examples=100)
@given(documents=st.lists(texts(), min_size=1, max_size=7), size=st.integers(2, 5), data=st.data())
def test_layout_order_and_partitions_change_nothing(documents: list[Known], size: int, data: st.DataObject) -> None:
    rows = data.draw(st.permutations(list(enumerate(d.text for d in documents))))
    places = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=3)))
    layout = [rows[a:b] for a, b in pairwise([0, *places, len(rows)])]
    assert search(layout, size, data.draw(st.sampled_from([1, 2, 16]))) == expected(documents, size)


def test_what_one_record_repeats_to_itself_does_not_count() -> None:
    document = known([A, B, C, A, B, C, A, B, C])
    assert search([[(0, document.text)]], 3)[0]["spans"] == []


def test_stretches_at_successive_words_are_one_span_and_the_most_records_count() -> None:
    whole = known([A, B, C, D])
    found = search([[(0, whole.text), (1, known([A, B, C, A]).text), (2, known([B, B, C, D]).text), (3, "b 12 日")]], 3)
    assert found[0]["spans"] == [(0, whole.words[-1].end, 3)]


def test_spans_that_no_stretch_joins_overlap_and_are_cut_as_one() -> None:
    whole = known([A, B, C, D, A])
    found = search([[(0, whole.text), (1, known([A, B, C]).text), (2, known([C, D, A]).text)]], 3)
    (_, end, _), (start, _, _) = found[0]["spans"]
    assert end > start
    assert found[0]["any"] == [(0, whole.words[-1].end)]
    assert found[0]["elsewhere"] == []


def test_nulls_and_texts_without_a_word_are_nothing() -> None:
    found = search([[(0, None), (1, ""), (2, " ... ")]], 2)
    assert all(one["words"] == 0 and one["spans"] == [] for one in found.values())


def test_a_repeat_of_one_token_is_refused() -> None:
    with pytest.raises(UserError, match="E104"):
        Stretches(1)


def test_partitions_are_a_power_of_two() -> None:
    with pytest.raises(ValueError, match="power of two"):
        parts([], [], 3)


def test_nothing_repeated_in_nothing() -> None:
    hashes, holders, ranks = repeated(0, parts([], [], 1))
    assert (len(hashes), len(holders), len(ranks)) == (0, 0, 0)
    assert find(Keys.of(hashes).hashes, Keys.of(hashes).index, Keys.of(hashes).shift, np.uint64(5)) == -1


@given(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 40), max_size=60), st.integers(0, 2**64 - 1))
def test_keys_are_found_where_they_are(values: list[int], other: int) -> None:
    hashes = np.unique(np.array(values, np.uint64))
    keys = Keys.of(hashes)
    for at, value in enumerate(hashes):
        assert find(keys.hashes, keys.index, keys.shift, value) == at
    if other not in values:
        assert find(keys.hashes, keys.index, keys.shift, np.uint64(other)) == -1


def test_about_two_in_the_window_and_one_words_are_fingerprints() -> None:
    rng = np.random.default_rng(1)
    text = " ".join(f"w{i}" for i in rng.integers(0, 10**6, 20_000))
    words, hashes, _ = fingerprints(pa.array([text], TEXT), np.zeros(1, np.uint32), Stretches(50))
    assert words.tolist() == [20_000]
    assert len(hashes) == pytest.approx(20_000 * 2 / 27, rel=0.05)


def plain_words(text: str) -> tuple[Word, ...]:
    """Of ASCII text: runs of letters and digits."""
    return tuple(Word(m.group().lower(), m.start(), m.end()) for m in re.finditer("[A-Za-z0-9]+", text))


@pytest.mark.slow
def test_real_pages_have_the_spans_of_the_dictionary(shared_data: Path) -> None:
    documents = [text for text in pages(shared_data, 3000) if text.isascii()]
    found = search([[(i, text) for i, text in enumerate(documents)]], 50, 16)
    wanted = oracle([plain_words(text) for text in documents], 50)
    assert sum(len(one["spans"]) for one in wanted) > 500
    for i, one in enumerate(wanted):
        mine = {key: found[i][key] for key in one}
        assert mine == one, i


def pages(shared_data: Path, many: int) -> list[str]:
    import io
    import json

    import zstandard

    out = []
    with (shared_data / "perf" / "english_docs.jsonl.zst").open("rb") as file:
        for line in io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), encoding="utf-8"):
            out.append(json.loads(line)["text"])
            if len(out) == many:
                break
    return out
