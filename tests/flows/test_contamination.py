"""Contamination over stored datasets: files, datasets and splits as benchmarks; the same however rows lie."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from assay.core.errors import UnknownName, UserError
from assay.engine import Engine, open_engine
from assay.flows import contamination_scan
from assay.flows.contamination import SIGNALS, contamination
from assay.flows.contamination_items import chosen, read_items
from assay.flows.decide import decide
from assay.flows.transform import transform
from assay.store import Dataset, Workspace
from tests.flows.world import Row, fill, qa, values, workspace

QUESTION = (
    "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May. "
    "How many clips did Natalia sell altogether in April and May?"
)
ANSWER = "Natalia sold 48/2 = 24 clips in May, and 72 clips altogether in April and May."
MOON = "when was the last time anyone was on the moon"
HEAVY = "who wrote he ain't heavy"
PLAIN = "a text about nothing that any benchmark would ask, with some more words to make it a little longer"


def benchmark(folder: Path, name: str = "bench.jsonl", extra: str = "") -> str:
    records = [
        {"question": QUESTION, "answer": ANSWER},
        {"question": MOON, "answer": ["14 December 1972 UTC"]},
        {"question": HEAVY, "answer": ["Bobby Scott Junior"]},
    ]
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("".join(json.dumps(record) + "\n" for record in records) + extra)
    return str(folder / name)


def some_rows() -> list[Row]:
    return [
        qa(0, ANSWER, prompt=QUESTION),
        qa(1, "I do not know", prompt=QUESTION.upper()),
        qa(2, f"{PLAIN}. {QUESTION} {PLAIN}", prompt="Repeat it."),
        qa(3, "Nobody knows.", prompt=f"Tell me, {HEAVY} and when?"),
        qa(4, "Bobby Scott, Junior", prompt="Who was it in the end?"),
        qa(5, f"{PLAIN}. {ANSWER}", prompt="Say something."),
        qa(6, PLAIN, prompt="Say something else."),
        qa(7, "", prompt="", text=None),
    ]


WANTED: dict[str, tuple[Any, ...]] = {
    "q0000": ("bench.jsonl:1", "text", 1.0, 1.0, 1),
    "q0001": ("bench.jsonl:1", "prompt", 1.0, 0.0, 1),
    "q0002": ("bench.jsonl:1", "ngrams", 1.0, 0.0, 1),
    "q0003": ("bench.jsonl:3", "short", 1.0, 0.0, 1),
    "q0004": ("bench.jsonl:3", "answer", 0.0, 1.0, 1),
    "q0005": ("bench.jsonl:1", "answer", 0.0, 1.0, 1),
    "q0006": (None, None, None, None, 0),
    "q0007": (None, None, None, None, None),
}


def told(data: Dataset) -> dict[str, tuple[Any, ...]]:
    names = ("contaminated_by", "contamination_how", "contamination_share", "contamination_answer_share")
    return values(data, *names, "contamination_items")


def test_items_are_found_in_all_five_ways_and_counted(tmp_path: Path) -> None:
    ws, data = workspace(tmp_path, some_rows())
    result = contamination(ws, "tickets", [benchmark(tmp_path / "b", extra="{broken\n")])
    assert told(data) == WANTED
    assert (result.items, result.hits, result.records, result.unread, result.whole_only) == (3, 6, 6, 1, 0)
    assert [(i.place, i.records, i.how, i.share, i.answer_share) for i in result.by_item] == [
        ("bench.jsonl:1", 4, "text", 1.0, 1.0),
        ("bench.jsonl:3", 2, "short", 1.0, 1.0),
    ]
    [part] = result.datasets
    assert (part.dataset, part.checked, part.hits, part.cached) == ("tickets.qa", 7, 6, False)
    assert part.by_how == {"text": 1, "prompt": 1, "ngrams": 1, "short": 1, "answer": 2}
    assert "  bench.jsonl:1  4 records  text 100%" in result.lines()
    spans = values(data, "text", "contamination_spans")
    text, [span] = spans["q0003"]
    assert text.encode()[span["start"] : span["end"]].decode() == HEAVY
    assert spans["q0006"][1] == []
    assert spans["q0007"][1] is None


def test_the_same_run_again_is_cached_and_changed_files_or_settings_are_not(tmp_path: Path) -> None:
    ws, data = workspace(tmp_path, some_rows())
    file = benchmark(tmp_path / "b")
    first = contamination(ws, "tickets", [file])
    again = contamination(ws, "tickets", [file])
    assert (again.cached, first.cached, data.head) == (True, False, 2)
    assert [again.hits, again.records, again.by_item] == [first.hits, first.records, first.by_item]
    assert contamination(ws, "tickets", [benchmark(tmp_path / "elsewhere")]).cached, "another folder, the same items"
    benchmark(tmp_path / "b", extra=json.dumps({"question": PLAIN, "answer": "yes"}))
    more = contamination(ws, "tickets", [file])
    assert (more.cached, more.items, more.records) == (False, 4, 7)
    assert told(data)["q0006"][0] == "bench.jsonl:4"
    assert not contamination(ws, "tickets", [file], min_share=0.9).cached
    fill(ws, "tickets.qa", [[qa(20, ANSWER, prompt=MOON)]], key="2")
    assert contamination(ws, "tickets", [file], min_share=0.9).records == 8


@pytest.fixture(params=["one worker", "two workers", "three"])
def engine(request: pytest.FixtureRequest) -> Any:
    with open_engine("threads", workers=["one worker", "two workers", "three"].index(request.param) + 1) as opened:
        yield opened


@pytest.mark.parametrize("sizes", [(8,), (1, 1, 6), (3, 5)], ids=["one fragment", "small ones", "two"])
def test_workers_and_fragments_and_order_change_nothing(tmp_path: Path, engine: Engine, sizes: Sequence[int]) -> None:
    rows = some_rows()
    random.Random(len(sizes)).shuffle(rows)
    parts = [rows[sum(sizes[:i]) : sum(sizes[: i + 1])] for i in range(len(sizes))]
    ws, data = workspace(tmp_path, *parts)
    result = contamination(ws, "tickets", [benchmark(tmp_path / "b")], engine=engine)
    assert told(data) == WANTED
    assert [(item.place, item.records) for item in result.by_item] == [("bench.jsonl:1", 4), ("bench.jsonl:3", 2)]


def test_batches_of_rows_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ws, data = workspace(tmp_path, some_rows())
    scan = Dataset.scan
    monkeypatch.setattr(Dataset, "scan", lambda self, *a, **more: scan(self, *a, **more, batch_bytes=1))
    assert len(list(data.scan())) == 8
    contamination(ws, "tickets", [benchmark(tmp_path / "b")])
    monkeypatch.undo()
    assert told(data) == WANTED


def test_across_splits_the_train_split_is_compared_with_held_out_records_of_every_kind(tmp_path: Path) -> None:
    ws, data = workspace(
        tmp_path,
        [
            qa(0, "other", prompt=QUESTION.lower(), split="train"),
            qa(1, ANSWER, prompt=QUESTION, split="Test"),
            qa(2, PLAIN, prompt="no split"),
            qa(3, "anything", prompt=MOON, split="unlabelled"),
        ],
    )
    page = {"kind": "composite", "record_id": "c1", "text": f"{PLAIN}\n{MOON}?", "source": {"path": "b", "row": 1}}
    held = {"record_id": "c2", "text": MOON.upper(), "split": "dev", "source": {"path": "b", "row": 2}}
    pages = fill(ws, "tickets.composite", [[page, held]])
    result = contamination(ws, "tickets", across_splits=True)
    assert (result.items, result.records, result.hits) == (2, 2, 2)
    assert [(part.dataset, part.checked) for part in result.datasets] == [("tickets.composite", 1), ("tickets.qa", 2)]
    assert {name: found[:2] for name, found in told(data).items()} == {
        "q0000": ("tickets.qa:q0001", "prompt"), "q0001": (None, None), "q0002": (None, None), "q0003": (None, None),
    }  # fmt: skip
    assert told(data)["q0003"][4] is None, "of another split: not compared"
    assert told(pages)["c1"][:2] == ("tickets.composite:c2", "ngrams")
    other, _ = workspace(tmp_path / "other", [qa(1)])
    with pytest.raises(UserError, match=r"(?s)E104.*held-out split"):
        contamination(other, "tickets", across_splits=True)


def test_a_dataset_of_the_workspace_may_be_the_benchmark(tmp_path: Path) -> None:
    ws, data = workspace(tmp_path, some_rows())
    fill(ws, "exam.qa", [[qa(1, ANSWER, prompt=QUESTION)]])
    fill(ws, "exam.qa", [[qa(2, "1972", prompt=MOON)]], key="2")
    assert contamination(ws, "tickets", ["exam@v1"]).items == 1
    result = contamination(ws, "tickets", ["exam", benchmark(tmp_path / "b")])
    assert result.items == 5
    assert told(data)["q0000"] == ("exam.qa:q0001", "text", 1.0, 1.0, 2), "of equal ones the first"


def test_fields_of_the_users_choice_are_what_is_compared(tmp_path: Path) -> None:
    ws, data = workspace(tmp_path, some_rows())
    contamination(ws, "tickets", [benchmark(tmp_path / "b")], fields=["prompt"])
    assert {name: found[1] for name, found in told(data).items() if found[1]} == {
        "q0000": "prompt", "q0001": "prompt", "q0003": "short",
    }  # fmt: skip
    with pytest.raises(UnknownName, match=r"E101.*promt"):
        contamination(ws, "tickets", [benchmark(tmp_path / "b")], fields=["promt"])


@pytest.mark.parametrize(
    ("against", "more", "said"),
    [
        ([], {}, "E104.*nothing to compare with"),
        (["none.jsonl"], {}, "E311"),
        (["tickets"], {}, "E104.*match itself"),
        (["tickets.qa@v1"], {}, "E104.*match itself"),
        (["-"], {}, "E104.*standard input"),
        (["BENCH"], {"min_share": 0.0}, "E104.*min_share"),
        (["EMPTY"], {}, "E318.*--map"),
        (["BENCH"], {"mapping": {"prompt": "q", "steps": "s"}}, "E303"),
    ],
    ids=["nothing", "no file", "itself", "its past", "stdin", "no share", "no record", "fields of two kinds"],
)
def test_mistakes_are_said(tmp_path: Path, against: list[str], more: dict[str, Any], said: str) -> None:
    ws, _ = workspace(tmp_path, some_rows())
    (tmp_path / "empty.jsonl").write_text('{"x": 1}\n')
    files = {"BENCH": benchmark(tmp_path / "b"), "EMPTY": str(tmp_path / "empty.jsonl")}
    with pytest.raises(UserError, match=f"(?s){said}"):
        contamination(ws, "tickets", [files.get(name, name) for name in against], **more)
    with pytest.raises(UnknownName):
        contamination(ws, "ticket", ["b"])


def test_the_preset_drops_items_and_sends_short_ones_and_answers_to_a_person(tmp_path: Path) -> None:
    ws, _ = workspace(tmp_path, some_rows())
    contamination(ws, "tickets", [benchmark(tmp_path / "b")])
    result = decide(ws, "tickets", "contamination")
    assert (result.dropped, result.review, result.kept) == (3, 3, 2)
    assert dict(result.by_rule) == {"benchmark_item": 3, "benchmark_answer": 2, "short_benchmark_item": 1}


def test_the_transform_cuts_what_was_found_and_nothing_is_found_after_it(tmp_path: Path) -> None:
    ws, data = workspace(tmp_path, some_rows())
    file, index = benchmark(tmp_path / "b"), tmp_path / "bench.index"
    contamination(ws, "tickets", [file], index=index)
    made = transform(ws, "tickets", "cut_contamination", {"against": str(index)})
    assert made.changed == 4
    texts = values(data, "prompt", "best_answer")
    assert texts["q0000"] == ("?", ANSWER), "each text by itself: an answer alone is left"
    assert texts["q0002"] == ("Repeat it.", f"{PLAIN}. ? {PLAIN}")
    assert texts["q0003"] == ("Tell me,  and when?", "Nobody knows.")
    after = contamination(ws, "tickets", [file])
    assert {item.how for item in after.by_item} == {"answer"}
    with pytest.raises(UserError, match=r"E106.*no benchmark index"):
        transform(ws, "tickets", "cut_contamination", {"against": file})
    with pytest.raises(UserError, match=r"E104"):
        transform(ws, "tickets", "cut_contamination", {})


def test_a_killed_run_leaves_nothing_and_is_made_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ws, data = workspace(tmp_path, some_rows()[:4], some_rows()[4:])
    scanned = []

    def breaks(piece: Any, *args: Any, **more: Any) -> Any:
        scanned.append(piece.id)
        if len(scanned) == 2:
            raise MemoryError("killed")
        return contamination_scan.find_task(piece, *args, **more)

    with monkeypatch.context() as patch:
        patch.setattr("assay.flows.contamination.find_task", breaks)
        with pytest.raises(MemoryError):
            contamination(ws, "tickets", [benchmark(tmp_path / "b")], workers=1)
    assert not set(SIGNALS) & set(data.signals())
    contamination(ws, "tickets", [benchmark(tmp_path / "b")])
    assert told(data) == WANTED


def test_csv_without_names_is_read_as_multiple_choice_and_a_map_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "mmlu.csv"
    with file.open("w", newline="") as out:
        csv.writer(out).writerows(
            [[f"{MOON} in year {i}?", "a one", "b two", "c three", "d four", "C"] for i in range(5)]
        )
    items = read_items(None, [str(file)], mapping={}).items
    assert items.prompt.to_pylist()[0] == f"{MOON} in year 0?"
    assert items.answers.to_pylist() == ["c three"] * 5
    assert items.at[4] == "mmlu.csv:5"
    mapped = read_items(None, [str(file)], mapping={"prompt": "c0", "best_answer": "c1"}).items
    assert mapped.answers.to_pylist() == ["a one"] * 5


@pytest.mark.parametrize(
    ("record", "answer", "wanted"),
    [
        ({"choices": ["x", "y", "z"]}, 2, "z"),
        ({"options": ["x", "y"]}, "b", "y"),
        ({"choices": ["3", "4", "5"]}, "4", None),
        ({"choices": ["x", "y"]}, "the second", None),
        ({"choices": ["x", "y"]}, 7, None),
        ({"c0": "q", "c1": "x", "c2": "y", "c3": "A"}, "A", "x"),
        ({"c0": "q", "c1": "x", "c2": "y", "c3": "1"}, "1", None),
        ({"question": "q"}, "A", None),
        ("no record", "A", None),
    ],
    ids=[
        "a number", "a letter", "a choice itself", "words", "out of range", "columns without names",
        "a number in columns without names", "no choices", "no object",
    ],
)  # fmt: skip
def test_an_answer_that_names_a_choice_is_that_choice(record: Any, answer: Any, wanted: str | None) -> None:
    assert chosen(record, answer) == wanted


def test_signals_are_of_the_declared_types(tmp_path: Path) -> None:
    from assay.signals import SIGNALS as KNOWN

    _, data = workspace(tmp_path, some_rows())
    contamination(_, "tickets", [benchmark(tmp_path / "b")])
    batch = next(iter(data.scan(columns=list(SIGNALS))))
    assert [batch.column(name).type for name in SIGNALS] == [KNOWN.get(name).writes for name in SIGNALS]


def test_an_empty_dataset_is_no_mistake(tmp_path: Path) -> None:
    ws = Workspace.init(tmp_path / "ws")
    fill(ws, "tickets.qa", [])
    result = contamination(ws, "tickets", [benchmark(tmp_path / "b")])
    assert (result.items, result.records) == (3, 0)
