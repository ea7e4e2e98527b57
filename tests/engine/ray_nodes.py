"""Real Ray clusters for tests: one at a time on this machine, nodes that can be killed."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from ray._private import ray_constants
from ray.cluster_utils import Cluster

from assay.engine.cluster import quiet_forks


@pytest.fixture(scope="class")
def alone() -> Iterator[None]:
    """One Ray at a time on this machine, also where tests run in several processes."""
    with open(Path(tempfile.gettempdir()) / f"assay-test-ray-{os.getuid()}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def started_cluster(nodes: int, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    # On loopback, as cluster._start_local does it.
    monkeypatch.setattr(ray_constants, "ENABLE_RAY_CLUSTER", False)
    monkeypatch.setenv(ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR, "0")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_health_check_period_ms", "500")  # a dead node is noticed in seconds
    with quiet_forks():
        found = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        for _ in range(nodes - 1):
            found.add_node(num_cpus=1)
        found.wait_for_nodes()
    return found


def kill_node(node: Any) -> None:
    """kill -9 of everything that runs on it, its workers' processes too."""
    for infos in list(node.all_processes.values()):
        for info in infos:
            if psutil.pid_exists(info.process.pid):
                family = psutil.Process(info.process.pid)
                for process in [*family.children(recursive=True), family]:
                    process.kill()
