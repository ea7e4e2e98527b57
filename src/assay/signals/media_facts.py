"""What is in the pictures and sounds of a record, once they are decoded; and whether the files are there.

Bytes are those in the record, else those of a local file that the record names, below the folder `media_root`: its
address there, or beside the record's own source file. Nothing outside that folder is opened and nothing is fetched.
The folder's contents are no part of a fingerprint (it may hold terabytes): give another `media_root`, or ingest again,
when files change. Where a record has a sha256, a file with other contents is counted as changed.
"""

from __future__ import annotations

import hashlib
import io
import struct
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.records.media import modality_of
from assay.records.schema import SOURCE, TEXT, columns_of
from assay.signals.base import row_signal

_READ = {"media": columns_of("multimodal")["media"], "source": SOURCE}
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF")  # of pictures; others are not judged
_UNJUDGED = ("svg", "heic", "heif", "avif", "m4a", "aac", "opus", "aiff", "wma")
GREY_SIDE = 256  # sharpness is measured on a grey picture of at most this many pixels a side
FRAME_S, SILENT, RUN = 0.02, 10 ** (-60 / 20), 3  # silence: a frame below -60 dBFS; clipping: so many samples in a row
_CHUNK = 1 << 18  # samples decoded at once
MOST_BYTES = 1 << 30  # of one item; larger files are not read, as if they were not at hand
_WARNINGS = threading.Lock()  # what to do with warnings is decided for the whole process

IMAGE_FACTS = pa.struct(
    {
        "images": pa.int32(),  # judged: their bytes are at hand and their format is one that can be read
        "undecodable": pa.int32(),  # broken, cut off, or of more than 89 million pixels
        "changed": pa.int32(),  # other bytes than the record's sha256 says
        "size_mismatches": pa.int32(),  # another width or height than the record says
        "width": pa.int32(),  # the least, in pixels
        "height": pa.int32(),
        "modes": pa.list_(TEXT),  # RGB, L, P ..: sorted, each once
        "sharpness": pa.float64(),  # the least: variance of the Laplacian, in squares of 256 grey levels
        "one_colour": pa.int32(),  # pictures of which all pixels are the same
    }
)
AUDIO_FACTS = pa.struct(
    {
        "sounds": pa.int32(),
        "undecodable": pa.int32(),  # broken, cut off, or without a sample
        "changed": pa.int32(),
        "rate_mismatches": pa.int32(),  # another sample rate than the record says
        "shortest_s": pa.float64(),
        "longest_s": pa.float64(),
        "sample_rate": pa.int32(),  # the least
        "channels": pa.int32(),  # the most
        "silence_share": pa.float64(),  # the greatest: share of 20 ms frames below -60 dBFS
        "clipping_share": pa.float64(),  # the greatest: share of samples in runs of 3 and more at full scale
    }
)


@dataclass(slots=True)
class _Facts:
    """Sums and worst values over the media of one record."""

    values: dict[str, Any] = field(default_factory=dict)

    def add(self, name: str, by: int = 1) -> None:
        self.values[name] = self.values.get(name, 0) + by

    def least(self, name: str, value: float | None) -> None:
        if value is not None:
            self.values[name] = min(self.values.get(name, value), value)

    def most(self, name: str, value: float | None) -> None:
        if value is not None:
            self.values[name] = max(self.values.get(name, value), value)


def _local(item: dict[str, Any], beside: str, root: str) -> list[Path] | None:
    """Where a media item may lie below `root`; None where its address is not local."""
    uri = item.get("uri")
    if not uri or "\0" in uri:
        return None
    if uri.startswith("file://"):
        uri = unquote(uri.removeprefix("file://"))
    elif "://" in uri or uri.startswith("data:"):
        return None
    base = Path(root).resolve()
    places = [base / uri, base / Path(beside).parent / uri] if beside else [base / uri]
    resolved = [place.resolve() for place in places]
    return [place for place in resolved if place.is_relative_to(base)]


def _file(item: dict[str, Any], beside: str, root: str) -> Path | None:
    try:
        return next((place for place in _local(item, beside, root) or () if place.is_file()), None)
    except OSError:  # a name too long for a file
        return None


def _bytes(item: dict[str, Any], beside: str, root: str | None) -> bytes | None:
    """A media item's bytes; None where they are not at hand."""
    if item.get("bytes"):
        return bytes(item["bytes"])
    place = _file(item, beside, root) if root is not None else None
    if place is None:
        return None
    offset, length = item.get("offset") or 0, item.get("length")
    if offset < 0 or (length is not None and length < 0):
        return None
    with place.open("rb") as file:
        if (place.stat().st_size - offset if length is None else length) > MOST_BYTES:
            return None
        file.seek(offset)
        return file.read(-1 if length is None else length)


