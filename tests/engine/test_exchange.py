"""The shuffle on threads: equal to a dictionary's, in memory or spilled, and nothing left on disk. Ray: test_ray."""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
import textwrap
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import UnknownName, UserError
from assay.engine import Engine, open_engine
from tests.engine import exchange_jobs as jobs

SETTINGS = {
    f"{workers} worker{'s' * (workers > 1)}, {words}": (workers, memory)
    for workers in (1, 2)
    for words, memory in (("all in memory", 1 << 30), ("all spilled", 0), ("half spilled", 1500))
}


@pytest.fixture(params=SETTINGS.values(), ids=SETTINGS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    workers, memory = request.param
    with open_engine(workers=workers, memory_bytes=memory, spill=tmp_path / "spill") as engine:
        yield engine
    assert not files_below(tmp_path)


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_map_gives_results_in_the_order_of_items(engine: Engine) -> None:
    assert list(engine.map(jobs.late_if_early, range(12))) == list(range(12))


def test_every_row_arrives_once_where_its_key_says_in_the_order_of_items(engine: Engine) -> None:
    items = jobs.some_items()
    assert jobs.shuffled(engine, items) == jobs.plain_shuffle(items, jobs.PARTITIONS)


@given(
    items=st.lists(st.lists(st.tuples(st.integers(0, 2**40), st.floats(allow_nan=False)), max_size=12), max_size=6),
    partitions=st.integers(1, 7),
    memory=st.sampled_from([0, 100, 1 << 20]),
    workers=st.integers(1, 2),
)
def test_a_shuffle_is_a_dictionary_of_lists(
    items: list[list[jobs.Row]], partitions: int, memory: int, workers: int
) -> None:
    with open_engine(workers=workers, memory_bytes=memory) as engine:
        assert jobs.shuffled(engine, items, partitions) == jobs.plain_shuffle(items, partitions)


def test_partitions_come_in_the_order_asked_for_as_often_as_asked_for(engine: Engine) -> None:
    items = jobs.some_items()
    truth = jobs.plain_shuffle(items, jobs.PARTITIONS)
    with engine.scatter(jobs.split_rows, items, jobs.PARTITIONS) as found:
        for asked in ([4, 0, 4], [], [2]):
            assert [out[:2] for out in found.gather(jobs.rows_of, asked)] == [(n, truth[n]) for n in asked]


def test_what_is_shared_reaches_every_call(engine: Engine) -> None:
    with engine.scatter(jobs.split_rows, jobs.some_items(), jobs.PARTITIONS) as found:
        shared = [out[2] for out in found.gather(jobs.rows_of, [0, 1], np.arange(3), "word")]
    assert shared == [[[0, 1, 2], "word"]] * 2


def test_arrays_of_every_shape_and_type_come_back_as_they_were_and_read_only(engine: Engine) -> None:
    with engine.scatter(jobs.every_dtype, [0, 1, 2], 2) as found:
        first, second = found.gather(jobs.described, [0, 1])
    _, (truth, _) = jobs.every_dtype(2)
    assert first[2] == [(n, str(a.dtype.descr), a.shape, repr(a.tolist()), False) for n, a in truth.items()]
    assert second == [[], [], []]
    assert found.sizes == [3 * sum(a.nbytes for a in truth.values()), 0]


def test_nobody_writes_into_what_others_read(engine: Engine) -> None:
    mine = np.zeros(2)
    with engine.scatter(jobs.split_rows, [[(0, 1.0)]], jobs.PARTITIONS) as found:
        for shared in ((), (mine,)):
            with pytest.raises(ValueError, match="read-only"):
                list(found.gather(jobs.write_into, [0], *shared))
    mine[0] = 1  # ours stays ours to write


def test_no_items_are_a_shuffle_of_nothing(engine: Engine) -> None:
    assert jobs.shuffled(engine, []) == {n: [] for n in range(jobs.PARTITIONS)}


def test_an_exception_in_split_is_raised_here_with_its_item_and_frees_what_was_kept(
    engine: Engine, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="two is not welcome") as caught:
        engine.scatter(jobs.fail_at_two, range(5), 2)
    assert caught.value.item == 2
    assert not files_below(tmp_path)
    assert jobs.shuffled(engine, jobs.some_items()) == jobs.plain_shuffle(jobs.some_items(), jobs.PARTITIONS)


def test_an_exception_in_gather_is_raised_here_whole(engine: Engine) -> None:
    with engine.scatter(jobs.split_rows, jobs.some_items(), jobs.PARTITIONS) as found:
        with pytest.raises(UserError) as caught:
            list(found.gather(jobs.fail_to_gather, [0, 1, 2]))
        assert list(found.gather(jobs.fail_to_gather, [2, 3])) == [2, 3]
    assert (caught.value.code, caught.value.at, caught.value.item) == ("E311", "here", 1)


@pytest.mark.parametrize(
    ("split", "error", "words"),
    [(jobs.wrong_count, ValueError, "1 parts for 2 partitions"), (jobs.objects, TypeError, "Python objects")],
    ids=["a part is missing", "an array of Python objects"],
)
def test_parts_that_cannot_travel_are_refused(
    engine: Engine, split: object, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        engine.scatter(split, [0], 2)


@pytest.mark.parametrize("partition", [-1, jobs.PARTITIONS], ids=["below", "above"])
def test_a_partition_that_does_not_exist_is_refused(engine: Engine, partition: int) -> None:
    with engine.scatter(jobs.split_rows, jobs.some_items(), jobs.PARTITIONS) as found, pytest.raises(IndexError):
        list(found.gather(jobs.rows_of, [partition]))


def test_nothing_is_read_after_it_was_closed(engine: Engine) -> None:
    found = engine.scatter(jobs.split_rows, jobs.some_items(), jobs.PARTITIONS)
    found.close()
    found.close()
    with pytest.raises(RuntimeError, match="closed"):
        found.gather(jobs.rows_of, [0])


def test_a_partition_is_a_file_and_reading_it_opens_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    items = jobs.some_items()
    with (
        open_engine(workers=1, memory_bytes=0, spill=tmp_path) as engine,
        engine.scatter(jobs.split_rows, items, jobs.PARTITIONS) as found,
    ):
        folder = next(tmp_path.iterdir())
        assert files_below(folder) == [f"{n}.parts" for n in range(jobs.PARTITIONS)]
        assert [(folder / f"{n}.parts").stat().st_size for n in range(jobs.PARTITIONS)] == found.sizes
        for n in (0, 1, 2, 4):
            (folder / f"{n}.parts").unlink()
        assert next(found.gather(jobs.rows_of, [3]))[1] == jobs.plain_shuffle(items, jobs.PARTITIONS)[3]
    assert not list(tmp_path.iterdir())


def test_the_limit_on_memory_holds_for_all_shuffles_together_and_is_given_back(tmp_path: Path) -> None:
    one = [[(n, 0.0) for n in range(60)]]  # 960 bytes
    with open_engine(workers=1, memory_bytes=1000, spill=tmp_path) as engine:
        first = engine.scatter(jobs.split_rows, one, jobs.PARTITIONS)
        assert not files_below(tmp_path)
        second = engine.scatter(jobs.split_rows, one, jobs.PARTITIONS)
        assert len(files_below(tmp_path)) == jobs.PARTITIONS
        first.close()
        third = engine.scatter(jobs.split_rows, one, jobs.PARTITIONS)
        assert len(files_below(tmp_path)) == jobs.PARTITIONS
        assert list(second.gather(jobs.rows_of, [1])) == list(third.gather(jobs.rows_of, [1]))
    assert not files_below(tmp_path)


def test_spilled_parts_take_disk_and_not_memory(tmp_path: Path) -> None:
    tracemalloc.start()
    try:
        with open_engine(workers=1, memory_bytes=1 << 20, spill=tmp_path) as engine:
            split = jobs.partial(jobs.wide, rows=100_000, pause_s=0)
            with engine.scatter(split, range(40), jobs.PARTITIONS) as found:
                assert sum(found.sizes) == 40 * 800_000
                before = tracemalloc.get_traced_memory()[0]
                assert before < 3 << 20
                list(found.gather(jobs.digest, range(jobs.PARTITIONS), np.array([1])))
                assert tracemalloc.get_traced_memory()[1] < 15 << 20  # one partition of 6.4 MB and what is made of it
    finally:
        tracemalloc.stop()


def test_results_dropped_halfway_leave_files_only_until_close(tmp_path: Path) -> None:
    with open_engine(workers=2, memory_bytes=0, spill=tmp_path) as engine:
        found = engine.scatter(jobs.split_rows, jobs.some_items(), jobs.PARTITIONS)
        results = found.gather(jobs.rows_of, range(jobs.PARTITIONS))
        next(results)
        results.close()
        assert files_below(tmp_path)
    assert not files_below(tmp_path)


def test_what_nobody_holds_any_more_leaves_no_files(tmp_path: Path) -> None:
    engine = open_engine(workers=1, memory_bytes=0, spill=tmp_path)
    found = engine.scatter(jobs.split_rows, jobs.some_items(), jobs.PARTITIONS)
    assert files_below(tmp_path)
    del found
    gc.collect()
    assert not files_below(tmp_path)


def test_a_program_that_ends_by_an_exception_leaves_no_files(tmp_path: Path) -> None:
    script = textwrap.dedent(f"""
        from pathlib import Path
        from assay.engine import open_engine
        from tests.engine import exchange_jobs as jobs
        engine = open_engine(workers=1, memory_bytes=0, spill=Path({str(tmp_path)!r}))
        found = engine.scatter(jobs.split_rows, jobs.some_items(), jobs.PARTITIONS)
        print(len(list(Path({str(tmp_path)!r}).rglob("*.parts"))))
        raise ValueError("the end")
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == (f"{jobs.PARTITIONS}\n", 1)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_said_in_one_clear_error_and_nothing_stays(tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk's."""
    script = textwrap.dedent(f"""
        import resource, signal
        from functools import partial
        from pathlib import Path
        from assay.core.errors import UserError
        from assay.engine import open_engine
        from tests.engine import exchange_jobs as jobs
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        engine = open_engine(workers=2, memory_bytes=0, spill=Path({str(tmp_path)!r}))
        try:
            engine.scatter(partial(jobs.wide, rows=50_000, pause_s=0), range(4), jobs.PARTITIONS)
        except UserError as error:
            print(error)
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    place = re.escape(str(tmp_path))
    assert re.fullmatch(
        rf"E408: no space left for what is spilled - at {place}/exchange-\w+/\d\.parts\n  fix: .+\n", done.stdout
    )
    assert not list(tmp_path.iterdir())


def test_an_unknown_engine_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnknownName, match="no engine called 'thread'") as caught:
        open_engine("thread")
    assert caught.value.fix == "did you mean 'threads'?"


def test_threads_have_no_address() -> None:
    with pytest.raises(UserError, match="E104"):
        open_engine("threads", address="localhost:6379")


@pytest.mark.slow
def test_ten_million_rows_in_fourteen_bands_go_through_a_quarter_of_a_gigabyte(tmp_path: Path) -> None:
    """10 M rows x 14 bands x 16 bytes = 2.24 GB, of which 128 MB may stay in memory."""
    script = textwrap.dedent(f"""
        import resource
        from pathlib import Path
        import numpy as np
        from assay.engine import open_engine

        def split(number):
            random = np.random.default_rng(number)
            parts = []
            for band in range(14):
                keys = random.integers(0, 1 << 62, 100_000)
                order = np.argsort(keys & 7, kind="stable")
                keys, rows = keys[order], order + number * 100_000
                cut = np.searchsorted(keys & 7, np.arange(9))
                parts += [{{"key": keys[a:b], "row": rows[a:b]}} for a, b in zip(cut, cut[1:])]
            return None, parts

        def count(partition, parts):
            return sum(len(part["row"]) for part in parts)

        base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with open_engine(workers=2, memory_bytes=128 << 20, spill=Path({str(tmp_path)!r})) as engine:
            with engine.scatter(split, range(100), 14 * 8) as found:
                assert sum(found.gather(count, range(14 * 8))) == 140_000_000
        print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) // 1024)
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 400
