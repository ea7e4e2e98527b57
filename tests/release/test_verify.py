"""Verify names whatever was altered, and goes nowhere that a manifest sends it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import UserError
from assay.release import FORMATS, freeze, verify
from assay.release.manifest import checksum_line
from assay.release.verify import is_safe
from tests.release.parts import EXAMPLES, decisions_of, decoded_rows, many, part_of, table_of


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("releases") / "r"
    table = many(200)
    logs = part_of(table_of("domain_log", decoded_rows("domain_log", EXAMPLES["domain_log"])), "domain_log")
    freeze("r", [part_of(table, decisions=decisions_of(table)), logs], out, formats=FORMATS)
    return out


@pytest.fixture
def copy(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "r"))


def found(folder: Path) -> list[tuple[str, str]]:
    result = verify(folder)
    assert result.ok == (not result.problems)
    assert result.exit_code == (0 if result.ok else 1)
    return [(problem.path, problem.problem) for problem in result.problems]


def edit_manifest(folder: Path, change: Callable[[dict[str, Any]], None], *, resign: bool) -> None:
    body = msgspec.json.decode((folder / "manifest.json").read_bytes())
    change(body)
    data = msgspec.json.encode(body)
    (folder / "manifest.json").write_bytes(data)
    if resign:
        (folder / "manifest.sha256").write_bytes(checksum_line(data))


def test_an_untouched_release_is_ok(copy: Path) -> None:
    assert found(copy) == []


def every_file(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_flipped_bit_in_any_file_is_found(original: Path, tmp_path: Path) -> None:
    for name in every_file(original):
        folder = Path(shutil.copytree(original, tmp_path / "r"))
        data = bytearray((folder / name).read_bytes())
        data[len(data) // 2] ^= 1
        (folder / name).write_bytes(data)
        named = {path for path, _ in found(folder)}
        assert named, f"{name} was altered"
        blamed = {"manifest.json", "manifest.sha256"} if name.startswith("manifest") else {name}
        assert named & blamed, f"{name} was altered, {named} is named"
        shutil.rmtree(folder)


def test_a_missing_file_is_found(original: Path, tmp_path: Path) -> None:
    for name in every_file(original):
        if name == "manifest.json":
            continue
        folder = Path(shutil.copytree(original, tmp_path / "r"))
        (folder / name).unlink()
        assert found(folder) == [(name, "missing")]
        shutil.rmtree(folder)


def test_a_file_that_was_added_is_found(copy: Path) -> None:
    (copy / "jsonl" / "tickets.qa" / "train-00009.jsonl").write_text("{}\n")
    assert found(copy) == [("jsonl/tickets.qa/train-00009.jsonl", "extra")]


def test_a_line_removed_is_named_with_its_count(copy: Path) -> None:
    at = copy / "jsonl" / "tickets.qa" / "train-00000.jsonl"
    at.write_bytes(b"".join(at.read_bytes().splitlines(keepends=True)[1:]))
    assert found(copy) == [
        ("jsonl/tickets.qa/train-00000.jsonl", "altered"),
        ("jsonl/tickets.qa/train-00000.jsonl", "wrong_rows"),
    ]


def test_a_parquet_file_of_other_rows_is_found(copy: Path) -> None:
    at = copy / "parquet" / "tickets.qa" / "train-00000.parquet"
    pq.write_table(pq.read_table(at).slice(1), at)
    assert {problem for _, problem in found(copy)} == {"altered", "wrong_rows"}


def test_an_edited_manifest_is_found_by_its_checksum(copy: Path) -> None:
    edit_manifest(copy, lambda body: body.update(name="other"), resign=False)
    assert ("manifest.json", "altered") in found(copy)


def change_count(body: dict[str, Any]) -> None:
    body["datasets"][1]["kept"] += 1


def change_sources(body: dict[str, Any]) -> None:
    body["sources"][0]["kept"] -= 1


def change_file_rows(body: dict[str, Any]) -> None:
    next(fact for fact in body["files"] if fact["format"] == "jsonl")["rows"] += 1


@pytest.mark.parametrize("change", [change_count, change_sources, change_file_rows])
def test_edited_counts_are_found_even_under_a_new_checksum(
    change: Callable[[dict[str, Any]], None], copy: Path
) -> None:
    edit_manifest(copy, change, resign=True)
    assert {"wrong_counts", "wrong_rows"} & {problem for _, problem in found(copy)}


def test_a_new_checksum_does_not_fit_the_run(copy: Path) -> None:
    edit_manifest(copy, lambda body: body.update(name="other"), resign=True)
    assert found(copy) == [("run.json", "altered")]


@pytest.mark.parametrize(
    "name",
    ["../secret", "/etc/passwd", "a/../../secret", "jsonl/./x", "a\\..\\b", "C:evil", "", ".", "..", "a//b", "a/"],
)
def test_a_name_that_leads_elsewhere_is_refused_unopened(name: str, copy: Path) -> None:
    (copy.parent / "secret").write_text("x")
    edit_manifest(copy, lambda body: body["files"][0].update(path=name), resign=True)
    assert (name, "unsafe_path") in found(copy)


@pytest.mark.parametrize("target", ["file", "folder"])
def test_a_link_is_not_followed(target: str, copy: Path, tmp_path: Path) -> None:
    name = "jsonl/tickets.qa/train-00000.jsonl"
    at = copy / name if target == "file" else copy / "jsonl"
    elsewhere = tmp_path / "elsewhere"
    shutil.move(at, elsewhere)
    at.symlink_to(elsewhere)
    assert (name, "not_a_file") in found(copy)


def test_a_folder_without_manifest_is_no_release(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        verify(tmp_path)
    assert caught.value.code == "E504"


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff\xfe", b'{"format":"assay-release/1"}'])
def test_a_manifest_of_rubbish_is_told(data: bytes, copy: Path) -> None:
    (copy / "manifest.json").write_bytes(data)
    assert ("manifest.json", "unreadable") in found(copy)


def test_run_facts_cannot_be_edited_unseen(copy: Path) -> None:
    body = msgspec.json.decode((copy / "run.json").read_bytes())
    body["created_at"] = "1999-01-01"
    (copy / "run.json").write_bytes(msgspec.json.encode(body))
    assert found(copy) == [("run.json", "altered")]


def test_sha256sum_checks_the_manifest_too(copy: Path) -> None:
    assert os.system(f"cd {copy} && sha256sum --quiet -c manifest.sha256") == 0


@given(st.text(max_size=20))
def test_a_safe_name_stays_below_the_release(name: str) -> None:
    if is_safe(name):
        assert Path("/root/release", name).resolve().is_relative_to("/root/release")
        assert name not in ("", ".")
