"""Measure computes what is missing and nothing else, and gives the same values however it is run."""

from __future__ import annotations

import itertools
import os
import signal as signals_of_the_system
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.errors import UnknownName
from assay.flows.measure import measure, measure_signals
from assay.flows.rows_digest import rows_digest
from assay.signals import SIGNALS, Signal, default_signals, measure_rows
from assay.store import Workspace
from tests.flows.world import batch, fill, qa, values, workspace

NAMES = ("word_count", "content_duplicates", "duplicate_of")


def rows(start: int, stop: int) -> list[Any]:
    return [qa(i, "the same answer twice" if i % 3 == 0 else None) for i in range(start, stop)]


def test_values_are_those_that_the_signals_give_in_memory(tmp_path: Path) -> None:
    fragments = [rows(0, 5), rows(5, 6), rows(6, 12)]
    ws, data = workspace(tmp_path, *fragments)
    measure(ws, "tickets")
    wanted = default_signals("qa")
    expected = measure_rows(wanted, [batch("qa", part) for part in fragments], "qa")
    names = [signal.name for signal in wanted]
    joined = {n: list(itertools.chain(*(part[n].to_pylist() for part in expected))) for n in names}
    stored = values(data, *names)
    assert list(stored.values()) == list(zip(*joined.values(), strict=True))


def test_measuring_twice_makes_no_new_version_and_says_cached(tmp_path: Path) -> None:
    ws, data = workspace(tmp_path, rows(0, 4))
    first = measure(ws, "tickets.qa", only=NAMES)
    head = data.head
    again = measure(ws, "tickets.qa", only=NAMES)
    assert set(first.datasets[0].signals.values()) == {"measured"}
    assert (again.cached, set(again.datasets[0].signals.values()), data.head) == (True, {"cached"}, head)
    assert "cached" in str(again)


def test_an_append_measures_rows_of_row_scope_only_where_new_and_dataset_scope_everywhere(tmp_path: Path) -> None:
    ws, data = workspace(tmp_path, rows(0, 4))
    measure(ws, "tickets", only=NAMES)
    before = {n: c.fingerprint for n, c in data.signals().items()}
    fill(ws, "tickets.qa", [rows(4, 8)], key="2")
    assert data.signals()["word_count"].unmeasured_fragments == [1]
    measure(ws, "tickets", only=NAMES)
    after = {n: c.fingerprint for n, c in data.signals().items()}
    assert after["word_count"] == before["word_count"]
    assert after["content_duplicates"] != before["content_duplicates"]
    assert not any(column.unmeasured_fragments for column in data.signals().values())
    assert values(data, "content_duplicates")["q0000"] == (2,)


def test_one_more_signal_leaves_the_others_alone(tmp_path: Path) -> None:
    ws, _ = workspace(tmp_path, rows(0, 4))
    measure(ws, "tickets", only=["word_count"])
    found = measure(ws, "tickets", only=["word_count"], also=["char_count"])
    assert found.datasets[0].signals == {"word_count": "cached", "char_count": "measured"}


def test_a_parameter_makes_another_measurement(tmp_path: Path) -> None:
    ws, data = workspace(tmp_path, rows(0, 2))
    seen = []
    for as_of in ("2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"):
        found = measure(ws, "tickets", only=["age_days", "word_count"], params={"as_of": as_of})
        seen.append((found.datasets[0].signals["age_days"], data.signals()["age_days"].physical))
    assert [status for status, _ in seen] == ["measured", "measured", "cached"]
    assert seen[0][1] != seen[1][1] == seen[2][1]


def test_unknown_names_suggest_the_nearest(tmp_path: Path) -> None:
    ws, _ = workspace(tmp_path, rows(0, 1))
    with pytest.raises(UnknownName, match="did you mean 'word_count'"):
        measure(ws, "tickets", only=["word_cuont"])
    with pytest.raises(UnknownName, match="did you mean 'tickets'"):
        measure(ws, "ticket")


def test_a_dataset_without_rows_is_measured_as_nothing(tmp_path: Path) -> None:
    ws = Workspace.init(tmp_path / "ws")
    ws.create("empty.qa")
    found = measure(ws, "empty")
    assert (found.datasets[0].rows, found.datasets[0].version) == (0, 0)