def modality(item: dict[str, Any], data: bytes) -> str | None:
    """image, audio or video by the first bytes, else by what the record says; None where that cannot be judged."""
    if data.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*")):
        return "image"
    if data[:4] == b"RIFF":
        return {b"WEBP": "image", b"WAVE": "audio", b"AVI ": "video"}.get(data[8:12])
    if data.startswith((b"fLaC", b"ID3")):
        return "audio"
    if data.startswith(b"OggS"):
        return "audio" if b"\x01vorbis" in data[:64] else None
    said = f"{item.get('mime') or ''} {(item.get('uri') or '').rpartition('.')[2]}".lower()
    if any(name in said for name in _UNJUDGED):
        return None
    mime = (item.get("mime") or "").partition("/")[0].lower()
    return item.get("modality") or (mime if mime in ("image", "audio") else modality_of(item.get("uri") or ""))


def _rows(media: pa.ListArray, source: pa.StructArray, wanted: str, root: str | None) -> Iterator[list[Any]]:
    """Per record its media of this modality, as (item, bytes); one record's bytes at a time."""
    for i in range(len(media)):
        beside = (source[i].as_py() or {}).get("path") or ""
        found = []
        for item in media[i].as_py() or ():
            data = None if item is None else _bytes(item, beside, root)
            if data is not None and modality(item, data) == wanted:
                found.append((item, data))
        yield found


def _changed(item: dict[str, Any], data: bytes) -> bool:
    said = (item.get("sha256") or "").lower()
    return len(said) == 64 and hashlib.sha256(data).hexdigest() != said


@row_signal(
    dimension="completeness",
    kinds=("multimodal",),
    reads=_READ,
    writes=pa.int64(),
    unit="items",
    source="files below the folder `media_root`",
    params={"media_root": None},
    default=False,
    python_bound=True,
)
def media_absent(media: pa.ListArray, source: pa.StructArray, *, media_root: str | None) -> pa.Int64Array:
    """Media items without bytes whose local address leads to no file below `media_root`.

    Null without `media_root`, and where no item has to be looked up there: bytes of its own, or an address elsewhere.
    """
    out: list[int | None] = []
    for i in range(len(media)):
        beside = (source[i].as_py() or {}).get("path") or ""
        items = [one for one in media[i].as_py() or () if one is not None and not one.get("bytes")]
        wanted = [one for one in items if media_root is not None and _local(one, beside, media_root) is not None]
        absent = sum(_file(one, beside, str(media_root)) is None for one in wanted)
        out.append(absent if wanted else None)
    return pa.array(out, pa.int64())


@row_signal(
    dimension="accuracy",
    kinds=("multimodal",),
    reads=_READ,
    writes=IMAGE_FACTS,
    unit="see its members",
    source="pictures decoded by Pillow; sharpness: variance of the Laplacian (Pech-Pacheco et al. 2000)",
    params={"media_root": None},
    default=False,
    python_bound=True,
    extra="media",
)
def image_facts(media: pa.ListArray, source: pa.StructArray, *, media_root: str | None) -> pa.StructArray:
    """What the record's pictures are once decoded: counts, and of each measure the worst picture's.

    Read are PNG, JPEG, GIF, WebP, BMP and TIFF, of each the first frame. Null where no picture's bytes are at hand;
    width to sharpness null where none could be decoded, sharpness also below 3 pixels a side.
    """
    out: list[dict[str, Any] | None] = []
    for found in _rows(media, source, "image", media_root):
        facts = _Facts({"images": len(found), "undecodable": 0, "changed": 0, "size_mismatches": 0})
        modes = set()
        for item, data in found:
            facts.add("changed", _changed(item, data))
            seen = _picture(data)
            if seen is None:
                facts.add("undecodable")
                continue
            width, height, mode, sharpness, one_colour = seen
            said = [(item.get("width"), width), (item.get("height"), height)]
            facts.add("size_mismatches", any(told is not None and told != real for told, real in said))
            facts.least("width", width)
            facts.least("height", height)
            facts.least("sharpness", sharpness)
            facts.add("one_colour", one_colour)
            modes.add(mode)
        out.append({**facts.values, "modes": sorted(modes) or None} if found else None)
    return pa.array(out, IMAGE_FACTS)


