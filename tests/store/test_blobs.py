"""Bytes by their hash: whole or not at all, once, and told when damaged."""

from __future__ import annotations

import hashlib
import io
import os
import resource
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import UserError
from assay.store import Blobs, Workspace


@given(data=st.binary(max_size=3000), offset=st.integers(0, 3000), length=st.integers(0, 3000))
def test_what_goes_in_comes_out_and_so_does_any_part(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, offset: int, length: int
) -> None:
    blobs = Blobs(tmp_path_factory.getbasetemp() / "blobs")
    name = blobs.put(data)
    assert name == hashlib.sha256(data).hexdigest()
    assert blobs.get(name) == data
    if offset + length <= len(data):
        assert blobs.get(name, offset, length) == data[offset : offset + length]
        assert blobs.get(name, offset) == data[offset:]
    else:
        with pytest.raises(UserError, match="E411"):
            blobs.get(name, offset, length)


def test_a_path_a_file_and_bytes_are_kept_once(ws: Workspace, tmp_path: Path) -> None:
    data = os.urandom(3 << 20)
    (tmp_path / "f").write_bytes(data)
    names = {ws.blobs.put(data), ws.blobs.put(io.BytesIO(data)), ws.blobs.put(tmp_path / "f")}
    assert ws.blobs.names() == sorted(names)
    assert len(names) == 1
    assert names.pop() in ws.blobs
    assert "0" * 64 not in ws.blobs


def test_large_data_is_streamed(ws: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "large"
    with open(path, "wb") as file:
        file.truncate(150 << 20)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    name = ws.blobs.put(path)
    assert ws.blobs.is_sound(name)
    assert ws.blobs.get(name, 149 << 20, 10) == b"\0" * 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 << 10
    assert ws.blobs.size() < 1 << 20


def test_threads_may_put_the_same_bytes_at_once(ws: Workspace) -> None:
    threads = [threading.Thread(target=ws.blobs.put, args=(b"x" * 100_000,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ws.blobs.names()) == 1
    assert not list(ws.blobs.root.glob("*.part"))


@pytest.mark.parametrize("damage", ["a flipped byte", "cut short", "other bytes", "gone"])
def test_a_damaged_blob_is_told(ws: Workspace, damage: str) -> None:
    name = ws.blobs.put(os.urandom(10_000))
    path = ws.blobs.root / name[:2] / f"{name}.zst"
    found = bytearray(path.read_bytes())
    if damage == "a flipped byte":
        found[5000] ^= 1
        path.write_bytes(found)
    elif damage == "cut short":
        path.write_bytes(found[:5000])
    elif damage == "other bytes":
        other = ws.blobs.put(b"other")
        path.write_bytes((ws.blobs.root / other[:2] / f"{other}.zst").read_bytes())
    else:
        path.unlink()
    with pytest.raises(UserError, match="E411"):
        ws.blobs.get(name)
    assert not ws.blobs.is_sound(name)
    assert [f.code for f in ws.fsck()] == ([] if damage == "gone" else ["blob-corrupt"])
