"""References to images, sound and video: paths, URLs, and the {bytes, path} objects of Parquet files."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from assay.records.codecs import INT32, INT64, NUMBER, TEXT, Codec, Reshaped, Row, Struct
from assay.records.errors import wrong_type
from assay.records.kind import Problem, problem

_SUFFIXES = {
    "image": "jpg jpeg png gif webp bmp tif tiff svg",
    "audio": "wav mp3 flac ogg m4a opus",
    "video": "mp4 webm mkv mov avi",
}
MODALITY_OF = {suffix: modality for modality, suffixes in _SUFFIXES.items() for suffix in suffixes.split()}


def modality_of(uri: str) -> str | None:
    """image, audio or video by the name's ending; None where it does not say."""
    return MODALITY_OF.get(uri.partition("?")[0].rpartition(".")[2].lower())


class _Bytes(Codec):
    """Bytes, as base64 text (what bytes become in JSON)."""

    def fits(self, value: Any) -> bool:
        if not isinstance(value, str):
            return False
        try:
            base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            return False
        return True

    def read(self, value: Any, at: str) -> tuple[Any, str]:
        if not self.fits(value):
            raise wrong_type("base64 text", value, at)
        return base64.b64decode(value), ""

    def write(self, value: Any, shape: str, row: Row) -> Any:
        return base64.b64encode(value).decode()


_MEDIA = Struct(
    uri=(TEXT, ("path", "url", "file_name", "src")),
    sha256=TEXT,
    mime=(TEXT, ("mime_type", "content_type")),
    modality=TEXT,
    bytes=_Bytes(),
    offset=INT64,
    length=INT64,
    width=INT32,
    height=INT32,
    fps=NUMBER,
    sample_rate=(INT32, ("sampling_rate",)),
    duration=NUMBER,
)


def _read_one(value: Any, at: str) -> tuple[dict[str, Any], str]:
    if isinstance(value, str):
        out: dict[str, Any] = {"uri": value}
        shape = "p"
    elif isinstance(value, dict):
        out, shape = _MEDIA.read(value, at)[0], "o"
        if "uri" in value:
            shape = ""
    else:
        raise wrong_type("str | object", value, at)
    modality = modality_of(out.get("uri", ""))
    if "modality" not in out and modality:
        out["modality"] = modality
        shape += "m"  # told by us from the name: not written back
    return out, shape


def _write_one(value: Mapping[str, Any], shape: str, row: Row) -> Any:
    if shape.startswith("p"):
        return value["uri"]
    out = _MEDIA.write(value, "", row)
    if "m" in shape:
        out.pop("modality", None)
    if "o" in shape and "uri" in out:
        out["path"] = out.pop("uri")
    return out


def _read(value: Any, at: str) -> tuple[Any, str]:
    if not isinstance(value, list):
        item, shape = _read_one(value, at)
        return [item], "1" + shape
    pairs = [_read_one(item, f"{at}[{i}]") for i, item in enumerate(value)]
    shapes = {shape for _, shape in pairs}
    if all(shape.startswith("p") for shape in shapes):
        return [item for item, _ in pairs], "p"
    return [item for item, _ in pairs], shapes.pop() if len(shapes) == 1 else "o"


def _write(value: Any, shape: str, row: Row) -> Any:
    if shape.startswith("1"):
        return _write_one(value[0], shape[1:], row)
    return [_write_one(item, shape, row) for item in value]


def _is_media(value: Any) -> bool:
    if value == []:
        return True
    first = value[0] if isinstance(value, list) else value
    if isinstance(first, dict):
        return any(name in first for name in ("uri", "path", "url", "bytes", "file_name", "src"))
    return isinstance(first, str) if isinstance(value, list) else isinstance(value, str)


def _is_named_media(value: Any) -> bool:
    return isinstance(value, str) and modality_of(value) is not None


MEDIA = Reshaped("str | array | object", _is_media, _read, _write)
MEDIA_LIST = Reshaped("array", lambda v: isinstance(v, list) and _is_media(v), _read, _write)
MEDIA_BY_NAME = Reshaped("a file name that ends like an image, sound or video", _is_named_media, _read, _write)


def media_problems(row: Mapping[str, Any]) -> list[Problem]:
    found = []
    for i, media in enumerate(row.get("media") or []):
        if not media.get("uri") and media.get("bytes") is None:
            found.append(problem(f"$.media[{i}]", "media_is_nowhere", "neither a place nor bytes"))
        for side in ("width", "height", "sample_rate"):
            if media.get(side) is not None and media[side] <= 0:
                found.append(problem(f"$.media[{i}].{side}", "size_not_positive", f"{side} is {media[side]}"))
    return found
