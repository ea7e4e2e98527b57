"""What the user named, as files to read: files, folders, globs, standard input and any fsspec URL, sorted by path."""

from __future__ import annotations

import glob
import os
import posixpath
import stat
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import fsspec

from assay.core.errors import UserError
from assay.formats.streams import ByteStream

_MAGIC = frozenset("*?[")


@dataclass(frozen=True)
class Source:
    """One file. `path` is relative to `root` (what the user named) with forward slashes: part of record identities."""

    root: str
    path: str
    uri: str
    open: Callable[[], BinaryIO]
    stamp: Callable[[], tuple[Any, ...]]  # changes when the file does
    size: int | None
    named: bool = True  # by itself, not found in a folder

    def stream(self) -> ByteStream:
        """Its bytes, decompressed. Raises UserError E311 (not there) or E313 (may not be read)."""
        try:
            return ByteStream(self.open())
        except FileNotFoundError:
            raise _missing(self.uri) from None
        except OSError as error:
            raise UserError(
                "E313", f"cannot read {self.uri}: {error.strerror or error}", at=self.uri, fix="check its permissions"
            ) from None


@dataclass(frozen=True)
class Skipped:
    """A file that was passed over, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class Listing:
    sources: tuple[Source, ...]
    skipped: tuple[Skipped, ...] = ()


def expand(sources: Sequence[str | os.PathLike[str]], *, stdin: BinaryIO | None = None) -> Listing:
    """The files that `sources` name, each once, sorted by path.

    Hidden files in folders are skipped, and listed. Two files of the same relative path (a/x.jsonl and
    b/x.jsonl given apart) get the folder before it too, since the path is part of a record's identity.
    Raises UserError E311: nothing is there; E315: the URL's filesystem is not installed.
    """
    found: dict[str, Source] = {}
    skipped: dict[str, Skipped] = {}
    for source in sources:
        name = os.fspath(source)
        listing = _stdin(stdin) if name == "-" else _remote(name) if "://" in name else _local(name)
        for one in listing.sources:
            found.setdefault(one.uri, one)
        for passed in listing.skipped:
            skipped.setdefault(passed.path, passed)
    files = _told_apart(list(found.values()))
    return Listing(
        tuple(sorted(files, key=lambda s: (s.path, s.uri))), tuple(sorted(skipped.values(), key=lambda s: s.path))
    )


def _told_apart(sources: list[Source]) -> list[Source]:
    paths = [source.path for source in sources]
    if len(set(paths)) == len(paths):
        return sources
    out: list[Source] = []
    for source in sources:
        parts, keep = source.uri.split("/"), source.path.count("/") + 1
        path = source.path
        rivals = [other for other in sources if other.path == source.path and other.uri != source.uri]
        while rivals and keep < len(parts):
            keep += 1
            path = "/".join(parts[-keep:])
            rivals = [other for other in rivals if "/".join(other.uri.split("/")[-keep:]) == path]
        out.append(replace(source, path=path.lstrip("/")))
    return out


def _missing(name: str) -> UserError:
    return UserError(
        "E311", f"nothing found at {name!r}", at=name, fix="check the path; quote a pattern: 'data/*.jsonl'"
    )


def _stdin(stdin: BinaryIO | None) -> Listing:
    def give() -> BinaryIO:
        return stdin or sys.stdin.buffer

    return Listing((Source("-", "stdin", "-", give, lambda: (), None),))


def _local(name: str) -> Listing:
    if os.path.isdir(name):
        return _folder(name)
    if os.path.exists(name):
        return Listing((_file(name, name, os.path.basename(os.path.abspath(name))),))
    if not _MAGIC.isdisjoint(name):
        root = name
        while not _MAGIC.isdisjoint(root):
            root = os.path.dirname(root)
        hits = sorted(hit for hit in glob.glob(name, recursive=True) if os.path.isfile(hit))
        if hits:
            files = (_file(name, hit, os.path.relpath(hit, root or ".").replace(os.sep, "/")) for hit in hits)
            return Listing(tuple(files))
    raise _missing(name)


def _file(root: str, path: str, relative: str, *, named: bool = True) -> Source:
    full = os.path.abspath(path)

    def give() -> BinaryIO:
        return open(full, "rb")

    def stamp() -> tuple[Any, ...]:
        about = os.stat(full)
        return about.st_size, about.st_mtime_ns, about.st_ino

    return Source(root, relative, full, give, stamp, os.stat(full).st_size, named)


def _folder(root: str) -> Listing:
    files: list[Source] = []
    skipped: list[Skipped] = []

    def unreadable(error: OSError) -> None:
        raise UserError("E313", f"cannot list {error.filename}: {error.strerror}", at=str(error.filename))

    for place, folders, names in os.walk(root, onerror=unreadable):
        hidden = sorted(folder for folder in folders if folder.startswith("."))
        folders[:] = sorted(folder for folder in folders if not folder.startswith("."))
        for name in [*(f"{folder}/" for folder in hidden), *sorted(names)]:
            full = os.path.join(place, name)
            relative = os.path.relpath(full, root).replace(os.sep, "/") + ("/" if name.endswith("/") else "")
            if name.startswith("."):
                skipped.append(Skipped(relative, "hidden"))
            elif os.path.islink(full) and not os.path.exists(full):
                skipped.append(Skipped(relative, "a link to nothing"))
            elif not stat.S_ISREG(os.stat(full).st_mode):
                skipped.append(Skipped(relative, "not a regular file"))
            else:
                files.append(_file(root, full, relative, named=False))
    return Listing(tuple(files), tuple(skipped))


def _remote(url: str) -> Listing:
    try:
        fs, place = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise UserError("E315", f"cannot open {url}: {error}", at=url, fix="install the filesystem it names") from None
    protocol = url.split("://", 1)[0]
    if fs.isfile(place):
        return Listing((_remote_file(fs, protocol, url, place, posixpath.basename(place)),))
    if not _MAGIC.isdisjoint(place):
        root = place
        while not _MAGIC.isdisjoint(root):
            root = posixpath.dirname(root)
        hits = sorted(hit for hit in fs.glob(place) if fs.isfile(hit))
    else:
        root, hits = place, sorted(fs.find(place))
    if not hits:
        raise _missing(url)
    files: list[Source] = []
    skipped: list[Skipped] = []
    for hit in hits:
        relative = posixpath.relpath(hit, root) if root else hit.lstrip("/")
        if any(part.startswith(".") for part in relative.split("/")):
            skipped.append(Skipped(relative, "hidden"))
        else:
            files.append(_remote_file(fs, protocol, url, hit, relative, named=not _MAGIC.isdisjoint(place)))
    return Listing(tuple(files), tuple(skipped))


def _remote_file(fs: Any, protocol: str, root: str, place: str, relative: str, *, named: bool = True) -> Source:
    def give() -> BinaryIO:
        opened: BinaryIO = fs.open(place, "rb")
        return opened

    def stamp() -> tuple[Any, ...]:
        about = fs.info(place)
        return tuple(str(about.get(key)) for key in ("size", "mtime", "LastModified", "etag", "ETag", "created"))

    return Source(root, relative, f"{protocol}://{place.lstrip('/')}", give, stamp, fs.info(place).get("size"), named)
