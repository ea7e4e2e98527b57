"""Quality models: trained from files and datasets, kept by content, found by name, measured like any signal."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from assay.core.errors import UnknownName, UserError
from assay.flows import quality
from assay.flows.measure import measure
from assay.store import Workspace
from tests.flows.world import qa, values, workspace
from tests.signals.labelled import sms_spam

_PROOF = [
    "the",
    "proof",
    "of",
    "theorem",
    "{}",
    "follows",
    "from",
    "the",
    "lemma",
    "about",
    "finite",
    "groups",
    "and",
    "fields",
]
_SALE = ["click", "here", "to", "buy", "cheap", "pills", "number", "{}", "now", "before", "this", "offer", "ends"]


def texts(words: list[str], n: int, seed: int) -> list[str]:
    rng = random.Random(seed)
    return [" ".join([*rng.sample(words, 8), str(i)]) for i in range(n)]


def lines(path: Path, values: list[str]) -> str:
    path.write_text("".join(json.dumps({"text": value}) + "\n" for value in values))
    return str(path)


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return Workspace.init(tmp_path / "ws")


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    return lines(tmp_path / "good.jsonl", texts(_PROOF, 150, 0)), lines(tmp_path / "bad.jsonl", texts(_SALE, 120, 1))


def test_a_model_says_what_it_was_made_of_and_how_well_it_does(ws: Workspace, files: tuple[str, str]) -> None:
    made = quality.train(ws, "edu", [files[0]], [files[1]])
    assert (made.name, made.version, made.rows_good, made.rows_bad, made.rows_both) == ("edu", 1, 150, 120, 0)
    assert 30 < made.rows_heldout < 80, "about a fifth"
    assert made.heldout_auc == 1.0
    assert made.auc_interval[0] < 1.0 == made.auc_interval[1]
    assert made.model in ws.blobs
    (run,) = ws.ledger.runs()
    assert (run.verb, run.status) == ("quality train", "done")
    assert run.args["good"] == [files[0]]
    assert run.result is not None
    assert run.result["heldout_auc"] == 1.0


def test_order_copies_and_files_play_no_part(ws: Workspace, files: tuple[str, str], tmp_path: Path) -> None:
    first = quality.train(ws, "edu", [files[0]], [files[1]])
    mixed = texts(_PROOF, 150, 0)
    random.Random(5).shuffle(mixed)
    parts = [
        lines(tmp_path / "a.jsonl", mixed[:70]),
        lines(tmp_path / "b.jsonl", [*mixed[70:], f"{mixed[3].upper()}!"]),
    ]
    again = quality.train(ws, "edu", parts, [files[1]])
    assert (again.model, again.version, again.cached) == (first.model, 1, True)
    assert len(quality.models(ws).models) == 1


def test_texts_on_both_sides_are_left_out(ws: Workspace, files: tuple[str, str], tmp_path: Path) -> None:
    plain = quality.train(ws, "edu", [files[0]], [files[1]])
    both = lines(tmp_path / "both.jsonl", ["neither good nor bad at all", "and another one of them"])
    shouted = lines(tmp_path / "shouted.jsonl", ["NEITHER good, nor bad, at all!", "And another -- one of them."])
    made = quality.train(ws, "edu", [files[0], both], [files[1], shouted])
    assert (made.rows_good, made.rows_bad, made.rows_both) == (150, 120, 2)
    assert made.model == plain.model


def test_another_seed_or_other_examples_make_another_version(ws: Workspace, files: tuple[str, str]) -> None:
    first = quality.train(ws, "edu", [files[0]], [files[1]])
    second = quality.train(ws, "edu", [files[0]], [files[1]], seed=1)
    other = quality.train(ws, "sales", [files[1]], [files[0]])
    assert [first.version, second.version, other.version] == [1, 2, 1]
    assert [(one.name, one.version) for one in quality.models(ws).models] == [("edu", 1), ("edu", 2), ("sales", 1)]
    assert quality.model_file(ws, "edu") == second.path
    assert quality.model_file(ws, "edu@1") == quality.model_file(ws, "edu@v1") == first.path
    with pytest.raises(UnknownName, match="did you mean 'edu'"):
        quality.model_file(ws, "edv")
    with pytest.raises(UnknownName):
        quality.model_file(ws, "edu@3")


def test_too_few_examples_are_refused_and_nothing_is_noted(
    ws: Workspace, files: tuple[str, str], tmp_path: Path
) -> None:
    few = lines(tmp_path / "few.jsonl", texts(_SALE, 19, 0))
    for good, bad in ((files[0], few), (few, files[1]), (files[0], files[0])):
        with pytest.raises(UserError, match="E108"):
            quality.train(ws, "edu", [good], [bad])
    with pytest.raises(UserError, match="E311"):
        quality.train(ws, "edu", [files[0]], [str(tmp_path / "none.jsonl")])
    assert quality.models(ws).models == []
    assert ws.ledger.runs() == []


def test_datasets_are_scored_by_the_name_of_a_model(tmp_path: Path) -> None:
    rows = [qa(i, text, prompt="") for i, text in enumerate(texts(_PROOF, 60, 0) + texts(_SALE, 60, 1))]
    ws, data = workspace(tmp_path, rows[:60], name="good.qa")
    other = workspace(tmp_path, rows[60:], name="bad.qa")[1]
    made = quality.train(ws, "edu", ["good"], ["bad.qa@1"])
    for name, wanted in (("good", True), ("bad", False)):
        result = measure(ws, name, only=["quality_score"], params={"model": "edu"})
        assert result.datasets[0].signals == {"quality_score": "measured"}
        assert wanted == (result.datasets[0].dataset == "good.qa")
    by_good, by_bad = (sorted(v[0] for v in values(d, "quality_score").values()) for d in (data, other))
    assert by_good[0] > by_bad[-1]
    assert measure(ws, "good", only=["quality_score"], params={"model": "edu@1"}).cached
    assert measure(ws, "good", only=["quality_score"], params={"model": made.path}).cached
    quality.train(ws, "edu", ["good"], ["bad"], seed=3)
    assert not measure(ws, "good", only=["quality_score"], params={"model": "edu"}).cached, "the name's newest model"
    with pytest.raises(UnknownName, match="no quality model called 'nope'"):
        measure(ws, "good", only=["quality_score"], params={"model": "nope"})


def test_a_moved_workspace_still_finds_its_models(ws: Workspace, files: tuple[str, str], tmp_path: Path) -> None:
    quality.train(ws, "edu", [files[0]], [files[1]])
    ws.close()
    (tmp_path / "ws").rename(tmp_path / "moved")
    with Workspace.open(tmp_path / "moved") as moved:
        assert Path(quality.model_file(moved, "edu")).is_file()


def test_sms_spam_is_told_from_ham(ws: Workspace, shared_data: Path, tmp_path: Path) -> None:
    """Seen: AUC .985 on the fifth held out, copies of which are in no other part."""
    found, labels = sms_spam(shared_data)
    sides = [
        lines(tmp_path / f"{side}.jsonl", [t for t, label in zip(found, labels, strict=True) if label == side])
        for side in ("ham", "spam")
    ]
    made = quality.train(ws, "ham", [sides[0]], [sides[1]])
    print(made)
    assert made.rows_good + made.rows_bad < 5_572 - 403, "403 exact copies, and more but for punctuation"
    assert made.heldout_auc > 0.98
    low, high = made.auc_interval
    assert low > 0.96
    assert high <= 1.0
