"""Signal columns: catalogued, staged by fragment, superseded by a newer fingerprint."""

from __future__ import annotations

import threading

import pyarrow as pa
import pytest

from assay.core.errors import UserError
from assay.store import Dataset, SignalSpec
from tests.store.conftest import Append, read
from tests.store.rows import qa as row

SPEC = SignalSpec(fingerprint="ab" * 16, type=pa.int64(), unit="words")


def test_a_signal_has_its_type_unit_and_fingerprint(qa: Dataset, append: Append, measure: Append) -> None:
    append(qa, [row("a")])
    version = measure(qa)
    column = qa.signals()["id_length"]
    assert version is not None
    assert (version.verb, column.type, column.unit, column.fingerprint) == (
        "measure",
        pa.int64(),
        "characters",
        "aa" * 16,
    )
    assert column.physical == "s_id_length_aaaaaaaa"
    assert qa.signals(1) == {}
    assert qa.schema().names == qa.schema(1).names


def test_a_newer_fingerprint_takes_the_columns_place(qa: Dataset, append: Append, measure: Append) -> None:
    append(qa, [row("a")])
    measure(qa)
    measure(qa, fingerprint="bb" * 16, plus=10)
    assert [r["id_length"] for r in read(qa, columns=["id_length"])] == [11]
    assert [r["id_length"] for r in read(qa, 2, ["id_length"])] == [1]
    assert [n for n in qa.table(3).schema.names if n.startswith("s_")] == ["s_id_length_bbbbbbbb"]


def test_columns_of_other_signals_stay_when_one_is_superseded(qa: Dataset, append: Append, measure: Append) -> None:
    append(qa, [row("a")])
    for name in ("one", "two", "three"):
        measure(qa, name)
    measure(qa, "two", fingerprint="bb" * 16, plus=5)
    assert read(qa, columns=["record_id", "one", "two", "three"]) == [
        {"record_id": "a", "one": 1, "two": 6, "three": 1}
    ]


def test_fingerprints_that_share_eight_digits_are_kept_apart(qa: Dataset, append: Append, measure: Append) -> None:
    append(qa, [row("a")])
    measure(qa, fingerprint="aaaaaaaa" + "0" * 24)
    measure(qa, fingerprint="aaaaaaaa" + "1" * 24, plus=1)
    assert [r["id_length"] for r in read(qa, columns=["id_length"])] == [2]
    assert qa.signals()["id_length"].fingerprint.endswith("1")


def test_rollback_brings_the_former_signal_back(qa: Dataset, append: Append, measure: Append) -> None:
    append(qa, [row("a")])
    measure(qa)
    measure(qa, fingerprint="bb" * 16, plus=10)
    qa.rollback(2)
    assert [r["id_length"] for r in read(qa, columns=["id_length"])] == [1]
    qa.rollback(1)
    assert qa.signals() == {}
    measure(qa, "other")
    assert list(qa.signals()) == ["other"]
    assert [r["other"] for r in read(qa, columns=["other"])] == [1]


def test_one_fragment_may_be_measured_by_several_threads(qa: Dataset, append: Append) -> None:
    append(qa, *[[row(f"{k}-{i}") for i in range(50)] for k in range(4)])
    with qa.begin_measure("k", {"n": SPEC, "m": SPEC}) as job:
        threads = [
            threading.Thread(target=job.write, args=(part, {name: pa.array(range(50), pa.int64())}))
            for part in range(4)
            for name in ("n", "m")
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(job.done) == 8
        job.commit()
    assert sum(r["n"] + r["m"] for r in read(qa, columns=["n", "m"])) == 2 * 4 * sum(range(50))


def test_staged_fragments_are_found_again_by_the_same_work(qa: Dataset, append: Append) -> None:
    append(qa, [row("a")], [row("b")])
    with qa.begin_measure("k", {"n": SPEC}) as job:
        job.write(0, {"n": pa.array([1])})
    with qa.begin_measure("other", {"n": SPEC}) as job:
        assert job.done == set()
    with qa.begin_measure("k", {"n": SPEC}) as job:
        assert job.done == {(0, "n")}
        job.write(1, {"n": pa.array([2])})
        job.commit()
    assert [r["n"] for r in read(qa, columns=["record_id", "n"])] == [1, 2]


def test_nothing_measured_is_no_new_version(qa: Dataset, append: Append) -> None:
    append(qa, [row("a")])
    with qa.begin_measure("k", {"n": SPEC}) as job:
        version = job.commit()
    assert version == qa.version(1)
    assert qa.head == 1


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"n": pa.array([1, 2])}, ValueError),
        ({"n": pa.array([1.5])}, TypeError),
        ({"unannounced": pa.array([1])}, KeyError),
    ],
    ids=["two values for one row", "another type", "a signal that was not announced"],
)
def test_a_wrong_column_is_refused(
    qa: Dataset, append: Append, values: dict[str, pa.Array], error: type[Exception]
) -> None:
    append(qa, [row("a")])
    with qa.begin_measure("k", {"n": SPEC}) as job:
        with pytest.raises(error):
            job.write(0, values)
        with pytest.raises(ValueError, match="no fragment 7"):
            job.write(7, {"n": pa.array([1])})


def test_a_signal_may_not_be_called_like_a_field(qa: Dataset, append: Append) -> None:
    append(qa, [row("a")])
    with pytest.raises(UserError, match="E102"):
        qa.begin_measure("k", {"prompt": SPEC})
    append(qa, [row("b")])  # the lock was given back
