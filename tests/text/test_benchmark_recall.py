"""Recall on real benchmarks leaked in the ways that happen, and no alarm on real texts that hold none of them."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import zstandard

from assay.kernels.contamination_tables import HOW
from assay.records.schema import TEXT
from assay.text.benchmark import Index, Items
from assay.text.benchmark_build import MIN_ANSWER_WORDS, build, words_in
from tests.text.leaks import between, items, ways

UNRELATED = ("english_docs", "multilingual_docs")
QA = ("natural-questions/NQ-open.efficientqa.dev.1.1.jsonl", "xquad/xquad.en.json", "xquad/xquad.de.json")


def docs(data: Path, name: str) -> Iterator[str]:
    with (data / "perf" / f"{name}.jsonl.zst").open("rb") as file:
        for line in io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), "utf-8"):
            yield json.loads(line)["text"]


@pytest.fixture(scope="module")
def leaked(shared_data: Path) -> tuple[Items, Index, list[str]]:
    held = items(shared_data)
    filler = [text for text, _ in zip(docs(shared_data, "english_docs"), range(500), strict=False)]
    return held, build(held), filler


def recall(
    index: Index, texts: list[str], owner: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> tuple[int, Counter[str]]:
    """How many texts are matched to the item that was put into them, and how."""
    got = index.find(pa.array(texts, TEXT))
    how = {(row, item): HOW[how] for row, item, how in got.matches.tolist()}
    right = [how[row, int(item)] for row, item in enumerate(owner) if (row, int(item)) in how]
    return len(right), Counter(right)


def test_every_leak_that_keeps_the_words_is_found_and_rewording_is_a_stated_miss(
    leaked: tuple[Items, Index, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    held, index, filler = leaked
    everything = np.arange(len(held.at))
    wholes, prompts = held.whole.to_pylist(), held.prompt.to_pylist()
    long = np.array([i for i in everything if len(words_in(prompts[i])) >= 4])
    said = []
    for way, change in ways(filler).items():
        for part, texts, owner in (("item", wholes, everything), ("prompt", prompts, long)):
            found, how = recall(index, [change(texts[i], int(i)) for i in owner], owner)
            said.append(f"{way:26} {part:7} {found:5} of {len(owner):5}  {dict(how.most_common())}")
            if way == "reworded":
                assert found <= 0.01 * len(owner)
            else:
                assert found == len(owner), (way, part)
    with capsys.disabled():
        print("\n" + "\n".join(said))


def test_answers_alone_are_found_where_they_have_three_words(
    leaked: tuple[Items, Index, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    held, index, filler = leaked
    answers = held.answers.to_pylist()
    words = np.array([len(words_in(answer)) for answer in answers])
    told = []
    for least in (1, MIN_ANSWER_WORDS, 8):
        chosen = np.flatnonzero(words >= least)
        found, _ = recall(index, [answers[i] for i in chosen], held.answer_of[chosen])
        inside, _ = recall(
            index, [between(answers[i], filler, "middle", int(i)) for i in chosen], held.answer_of[chosen]
        )
        told.append((least, len(chosen), found, inside))
        assert least < MIN_ANSWER_WORDS or found >= 0.95 * len(chosen)
        assert least < 8 or inside >= 0.95 * len(chosen)
    with capsys.disabled():
        for least, many, found, inside in told:
            print(f"\nanswers of {least}+ words: {found} of {many} alone, {inside} inside a longer text", end="")


@pytest.mark.parametrize("name", UNRELATED)
def test_nothing_is_found_in_unrelated_pages(
    leaked: tuple[Items, Index, list[str]], shared_data: Path, name: str
) -> None:
    got = leaked[1].find(pa.array(list(docs(shared_data, name)), TEXT))
    assert got.matches.tolist() == []


@pytest.mark.parametrize("name", QA)
def test_other_questions_share_answers_at_the_most(
    leaked: tuple[Items, Index, list[str]], shared_data: Path, name: str
) -> None:
    from assay.flows.contamination_items import read_items

    other = read_items(None, [str(shared_data / "qa" / name)], mapping={}).items
    replies = dict(zip(other.answer_of.tolist()[::-1], other.answers.to_pylist()[::-1], strict=True))
    reply = pa.array([replies.get(i) for i in range(len(other.at))], TEXT)
    got = leaked[1].find(other.whole, other.prompt, reply)
    assert {HOW[how] for _, _, how in got.matches.tolist()} <= {"answer"}
    assert len(set(got.matches[:, 0].tolist())) <= 0.025 * len(other.at)
