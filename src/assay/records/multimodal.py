"""multimodal: words beside images, sound or video."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.records.codecs import JSON, LABEL, TEXT
from assay.records.kind import Field, Kind, Problem, problem
from assay.records.media import MEDIA, MEDIA_BY_NAME, media_problems


def _problems(row: Mapping[str, Any]) -> list[Problem]:
    found = media_problems(row)
    if row.get("media") is not None and not row["media"]:
        found.append(problem("$.media", "no_media", "the list of media is empty"))
    return found


KIND = Kind(
    name="multimodal",
    doc=__doc__,
    fields=(
        Field(
            "text",
            TEXT,
            ("text_description", "caption", "description", "transcript", "transcription", "alt_text"),
            ("sentence", "question", "title"),
            weight=2.0,
            weak_weight=1.0,
        ),
        Field(
            "media",
            MEDIA,
            (
                "image_path",
                "image",
                "images",
                "image_url",
                "audio",
                "audio_path",
                "audio_filepath",
                "audios",
                "video",
                "videos",
                "video_path",
                "image_file",
            ),
            weight=4.0,
        ),
        Field(
            "file",
            MEDIA_BY_NAME,
            ("file_name", "filename", "path", "url", "file"),
            to=("media",),
            weight=4.0,
            lenient=True,
        ),
        Field(
            "label",
            LABEL,
            ("category", "class", "given_original_label_name", "label_name"),
            ("answer",),
            weight=1.5,
            weak_weight=1.0,
            lenient=True,
        ),
        Field("annotations_json", JSON, ("annotations", "objects", "bboxes", "regions"), lenient=True),
    ),
    required=("media",),
    text_view=lambda row: row.get("text"),
    text_column="text",
    problems=_problems,
    id_fields=("id", "record_id", "uid", "uuid", "guid", "image_id", "sample_id"),
)
