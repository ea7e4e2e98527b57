"""Texts changed in stored records, and everything that follows from it made right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assay.core.errors import UserError
from assay.flows import transform_rows
from assay.flows.ingest import ingest
from assay.flows.measure import measure
from assay.flows.transform import transform
from assay.records.again import hash_again, text_again
from assay.store import Workspace

BAD, GOOD = "cafÃ© au lait", "café au lait"
RECORDS: dict[str, Any] = {
    "classification": {"id": "c", "text": BAD, "label": "cafÃ©"},
    "qa": {
        "id": "q",
        "question": "Who drank?",
        "context": f"{BAD} was what Anna drank.",
        "answers": {"text": ["Anna"], "answer_start": [27]},
        "note": BAD,
    },
    "reasoning": {"id": "r", "question": BAD, "chain_of_thought": ["1) " + BAD, "2) so"], "final_answer": "28"},
    "composite": {"id": "d", "text": BAD, "metadata": {"title": BAD, "cafÃ©": 1}},
    "agentic": {
        "session_id": "a",
        "steps": [
            {
                "step_number": 1,
                "tool_name": "cafÃ©",
                "tool_input": {"query": [BAD]},
                "tool_output": {"found": BAD, "n": 1.0},
                "reasoning": BAD,
            }
        ],
    },
    "preference": {"id": "p", "prompt": BAD, "chosen": BAD + " yes", "rejected": "no"},
}


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return Workspace.init(tmp_path / ".assay")


def put(ws: Workspace, folder: Path, records: list[Any], kind: str = "auto", name: str = "data") -> Path:
    file = folder / f"{name}.jsonl"
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    ingest(ws, "data", [file], kind=kind)
    return file


def rows(ws: Workspace, kind: str, columns: list[str] | None = None) -> list[dict[str, Any]]:
    found = [row for batch in ws.dataset(f"data.{kind}").scan(columns=columns) for row in batch.to_pylist()]
    return sorted(found, key=lambda row: row["record_id"])


def repaired(value: Any) -> Any:
    """The oracle: every string of the record but keys and labels."""
    if isinstance(value, str):
        return value.replace(BAD, GOOD)
    if isinstance(value, dict):
        return {key: repaired(item) for key, item in value.items()}
    return [repaired(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("kind", RECORDS)
def test_a_changed_record_is_as_if_it_had_been_read_so(ws: Workspace, tmp_path: Path, kind: str) -> None:
    put(ws, tmp_path, [RECORDS[kind]], kind)
    (tmp_path / "other").mkdir()
    other = Workspace.init(tmp_path / "other" / ".assay")
    fixed = repaired(RECORDS[kind])
    if kind == "qa":
        fixed["answers"]["answer_start"] = [26]
    put(other, tmp_path, [fixed], kind)
    result = transform(ws, "data", "repair_encoding")
    assert (result.datasets[0].changed, result.datasets[0].version) == (1, 2)
    [was], [now] = rows(other, kind), rows(ws, kind)
    for name in set(was) - {"source", "raw", "parents"}:
        assert now[name] == was[name], name
    assert [parent["record_id"] for parent in now["parents"]] == [now["record_id"]]


def test_labels_names_and_keys_stay(ws: Workspace, tmp_path: Path) -> None:
    put(ws, tmp_path, [RECORDS["classification"]])
    put(ws, tmp_path, [RECORDS["composite"]], name="two")
    put(ws, tmp_path, [RECORDS["agentic"]], name="three")
    transform(ws, "data", "repair_encoding")
    assert rows(ws, "classification")[0]["label"] == "cafÃ©"
    assert json.loads(rows(ws, "composite")[0]["metadata_json"]) == {"title": GOOD, "cafÃ©": 1}
    assert rows(ws, "agentic")[0]["steps"][0]["tool_calls"][0]["tool_name"] == "cafÃ©"


def test_only_changed_rows_lose_their_signals_and_a_second_run_is_no_version(ws: Workspace, tmp_path: Path) -> None:
    put(ws, tmp_path, [{"id": f"r{i}", "text": BAD if i == 3 else f"text {i}"} for i in range(6)], "composite")
    measure(ws, "data", only=["word_count"])
    first = transform(ws, "data", "repair_encoding")
    assert first.datasets[0].changes_by == {"encoding": 1}
    data = ws.dataset("data.composite")
    told = [r for b in data.scan(columns=["record_id", "measured:word_count"]) for r in b.to_pylist()]
    assert [row["record_id"] for row in told if not row["measured:word_count"]] == ["r3"]
    version = data.version()
    assert version is not None
    assert (version.verb, version.message) == ("transform", "repair_encoding")
    assert (version.stats["changed"], version.stats["by"]) == (1, {"encoding": 1})
    again = transform(ws, "data", "repair_encoding")
    assert (again.datasets[0].version, again.datasets[0].cached) == (version.number, True)
    assert data.fsck(deep=True) == []


def test_reading_the_file_again_adds_nothing(ws: Workspace, tmp_path: Path) -> None:
    texts = [{"text": BAD}, {"text": BAD}, {"text": "plain"}]
    file = put(ws, tmp_path, texts, "composite")
    transform(ws, "data", "repair_encoding")
    again = ingest(ws, "data", [file], kind="composite")
    assert (again.added, again.duplicates, again.quarantined) == (0, 3, 0)
    file.write_text(file.read_text() + json.dumps({"text": "more " + BAD}) + "\n")
    assert ingest(ws, "data", [file], kind="composite").added == 1
    assert transform(ws, "data", "repair_encoding").changed == 1
    assert sorted(row["text"] for row in rows(ws, "composite")) == [GOOD, GOOD, "more " + GOOD, "plain"]


def test_what_is_not_idempotent_runs_once_over_each_row(ws: Workspace, tmp_path: Path) -> None:
    page = "Three words [1] here.\nTwo [2] words [3].\nThe end of it is here."
    put(ws, tmp_path, [{"id": "a", "text": page}], "composite")
    params = {"min_words": 4}
    assert transform(ws, "data", "c4_clean@datatrove", params).changed == 1
    kept = rows(ws, "composite")[0]["text"]
    transform(ws, "data", "repair_encoding")
    assert transform(ws, "data", "c4_clean@datatrove", params).changed == 0
    put(ws, tmp_path, [{"id": "b", "text": page}, {"id": "c", "text": BAD}], "composite", name="more")
    assert transform(ws, "data", "c4_clean@datatrove", params).changed == 2
    assert [row["text"] for row in rows(ws, "composite")] == [kept, kept, ""]
    assert kept == "Three words  here.\nTwo  words .\nThe end of it is here."


def test_a_place_in_a_changed_context_moves_or_is_gone(ws: Workspace, tmp_path: Path) -> None:
    def record(key: str, context: str, answer: str) -> dict[str, Any]:
        place = context.index(answer)
        return {"id": key, "question": "?", "context": context, "answers": {"text": [answer], "answer_start": [place]}}

    kept, lost = record("kept", f"é {BAD} then Zoë", "Zoë"), record("lost", f"Of {BAD}.", "© au")
    put(ws, tmp_path, [kept, lost], "qa")
    result = transform(ws, "data", "repair_encoding")
    found = {row["record_id"]: row for row in rows(ws, "qa")}
    place = found["kept"]["answers"][0]["span_start"]
    assert found["kept"]["context"][0]["text"][place:] == "Zoë"
    assert found["lost"]["answers"][0]["span_start"] is None
    assert result.datasets[0].changes_by == {"encoding": 2, "span_lost": 1}


def test_the_same_for_one_and_two_workers_and_many_fragments(tmp_path: Path) -> None:
    digests = set()
    for workers in (1, 2):
        folder = tmp_path / str(workers)
        folder.mkdir()
        ws = Workspace.init(folder / ".assay")
        for part in range(3):
            texts = [{"id": f"{part}-{i}", "text": f"{BAD} {i}" if i % 3 else "plain"} for i in range(40)]
            put(ws, folder, texts, "composite", name=f"part{part}")
        result = transform(ws, "data", "repair_encoding", workers=workers)
        assert result.datasets[0].changed == 78
        digests.add(ws.dataset("data.composite").digest())
    assert len(digests) == 1


def test_a_stopped_run_goes_on_from_its_last_finished_fragment(
    ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for part in range(3):
        put(ws, tmp_path, [{"id": f"{part}", "text": BAD}], "composite", name=f"part{part}")
    seen: list[int] = []

    def stops_at_the_third(task: transform_rows.Task) -> transform_rows.Done:
        seen.append(1)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return transform_rows.transform_task(task)

    monkeypatch.setattr("assay.flows.transform.transform_task", stops_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        transform(ws, "data", "repair_encoding", workers=1)
    assert {row["text"] for row in rows(ws, "composite")} == {BAD}
    result = transform(ws, "data", "repair_encoding", workers=1)
    assert result.datasets[0].changes_by == {"encoding": 3}
    assert len(seen) == 5  # the first is staged when the third is asked for: two are left
    assert {row["text"] for row in rows(ws, "composite")} == {GOOD}
    assert ws.dataset("data.composite").fsck(deep=True) == []


def test_a_mistake_is_said_before_anything_is_written(ws: Workspace, tmp_path: Path) -> None:
    put(ws, tmp_path, [RECORDS["composite"]])
    with pytest.raises(UserError, match=r"E101.*transform.*repair_encodings"):
        transform(ws, "data", "repair_encodings")
    with pytest.raises(UserError, match=r"E101.*parameter"):
        transform(ws, "data", "repair_encoding", {"encodin": True})
    assert ws.dataset("data.composite").head == 1


def test_hash_and_text_of_real_rows_can_be_made_again(shared_data: Path) -> None:
    """What a changed row is hashed by gives, on unchanged rows of every kind, the hash they were read with."""
    from assay.flows.ingest import BadRecord, decode_source
    from assay.formats import expand
    from assay.records import to_batch

    files = ["qa/squad", "reasoning/gsm8k", "agentic/tau-bench", "preference/llmbar", "classification/banking77"]
    seen = 0
    for source in expand([shared_data / name for name in files if (shared_data / name).exists()]).sources:
        if not source.path.endswith((".jsonl", ".json", ".csv")):
            continue
        for number, row in enumerate(decode_source(source)):
            if number == 50:
                break
            if isinstance(row, BadRecord):
                continue
            kind = row.decoded.kind
            [stored] = to_batch(kind, [row]).to_pylist()
            assert hash_again(kind, stored, stored) == stored["content_hash"]
            assert text_again(kind, stored) == stored["text"]
            seen += 1
    assert seen > 100
