"""The engine's promises: order, bounded look-ahead, one bad item never costs another, nothing left running."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator

import psutil
import pytest

from assay.core.errors import UserError
from assay.engine import Progress, WorkerCrashed, run
from tests.engine import jobs

MODES = ("inline", "threads", "processes")


def halves(items: list[int]) -> list[list[int]]:
    middle = len(items) // 2
    return [items] if len(items) < 2 else [items[:middle], items[middle:]]


def joined(parts: list[list[int]]) -> list[int]:
    return [item for part in parts for item in part]


def survivors(items: list[list[int]], **options: object) -> tuple[list[list[int]], list[tuple[list[int], str]]]:
    lost: list[tuple[list[int], str]] = []

    def on_crash(item: list[int], detail: str) -> list[int]:
        lost.append((item, detail))
        return []

    options = {"workers": 2, "split": halves, "join": joined, "on_crash": on_crash, **options}
    return list(run(jobs.total, items, mode="processes", **options)), lost


@pytest.mark.parametrize("mode", MODES)
def test_results_come_in_the_order_of_items(mode: str) -> None:
    assert list(run(jobs.slow_first, range(12), workers=2, mode=mode)) == list(range(12))


@pytest.mark.parametrize("mode", MODES)
def test_no_items_give_no_results(mode: str) -> None:
    assert list(run(jobs.double, [], workers=2, mode=mode)) == []


@pytest.mark.parametrize("mode", MODES)
def test_items_are_taken_only_a_few_ahead(mode: str) -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for n in range(100):
            taken += 1
            yield n

    results = run(jobs.double, items(), workers=2, mode=mode)
    next(results)
    assert taken <= 6
    results.close()


@pytest.mark.parametrize("mode", MODES)
def test_an_exception_is_raised_here_and_carries_its_item(mode: str) -> None:
    with pytest.raises(ValueError, match="three is not welcome") as caught:
        list(run(jobs.fail_on_three, range(10), workers=2, mode=mode))
    assert caught.value.item == 3


@pytest.mark.parametrize("mode", MODES)
def test_progress_is_told_each_item_with_its_result(mode: str) -> None:
    told: list[tuple[int, int]] = []
    list(run(jobs.double, range(5), workers=2, mode=mode, progress=lambda n, out: told.append((n, out))))
    assert told == [(n, 2 * n) for n in range(5)]


def test_an_exception_that_does_not_pickle_is_told_in_words() -> None:
    with pytest.raises(RuntimeError, match="two arguments"):
        list(run(jobs.fail_oddly, [1], workers=1, mode="processes"))


def test_one_process_is_used_for_many_items() -> None:
    assert len(set(run(jobs.whose, range(20), workers=1, mode="processes"))) == 1


@pytest.mark.parametrize(
    ("poison", "words"),
    [(13, "exited with code 7"), (-9, "SIGKILL"), (-11, "SIGSEGV")],
    ids=["os._exit", "killed for memory", "segmentation fault"],
)
def test_a_crash_costs_exactly_the_item_that_caused_it(poison: int, words: str) -> None:
    items = [[1, 2, 3], [4, 5, poison, 6, 7], [8, 9]]
    results, lost = survivors(items)
    assert results == [[2, 4, 6], [8, 10, 12, 14], [16, 18]]
    assert [item for item, _ in lost] == [[poison]]
    assert words in lost[0][1]


def test_every_poisonous_item_of_several_is_found() -> None:
    results, lost = survivors([[13, 1, 13, 2], [13]])
    assert results == [[2, 4], []]
    assert [item for item, _ in lost] == [[13], [13], [13]]


def test_an_item_over_its_time_is_stopped_and_the_rest_goes_on() -> None:
    results, lost = survivors([[1, -1, 2], [3]], timeout_s=1.0)
    assert results == [[2, 4], [6]]
    assert lost == [([-1], "no result within 1 s")]


def test_a_crash_that_nobody_handles_is_an_error_with_its_item() -> None:
    with pytest.raises(WorkerCrashed) as caught:
        list(run(jobs.total, [[13]], workers=1, mode="processes"))
    assert caught.value.item == [13]


def test_results_dropped_halfway_leave_no_process_behind() -> None:
    results = run(jobs.double, range(100), workers=2, mode="processes")
    next(results)
    assert psutil.Process().children()
    results.close()
    assert not [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]


def test_an_interrupt_ends_everything_at_once() -> None:
    # A runner started in the background hands "ignore" for SIGINT down to its children: the script takes it back.
    script = textwrap.dedent("""
        import signal
        signal.signal(signal.SIGINT, signal.default_int_handler)
        from assay.engine import run
        from tests.engine import jobs
        try:
            for out in run(jobs.total, [[1], [-1], [2]], workers=2, mode="processes"):
                print("one", flush=True)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
    """)
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, start_new_session=True)
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "one\n"
        workers = psutil.Process(child.pid).children(recursive=True)
        assert workers
        os.killpg(child.pid, signal.SIGINT)  # as a terminal does: the whole group
        try:
            assert child.communicate(timeout=20)[0] == "interrupted\n"
        finally:
            child.kill()
    _, alive = psutil.wait_procs(workers, timeout=5)
    assert not alive


def test_a_script_without_a_main_guard_may_use_processes(tmp_path: os.PathLike[str]) -> None:
    script = "from assay.engine import run\nimport operator\nprint(list(run(operator.neg, [1, 2], mode='processes')))\n"
    path = os.path.join(tmp_path, "plain.py")
    with open(path, "w") as file:
        file.write(script)
    assert subprocess.run([sys.executable, path], capture_output=True, text=True).stdout == "[-1, -2]\n"


class TestProgress:
    def test_plain_lines_say_rows_rate_and_time_left(self, monkeypatch: pytest.MonkeyPatch) -> None:
        now = 100.0
        monkeypatch.setattr(time, "monotonic", lambda: now)
        out = io.StringIO()
        progress = Progress("ingest", 40_000_000, out=out)
        now = 104.0
        progress.add(rows=1000, bytes=10_000_000)
        assert out.getvalue() == ""  # nothing for work that is soon done
        now = 110.0
        progress.add(rows=500, bytes=10_000_000)
        assert out.getvalue() == "ingest: 1,500 rows, 20.0 MB, 2.0 MB/s, 10 s left\n"

    def test_quiet_progress_counts_and_says_nothing(self) -> None:
        out = io.StringIO()
        with Progress("x", quiet=True, out=out) as progress:
            progress.add(rows=3)
        assert (progress.rows, out.getvalue()) == (3, "")

    def test_a_terminal_gets_a_bar_that_leaves_nothing_behind(self) -> None:
        class Terminal(io.StringIO):
            def isatty(self) -> bool:
                return True

        out = Terminal()
        with Progress("ingest", 10, out=out) as progress:
            progress.add(rows=1, bytes=5)
        assert "ingest" in out.getvalue()

    def test_nothing_goes_to_standard_output(self, capfd: pytest.CaptureFixture[str]) -> None:
        progress = Progress("ingest")
        progress._said -= 60
        progress.add(rows=1)
        captured = capfd.readouterr()
        assert captured.out == ""
        assert "1 rows" in captured.err


def test_user_errors_cross_processes_whole() -> None:
    with pytest.raises(UserError) as caught:
        list(run(jobs_user_error, [0], workers=1, mode="processes"))
    assert (caught.value.code, caught.value.at) == ("E311", "here")


def jobs_user_error(_: int) -> int:
    raise UserError("E311", "gone", at="here")
