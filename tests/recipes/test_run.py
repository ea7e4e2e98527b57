"""Recipes run: what is done, what is left alone, and why; on small files through every real part."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from assay.core.errors import UserError, UserErrors
from assay.flows.gate_rows import read_failing
from assay.recipes import RunResult, plan_recipe, run_recipe
from assay.recipes import inputs as recipe_inputs
from assay.recipes.lock import FILE
from assay.release import verify
from assay.store import Workspace

RECIPE = """\
name: tickets
as_of: 2025-11-20
sources:
  - dataset: tickets
    paths: data
    domain: support
    license: CC-BY-4.0
measure: [word_count, content_duplicates]
decide:
  rules:
    - {name: short, dimension: completeness, when: word_count < LIMIT, action: drop}
    - {name: copy, dimension: uniqueness, when: duplicate_of is not null, action: drop}
gates:
  - kept >= MINIMUM
report: out/report.html
release: {name: v1, to: out/v1, formats: [jsonl]}
"""
STEPS = ["ingest:tickets", "measure:tickets", "decide:tickets", "gates", "report:tickets", "release"]


class Project:
    """A folder with a recipe, its data and a workspace."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.recipe = folder, folder / "recipe.yaml"
        (folder / "data").mkdir(parents=True)
        self.ws = Workspace.init(folder / ".assay")
        self.data("a.jsonl", range(6))
        self.data("b.jsonl", range(6, 9))
        self.write()

    def data(self, name: str, numbers: range, answer: str = "reply number {} is long enough") -> None:
        lines = [{"id": f"q{i}", "prompt": f"question {i}?", "best_answer": answer.format(i)} for i in numbers]
        (self.folder / "data" / name).write_text("".join(json.dumps(line) + "\n" for line in lines))

    def write(self, limit: int = 4, minimum: int = 1, text: str = RECIPE) -> None:
        self.recipe.write_text(text.replace("LIMIT", str(limit)).replace("MINIMUM", str(minimum)))

    def run(self, **more: Any) -> RunResult:
        return run_recipe(self.ws, self.recipe, workers=1, **more)

    def release(self) -> dict[str, bytes]:
        """The release's files but run.json, which holds the clock's facts."""
        folder = self.folder / "out" / "v1"
        files = sorted(f for f in folder.rglob("*") if f.is_file() and f.name != "run.json")
        return {f.relative_to(folder).as_posix(): f.read_bytes() for f in files}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose recipe ran once; tests copy it."""
    made = Project(tmp_path_factory.mktemp("finished") / "project")
    made.run()
    made.ws.close()
    return made.folder


@pytest.fixture
def ran(finished: Path) -> Project:
    """The same project again after its first run. Steps are known by the recipe's place, so it stays in its folder."""
    project = object.__new__(Project)
    backup = finished.with_name("backup")
    if backup.exists():
        shutil.rmtree(finished)
        shutil.copytree(backup, finished)
    else:
        shutil.copytree(finished, backup)
    project.folder, project.recipe = finished, finished / "recipe.yaml"
    project.ws = Workspace.open(finished / ".assay")
    return project


def statuses(result: RunResult) -> dict[str, str]:
    return {step.name: step.status for step in result.steps}


def ran_steps(result: RunResult) -> set[str]:
    return {name for name, status in statuses(result).items() if status == "ran"}


def whys(result: RunResult) -> Mapping[str, str]:
    return {step.name: step.why for step in result.steps}


def test_from_files_to_a_verified_release(project: Project) -> None:
    result = project.run()
    assert [(step.name, step.status) for step in result.steps] == [(name, "ran") for name in STEPS]
    assert (result.exit_code, result.releases[0].records) == (0, 9)
    assert verify(result.releases[0].path).ok
    assert "<html" in Path(result.reports[0]).read_text("utf-8")
    said = json.loads(json.dumps(result.as_json()))
    assert {"name", "status", "seconds"} <= set(said["steps"][0])
    assert {"name", "status", "value", "threshold"} <= set(said["gates"][0])
    assert {"name", "path", "records"} <= set(said["releases"][0])


