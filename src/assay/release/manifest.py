"""The manifest: every file's sha256 and rows, and what they came from. No clock, no machine, no store numbers in it.

Those live in run.json, so that the same records released twice, anywhere, give the same bytes here.
"""

from __future__ import annotations

from typing import Any

import msgspec

from assay.core.ids import sha256_hex
from assay.release.files import FileFact

FORMAT = "assay-release/1"
MANIFEST, CHECKSUM, RUN, CARD = "manifest.json", "manifest.sha256", "run.json", "README.md"


class DatasetFact(msgspec.Struct, frozen=True, kw_only=True):
    """One dataset's rows and what was decided: rows = kept + dropped + review."""

    dataset: str
    kind: str
    rows: int
    kept: int
    dropped: int
    review: int
    digest: str  # of the version's rows, as `assay fsck --digest` prints it
    ruleset: str | None  # hash of the rules that decided; None where everything was released undecided
    by_rule: dict[str, int] = {}
    domains: dict[str, int] = {}  # of the kept rows; so are the next three
    origins: dict[str, int] = {}
    licenses: dict[str, int] = {}
    splits: dict[str, int] = {}
    scorecard: dict[str, dict[str, Any]] = {}  # dimension -> passed, failed, unknown, share
    messages: dict[str, Any] | None = None  # what the chat form left out


class SourceFact(msgspec.Struct, frozen=True, kw_only=True):
    """One source file. `digest`: sha256 of the ids and content hashes of all its records, in order."""

    dataset: str
    path: str
    revision: str | None
    digest: str
    rows: int
    kept: int


class RuleFact(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    dimension: str | None
    action: str
    when: str
    on_null: str
    kinds: list[str] = []


class RulesetFact(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    hash: str
    rules: list[RuleFact]


class SignalFact(msgspec.Struct, frozen=True, kw_only=True):
    dataset: str
    name: str
    fingerprint: str
    unit: str | None = None
    dimension: str | None = None
    version: int | None = None


class GateFact(msgspec.Struct, frozen=True, kw_only=True):
    """A gate of the recipe that made the release: pass or warn, or there would be no release."""

    name: str
    status: str
    value: Any = None
    threshold: Any = None


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    format: str = FORMAT
    name: str
    records: int
    datasets: list[DatasetFact]
    files: list[FileFact]
    sources: list[SourceFact]
    rulesets: list[RulesetFact] = []
    signals: list[SignalFact] = []
    gates: list[GateFact] = []
    schema_version: int
    schema: dict[str, list[list[str]]]  # kind -> [column, type]
    tools: dict[str, str]

    def encode(self) -> bytes:
        """Indented JSON in the order of the fields, maps sorted by key, one line end at the end."""
        return msgspec.json.format(msgspec.json.encode(self, order="deterministic"), indent=2) + b"\n"


def decode(data: bytes) -> Manifest:
    """Raises msgspec.ValidationError or DecodeError when it is no manifest of ours."""
    return msgspec.json.decode(data, type=Manifest)


def checksum_line(manifest: bytes) -> bytes:
    """As `sha256sum` writes and checks it."""
    return f"{sha256_hex(manifest)}  {MANIFEST}\n".encode()


def run_file(facts: dict[str, Any], manifest: bytes) -> bytes:
    """run.json: clock facts, the manifest that they belong to, and a digest of themselves."""
    body = {**facts, "manifest_sha256": sha256_hex(manifest)}
    body["digest"] = run_digest(body)
    return msgspec.json.format(msgspec.json.encode(body, order="sorted"), indent=2) + b"\n"


def run_digest(body: dict[str, Any]) -> str:
    return sha256_hex(msgspec.json.encode({k: v for k, v in body.items() if k != "digest"}, order="sorted"))
