"""Killed at any moment, a recipe that is run again ends with the very same release, and nothing is out of order."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from assay.core.failpoints import NAMES
from tests.journeys.killing import left, run, small_folder, timed

# Files of ../shared/data in the formats that are read so far, one per kind but multimodal.
SHARED = {
    "classification": "classification/banking77",
    "qa": "qa/gpteacher",
    "reasoning": "reasoning/gsm8k",
    "agentic": "agentic/tau-bench",
    "preference": "preference/llmbar",
    "composite": "composite-markdown",
    "sensors": "sensors/nab/artificialNoAnomaly",
    "simulation": "robot-episodes/g1-lerobot/data",
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a run leaves that nobody disturbed."""
    folder = small_folder(tmp_path_factory.mktemp("plain"))
    assert run(folder) == 0
    found = left(folder)
    assert (found["fsck"], found["verified"]) == ([], True)
    return found


@pytest.mark.parametrize("failpoint", NAMES)
def test_killed_at_a_failpoint(plain: dict[str, Any], tmp_path: Path, failpoint: str) -> None:
    folder = small_folder(tmp_path)
    assert run(folder, failpoint=failpoint) == -9, "the recipe never comes by this failpoint"
    assert run(folder) == 0
    assert left(folder) == plain


@pytest.mark.slow
@pytest.mark.parametrize("failpoint", ["commit.after_table:3", "commit.after_intent:4", "step.before_done:2"])
def test_killed_at_a_later_passage(plain: dict[str, Any], tmp_path: Path, failpoint: str) -> None:
    folder = small_folder(tmp_path)
    assert run(folder, failpoint=failpoint) == -9
    assert run(folder) == 0
    assert left(folder) == plain


def test_killed_again_and_again(plain: dict[str, Any], tmp_path: Path) -> None:
    folder = small_folder(tmp_path)
    for failpoint in ("commit.after_table", "commit.after_intent:2", "measure.after_fragment", "decide.after_save"):
        assert run(folder, failpoint=failpoint) == -9
    assert run(folder) == 0
    assert left(folder) == plain


def test_two_workers_leave_the_same(plain: dict[str, Any], tmp_path: Path) -> None:
    folder = small_folder(tmp_path)
    assert run(folder, workers=2) == 0
    assert left(folder) == plain


def test_killed_at_three_moments(plain: dict[str, Any], tmp_path: Path) -> None:
    seconds = timed(small_folder(tmp_path / "timed"))
    for moment in (1, 2, 3):
        folder = small_folder(tmp_path / str(moment))
        run(folder, after_s=seconds * moment / 4)
        assert run(folder) == 0
        assert left(folder) == plain


@pytest.mark.slow
def test_killed_at_twenty_moments_over_real_files(shared_data: Path, tmp_path: Path) -> None:
    def project(name: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        sources = [f"  - {{dataset: {kind}, paths: {shared_data / path}}}" for kind, path in SHARED.items()]
        text = (
            "name: journey\nas_of: 2026-01-01\nsources:\n"
            + "\n".join(sources)
            + "\ndedupe: [{}]\nmeasure:\ndecide: default\n"
        )
        text += "gates: [kept >= 1]\nreport: 'out/{dataset}.html'\nrelease: {name: journey, to: out/release}\n"
        (folder / "recipe.yaml").write_text(text)
        return folder

    whole = project("plain")
    seconds = timed(whole)
    expected = left(whole)
    assert (expected["fsck"], expected["verified"]) == ([], True)
    for moment in range(1, 21):
        for attempt in range(6):
            folder = project(f"moment-{moment}-{attempt}")
            started = time.perf_counter()
            code = run(folder, after_s=seconds * moment / 21)
            if code == -9:
                break
            # It was through before its moment came: runs take less time now than when one was timed.
            seconds = time.perf_counter() - started
            shutil.rmtree(folder)
        assert code == -9, "the moment did not fall into the run"
        assert run(folder) == 0
        assert left(folder) == expected, f"killed after {moment}/21 of the time"
        shutil.rmtree(folder)