def test_the_second_run_does_nothing_and_says_so(ran: Project) -> None:
    head, before = ran.ws.ledger.head("tickets.qa"), ran.release()
    result = ran.run()
    assert set(statuses(result).values()) == {"cached"}
    assert "nothing to do" in result.lines()[-1]
    assert (ran.ws.ledger.head("tickets.qa"), ran.release()) == (head, before)
    assert [gate.status for gate in result.gates] == ["pass", "pass", "pass"]
    assert result.releases[0].records == 9


def test_a_changed_threshold_decides_again_without_measuring(ran: Project) -> None:
    head = ran.ws.ledger.head("tickets.qa")
    ran.write(limit=5)
    result = ran.run()
    assert ran_steps(result) == {"decide:tickets", "gates", "report:tickets", "release"}
    assert whys(result)["decide:tickets"] == "rules changed"
    assert ran.ws.ledger.head("tickets.qa") == head


def test_verdicts_that_changed_are_named(ran: Project) -> None:
    ran.write(limit=100)
    assert ran.run().exit_code == 1  # nothing is kept
    ran.write(limit=8)
    ran.data("c.jsonl", range(20, 22), "too short {}")
    changes = [(c.before, c.after, c.count, c.examples) for c in ran.run().changes]
    assert changes == [("drop", "keep", 9, ["q0", "q1", "q2"])]


def test_only_a_changed_file_is_read_again(ran: Project) -> None:
    ran.data("b.jsonl", range(6, 11))
    result = ran.run()
    step = result.steps[0]
    assert (step.status, step.why) == ("ran", "file b.jsonl changed")
    assert step.counts == {"read": 5, "added": 2, "duplicates": 3, "quarantined": 0}
    assert result.releases[0].records == 11


def test_a_new_file_is_read_and_the_others_are_not(ran: Project) -> None:
    ran.data("c.jsonl", range(20, 23))
    step = ran.run().steps[0]
    assert (step.why, step.counts["read"], step.counts["added"]) == ("new file c.jsonl", 3, 3)


def test_a_file_touched_but_not_changed_is_nothing_to_do(ran: Project) -> None:
    os.utime(ran.folder / "data" / "a.jsonl", ns=(1, 1))
    assert ran_steps(ran.run()) == set()


def test_rehash_sees_a_change_that_kept_size_and_time(ran: Project) -> None:
    file = ran.folder / "data" / "a.jsonl"
    time.sleep(0.05)
    ran.ws.ledger.stat_put(file, recipe_inputs.sha256_file(file))  # as if it had long been known
    stat = file.stat()
    with open(file, "r+b") as handle:
        handle.write(file.read_bytes().replace(b"number 0 is", b"number 0 Is"))
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert "ingest:tickets" not in ran_steps(ran.run())
    assert "ingest:tickets" in ran_steps(ran.run(rehash=True))


def test_another_setting_reads_everything_again(ran: Project) -> None:
    ran.recipe.write_text(ran.recipe.read_text().replace("domain: support", "domain: help"))
    step = ran.run().steps[0]
    assert (step.why, step.counts["read"]) == ("domain changed", 9)


@pytest.mark.parametrize(
    ("damage", "again", "why"),
    [
        pytest.param("rm -r out/v1", {"release"}, "v1 is gone", id="a deleted release"),
        pytest.param("rm out/report.html", {"report:tickets"}, "report.html is gone", id="a deleted report"),
        pytest.param("echo x >> out/v1/README.md", {"release"}, "README.md of the release was altered", id="altered"),
        pytest.param("echo x > out/v1/notes.txt", {"release"}, "notes.txt was put into the release", id="a file more"),
        pytest.param("echo x >> out/report.html", {"report:tickets"}, "report.html was altered", id="a changed report"),
        pytest.param(
            "rm -r .assay/decisions/*", {"decide:tickets"}, "decisions on tickets.qa are gone", id="decisions"
        ),
    ],
)
def test_outputs_that_went_away_are_made_again(ran: Project, damage: str, again: set[str], why: str) -> None:
    before = ran.release()
    os.system(f"cd {ran.folder} && {damage}")
    result = ran.run()
    assert ran_steps(result) == again
    assert why in str(result)
    assert ran.release() == before
    assert verify(ran.folder / "out" / "v1").ok
    assert sorted(file.name for file in (ran.folder / "out").iterdir()) == ["report.html", "v1"]


