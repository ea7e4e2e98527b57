"""Verify a release: recompute every hash and count from the files alone, and name what was altered."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import msgspec
import pyarrow as pa

from assay.core.errors import UserError
from assay.core.ids import sha256_file, sha256_hex
from assay.core.results import Result
from assay.release.files import FileFact, count_rows
from assay.release.manifest import CARD, CHECKSUM, FORMAT, MANIFEST, RUN, Manifest, decode, run_digest


class Problem(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """`path` is relative to the release; `problem` is one of the words below, `detail` says the rest.

    missing, altered, extra, wrong_rows, wrong_counts, unsafe_path, not_a_file, unreadable
    """

    path: str
    problem: str
    detail: str


class VerifyResult(Result, frozen=True, kw_only=True):
    ok: bool
    path: str
    name: str | None
    records: int | None
    files: int
    bytes: int
    manifest_sha256: str | None  # compare it with the one that was published: the files cannot vouch for themselves
    problems: list[Problem]

    @property
    def exit_code(self) -> int:
        return 0 if self.ok else 1

    def lines(self) -> list[str]:
        if self.ok:
            return [
                f"ok: {self.name}: {self.records:,} records, {self.files} files, {self.bytes:,} bytes are as released",
                f"manifest sha256 {self.manifest_sha256}",
            ]
        width = max(len(problem.path) for problem in self.problems)
        listed = [f"  {problem.path:<{width}}  {problem.problem}: {problem.detail}" for problem in self.problems]
        return [f"{self.path}: {len(listed)} problem{'s' if len(listed) > 1 else ''}", *listed]


def verify(path: str | os.PathLike[str]) -> VerifyResult:
    """Check the release in folder `path`. Reads every byte; trusts nothing it says of itself.

    Raises E504 when there is no release there.
    """
    root = Path(path)
    at = root / MANIFEST
    if not at.is_file():
        raise UserError("E504", f"{root} holds no {MANIFEST}", fix="name the folder that `assay release -o` wrote")
    data = at.read_bytes()
    problems = [*_checksum(root, data)]
    try:
        manifest = decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        problems.append(Problem(path=MANIFEST, problem="unreadable", detail=str(error)))
        return _result(root, data, None, 0, problems)
    if manifest.format != FORMAT:
        raise UserError(
            "E504", f"{root} is a release of format {manifest.format!r}", fix=f"this version reads {FORMAT}"
        )
    size = 0
    for fact in manifest.files:
        found = list(_file(root, fact))
        problems += found
        size += 0 if found else fact.bytes
    problems += _counts(manifest)
    problems += _run(root, data)
    problems += _extra(root, {fact.path for fact in manifest.files})
    return _result(root, data, manifest, size, problems)


def _result(root: Path, data: bytes, manifest: Manifest | None, size: int, problems: list[Problem]) -> VerifyResult:
    return VerifyResult(
        ok=not problems,
        path=str(root),
        name=manifest.name if manifest else None,
        records=manifest.records if manifest else None,
        files=len(manifest.files) if manifest else 0,
        bytes=size,
        manifest_sha256=sha256_hex(data),
        problems=sorted(problems),
    )


def _checksum(root: Path, manifest: bytes) -> Iterator[Problem]:
    at = root / CHECKSUM
    if not at.is_file():
        yield Problem(path=CHECKSUM, problem="missing", detail=f"it holds the sha256 of {MANIFEST}")
        return
    said = at.read_text("utf-8", "replace").split()
    if len(said) != 2 or said[1] != MANIFEST:
        yield Problem(path=CHECKSUM, problem="altered", detail="not one line of `sha256sum`")
    elif said[0] != sha256_hex(manifest):
        detail = f"its sha256 is {sha256_hex(manifest)[:12]}..., {CHECKSUM} says {said[0][:12]}..."
        yield Problem(path=MANIFEST, problem="altered", detail=detail)


def is_safe(name: str) -> bool:
    """A plain relative path below the release: nothing that could lead a reader elsewhere."""
    parts = PurePosixPath(name).parts
    plain = bool(parts) and "/".join(parts) == name and not name.startswith("/")
    return plain and ".." not in parts and "\\" not in name and ":" not in name and "\0" not in name


def _file(root: Path, fact: FileFact) -> Iterator[Problem]:
    if not is_safe(fact.path):
        yield Problem(path=fact.path, problem="unsafe_path", detail="leads out of the release; it was not opened")
        return
    at = root / fact.path
    if any((root / part).is_symlink() for part in [*map(str, PurePosixPath(fact.path).parents), fact.path]):
        yield Problem(path=fact.path, problem="not_a_file", detail="a link; it was not followed")
        return
    if not at.exists():
        yield Problem(path=fact.path, problem="missing", detail=f"{fact.rows:,} rows, {fact.bytes:,} bytes")
        return
    if not at.is_file():
        yield Problem(path=fact.path, problem="not_a_file", detail="a file was released")
        return
    size, sha = at.stat().st_size, sha256_file(at)
    if size != fact.bytes or sha != fact.sha256:
        detail = f"sha256 {sha[:12]}..., released as {fact.sha256[:12]}..."
        if size != fact.bytes:
            detail += f"; {size:,} bytes, released as {fact.bytes:,}"
        yield Problem(path=fact.path, problem="altered", detail=detail)
    yield from _rows(at, fact)


def _rows(at: Path, fact: FileFact) -> Iterator[Problem]:
    if fact.format == "card":
        return
    try:
        rows = count_rows(at, fact.format)
    except (pa.ArrowException, OSError) as error:
        yield Problem(path=fact.path, problem="unreadable", detail=str(error).splitlines()[0])
        return
    if rows != fact.rows:
        yield Problem(path=fact.path, problem="wrong_rows", detail=f"{rows:,} rows, the manifest says {fact.rows:,}")


def _counts(manifest: Manifest) -> Iterator[Problem]:
    """The manifest agrees with itself: an edited count shows even where both checksums were rewritten."""

    def wrong(detail: str) -> Problem:
        return Problem(path=MANIFEST, problem="wrong_counts", detail=detail)

    kept = sum(dataset.kept for dataset in manifest.datasets)
    if kept != manifest.records:
        yield wrong(f"records is {manifest.records:,}, its datasets keep {kept:,}")
    for dataset in manifest.datasets:
        if dataset.rows != dataset.kept + dataset.dropped + dataset.review:
            yield wrong(f"{dataset.dataset}: rows is not kept + dropped + review")
        written: dict[str, int] = {}
        for fact in manifest.files:
            if fact.dataset == dataset.dataset:
                written[fact.format] = written.get(fact.format, 0) + fact.rows
        for form, rows in sorted(written.items()):
            expected = (dataset.messages or {}).get("written", 0) if form == "messages" else dataset.kept
            if rows != expected:
                yield wrong(f"{dataset.dataset}: {rows:,} rows as {form}, expected {expected:,}")
        sources = [source for source in manifest.sources if source.dataset == dataset.dataset]
        if sum(source.kept for source in sources) != dataset.kept:
            yield wrong(f"{dataset.dataset}: its sources do not add up to {dataset.kept:,} kept rows")


def _run(root: Path, manifest: bytes) -> Iterator[Problem]:
    at = root / RUN
    if not at.is_file():
        yield Problem(path=RUN, problem="missing", detail="when and by which run the release was made")
        return
    try:
        body = msgspec.json.decode(at.read_bytes(), type=dict)
    except msgspec.MsgspecError as error:
        yield Problem(path=RUN, problem="unreadable", detail=str(error))
        return
    if body.get("digest") != run_digest(body):
        yield Problem(path=RUN, problem="altered", detail="its digest does not fit its content")
    elif body.get("manifest_sha256") != sha256_hex(manifest):
        yield Problem(path=RUN, problem="altered", detail=f"it belongs to another {MANIFEST}")


def _extra(root: Path, listed: set[str]) -> Iterator[Problem]:
    known = {*listed, MANIFEST, CHECKSUM, RUN}
    for folder, names, files in os.walk(root):
        for name in sorted([*files, *(n for n in names if (Path(folder) / n).is_symlink())]):
            found = (Path(folder) / name).relative_to(root).as_posix()
            if found not in known:
                yield Problem(path=found, problem="extra", detail="the manifest does not list it")


__all__ = ["CARD", "Problem", "VerifyResult", "is_safe", "verify"]
