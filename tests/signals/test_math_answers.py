"""Worked solutions: what is planted is found, whole published files raise what they should, counts printed."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from assay.records import Decoder
from assay.records.schema import schema_of
from assay.signals import SIGNALS

pytest.importorskip("math_verify")


def table(objects: list[Any], kind: str = "reasoning") -> pa.Table:
    """Records as the reader understands them."""
    decoder, rows = Decoder(kind), []
    for i, obj in enumerate(objects):
        decoded = decoder.decode(obj)
        rest = json.dumps(decoded.extra) if decoded.extra else None
        row = {"record_id": f"r{i}", "source": {"path": "f", "row": i}, "text": decoded.text, "extra_json": rest}
        rows.append({**row, **decoded.payload})
    return pa.Table.from_pylist(rows, schema=schema_of(kind))


def values(name: str, objects: list[Any] | pa.Table, kind: str = "reasoning", **params: Any) -> list[Any]:
    rows = objects if isinstance(objects, pa.Table) else table(objects, kind)
    return SIGNALS.get(name).run(rows, kind, params).to_pylist()


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def worked(answer: str | None, **more: Any) -> dict[str, Any]:
    steps = ["Step 1: 48/2 = <<48/2=24>>24", "Step 2: 24 + 48 = <<24+48=72>>72"]
    return {"question": "How many?", "steps": steps, "final_answer": answer, **more}


def test_a_final_answer_is_held_against_the_reference_that_the_record_holds() -> None:
    rows = [worked("72", gold="72.0"), worked("72", gold="71"), worked("72"), worked("72", gold="many and long words")]
    assert values("final_answer_correct", rows) == [True, False, None, None]
    assert values("final_answer_correct", [worked("$72", ground_truth="a\n#### 72")]) == [True]
    elsewhere = [worked("72", meta={"right": ["3", "72"]}, gold="1")]
    assert values("final_answer_correct", elsewhere, reference_field="meta.right") == [True]
    assert values("final_answer_correct", elsewhere, reference_field="meta.absent") == [None]


def test_a_chat_is_held_against_its_listed_answers() -> None:
    def chat(said: str, *answers: str) -> dict[str, Any]:
        turns = [{"role": "user", "content": "1/4 + 1/4?"}, {"role": "assistant", "content": said}]
        return {"messages": turns, "answers": list(answers)}

    said = r"Both are quarters, so we add them up and get to this. The answer is \boxed{\frac{1}{2}}"
    rows = [chat(said, "0.5"), chat(said, "0.4", "0.5"), chat(said, "0.25"), {"question": "q?", "answers": ["0.5"]}]
    assert values("final_answer_correct", rows, "qa") == [True, True, False, None]


def test_an_answer_follows_from_the_end_of_its_steps() -> None:
    rows = [
        worked("72"),
        worked("74"),
        worked("7200"),
        worked(None),
        {"question": "q", "steps": ["a"], "final_answer": "1"},
    ]
    assert values("answer_follows_steps", rows) == [True, False, None, None, None]
    later = {"question": "q", "steps": ["6/3 = 2 hours", "That is 120 minutes."], "final_answer": "120"}
    assert values("answer_follows_steps", [later]) == [True]


def test_faults_inside_the_steps() -> None:
    broken = {"question": "q", "steps": ["Step 1: <<3*4=13>>13", "Step 3: so A = 7", "Step 4: so A = 9"]}
    assert values("annotation_errors", [broken, worked("72"), {"question": "q", "steps": ["3*4 = 13"]}]) == [1, 0, None]
    assert values("contradictory_values", [broken, worked("72")]) == [["A: 7, 9"], []]
    assert values("skipped_steps", [broken, worked("72"), {"question": "q", "steps": ["a", "b"]}]) == [1, 0, None]


@pytest.fixture(scope="module")
def gsm8k(shared_data: Path) -> list[Any]:
    return lines(shared_data / "reasoning/gsm8k/train.jsonl")


@pytest.fixture(scope="module")
def solved(gsm8k: list[Any]) -> pa.Table:
    return table(gsm8k)


def test_final_answers_agree_with_the_flags_of_660_questions_model_solutions(shared_data: Path) -> None:
    """The six that differ are null here and wrong there: solutions cut while they ramble, without an answer."""
    models = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")
    objects, flags = [], []
    for row in lines(shared_data / "reasoning/gsm8k/example_model_solutions.first660.jsonl"):
        for model in models:
            solution = {"question": row["question"], "solution": row[model]["solution"]}
            objects.append({**solution, "ground_truth": row["ground_truth"]})
            flags.append(row[model]["is_correct"])
    found = values("final_answer_correct", objects)
    counts = Counter(zip(found, flags, strict=True))
    agreement = sum(a is b for a, b in zip(found, flags, strict=True)) / len(flags)
    print(f"\n{len(flags)} solutions of 660 questions: {agreement:.4%} agree; (ours, theirs): {dict(counts)}")
    assert len(flags) == 2640
    assert agreement >= 0.99
    assert counts == {(True, True): 1008, (False, False): 1626, (None, False): 6}
    assert all("A: " not in o["solution"] for o, ours in zip(objects, found, strict=True) if ours is None)


def test_no_annotated_equation_of_gsm8k_raises_an_alarm_and_all_of_500_corrupted_do(
    gsm8k: list[Any], solved: pa.Table
) -> None:
    clean = values("annotation_errors", solved)
    written = sum(row["answer"].count("<<") for row in gsm8k)
    assert written == 23_716
    assert sum(value or 0 for value in clean) == 0
    assert clean.count(None) == 95, "answers without annotations"
    assert sum(value or 0 for value in values("arithmetic_errors", solved)) == 0, "nor does any equation in prose"
    draw = random.Random(7)
    corrupted = []
    for row in draw.sample([row for row in gsm8k if "<<" in row["answer"]], 500):
        at = draw.choice(list(re.finditer(r"=([-\d.,]*\d)>>", row["answer"])))
        last = str((int(at[1][-1]) + draw.randint(1, 9)) % 10)
        corrupted.append({**row, "answer": row["answer"][: at.end(1) - 1] + last + row["answer"][at.end(1) :]})
    broken = table(corrupted)
    raised = [values(name, broken) for name in ("annotation_errors", "arithmetic_errors")]
    print(f"\n{written} annotated equations: 0 alarms; of 500 corrupted {raised[0].count(1)} raise one each")
    assert raised == [[1] * 500, [1] * 500]


def test_gsm8ks_answers_follow_from_their_steps_but_for_a_few_that_do_not(gsm8k: list[Any], solved: pa.Table) -> None:
    """19 of 7,473, read one by one: 13 are mistakes of the file (line 357 derives 64 and answers 66)."""
    found = values("answer_follows_steps", solved)
    odd = [i + 1 for i, value in enumerate(found) if value is False]
    print(f"\nanswers that do not follow from their last step: lines {odd}")
    assert {357, 787, 2771, 4797, 7445} <= set(odd)
    assert len(odd) <= 20
    wrong = [{**row, "answer": row["answer"].rpartition("#### ")[0] + "#### 987654"} for row in gsm8k[:500]]
    assert sum(value is False for value in values("answer_follows_steps", wrong)) >= 495
    assert not any(values("contradictory_values", solved)), "no quantity is given two values"
    assert not any(values("skipped_steps", solved))


@pytest.mark.parametrize("name", ["multistep_arithmetic", "tracking_shuffled_objects"])
def test_the_mistakes_of_big_bench_mistake_are_counted_not_tuned_to(shared_data: Path, name: str) -> None:
    rows = lines(shared_data / f"reasoning/big-bench-mistake/{name}.jsonl")
    gold = [row["mistake_index"] is not None for row in rows]
    print()
    for signal in ("final_answer_correct", "arithmetic_errors", "contradictory_values", "answer_follows_steps"):
        found = [value is False or bool(value and value is not True) for value in values(signal, rows)]
        hits = sum(a and b for a, b in zip(found, gold, strict=True))
        precision = f"{hits / sum(found):.3f}" if any(found) else "no alarm"
        print(f"{name} {signal}: precision {precision}, recall {hits / sum(gold):.3f}")
        if signal == "final_answer_correct":
            assert hits / sum(found) > 0.9, "a wrong answer nearly always has a mistake before it"
