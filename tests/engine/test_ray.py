"""The same functions on Ray: results equal to the threads', on one machine, on clusters, and after a node has died."""

from __future__ import annotations

import os
import signal
import socket
import socketserver
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import ray
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core import extras
from assay.core.errors import UserError
from assay.engine import Engine, WorkerCrashed, cluster, open_engine
from tests.engine import exchange_jobs as jobs
from tests.engine.ray_nodes import alone, kill_node, started_cluster

__all__ = ["alone"]


@pytest.fixture(scope="class")
def engine(alone: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with open_engine("ray", workers=2, spill=tmp_path_factory.mktemp("spill")) as engine:
        yield engine
    assert not ray.is_initialized()


class TestOnThisMachineAlone:
    def test_map_gives_results_in_the_order_of_items(self, engine: Engine) -> None:
        assert list(engine.map(jobs.late_if_early, range(12))) == list(range(12))

    def test_every_row_arrives_once_where_its_key_says_in_the_order_of_items(self, engine: Engine) -> None:
        items = jobs.some_items()
        assert jobs.shuffled(engine, items) == jobs.plain_shuffle(items, jobs.PARTITIONS)

    @given(
        items=st.lists(st.lists(st.tuples(st.integers(0, 2**40), st.floats(allow_nan=False)), max_size=12), max_size=6),
        partitions=st.integers(1, 7),
    )
    @settings(max_examples=25)
    def test_a_shuffle_is_a_dictionary_of_lists(
        self, engine: Engine, items: list[list[jobs.Row]], partitions: int
    ) -> None:
        assert jobs.shuffled(engine, items, partitions) == jobs.plain_shuffle(items, partitions)

    def test_partitions_come_in_the_order_asked_for_with_what_is_shared(self, engine: Engine) -> None:
        items = jobs.some_items()
        truth = jobs.plain_shuffle(items, jobs.PARTITIONS)
        with engine.scatter(jobs.split_rows, items, jobs.PARTITIONS) as found:
            for asked in ([4, 0, 4], []):
                outs = list(found.gather(jobs.rows_of, asked, np.arange(3), "word"))
                assert outs == [(n, truth[n], [[0, 1, 2], "word"]) for n in asked]

    def test_functions_without_a_name_of_their_own_travel(self, engine: Engine) -> None:
        assert list(engine.map(lambda n: n + 1, [1, 2])) == [2, 3]

    def test_arrays_of_every_shape_and_type_come_back_as_they_were_and_read_only(self, engine: Engine) -> None:
        with engine.scatter(jobs.every_dtype, [0, 1, 2], 2) as found:
            first, second = found.gather(jobs.described, [0, 1])
        _, (truth, _) = jobs.every_dtype(2)
        assert first[2] == [(n, str(a.dtype.descr), a.shape, repr(a.tolist()), False) for n, a in truth.items()]
        assert second == [[], [], []]
        assert found.sizes == [3 * sum(a.nbytes for a in truth.values()), 0]

    @pytest.mark.parametrize("shared", [(), (np.zeros(2),)], ids=["a part", "what is shared"])
    def test_nobody_writes_into_what_others_read(self, engine: Engine, shared: tuple[Any, ...]) -> None:
        with (
            engine.scatter(jobs.split_rows, [[(0, 1.0)]], jobs.PARTITIONS) as found,
            pytest.raises(ValueError, match="read-only"),
        ):
            list(found.gather(jobs.write_into, [0], *shared))

    def test_no_items_are_a_shuffle_of_nothing(self, engine: Engine) -> None:
        assert jobs.shuffled(engine, []) == {n: [] for n in range(jobs.PARTITIONS)}

    def test_a_user_error_comes_back_whole_with_its_item(self, engine: Engine) -> None:
        with pytest.raises(UserError) as caught:
            list(engine.map(jobs.refuse, range(6)))
        error = caught.value
        assert type(error) is UserError
        assert (error.code, error.what, error.at, error.fix, error.item) == (
            "E311",
            "gone",
            "here",
            "look elsewhere",
            3,
        )

    def test_an_exception_in_split_and_in_gather_is_raised_here(self, engine: Engine) -> None:
        with pytest.raises(ValueError, match="two is not welcome") as caught:
            engine.scatter(jobs.fail_at_two, range(5), 2)
        assert caught.value.item == 2
        with engine.scatter(jobs.split_rows, jobs.some_items(), jobs.PARTITIONS) as found:
            with pytest.raises(UserError) as told:
                list(found.gather(jobs.fail_to_gather, [0, 1, 2]))
            assert told.value.item == 1
            assert list(found.gather(jobs.fail_to_gather, [2, 3])) == [2, 3]

    def test_an_exception_that_does_not_pickle_is_told_in_words(self, engine: Engine) -> None:
        with pytest.raises(RuntimeError, match="two arguments"):
            list(engine.map(jobs.fail_oddly, [1]))

    def test_an_item_that_kills_every_process_is_named(self, engine: Engine) -> None:
        with pytest.raises(WorkerCrashed) as caught:
            list(engine.map(jobs.die, [13]))
        assert caught.value.item == 13

    @pytest.mark.parametrize(
        ("split", "error", "words"),
        [(jobs.wrong_count, ValueError, "1 parts for 2 partitions"), (jobs.objects, TypeError, "Python objects")],
        ids=["a part is missing", "an array of Python objects"],
    )
    def test_parts_that_cannot_travel_are_refused(
        self, engine: Engine, split: object, error: type[Exception], words: str
    ) -> None:
        with pytest.raises(error, match=words):
            engine.scatter(split, [0], 2)

    @pytest.mark.parametrize("partition", [-1, jobs.PARTITIONS], ids=["below", "above"])
    def test_a_partition_that_does_not_exist_is_refused(self, engine: Engine, partition: int) -> None:
        with engine.scatter(jobs.split_rows, [], jobs.PARTITIONS) as found, pytest.raises(IndexError):
            list(found.gather(jobs.rows_of, [partition]))

    def test_nothing_is_read_after_it_was_closed(self, engine: Engine) -> None:
        found = engine.scatter(jobs.split_rows, jobs.some_items(), jobs.PARTITIONS)
        found.close()
        found.close()
        with pytest.raises(RuntimeError, match="closed"):
            found.gather(jobs.rows_of, [0])

    def test_results_dropped_halfway_do_not_stop_what_comes_next(self, engine: Engine) -> None:
        results = engine.map(jobs.late_if_early, range(50))
        next(results)
        results.close()
        assert list(engine.map(jobs.doubled, range(5))) == [0, 2, 4, 6, 8]

    def test_a_process_has_one_thread_for_numerical_libraries(self, engine: Engine) -> None:
        assert set(engine.map(lambda _: os.environ["OMP_NUM_THREADS"], range(4))) == {"1"}

    def test_kernels_run_on_read_only_parts(self, engine: Engine) -> None:
        with engine.scatter(jobs.split_rows, jobs.some_items(), jobs.PARTITIONS) as found:
            counts = list(found.gather(jobs.count_by_kernel, range(jobs.PARTITIONS)))
        assert counts == [size // 16 for size in found.sizes]

    def test_nothing_listens_beyond_this_machine(self, engine: Engine) -> None:
        ours = [psutil.Process(), *psutil.Process().children(recursive=True)]
        hosts = {
            link.laddr.ip
            for process in ours
            for link in process.net_connections("tcp")
            if link.status == psutil.CONN_LISTEN
        }
        assert hosts
        assert hosts <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}

    def test_a_second_engine_uses_the_same_ray_and_leaves_it_running(self, engine: Engine) -> None:
        with open_engine("ray") as second:
            assert list(second.map(jobs.doubled, [1])) == [2]
        assert list(engine.map(jobs.doubled, [2])) == [4]

    def test_another_cluster_in_the_same_process_is_refused(self, engine: Engine) -> None:
        with pytest.raises(UserError, match="E111: this process is connected to the cluster at 127"):
            open_engine("ray", address="localhost:1")

    def test_what_sigterm_means_is_still_ours(self, engine: Engine) -> None:
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


class TestAddresses:
    @pytest.mark.parametrize("address", ["nowhere", "localhost:port", "ray://localhost:10001", ":6379"])
    def test_what_is_no_address_is_refused(self, alone: None, address: str) -> None:
        with pytest.raises(UserError, match=r"E111: .* is not host:port of a cluster"):
            open_engine("ray", address=address)

    def test_a_port_where_nothing_listens_is_told_at_once(self, alone: None) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        with pytest.raises(UserError, match=f"E111: nothing answers at localhost:{port}"):
            open_engine("ray", address=f"localhost:{port}")

    @pytest.mark.parametrize(
        ("answer", "words"),
        [(b"HTTP/1.1 400 Bad Request\r\n\r\n", "is not a Ray cluster"), (b"", "is not a Ray cluster")],
        ids=["a web server", "one that hangs up"],
    )
    def test_another_server_is_told_from_a_cluster(self, alone: None, answer: bytes, words: str) -> None:
        class Answer(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                self.request.recv(100)
                self.request.sendall(answer)

        with socketserver.TCPServer(("127.0.0.1", 0), Answer) as server:
            threading.Thread(target=server.handle_request, daemon=True).start()
            with pytest.raises(UserError, match=words):
                open_engine("ray", address=f"127.0.0.1:{server.server_address[1]}")

    def test_a_server_that_never_answers_is_given_up(self, alone: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cluster, "_CONNECT_S", 0.2)
        with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(UserError, match="timed out"):
            open_engine("ray", address=f"127.0.0.1:{server.getsockname()[1]}")

    def test_the_variable_of_ray_names_the_cluster_too(self, alone: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RAY_ADDRESS", "nowhere")
        with pytest.raises(UserError, match="'nowhere' is not host:port"):
            open_engine("ray")

    def test_without_the_library_the_extra_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "ray", None)
        extras.has_extra.cache_clear()
        try:
            with pytest.raises(UserError, match=r"E105: engine 'ray' needs .*\n  fix: pip install 'assay\[ray\]'"):
                open_engine("ray")
        finally:
            extras.has_extra.cache_clear()


def wide_shuffle(engine: Engine, pause_s: float = 0.0, items: int = 8) -> tuple[set[str], list[int], list[Any]]:
    """Nodes used, sizes, and a number from every item in every partition; 1.6 MB an item."""
    split = partial(jobs.wide, rows=200_000, pause_s=pause_s)
    gather = partial(jobs.digest, pause_s=pause_s)
    with engine.scatter(split, range(items), jobs.PARTITIONS) as found:
        outs = list(found.gather(gather, range(jobs.PARTITIONS), np.array([5])))
    return {*found.heads, *(node for node, _ in outs)}, found.sizes, [numbers for _, numbers in outs]


@pytest.fixture(scope="class", params=[1, 2, 3], ids=["one node", "two nodes", "three nodes"])
def nodes(request: pytest.FixtureRequest, alone: None) -> Iterator[tuple[int, Engine]]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        found = started_cluster(request.param, monkeypatch)
        try:
            with open_engine("ray", address=found.address) as engine:
                yield request.param, engine
        finally:
            found.shutdown()


@pytest.mark.slow
class TestOnAClusterOf:
    def test_results_are_those_of_threads_and_every_node_takes_part(self, nodes: tuple[int, Engine]) -> None:
        count, engine = nodes
        used, sizes, numbers = wide_shuffle(engine, pause_s=0.3)
        assert len(used) == count
        with open_engine(workers=2, memory_bytes=0) as threads:
            assert (sizes, numbers) == wide_shuffle(threads)[1:]

    def test_a_shuffle_is_the_dictionary_of_lists(self, nodes: tuple[int, Engine]) -> None:
        items = jobs.some_items()
        assert jobs.shuffled(nodes[1], items) == jobs.plain_shuffle(items, jobs.PARTITIONS)

    def test_large_items_and_what_is_shared_reach_every_node(self, nodes: tuple[int, Engine]) -> None:
        large = [np.full(100_000, n) for n in range(6)]
        assert list(nodes[1].map(lambda array: int(array.sum()), large)) == [n * 100_000 for n in range(6)]


@pytest.mark.slow
class TestWhenANodeDies:
    def test_nothing_in_the_result_shows_it(
        self, alone: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """Two of three nodes are killed: one while items are split, one while partitions are gathered."""
        with open_engine(workers=2) as threads:
            _, sizes, truth = wide_shuffle(threads, items=16)
        found = started_cluster(3, monkeypatch)
        first, second = sorted(found.worker_nodes, key=lambda node: str(node.node_id))
        split = partial(jobs.wide, rows=200_000, pause_s=0.5, told=tmp_path)
        try:
            with open_engine("ray", address=found.address) as engine:
                killer = threading.Thread(target=kill_when_busy, args=[first, tmp_path])
                killer.start()
                items = [np.full(50_000, number) for number in range(16)]  # needed again when its parts are lost
                with engine.scatter(split, items, jobs.PARTITIONS) as parts:
                    killer.join()
                    assert parts.sizes == sizes
                    assert {first.node_id, second.node_id} <= {*parts.heads}  # both made parts that are lost now
                    assert len(list(tmp_path.iterdir())) > 16  # what ran when the first died was begun again
                    outs = []
                    for out in parts.gather(partial(jobs.digest, pause_s=1.0), range(jobs.PARTITIONS), np.array([5])):
                        outs.append(out)
                        if len(outs) == 1:
                            kill_node(second)
                assert [numbers for _, numbers in outs] == truth
                assert {node["NodeID"] for node in ray.nodes() if node["Alive"]} == {found.head_node.node_id}
        finally:
            found.shutdown()
        out, err = capfd.readouterr()
        assert out == ""  # standard output is for results
        assert "dead" in err


def kill_when_busy(node: Any, told: Path) -> None:
    """Once it works on its third item: two lie in its store, and more are to come."""
    while len(list(told.glob(f"{node.node_id}-*"))) < 3:
        time.sleep(0.02)
    kill_node(node)


@pytest.mark.slow
def test_a_program_hears_nothing_from_ray_and_leaves_nothing_running(alone: None, tmp_path: Path) -> None:
    script = textwrap.dedent("""
        from assay.engine import open_engine

        def half(n):
            print("to nobody")
            return n / 2

        with open_engine("ray", workers=1) as engine:
            print(list(engine.map(half, [1, 2])))
    """)
    path = tmp_path / "program.py"
    path.write_text(script)
    before = {process.pid for process in psutil.process_iter() if "ray" in process.name()}
    done = subprocess.run([sys.executable, "-W", "error", path], capture_output=True, text=True)
    assert (done.stdout, done.stderr, done.returncode) == ("[0.5, 1.0]\n", "", 0)
    after = [process for process in psutil.process_iter() if "ray" in process.name() and process.pid not in before]
    assert not psutil.wait_procs(after, timeout=10)[1]