def test_rows_rolled_back_are_read_again(ran: Project) -> None:
    ran.data("b.jsonl", range(6, 11))
    ran.run()
    ran.ws.dataset("tickets.qa").rollback(1)
    result = ran.run()
    assert "rolled back" in whys(result)["ingest:tickets"]
    assert result.releases[0].records == 11


def test_a_failing_gate_holds_the_release_back(project: Project) -> None:
    project.write(minimum=100)
    result = project.run()
    gate = result.gates[0]
    assert (gate.status, gate.value, gate.threshold, result.exit_code) == ("fail", 9, ">= 100", 1)
    assert (statuses(result)["release"], result.releases) == ("skipped", [])
    assert "held back: gate kept" in whys(result)["release"]
    assert not (project.folder / "out" / "v1").exists()
    project.write(minimum=9)
    assert project.run().releases[0].records == 9


def test_a_failing_gate_fails_again_from_the_cache(project: Project) -> None:
    project.write(minimum=100)
    first, again = project.run(), project.run()
    assert statuses(again)["gates"] == "cached"
    assert [g.as_json() for g in again.gates] == [g.as_json() for g in first.gates]
    assert again.exit_code == 1


def test_failing_rows_are_listed(ran: Project) -> None:
    ran.data("c.jsonl", range(20, 22), "short")
    ran.write(limit=4, minimum=100)
    gate = ran.run().gates[0]
    assert gate.rows is not None
    assert sorted(read_failing(ran.ws, gate.rows)["record_id"].to_pylist()) == ["q20", "q21"]
    assert gate.rows.examples[0].startswith("tickets.qa q2")


def test_an_empty_input_never_passes(project: Project) -> None:
    for file in (project.folder / "data").iterdir():
        file.write_text("")
    result = project.run(exclude=["report"])
    assert {gate.status for gate in result.gates} == {"error"}
    assert (result.exit_code, result.releases) == (1, [])


def test_a_gate_left_out_holds_the_release_back_unless_it_passed_on_these_decisions(ran: Project) -> None:
    result = ran.run(exclude=["gates"])
    assert (statuses(result)["release"], result.exit_code) == ("cached", 0)
    ran.write(limit=5)
    result = ran.run(exclude=["gates"])
    assert {gate.status for gate in result.gates} == {"error"}
    assert "not measured: excluded by --exclude" in str(result)
    assert (statuses(result)["release"], result.exit_code) == ("skipped", 1)


def test_selected_steps_alone_run(project: Project) -> None:
    result = project.run(select=["ingest"])
    assert statuses(result) == {name: "ran" if name == "ingest:tickets" else "skipped" for name in STEPS}
    assert not (project.folder / FILE).exists()
    with pytest.raises(UserErrors, match="did you mean 'decide:tickets'"):
        project.run(select=["decide:ticket"])


def test_plan_says_what_would_run_and_why(ran: Project) -> None:
    assert {step.status for step in plan_recipe(ran.ws, ran.recipe).steps} == {"cached"}
    head = ran.ws.ledger.head("tickets.qa")
    ran.data("b.jsonl", range(6, 11))
    os.unlink(ran.folder / "out" / "report.html")
    plan = {step.name: (step.status, step.why) for step in plan_recipe(ran.ws, ran.recipe, exclude=["release"]).steps}
    assert plan["ingest:tickets"] == ("run", "file b.jsonl changed")
    assert plan["decide:tickets"] == ("maybe", "if measure:tickets changes anything")
    assert plan["report:tickets"][0] == "maybe"
    assert plan["release"] == ("skipped", "excluded by --exclude")
    assert ran.ws.ledger.head("tickets.qa") == head == 2  # one ingest, one measurement: planning changed nothing


