"""Identities and occurrences in sorted runs agree with a dictionary."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from assay.flows.ingest.gathering import Known, Noted, load_noted, save_noted
from assay.flows.ingest.identities import Identities, Occurrences, content_keys, id_keys

names = st.text(max_size=3)


@given(st.lists(st.lists(st.tuples(names, st.integers(0, 2**64 - 1)), max_size=12), max_size=8))
def test_identities_are_a_dictionary(batches: list[list[tuple[str, int]]]) -> None:
    ours, oracle = Identities(), dict[str, int]()
    for batch in batches:
        new = {name: content for name, content in batch if name not in oracle}
        high, low = id_keys(new)
        ours.add(high, low, np.array(list(new.values()), np.uint64))
        oracle.update(new)
    asked = sorted({name for batch in batches for name, _ in batch} | {"never seen"})
    known, content = ours.find(*id_keys(asked))
    assert known.tolist() == [name in oracle for name in asked]
    assert content.tolist() == [oracle.get(name, 0) for name in asked]
    assert len(ours) == len(oracle)


def test_ids_that_share_their_first_half_are_told_apart() -> None:
    ours = Identities()
    high = np.array([7, 7, 7], np.uint64)
    ours.add(high, np.array([1, 2, 3], np.uint64), np.array([10, 20, 30], np.uint64))
    known, content = ours.find(np.array([7, 7, 7, 8], np.uint64), np.array([3, 9, 1, 1], np.uint64))
    assert known.tolist() == [True, False, True, False]
    assert content.tolist() == [30, 0, 10, 0]


def test_changed_content_is_what_is_found() -> None:
    ours = Identities()
    high, low = id_keys(["a", "b"])
    ours.add(high, low, np.array([1, 2], np.uint64))
    ours.change(int(high[0]), int(low[0]), 9)
    assert ours.find(high, low)[1].tolist() == [9, 2]


@given(st.lists(st.lists(st.integers(0, 5), max_size=12), max_size=8))
def test_occurrences_count_what_came_before(batches: list[list[int]]) -> None:
    ours, oracle = Occurrences(), Counter[int]()
    for batch in batches:
        expected = []
        for key in batch:
            expected.append(oracle[key])
            oracle[key] += 1
        assert ours.number(np.array(batch, np.uint64)).tolist() == expected


def test_keys_do_not_depend_on_the_machine() -> None:
    high, low = id_keys(["abc"])
    assert f"{int(high[0]):016x}{int(low[0]):016x}" == xxhash.xxh3_128_hexdigest(b"abc")
    assert content_keys(["00000000000000ff" + "0" * 16]).tolist() == [255]


def test_notes_of_a_fragment_come_back_or_are_refused(tmp_path: Path) -> None:
    high, low = id_keys(["a", "b"])
    noted = Noted([high], [low], [np.array([1, 2], np.uint64)], [np.array([5, 5], np.uint64)])
    digest = save_noted(noted, tmp_path / "qa-0.ids")
    known = Known()
    assert load_noted(known, tmp_path / "qa-0.ids", digest)
    assert known.identities.find(high, low)[1].tolist() == [1, 2]
    assert known.occurrences.number(np.array([5], np.uint64)).tolist() == [2]
    (tmp_path / "qa-0.ids").write_bytes(b"damaged")
    assert not load_noted(Known(), tmp_path / "qa-0.ids", digest)
    assert not load_noted(Known(), tmp_path / "gone.ids", digest)
