"""What every registered transform promises, whoever wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.core.extras import has_extra
from assay.records.schema import KIND_NAMES, TEXT
from assay.text.benchmark import Items
from assay.text.benchmark_build import build
from assay.transforms import CHANGES, TRANSFORMS, Transform
from tests.transforms.cut_files import cut_file

NAMES = TRANSFORMS.names()
# Things that transforms look for, among things that they must leave alone.
PIECES = st.sampled_from(
    ["cafÃ©", "naïve", "[12]", "\n", "\n\n\n\n", "  ", "We use cookies.", "A line of several words.", "{", "\x00", "ﬁ",
     "javascript", "anna@example.org", "+1 415 555 2671", "192.168.0.1", "4111 1111 1111 1111", "日本語", "🙂", "\r\n",
     "\u2028", "lorem ipsum", "&amp;", "x" * 50, "“quoted”", "â€œ", "[edit]", "\x1b[31m", "DE89370400440532013000"]
)  # fmt: skip
TEXTS = st.lists(st.none() | st.lists(PIECES | st.text(max_size=8), max_size=8).map("".join), max_size=6)


def needed_params(name: str, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """Values for parameters that have no usable default: a file for each that names one."""
    transform = TRANSFORMS.get(name)
    made = {}
    for param in transform.files:
        file = tmp_path_factory.getbasetemp() / f"{param}.txt"
        if param == "spans":
            made[param] = cut_file(file, {"A line of several words.": [(2, 6)], "日本語": [(3, 6)], "  \n": [(0, 1)]})
        elif param == "against":
            words = "A line of several words. 日本語 We use cookies."
            build(Items.of([("a:1", "A line of several words.", words, ["4111 x"]), ("a:2", "", "日本語", [])])).save(
                file
            )
            made[param] = str(file)
        else:
            file.write_text("a secret of many letters, 0123456789\n")
            made[param] = str(file)
    return made


@pytest.fixture(params=NAMES)
def transform(request: pytest.FixtureRequest) -> Transform:
    found = TRANSFORMS.get(request.param)
    if found.extra is not None and not has_extra(found.extra):
        pytest.skip(f"the extra {found.extra} is not installed")
    return found


def test_it_is_described(transform: Transform) -> None:
    assert len(transform.doc.strip()) > 40
    assert transform.doc.strip().splitlines()[0].endswith((".", ":")) or "." in transform.doc
    assert transform.source
    assert set(transform.kinds) <= set(KIND_NAMES)
    assert set(transform.files) <= set(transform.params)
    assert transform.fingerprint() == transform.fingerprint({})


@settings(max_examples=60)
@given(texts=TEXTS, cut=st.tuples(st.integers(0, 6), st.integers(0, 6)))
@pytest.mark.parametrize("name", NAMES)
def test_slices_nulls_and_the_bytes_outside_its_changes(
    name: str, texts: list[str | None], cut: tuple[int, int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    transform = TRANSFORMS.get(name)
    if transform.extra is not None and not has_extra(transform.extra):
        pytest.skip(f"the extra {transform.extra} is not installed")
    params = needed_params(name, tmp_path_factory)
    column = pa.array(texts, TEXT)
    new, changes = transform.apply(column, params)
    new.validate(full=True)
    changes.validate(full=True)
    assert changes.type == CHANGES
    for old, now, items in zip(texts, new.to_pylist(), changes.to_pylist(), strict=True):
        assert (old is None) == (now is None)
        if old is not None:
            assert (items is None) == (old == now)
            assert rest(old.encode(), items or (), "start", "end") == rest_of_new(now.encode(), items or ())
    start, size = cut
    part, told = transform.apply(column.slice(start, size), params)
    assert part.to_pylist() == new.slice(start, size).to_pylist()
    assert told.to_pylist() == changes.slice(start, size).to_pylist()


def rest(data: bytes, items: Any, first: str, last: str) -> list[bytes]:
    out, at = [], 0
    for item in items:
        assert at <= item[first] <= item[last] <= len(data)
        out.append(data[at : item[first]])
        at = item[last]
    return [*out, data[at:]]


def rest_of_new(data: bytes, items: Any) -> list[bytes]:
    shift, placed = 0, []
    for item in items:
        start = item["start"] + shift
        placed.append({"start": start, "end": start + item["new"]})
        shift += item["new"] - (item["end"] - item["start"])
    return rest(data, placed, "start", "end")


def test_a_clean_text_keeps_its_buffers(transform: Transform, tmp_path_factory: pytest.TempPathFactory) -> None:
    column = pa.array(["The cat sat on the mat, and then it slept for hours."] * 3, TEXT)
    new, changes = transform.apply(column, needed_params(transform.name, tmp_path_factory))
    assert changes.null_count == 3
    assert new.buffers()[2].address == column.buffers()[2].address
