"""The verb on small files of our own: what it names is there, at that line, in every format."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.core.errors import UserError
from assay.flows.check import CheckResult, Problem, check
from assay.flows.check import files as reading
from assay.flows.check.analyse import analyse
from assay.flows.check.collect import Settings, collect
from assay.flows.check.problems import Call, problems

QA = [
    {"question": f"Which river runs through the town number {n} of the county?", "answer": f"The river {n} does so."}
    for n in range(40)
]
QUOTED = {"question": 'Which "river"\nruns, then?', "answer": "It is\nthe same one."}
RECORDS = [*QA[:5], QUOTED, *QA[5:], QA[7], QUOTED]  # two exact copies: of QA[7] and of QUOTED


def lines(records: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def as_csv(records: list[dict[str, Any]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(records[0]))
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue().encode()


def with_blank_lines(records: list[dict[str, Any]]) -> bytes:
    return b"\n" + lines(records).replace(b"\n", b"\n\n")


def write(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)


def find(result: CheckResult, rule: str) -> Problem:
    found = [problem for problem in result.problems if problem.rule == rule]
    assert found, f"{rule} is not among {[problem.rule for problem in result.problems]}"
    return found[0]


def rules(result: CheckResult) -> set[str]:
    return {problem.rule for problem in result.problems}


@pytest.mark.parametrize(
    ("name", "encode"),
    [
        ("a.jsonl", lines),
        ("blank.jsonl", with_blank_lines),
        ("a.json", lambda r: json.dumps(r).encode()),
        ("indented.json", lambda r: json.dumps(r, indent=2).encode()),
        ("a.csv", as_csv),
        ("a.csv.gz", lambda r: gzip.compress(as_csv(r))),
        ("a.jsonl.gz", lambda r: gzip.compress(lines(r))),
    ],
    ids=["JSON Lines", "blank lines", "one line of JSON", "indented JSON", "CSV", "CSV in gz", "JSON Lines in gz"],
)
def test_a_copy_is_named_by_the_line_it_starts_on(
    tmp_path: Path, name: str, encode: Callable[[list[dict[str, Any]]], bytes]
) -> None:
    data = encode(RECORDS)
    path = write(tmp_path / name, data)
    found = find(check([path]), "exact_duplicate")
    assert found.count == 2
    text = (gzip.decompress(data) if name.endswith(".gz") else data).decode().split("\n")
    for example, why, needle in zip(found.examples, found.why, ["town number 7 of", "Which "], strict=True):
        file, _, line = example.rpartition(":")
        assert file == path
        here = text[int(line) - 1 : int(line) + 3]
        assert needle in "\n".join(here), f"{example} shows {here}"
        first = int(why.split("same as ")[1].split()[0].rpartition(":")[2])
        assert first <= int(line)
        assert needle in "\n".join(text[first - 1 : first + 3])


def test_parquet_names_rows_because_it_has_no_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_pylist(RECORDS), path)
    found = find(check([str(path)]), "exact_duplicate")
    assert found.examples == [f"{path}:row 42", f"{path}:row 43"]


def test_what_was_read_adds_up(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", lines(RECORDS) + b'{"question": "cut o\n' + b"[1]\n")
    result = check([path])
    assert result.records == len(RECORDS) + 2
    assert result.unreadable == 2
    assert sum(result.kinds.values()) + result.unreadable == result.records
    assert (result.status, result.exit_code) == ("failed", 1)
    broken = find(result, "unreadable_broken_json")
    assert broken.examples == [f"{path}:{len(RECORDS) + 1}"]


def test_nothing_to_read_is_neither_pass_nor_fail(tmp_path: Path) -> None:
    result = check([write(tmp_path / "empty.jsonl", b"\n\n")])
    assert (result.records, result.status, result.exit_code) == (0, "nothing read", 5)


def test_a_file_that_no_reader_knows_is_named(tmp_path: Path) -> None:
    result = check([write(tmp_path / "x.npy", b"\x93NUMPY\x01\x00")])
    assert result.exit_code == 5
    assert find(result, "unreadable_file").examples == [str(tmp_path / "x.npy")]
    assert "NumPy" in "\n".join(result.lines())


def test_a_file_that_is_not_there_is_a_user_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="E311"):
        check([str(tmp_path / "absent.jsonl")])


def test_it_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a.jsonl", lines(RECORDS))
    monkeypatch.chdir(tmp_path)
    check(["a.jsonl"], prove=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl"]


def test_workers_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PARALLEL_BYTES", 0)
    monkeypatch.setattr(reading, "CHUNK_BYTES", 1000)
    path = write(tmp_path / "a.jsonl", lines(RECORDS) + b"{}\nnull\n")
    held = write(tmp_path / "e.jsonl", lines(QA[3:9]))
    one, two = (check([path], eval=[held], max_length=20, workers=n) for n in (1, 2))
    assert one == two
    monkeypatch.undo()
    assert check([path], eval=[held], max_length=20, workers=1) == one


def test_halves_of_a_chunk_say_together_what_the_whole_says(tmp_path: Path) -> None:
    """What happens to a chunk whose worker died: it is cut until the one record that kills is alone."""
    settings = Settings()
    found = reading.look([write(tmp_path / "a.jsonl", lines(RECORDS) + b"{}\n")], settings, workers=1, progress=None)
    whole = analyse(found.files, found.collected, settings, 20)
    tasks = list(reading._tasks(reading.expand([str(tmp_path / "a.jsonl")]), settings, reading.Reading()))
    for _ in range(3):
        tasks = [half for task in tasks for half in reading._halves(task)]
    assert len(tasks) == 8
    cut = analyse(found.files, reading._joined([collect(task) for task in tasks]), settings, 20)
    assert problems(cut, Call(["a"])) == problems(whole, Call(["a"]))
    (dead,) = reading._crashed(tasks[-1], "killed by SIGKILL")
    assert dead.unread["crash"].places == [tasks[-1].chunk.line]


def test_records_that_fit_no_kind_get_their_own_field_names_in_the_fix(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", lines([{"frage": "Was?", "wort": "Das."}]))
    found = find(check([path]), "unreadable_unknown_kind")
    assert "OURS=frage" in found.fix
    assert find(check([path], kind="qa"), "unreadable_missing_field").count == 1
    assert check([path], kind="qa", mapping={"prompt": "frage", "best_answer": "wort"}).kinds == {"qa": 1}


# Overlap


def test_train_and_eval_overlap_by_text_and_by_question(tmp_path: Path) -> None:
    train = write(tmp_path / "t.jsonl", lines(QA))
    shout = {"question": QA[3]["question"].upper().replace(" ", "\n"), "answer": QA[3]["answer"] + "!"}
    other = {"question": QA[9]["question"], "answer": "Nobody knows."}
    result = check([train], eval=[write(tmp_path / "e.jsonl", lines([shout, other]))])
    assert find(result, "eval_overlap_text").examples == [f"{train}:4"]
    assert find(result, "eval_overlap_prompt").examples == [f"{train}:10"]
    assert find(result, "eval_overlap_prompt").why == [f"the prompt of {tmp_path}/e.jsonl:2"]
    assert result.eval_records == 2
    assert result.exit_code == 1


def test_an_evaluation_file_that_changed_is_read_again(tmp_path: Path) -> None:
    train, held = write(tmp_path / "t.jsonl", lines(QA)), tmp_path / "e.jsonl"
    write(held, lines(QA[:3]))
    assert find(check([train], eval=[str(held)]), "eval_overlap_text").count == 3
    write(held, lines(QA[:5]))
    assert find(check([train], eval=[str(held)]), "eval_overlap_text").count == 5


def test_an_evaluation_set_from_standard_input_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="E384"):
        check([write(tmp_path / "t.jsonl", lines(QA))], eval=["-"])


def test_without_an_evaluation_set_the_overlap_is_not_measured(tmp_path: Path) -> None:
    result = check([write(tmp_path / "t.jsonl", lines(QA))])
    assert "overlap with an evaluation set" in [gap.what for gap in result.not_measured]


# Tokens


def test_long_records_are_truncated_and_long_prompts_leave_nothing(tmp_path: Path) -> None:
    word = "word " * 200
    data = [*QA[:3], {"question": "Short?", "answer": word}, {"question": word, "answer": "Short."}]
    path = write(tmp_path / "a.jsonl", lines(data))
    result = check([path], max_length=64)
    assert find(result, "truncated_at_max_length").examples == [f"{path}:4", f"{path}:5"]
    assert find(result, "trains_on_zero_tokens").examples == [f"{path}:5"]
    assert result.tokens is not None
    assert (result.tokens.truncated, result.tokens.zero, result.tokens.exact) == (2, 1, False)
    assert result.tokens.longest_at in (f"{path}:4", f"{path}:5")


def test_an_answer_that_is_empty_trains_on_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", lines([*QA[:3], {"question": "And this?", "answer": ""}]))
    result = check([path])
    assert find(result, "trains_on_zero_tokens").examples == [f"{path}:4"]


# Ids


def test_the_same_id_with_other_content_is_named_and_its_exact_copy_is_not(tmp_path: Path) -> None:
    data = [{"id": f"q{n}", **record} for n, record in enumerate(QA[:4])]
    data += [{**data[1], "answer": "Another."}, data[2]]
    path = write(tmp_path / "a.jsonl", lines(data))
    result = check([path])
    assert find(result, "duplicate_id").examples == [f"{path}:5"]
    assert find(result, "duplicate_id").why == [f"the id of {path}:2, other content"]
    assert find(result, "exact_duplicate").examples == [f"{path}:6"]


# Baseline


def test_a_baseline_lets_only_new_findings_fail(tmp_path: Path) -> None:
    known = tmp_path / "known.json"
    path = write(tmp_path / "a.jsonl", lines(RECORDS) + b"broken\n")
    first = check([path], baseline=known)
    assert first.baseline is not None
    assert first.baseline.written
    assert first.exit_code == 0

    moved = [b"broken", *lines(RECORDS).splitlines()[::-1]]
    write(tmp_path / "a.jsonl", b"\n\n".join(moved) + b"\n")
    again = check([path], baseline=known)
    assert again.baseline is not None
    assert (again.baseline.new, again.baseline.gone, again.exit_code) == (0, 0, 0)

    write(tmp_path / "a.jsonl", b"\n".join([*moved, moved[4]]) + b"\n")
    worse = check([path], baseline=known)
    assert worse.exit_code == 1
    assert find(worse, "exact_duplicate").new == 1
    assert known.read_bytes() == known.read_bytes()

    write(tmp_path / "a.jsonl", lines(QA))
    better = check([path], baseline=known)
    assert better.baseline is not None
    assert (better.baseline.new, better.baseline.gone, better.exit_code) == (0, 3, 0)
    assert check([path], baseline=known, update_baseline=True).baseline != better.baseline
    assert check([path], baseline=known).baseline.gone == 0  # type: ignore[union-attr]  # a baseline was given


def test_the_baseline_of_the_same_findings_is_the_same_file(tmp_path: Path) -> None:
    for name, data in [("x", RECORDS), ("y", RECORDS[::-1])]:
        check([write(tmp_path / f"{name}.jsonl", lines(data))], baseline=tmp_path / f"{name}.json")
    assert (tmp_path / "x.json").read_bytes() == (tmp_path / "y.json").read_bytes()


def test_of_many_files_the_fix_names_the_one_that_needs_it(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", lines(QA))
    odd = write(tmp_path / "b.jsonl", lines([{"frage": "Was?", "wort": "Das."}]))
    write(tmp_path / "c.png", b"\x89PNG\r\n\x1a\n")
    result = check([str(tmp_path)])
    assert (
        find(result, "unreadable_unknown_kind").fix == f"assay check {odd} --kind KIND --map OURS=frage --map OURS=wort"
    )
    assert next((gap.what, gap.why) for gap in result.not_measured) == ("1 file not read", "a PNG image (c.png)")
