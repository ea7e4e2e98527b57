"""Near copies found on threads and on Ray, on one node and on three, one of them killed: the same bytes every time."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assay.flows.contamination import contamination
from assay.flows.decide import decide
from assay.flows.dedupe.options import DedupeOptions
from assay.flows.dedupe.run import dedupe
from assay.flows.release import release
from assay.store import Workspace
from tests.engine.ray_nodes import alone, kill_node, started_cluster
from tests.flows.test_dedupe import some_rows
from tests.flows.world import fill

__all__ = ["alone"]
FRAGMENTS = 12
METHODS = ["near", "exact", "substring", "contamination"]


def prepared(folder: Path, method: str, seed: int = 7, **how: Any) -> dict[str, Any]:
    """A dataset of many fragments, deduplicated as asked, decided and released: digest and bytes."""
    rows = some_rows(seed=seed, number=90)
    size = len(rows) // FRAGMENTS
    ws = Workspace.init(folder / "ws")
    data = fill(ws, "tickets.qa", [rows[i * size : (i + 1) * size] for i in range(FRAGMENTS)])
    if method == "contamination":
        items = folder / "benchmark.jsonl"
        asked = [{"id": row["record_id"], "prompt": row["best_answer"], "best_answer": "Yes."} for row in rows[::7]]
        items.write_text("".join(json.dumps(one) + "\n" for one in asked))
        duplicates = contamination(ws, "tickets", [str(items)], **how).records
    else:
        duplicates = dedupe(ws, "tickets", DedupeOptions(method=method), **how).duplicates
    rules = {"near": "near_duplicates", "exact": "same_text", "substring": "repeated_spans"}
    decide(ws, "tickets", rules.get(method, method))
    release(ws, "r", ["tickets"], folder / "out")
    files = {
        f.name: f.read_bytes() for f in sorted((folder / "out").rglob("*")) if f.is_file() and f.name != "run.json"
    }
    return {"digest": data.digest(), "files": files, "duplicates": duplicates}


@pytest.fixture(scope="module", params=METHODS)
def truth(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """By one thread."""
    found = prepared(tmp_path_factory.mktemp("truth"), request.param, workers=1)
    assert found["duplicates"] > 80
    return request.param, found


def test_two_threads_find_the_same(truth: tuple[str, dict[str, Any]], tmp_path: Path) -> None:
    assert prepared(tmp_path, truth[0], workers=2) == truth[1]


@pytest.fixture(scope="class", params=[1, 2, 3], ids=["one node", "two nodes", "three nodes"])
def cluster(request: pytest.FixtureRequest, alone: None) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        found = started_cluster(request.param, monkeypatch)
        yield found
        found.shutdown()


@pytest.mark.slow
class TestOnRay:
    @pytest.mark.parametrize("method", METHODS)
    def test_the_same_is_found_on_any_number_of_nodes(self, cluster: Any, tmp_path: Path, method: str) -> None:
        one = prepared(tmp_path / "threads", method, workers=1)
        assert prepared(tmp_path / "ray", method, engine="ray", address=cluster.address) == one


@pytest.mark.slow
def test_a_node_that_is_killed_meanwhile_changes_nothing(
    alone: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = prepared(tmp_path / "threads", "near", workers=1)
    found = started_cluster(3, monkeypatch)
    index = tmp_path / "ray" / "ws" / "index" / "tickets.qa"
    victim = random.Random(0).choice(sorted(found.worker_nodes, key=lambda node: str(node.node_id)))
    died_after: list[int] = []

    def kill_midway() -> None:
        """As soon as some fragments are signed."""
        while len(list(index.glob("near-*.npy"))) < 3:
            time.sleep(0.005)
        kill_node(victim)
        died_after.append(len(list(index.glob("near-*.npy"))))

    killer = threading.Thread(target=kill_midway, daemon=True)
    try:
        killer.start()
        assert prepared(tmp_path / "ray", "near", engine="ray", address=found.address) == one
        killer.join(10)
    finally:
        found.shutdown()
    assert died_after
    assert died_after[0] < FRAGMENTS