def test_plan_before_the_first_run(project: Project) -> None:
    plan = plan_recipe(project.ws, project.recipe)
    assert [(step.name, step.status) for step in plan.steps] == [(name, "run") for name in STEPS]
    assert "6 of 6 steps to run" in str(plan)


def test_a_source_that_is_not_there_says_the_recipe_line(project: Project) -> None:
    shutil.rmtree(project.folder / "data")
    with pytest.raises(UserError, match="E311") as caught:
        project.run()
    assert caught.value.at.endswith("recipe.yaml:4")


def test_anything_else_in_the_place_of_the_release_is_left_alone(project: Project) -> None:
    mine = project.folder / "out" / "v1" / "thesis.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("years of work")
    with pytest.raises(UserError, match="E503"):
        project.run()
    assert mine.read_text() == "years of work"


def test_another_folder_gives_the_same_release(ran: Project, tmp_path: Path) -> None:
    other = Project(tmp_path / "some" / "where else")
    other.run()
    assert other.release() == ran.release()
    digests = [p.ws.dataset("tickets.qa").digest() for p in (ran, other)]
    assert digests[0] == digests[1]


# The lock ---------------------------------------------------------------------------------------------------------


def lock_of(project: Project) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project.folder / FILE).read_text())
    return found


def set_lock(project: Project, change: Any) -> None:
    lock = lock_of(project)
    change(lock["recipes"]["recipe.yaml"])
    (project.folder / FILE).write_text(json.dumps(lock))


def test_the_first_run_writes_the_lock(ran: Project) -> None:
    pins = lock_of(ran)["recipes"]["recipe.yaml"]
    assert pins["signals"] == {"content_duplicates": 1, "duplicate_of": 1, "word_count": 1}
    assert set(pins["rulesets"]["inline"]["rules"]) == {"copy", "short"}


def test_an_upgrade_is_told_until_the_lock_is_updated(ran: Project) -> None:
    set_lock(ran, lambda pins: pins["signals"].update(word_count=0))
    for _ in range(2):
        result = ran.run()
        assert (result.lock.status, result.lock.changes) == ("differs", ["signal word_count: version 0 -> 1"])
        assert result.exit_code == 0
        assert "--update-lock" in str(result)
    assert ran.run(update_lock=True).lock.status == "updated"
    assert ran.run().lock.status == "unchanged"


def test_own_rules_are_followed_by_the_lock(ran: Project) -> None:
    before = lock_of(ran)
    ran.write(limit=5)
    assert ran.run().lock.status == "unchanged"
    assert lock_of(ran) != before


def test_a_broken_lock_stops_the_run_unless_it_is_to_be_updated(ran: Project) -> None:
    (ran.folder / FILE).write_text("{")
    with pytest.raises(UserError, match="E205"):
        ran.run()
    assert ran.run(update_lock=True).lock.status in ("created", "updated")


# JUnit ------------------------------------------------------------------------------------------------------------


def test_junit_has_a_case_per_step_and_gate(project: Project) -> None:
    project.write(minimum=100)
    project.run(junit=project.folder / "ci.xml")
    root = ElementTree.parse(project.folder / "ci.xml").getroot()
    found = {(c.attrib["classname"], c.attrib["name"]): [x.tag for x in c] for c in root.iter("testcase")}
    assert [name for group, name in found if group == "assay.step"] == STEPS
    assert found["assay.step", "release"] == ["skipped"]
    assert found["assay.gate", "kept"] == ["failure"]
    assert found["assay.gate", "counts_add_up"] == ["system-out"]


def test_junit_is_written_when_a_step_fails_too(project: Project) -> None:
    (project.folder / "out" / "v1").mkdir(parents=True)
    (project.folder / "out" / "v1" / "x").write_text("")
    with pytest.raises(UserError):
        project.run(junit=project.folder / "ci.xml")
    root = ElementTree.parse(project.folder / "ci.xml").getroot()
    release = next(c for c in root.iter("testcase") if c.attrib["name"] == "release")
    assert [child.tag for child in release] == ["error"]
    assert "E503" in release[0].attrib["message"]
