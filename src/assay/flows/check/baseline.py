"""Findings a team already knows, so that only new ones fail.

A finding is a rule and the content hash of the record it names (for bytes that are no record, the hash
of the bytes). Lines and files are not part of it: reordering, moving or splitting a file changes nothing.
The same content named n times by one rule is n findings. The file is sorted JSON, one finding per line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from assay.core.errors import UserError
from assay.core.files import whole_file

VERSION = 1

Findings = Mapping[str, Mapping[str, int]]  # rule -> content hash -> times


def encode(findings: Findings) -> bytes:
    """The same bytes for the same findings, one line each."""
    kept: dict[str, Any] = {
        rule: {key: n for key, n in sorted(found.items()) if n > 0} for rule, found in sorted(findings.items())
    }
    body = {"assay_baseline": VERSION, "findings": {rule: found for rule, found in kept.items() if found}}
    return msgspec.json.format(msgspec.json.encode(body), indent=1) + b"\n"


def write(path: Path, findings: Findings) -> None:
    try:
        with whole_file(path) as part:
            part.write_bytes(encode(findings))
    except OSError as error:
        raise UserError(
            "E381", f"the baseline cannot be written: {error.strerror}", at=str(path), fix="name a file in a folder"
        ) from None


class _File(msgspec.Struct):
    assay_baseline: int
    findings: dict[str, dict[str, int]]


def read(path: Path) -> dict[str, dict[str, int]]:
    try:
        body = msgspec.json.decode(path.read_bytes(), type=_File)
    except OSError as error:
        raise UserError("E381", f"the baseline cannot be read: {error.strerror}", at=str(path)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UserError(
            "E381",
            f"this is not a baseline: {error}",
            at=str(path),
            fix="give a file that --baseline wrote, or a new name to start one",
        ) from None
    if body.assay_baseline != VERSION:
        raise UserError(
            "E381",
            f"a baseline of version {body.assay_baseline}; this Assay reads version {VERSION}",
            at=str(path),
            fix="delete the file and run again to write a new one",
        )
    return body.findings


def compare(now: Findings, known: Findings) -> tuple[dict[str, Counter[str]], int]:
    """What is new (rule -> content hash -> times beyond the known), and how many known findings are gone."""
    new = {rule: Counter(found) - Counter(known.get(rule, {})) for rule, found in now.items()}
    gone = sum(sum((Counter(found) - Counter(now.get(rule, {}))).values()) for rule, found in known.items())
    return {rule: found for rule, found in new.items() if found}, gone


def count(findings: Findings) -> int:
    return sum(n for found in findings.values() for n in found.values())