def test_an_edited_row_is_measured_again(tmp_path: Path) -> None:
    ws, data = workspace(tmp_path, rows(0, 4))
    measure(ws, "tickets", only=NAMES)
    edited = batch("qa", [qa(1, "two words")])
    data.replace(pa.Table.from_batches([edited]), expect=data.head)
    measure(ws, "tickets", only=["word_count"])
    assert values(data, "word_count")["q0001"][0] == 3 + 2  # "What is it?" and two more


@settings(max_examples=10)
@given(cuts=st.lists(st.integers(1, 11), max_size=3, unique=True), workers=st.sampled_from([1, 2]))
def test_no_cut_of_the_rows_and_no_number_of_workers_changes_a_value(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], workers: int
) -> None:
    everything = rows(0, 12)
    edges = [0, *sorted(cuts), 12]
    parts = [everything[a:b] for a, b in itertools.pairwise(edges)]
    one, whole = workspace(tmp_path_factory.mktemp("whole"), everything)
    two, cut = workspace(tmp_path_factory.mktemp("cut"), *parts)
    measure(one, "tickets", workers=1)
    measure(two, "tickets", workers=workers)
    names = [signal.name for signal in default_signals("qa")]
    assert values(cut, *names) == values(whole, *names)
    assert cut.digest() == whole.digest()
    assert rows_digest(two, cut) == rows_digest(one, whole)


def test_rows_digest_tells_rows_apart(tmp_path: Path) -> None:
    ws, data = workspace(tmp_path, rows(0, 3))
    first = rows_digest(ws, data)
    fill(ws, "tickets.qa", [[qa(3)]], key="2")
    assert rows_digest(ws, data) != first
    data.rollback(1)
    assert rows_digest(ws, data) == first


def test_a_record_that_kills_its_worker_is_unknown_and_the_others_are_measured(tmp_path: Path) -> None:
    made = [qa(i, "please kill it" if i == 1 else None) for i in range(3)]
    ws, data = workspace(tmp_path, made)
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    call = [sys.executable, "-c", "from tests.flows.bound_signal import main; main()", str(ws.path)]
    done = subprocess.run(call, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    found = values(data, "bound_words")
    assert found["q0001"] == (None,)
    assert [value for (value,) in found.values()].count(None) == 1


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_killed_after_a_fragment_it_goes_on_from_there(tmp_path: Path, nth: int) -> None:
    ws, data = workspace(tmp_path, rows(0, 3), rows(3, 6), rows(6, 9))
    other, plain = workspace(tmp_path / "plain", rows(0, 3), rows(3, 6), rows(6, 9))
    measure(other, "tickets", only=NAMES)
    code = (
        "from assay.flows.measure import measure; from assay.store import Workspace; "
        f"measure(Workspace.open({str(ws.path)!r}), 'tickets', only={NAMES!r}, workers=1)"
    )
    env = {**os.environ, "ASSAY_FAILPOINT": f"measure.after_fragment:{nth}"}
    killed = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, timeout=120)
    assert killed.returncode == -signals_of_the_system.SIGKILL
    assert len(ws.ledger.staged("tickets.qa")) == nth
    calls = _counted(ws, data)
    assert calls == 3 - nth
    assert data.digest() == plain.digest()
    assert ws.fsck(deep=True) == []


def _counted(ws: Workspace, data: Any) -> int:
    """Measure on, and count how often a row signal was computed."""
    calls = 0
    plain = SIGNALS.get("word_count")

    def counting(**columns: Any) -> pa.Array:
        nonlocal calls
        calls += 1
        assert plain.row is not None
        return plain.row(**columns)

    fields = {name: getattr(plain, name) for name in Signal.__dataclass_fields__}
    watched = Signal(**{**fields, "row": counting})
    rest = [signal for signal in SIGNALS if signal.name in NAMES and signal.name != "word_count"]
    order = [watched if s.name == "word_count" else s for s in SIGNALS if s.name == "word_count" or s in rest]
    measure_signals(ws, data.name, order, {}, workers=1)
    return calls
