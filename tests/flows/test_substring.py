"""Repeated stretches of a stored dataset: three signals, and a file by which a transform cuts them."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.errors import UserError
from assay.core.ids import content_hash
from assay.engine import open_engine
from assay.flows.dedupe.substring import SIGNALS, VERB, SubstringFound, substring
from assay.flows.transform import transform
from assay.flows.verb_signals import up_to_date
from assay.store import Workspace
from tests.dedup.repeats import Known, Word, oracle, texts
from tests.flows.world import Row, fill, qa, values, workspace

NAME = "pages.composite"
BOILER = "This page is kept by volunteers, and anyone may ask for it to be changed."  # 15 words
SAME = "tHIS page  is kept - by volunteers and Ányone may ask for it; to be changed"


def page(number: int, text: str | None, path: str = "a.jsonl") -> Row:
    place = {"path": path, "row": number, "uri": ".", "format": "jsonl"}
    return {
        "record_id": f"p{number:03d}",
        "source": place,
        "content_hash": content_hash({"text": text, "number": number}),
        "text": text,
    }


def found(ws: Workspace, name: str = NAME, size: int = 15, workers: int = 1, **more: Any) -> SubstringFound:
    with open_engine("threads", workers=workers) as engine:
        return substring(ws, name, min_tokens=size, engine=engine, **more)


def test_a_repeat_is_found_through_case_accents_and_spacing(tmp_path: Path) -> None:
    ws, data = workspace(
        tmp_path,
        [page(1, f"One. {BOILER} End"), page(2, "Nothing here"), page(3, None)],
        [page(0, SAME, "b.jsonl"), page(4, "...")],
        name=NAME,
    )
    result = found(ws)
    told = values(data, *SIGNALS)
    assert told["p001"] == ([{"start": 5, "end": 5 + len(BOILER) - 1, "records": 2}], 15 / 17, 0.0)
    assert told["p000"] == ([{"start": 0, "end": len(SAME.encode()), "records": 2}], 1.0, 1.0)
    assert told["p002"] == ([], 0.0, 0.0)
    assert told["p003"] == told["p004"] == (None, None, None)
    assert (result.records, result.spans, result.records_with_spans) == (5, 1, 2)
    assert (result.tokens, result.repeated_tokens) == (17 + 2 + 15, 30)
    assert result.repeated_bytes == len(BOILER) - 1 + len(SAME.encode())
    assert (result.dataset, result.version) == (NAME, 2)
    version = data.version()
    assert version is not None
    assert version.stats["made_by"] == VERB
    assert up_to_date(ws, data, SIGNALS, {"method": "substring", "min_tokens": 15, "fields": ["text"]})


def test_cutting_keeps_the_first_or_none_and_a_second_search_finds_nothing(tmp_path: Path) -> None:
    texts_ = [f"One. {BOILER}", f"{BOILER} Two.", f"Three. {SAME} Four."]
    for keep, wanted in (
        ("none", ["One. .", ". Two.", "Three.  Four."]),
        ("first", [texts_[0], ". Two.", "Three.  Four."]),
    ):
        ws, data = workspace(tmp_path / keep, [page(i, text) for i, text in enumerate(texts_)], name=NAME)
        cut_file = str(found(ws).cut_file)
        result = transform(ws, NAME, "cut_repeated", {"spans": cut_file, "keep": keep})
        assert (result.changed, result.datasets[0].changes_by) == (3 - (keep == "first"), {"repeated": result.changed})
        assert [row[0] for row in values(data, "text").values()] == wanted
        assert found(ws).spans == 0


def plain(document: Known | None) -> tuple[Word, ...]:
    return () if document is None else document.words


documents = st.lists(texts() | st.none(), min_size=1, max_size=6)


@settings(max_examples=25)
@given(documents=documents, size=st.integers(2, 6), data=st.data())
def test_signals_are_those_of_the_dictionary_whatever_the_layout(
    documents: list[Known | None], size: int, data: st.DataObject
) -> None:
    """Rows in any order and fragments: who is first is decided by source, row and record_id."""
    rows = [page(i, None if d is None else d.text, path="ab"[i % 2]) for i, d in enumerate(documents)]
    first = sorted(range(len(rows)), key=lambda i: (i % 2, i))
    wanted = dict(zip(first, oracle([plain(documents[i]) for i in first], size), strict=True))
    order = data.draw(st.permutations(rows))
    at = data.draw(st.integers(0, len(rows)))
    with tempfile.TemporaryDirectory() as folder:
        ws, stored = workspace(Path(folder), order[:at], order[at:], name=NAME)
        found(ws, size=size, workers=2)
        told = values(stored, *SIGNALS)
    for i, document in enumerate(documents):
        words = len(plain(document))
        spans, share, elsewhere = told[f"p{i:03d}"]
        if not words:
            assert (spans, share, elsewhere) == (None, None, None)
            continue
        assert [tuple(s.values()) for s in spans] == wanted[i]["spans"]
        assert share == wanted[i]["covered"] / words
        assert elsewhere == wanted[i]["covered_elsewhere"] / words


@settings(max_examples=25)
@given(
    documents=st.lists(texts(), min_size=2, max_size=6), size=st.integers(2, 5), keep=st.sampled_from(["first", "none"])
)
def test_after_a_cut_what_was_whole_stands_once(documents: list[Known], size: int, keep: str) -> None:
    """A stretch that no cut runs through stands in one text at most; the first copy is always kept, or part by part."""
    documents = list({d.text: d for d in documents}.values())  # equal texts are one to a transform
    cuts = oracle([d.words for d in documents], size)
    kind = "elsewhere" if keep == "first" else "any"
    with tempfile.TemporaryDirectory() as folder:
        ws, stored = workspace(Path(folder), [page(i, d.text) for i, d in enumerate(documents)], name=NAME)
        spans = str(found(ws, size=size).cut_file)
        transform(ws, NAME, "cut_repeated", {"spans": spans, "keep": keep})
        told = {key: row[0] for key, row in values(stored, "text").items()}
        found(ws, size=size)
        again = values(stored, "repeated_spans", "content_hash")
    holders: dict[tuple[str, ...], set[int]] = {}
    for i, document in enumerate(documents):
        left = [k for k, w in enumerate(document.words) if not inside(w, cuts[i][kind])]
        assert told[f"p{i:03d}"].encode().replace(b" ", b"") == without(document.text, cuts[i][kind])
        for a in range(len(left) - size + 1):
            run = left[a : a + size]
            if run[-1] - run[0] == size - 1:  # no cut runs through it
                holders.setdefault(tuple(document.words[k].folded for k in run), set()).add(i)
    assert all(len(mine) == 1 for mine in holders.values())
    if keep == "first":
        assert words_of(told.values()) == words_of(d.text for d in documents)
    assert len(again) == len(documents)


def inside(word: Word, cuts: Sequence[tuple[int, int]]) -> bool:
    return any(start <= word.start and word.end <= end for start, end in cuts)


def without(text: str, cuts: Sequence[tuple[int, int]]) -> bytes:
    data = text.encode()
    for start, end in reversed(cuts):
        data = data[:start] + data[end:]
    return data.replace(b" ", b"")


def words_of(given_texts: Any) -> set[str]:
    """Which of the few words there are; each is one character or two."""
    folded = " ".join(given_texts).lower().replace("ä", "a").replace("a\u0308", "a")
    return {word for word in ("a", "b", "12", "日", "本") if word in folded}


def test_answers_are_cut_where_records_keep_them(tmp_path: Path) -> None:
    rows = [qa(i, f"Answer {i}. {BOILER}") for i in range(3)]
    ws, data = workspace(tmp_path, rows)
    cut_file = str(found(ws, data.name).cut_file)
    assert transform(ws, data.name, "cut_repeated", {"spans": cut_file}).changed == 2
    told = values(data, "best_answer", "text")
    assert told["q0000"][0] == f"Answer 0. {BOILER}"
    assert told["q0001"] == ("Answer 1. .", "What is it?\n\nAnswer 1. .")


def test_fields_are_compared_instead_of_the_view(tmp_path: Path) -> None:
    rows = [qa(i, f"Answer {i}. {BOILER}", prompt=f"{BOILER} Prompt {i}") for i in range(2)]
    ws, data = workspace(tmp_path, rows)
    result = found(ws, data.name, fields=("best_answer",))
    assert values(data, "repeated_spans")["q0001"] == ([{"start": 10, "end": 10 + len(BOILER) - 1, "records": 2}],)
    transform(ws, data.name, "cut_repeated", {"spans": str(result.cut_file), "keep": "none"})
    assert values(data, "best_answer", "prompt")["q0001"] == ("Answer 1. .", f"{BOILER} Prompt 1")


def test_workers_and_layout_change_no_byte(tmp_path: Path) -> None:
    rows = [page(i, f"{'x ' * (i % 7)}{BOILER if i % 3 else SAME} {i} {BOILER[: 5 * (i % 5)]}") for i in range(60)]
    told: list[tuple[Mapping[str, Any], bytes, str]] = []
    for n, (layout, workers) in enumerate([((rows,), 1), ((rows[40:], rows[:7], rows[7:40][::-1]), 2)]):
        ws, data = workspace(tmp_path / str(n), *layout, name=NAME)
        result = found(ws, size=5, workers=workers)
        told.append((values(data, *SIGNALS), result.cut_file.read_bytes(), result.cut_file.name))
    assert told[0] == told[1]


def test_a_dataset_without_rows_and_one_that_grows(tmp_path: Path) -> None:
    ws, data = workspace(tmp_path, [page(0, BOILER)], name=NAME)
    assert found(ws).spans == 0
    fill(ws, NAME, [[page(1, SAME)]], key="2")
    assert not up_to_date(ws, data, SIGNALS)
    assert (found(ws).spans, found(ws).records) == (1, 2)
    assert sorted(p.name for p in (ws.path / "index" / NAME).iterdir() if p.is_dir()) == []


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    ws, _ = workspace(tmp_path, [page(0, BOILER)], name=NAME)
    with pytest.raises(UserError, match="E104"):
        found(ws, size=1)
    with pytest.raises(UserError, match="E101"):
        found(ws, fields=("txt",))
