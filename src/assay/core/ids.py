"""Canonical JSON and the hashes made from it: the same for any format, machine, worker count and hash seed."""

from __future__ import annotations

import hashlib
import unicodedata
from pathlib import Path
from typing import Any

import msgspec
import xxhash

from assay.core.errors import UserError

_encoder = msgspec.json.Encoder(order="sorted")


def nfc(value: Any) -> Any:
    """The same value with every string in Unicode NFC; returns the very object where nothing changes."""
    if isinstance(value, str):
        return value if value.isascii() else unicodedata.normalize("NFC", value)
    if isinstance(value, dict):
        return {nfc(k): nfc(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [nfc(v) for v in value]
    return value


def canonical_json(value: Any, *, normal: bool = True) -> bytes:
    """Compact UTF-8 JSON with sorted keys, strings in NFC unless `normal` is false.

    Keys are sorted by code point. Floats are written in their shortest exact form. NaN and
    infinity have no JSON form and become null: a reader must refuse them earlier.
    """
    data = _encoder.encode(value)
    if normal and not data.isascii():
        data = _encoder.encode(nfc(value))
    return data


def xxh3_hex(data: bytes) -> str:
    """32 hex digits of XXH3-128 (1.9 GB/s per core for short records, sha256 does 0.3): identities, not proofs."""
    return xxhash.xxh3_128_hexdigest(data)


def content_hash(payload: Any) -> str:
    """XXH3-128 of the canonical JSON of what a record says, without its id. 32 hex digits."""
    return xxh3_hex(canonical_json(payload))


def sha256_hex(data: bytes) -> str:
    """64 hex digits of SHA-256: for files, blobs and releases, where tampering must show."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: str | Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def path_digest(path: str | Path, name: str = "path") -> str:
    """64 hex digits over a file's bytes, or over the relative names and bytes of every file below a folder.

    E106 when there is nothing at `path`; `name` is what the user calls it.
    """
    place = Path(path)
    if place.is_file():
        return sha256_file(place)
    if not place.is_dir():
        raise UserError("E106", f"{name}: there is no file or folder {str(path)!r}", fix="check the path")
    files = sorted(file for file in place.rglob("*") if file.is_file())
    return sha256_hex("\n".join(f"{file.relative_to(place).as_posix()} {sha256_file(file)}" for file in files).encode())


def fingerprint(*parts: Any) -> str:
    """32 hex digits naming a computation by its inputs; parts are JSON values."""
    return xxh3_hex(canonical_json(list(parts)))
