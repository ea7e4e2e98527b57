"""Benchmark items in texts: against a slow search by slices and sets, and what is a match by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.kernels.contamination_tables import HOW
from assay.records.schema import TEXT
from assay.text import benchmark_build
from assay.text.benchmark import Index, Items
from assay.text.benchmark_build import build, words_in

Item = tuple[str, str, str, Sequence[str]]

QUESTION = (
    "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May. "
    "How many clips did Natalia sell altogether in April and May?"
)
ANSWER = "Natalia sold 48/2 = 24 clips in May, and 72 clips altogether in April and May."
SHORT = "who wrote he ain't heavy"
ITEMS: list[Item] = [
    ("e:1", QUESTION, QUESTION + "\n" + ANSWER, [ANSWER]),
    ("e:2", SHORT, SHORT + " Bobby Scott Junior", ["Bobby Scott Junior"]),
    ("e:3", "when was the last time anyone was on the moon", "when was the last time anyone was on the moon 1972", []),
    ("e:4", "An ecclesia is:", "An ecclesia is: a church", ["a church"]),
]


def column(*texts: str | None) -> pa.LargeStringArray:
    return pa.array(texts, TEXT)


def found(
    text: str, prompt: str | None = None, reply: str | None = None, items: Sequence[Item] = ITEMS, share: float = 0.5
) -> dict[str, str]:
    """Place -> how."""
    asked, said = (None if one is None else column(one) for one in (prompt, reply))
    index = build(Items.of(items))
    return {index.at[item]: HOW[how] for _, item, how in index.find(column(text), asked, said, min_share=share).matches}


@pytest.mark.parametrize(
    "change",
    [
        str,
        str.upper,
        lambda t: "\n".join(t.split()),
        lambda t: t.replace(" ", "  ").replace(",", " ;"),
        lambda t: t.replace("a", "\uff41"),
        lambda t: t.replace("e", "e\u0301"),
    ],
    ids=["verbatim", "in capitals", "re-wrapped", "other punctuation", "full-width letters", "accents"],
)
def test_the_same_text_is_found(change: Callable[[str], str]) -> None:
    assert found(change(QUESTION + "\n" + ANSWER)) == {"e:1": "text"}
    assert found(change(QUESTION)) == {"e:1": "prompt"}
    assert found("before " + change(QUESTION) + " after") == {"e:1": "ngrams"}
    assert found("so I asked: " + change(SHORT) + "? Nobody knew") == {"e:2": "short"}
    assert found("so: " + change("when was the last time anyone was on the moon") + "?") == {"e:3": "ngrams"}


@pytest.mark.parametrize(
    ("text", "prompt", "reply", "wanted"),
    [
        ("another question. Yes", QUESTION, None, {"e:1": "prompt"}),
        (f"He said: {ANSWER}", None, None, {"e:1": "answer"}),
        ("Bobby Scott Junior", None, None, {"e:2": "answer"}),
        ("who is it? Bobby Scott Junior", None, "bobby scott, junior", {"e:2": "answer"}),
        ("It was Bobby Scott Junior who said so", None, None, {}),
        ("a church", None, "a church", {}),
        ("An ecclesia is: a church", None, None, {"e:4": "short"}),
        ("Now an ecclesia is a church, says he", None, None, {"e:4": "short"}),
        ("An ecclesia is: a mosque", "An ecclesia is:", None, {}),
        ("when was the last time anyone was on the sun", None, None, {}),
        (" ".join(QUESTION.split()[:14]) + " and so on", None, None, {}),
        ("nothing of the kind", None, None, {}),
    ],
    ids=[
        "the same question in a field of its own",
        "a long answer inside a text",
        "a short answer that is the text",
        "a short answer that is the response",
        "a short answer inside a text says nothing",
        "an answer of two words says nothing",
        "a short item whose prompt is too short is found by all its words",
        "also inside a text",
        "a prompt of three words is found with its answer only",
        "one other word in an item of ten",
        "less than half of the n-grams",
        "unlike all items",
    ],
)
def test_what_is_a_match(text: str, prompt: str | None, reply: str | None, wanted: dict[str, str]) -> None:
    if wanted == {"e:4": "short"} and text.startswith("An"):
        wanted = {"e:4": "text"}
    assert found(text, prompt, reply) == wanted


def test_shares_of_prompt_and_answer_and_the_places_of_their_words() -> None:
    index = build(Items.of(ITEMS))
    texts = [f"(1) {QUESTION} Hm. {ANSWER} (end)", f"{QUESTION} Hm.", "", f"Ah, {SHORT}?! Bobby Scott Junior.", SHORT]
    got = index.find(column(*texts))
    assert [(r, HOW[h]) for r, _, h in got.matches] == [(0, "ngrams"), (1, "ngrams"), (3, "ngrams"), (4, "prompt")]
    assert got.shares.tolist() == [[1.0, 1.0], [1.0, 0.0], [1.0, 1.0], [1.0, 0.0]]
    spans = [texts[row][start:end] for row, start, end in got.spans.tolist()]
    cut = QUESTION.rstrip("?")
    assert spans == [cut, ANSWER.rstrip("."), cut, f"{SHORT}?! Bobby Scott Junior", SHORT]
    assert got.words.tolist() == [len(words_in(text)) for text in texts]


def test_runs_of_digits_never_count() -> None:
    zeros = "0 " * 30
    assert found("table " + zeros, items=[("e:1", "grid " + zeros, "grid " + zeros, [zeros])]) == {}
    assert found("1 2 3 4 5", items=[("e:1", "1 2 3 4 5", "1 2 3 4 5", [])]) == {"e:1": "text"}
    assert found("so 1 2 3 4 5", items=[("e:1", "1 2 3 4 5", "1 2 3 4 5", [])]) == {}


def test_a_template_that_many_items_share_is_no_leak_but_copies_of_one_item_are_no_template() -> None:
    template = "you are a helpful assistant that answers the user question with care and without any invention ok "
    items: list[Item] = [(f"e:{i}", f"{template}item{i}", f"{template}item{i}", ["as I said"]) for i in range(50)]
    assert found(template + "something else", items=items) == {}
    assert found("as I said", items=items) == {}
    copies: list[Item] = [(f"e:{i}", QUESTION, QUESTION, []) for i in range(50)]
    assert len(found("so: " + QUESTION, items=copies)) == 50


def test_nothing_to_find_and_nothing_to_search() -> None:
    assert found("a text", items=[]) == {}
    assert found("", items=[("e:1", "", "", [""]), ("e:2", "...", "!!", [])]) == {}
    index = build(Items.of([("e:1", "", "", []), ("e:2", "a b", "a b", []), *ITEMS]))
    assert (index.wordless, index.short, index.covered, len(index)) == (1, 1, 4, 6)
    assert index.find(column()).words.tolist() == []
    assert index.find(column(None, "a b")).words.tolist() == [0, 2]


def test_an_index_is_saved_and_read_again_byte_for_byte(tmp_path: Path) -> None:
    index = build(Items.of(ITEMS))
    index.save(tmp_path / "a")
    again = Index.load(str(tmp_path / "a"))
    again.save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert index.digest() == again.digest() != build(Items.of(ITEMS[1:])).digest()
    assert b"Natalia" not in (tmp_path / "a").read_bytes()
    texts = column("x " + QUESTION, SHORT, "none")
    for one, other in zip(_flat(index, texts), _flat(again, texts), strict=True):
        assert np.array_equal(one, other, equal_nan=True)


def test_an_index_of_other_words_or_of_something_else_is_refused(tmp_path: Path) -> None:
    build(Items.of(ITEMS)).save(tmp_path / "a")
    with pa.memory_map(str(tmp_path / "a")) as file:
        table = pa.ipc.open_file(file).read_all()
    for metadata, said in (({b"assay.benchmark": b"1 0123"}, "another version"), ({}, "something else")):
        other = table.replace_schema_metadata(metadata)
        with pa.ipc.new_file(str(tmp_path / "b"), other.schema) as out:
            out.write_table(other)
        with pytest.raises(ValueError, match=said):
            Index.load(str(tmp_path / "b"))
    (tmp_path / "c").write_text("no table")
    with pytest.raises(ValueError, match="too small"):
        Index.load(str(tmp_path / "c"))


def _flat(index: Index, texts: pa.LargeStringArray) -> list[Any]:
    got = index.find(texts)
    return [got.matches, got.shares, got.spans, got.words]


# The same by slices of lists of words, and sets.


def grams_of(words: Sequence[str]) -> set[tuple[str, ...]]:
    if len(words) < 8:
        return set()
    n = min(13, len(words))
    found = (tuple(words[i : i + n]) for i in range(len(words) - n + 1))
    return {gram for gram in found if not all(word.isdecimal() for word in gram)}


def stands(words: Sequence[str], inside: Sequence[str]) -> bool:
    return any(list(inside[i : i + len(words)]) == list(words) for i in range(len(inside) - len(words) + 1))


class Oracle:
    def __init__(self, items: Sequence[Item], common: int) -> None:
        self.items = [(a.split(), b.split(), [c.split() for c in d]) for _, a, b, d in items]
        self.common = common
        self.holders: dict[Any, set[tuple[str, ...]]] = defaultdict(set)
        for asked, said, answers in self.items:
            keys: list[Any] = [*grams_of(asked if len(asked) >= 8 else said)]
            keys += [gram for answer in answers for gram in grams_of(answer)]
            keys += [("phrase", *self.phrase(asked, said))]
            keys += [("prompt", *asked), *(("answer", *answer) for answer in answers)]
            for key in keys:
                self.holders[key].add(tuple(said))

    @staticmethod
    def phrase(asked: list[str], said: list[str]) -> list[str]:
        chosen = asked if len(asked) >= 4 else said
        return chosen if 4 <= len(chosen) <= 7 and not all(word.isdecimal() for word in chosen) else []

    def rare(self, key: Any) -> bool:
        return len(self.holders[key]) <= self.common

    def share(self, own: set[Any], text: Sequence[str]) -> float:
        own = {gram for gram in own if self.rare(gram)}
        return sum(stands(gram, text) for gram in own) / len(own) if own else float("nan")

    def find(
        self, text: list[str], prompt: list[str], reply: list[str], least: float
    ) -> dict[int, tuple[str, Any, Any]]:
        found = {}
        for number, (asked, said, answers) in enumerate(self.items):
            share = self.share(grams_of(asked if len(asked) >= 8 else said), text)
            held = [self.share(grams_of(answer), text) for answer in answers if len(answer) >= 8]
            held = [one for one in held if not isnan(one)]
            short = [answer for answer in answers if 3 <= len(answer) <= 7]
            phrase = self.phrase(asked, said)
            by_short = [a for a in short if self.rare(("answer", *a)) and not all(w.isdecimal() for w in a)]
            is_prompt = len(asked) >= 4 and self.rare(("prompt", *asked)) and asked in (text, prompt)
            is_answer = bool(text) and any(answer in (text, reply) for answer in by_short)
            if text and said == text:
                how = "text"
            elif text and is_prompt:
                how = "prompt"
            elif share >= least:
                how = "ngrams"
            elif phrase and self.rare(("phrase", *phrase)) and stands(phrase, text):
                how = "short"
            elif is_answer or max(held, default=0) >= least:
                how = "answer"
            else:
                continue
            if how in ("text", "prompt", "short"):
                share = 1.0
            said_it = is_answer or any(stands(answer, text) for answer in short)
            answer_share = 1.0 if said_it else max([*held, *[0.0 for _ in short]], default=float("nan"))
            found[number] = how, share, answer_share
        return found


WORDS = st.sampled_from(["a", "b", "7", "42"])
PIECE = st.lists(WORDS, max_size=16)


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Item], list[tuple[str, str, str]], float, int]:
    pieces = draw(st.lists(PIECE, min_size=2, max_size=5))
    part = st.sampled_from(pieces).map(" ".join)
    many = st.lists(part, max_size=3).map(" ".join)
    items: list[Item] = [
        (f"i:{i}", asked, f"{asked} {more}".strip(), answers)
        for i, (asked, more, answers) in enumerate(
            draw(st.lists(st.tuples(part, part, st.lists(part, max_size=2)), min_size=1, max_size=5))
        )
    ]
    rows = draw(st.lists(st.tuples(many, part, part), max_size=5))
    return items, rows, draw(st.sampled_from([0.2, 0.5, 1.0])), draw(st.sampled_from([1, 2, 100]))


@given(cases())
def test_the_same_as_a_slow_search(case: tuple[list[Item], list[tuple[str, str, str]], float, int]) -> None:
    items, rows, least, common = case
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(benchmark_build, "COMMON_ITEMS", common)
        patch.setattr(benchmark_build, "COMMON_SHARE", 0.0)
        index = build(Items.of(items))
    got = index.find(*(column(*(row[i] for row in rows)) for i in range(3)), min_share=least)
    oracle = Oracle(items, common)
    wanted = {
        (number, item): told
        for number, row in enumerate(rows)
        for item, told in oracle.find(row[0].split(), row[1].split(), row[2].split(), least).items()
        if row[0]
    }
    shares = got.shares.tolist()
    told = {(r, i): (HOW[h], *shares[k]) for k, (r, i, h) in enumerate(got.matches.tolist())}
    assert told.keys() == wanted.keys()
    for key, (how, share, answer_share) in wanted.items():
        assert told[key][0] == how
        assert np.allclose(told[key][1:], (share, answer_share), equal_nan=True), (key, told[key], wanted[key])
    # Every byte of a span lies in the text, words are whole, and spans are in order and apart.
    for row, (text, _, _) in enumerate(rows):
        mine = [(a, b) for r, a, b in got.spans.tolist() if r == row]
        assert all(a < b for a, b in mine)
        assert all(one[1] < other[0] for one, other in pairwise(mine))
        for a, b in mine:
            assert text[a:b] == text[a:b].strip() != ""
            assert text[a - 1 : a] in ("", " ")
            assert text[b : b + 1] in ("", " ")
    # Each text is searched by itself: a slice finds what the whole finds in it.
    for row in range(len(rows)):
        alone = index.find(*(column(*(r[i] for r in rows)).slice(row, 1) for i in range(3)), min_share=least)
        assert alone.matches[:, 1:].tolist() == got.matches[got.matches[:, 0] == row, 1:].tolist()