def _picture(data: bytes) -> tuple[int, int, str, float | None, bool] | None:
    """Width, height, mode, sharpness, whether all pixels are the same; None for one that cannot be decoded."""
    from PIL import Image

    try:
        with _WARNINGS, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
                if picture.width * picture.height > (1 << 30) // 12:
                    return None
                picture.load()
                mode, (width, height) = picture.mode, picture.size
                extremes = picture.getextrema()
                grey = picture.convert("L")
    except Exception:  # decoders raise whatever broken bytes lead them to
        return None
    bands = extremes if isinstance(extremes[0], tuple) else (extremes,)
    longest = max(width, height)
    if longest > GREY_SIDE:
        size = (max(1, width * GREY_SIDE // longest), max(1, height * GREY_SIDE // longest))
        grey = grey.resize(size, Image.Resampling.BOX)
    return width, height, mode, sharpness_of(np.asarray(grey, np.float64)), all(low == high for low, high in bands)


def sharpness_of(grey: NDArray[np.float64]) -> float | None:
    """Variance of the Laplacian (4 neighbours) of a grey picture float64[height, width]; None below 3 pixels a side."""
    if min(grey.shape) < 3:
        return None
    inner = grey[1:-1, 1:-1]
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * inner
    return float(laplacian.var())


@row_signal(
    dimension="accuracy",
    kinds=("multimodal",),
    reads=_READ,
    writes=AUDIO_FACTS,
    unit="see its members",
    source="sounds decoded by miniaudio: WAV, FLAC, MP3, Ogg Vorbis",
    params={"media_root": None},
    default=False,
    python_bound=True,
    extra="media",
)
def audio_facts(media: pa.ListArray, source: pa.StructArray, *, media_root: str | None) -> pa.StructArray:
    """What the record's sounds are once decoded: counts, and of each measure the worst sound's.

    Null where no sound's bytes are at hand; shortest_s to clipping_share null where none could be decoded. A WAV file
    that is shorter than it says is cut off, and counts as undecodable; its samples are not measured.
    """
    out: list[dict[str, Any] | None] = []
    for found in _rows(media, source, "audio", media_root):
        facts = _Facts({"sounds": len(found), "undecodable": 0, "changed": 0, "rate_mismatches": 0})
        for item, data in found:
            facts.add("changed", _changed(item, data))
            heard = _sound(data)
            if heard is None:
                facts.add("undecodable")
                continue
            said = item.get("sample_rate")
            facts.add("rate_mismatches", said is not None and said != heard.sample_rate)
            facts.least("shortest_s", heard.seconds)
            facts.most("longest_s", heard.seconds)
            facts.least("sample_rate", heard.sample_rate)
            facts.most("channels", heard.channels)
            facts.most("silence_share", heard.silence_share)
            facts.most("clipping_share", heard.clipping_share)
        out.append(facts.values if found else None)
    return pa.array(out, AUDIO_FACTS)


@dataclass(frozen=True, slots=True)
class _Sound:
    seconds: float
    sample_rate: int
    channels: int
    silence_share: float
    clipping_share: float


def _sound(data: bytes) -> _Sound | None:
    import miniaudio

    if data[:4] == b"RIFF":
        if _wav_cut(data):
            return None
        info_of = miniaudio.wav_get_info
    else:
        known = {b"fLaC": miniaudio.flac_get_info, b"OggS": miniaudio.vorbis_get_info}
        info_of = known.get(data[:4], miniaudio.mp3_get_info)
    try:
        info = info_of(data)
        channels, rate = info.nchannels, info.sample_rate
        frame = max(1, round(rate * FRAME_S)) * channels
        stream = miniaudio.stream_memory(
            data, nchannels=channels, sample_rate=rate, frames_to_read=max(1, _CHUNK // frame) * (frame // channels)
        )
        samples = frames = silent = clipped = 0
        for chunk in stream:  # whole frames at a time, the last one aside
            values = np.frombuffer(chunk, np.int16)
            samples += len(values)
            clipped += clipped_samples(values.reshape(-1, channels))
            rows = np.pad(values, (0, -len(values) % frame)).reshape(-1, frame).astype(np.float64) / 32768.0
            frames += len(rows)
            silent += int(np.count_nonzero(np.sqrt((rows * rows).mean(axis=1)) < SILENT))
    except (miniaudio.MiniaudioError, ValueError, ZeroDivisionError):
        return None
    if not samples:
        return None
    return _Sound(samples / channels / rate, rate, channels, silent / frames, clipped / samples)


def clipped_samples(values: NDArray[np.int16]) -> int:
    """Samples of int16[frames, channels] that stand at full scale together with at least RUN - 1 neighbours."""
    full = np.abs(values.astype(np.int32)) >= 32767
    total = 0
    for channel in full.T:
        edges = np.flatnonzero(np.diff(np.concatenate([[False], channel, [False]]).astype(np.int8)))
        runs = edges[1::2] - edges[::2]
        total += int(runs[runs >= RUN].sum())
    return total


def _wav_cut(data: bytes) -> bool:
    """Whether a WAV file has fewer bytes of sound than it says; a stream's size of 0 or 2**32 - 1 says nothing."""
    at = 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
        if name == b"data":
            return bool(0 < size < 0xFFFFFFFF and at + 8 + size > len(data))
        at += 8 + size + size % 2
    return True
