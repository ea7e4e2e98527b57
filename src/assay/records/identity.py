"""record_id: the user's own id where there is one, else one that the same data always gets again."""

from __future__ import annotations

from typing import Any

from assay.core.ids import fingerprint
from assay.records.reading import Decoded
from assay.records.times import time_text


def record_id_of(decoded: Decoded, path: str, occurrence: int, ordinal: int) -> str:
    """The identity of a record in its dataset.

    - the user's id, where the record has one;
    - simulation: `scenario/episode/step_index`; without a step, the scenario and a hash as below;
    - domain_log: `stream/timestamp/ordinal` (the stream is the source's path where the record names none);
    - else xxh3 of (content_hash, path, occurrence).

    path: of the source, relative to the declared root, with forward slashes.
    occurrence: 0-based count of earlier records in that source with the same content hash.
    ordinal: 0-based count of earlier records in that source with the same `stream_key`.
    """
    if decoded.user_id is not None:
        return decoded.user_id
    said = decoded.payload
    if decoded.kind == "simulation":
        scenario, episode, step = said.get("scenario_id"), said.get("episode_id"), said.get("step_index")
        if (scenario is not None or episode is not None) and step is not None:
            return "/".join((_part(scenario), _part(episode), str(step)))
        if scenario is not None:
            return f"{_part(scenario)}/{fingerprint(decoded.content_hash, path, occurrence)}"
    if decoded.kind == "domain_log":
        key = stream_key(decoded, path)
        if key is not None:
            return f"{key}/{ordinal}"
    return fingerprint(decoded.content_hash, path, occurrence)


def stream_key(decoded: Decoded, path: str) -> str | None:
    """`stream/timestamp` of a domain_log record without an id of its own; None where it has no time."""
    time = decoded.payload.get("timestamp")
    if decoded.kind != "domain_log" or decoded.user_id is not None or time is None:
        return None
    return f"{_part(decoded.payload.get('stream_id', path))}/{time_text(time)}"


def _part(name: Any) -> str:
    """A name that may stand between slashes."""
    return "" if name is None else str(name).replace("%", "%25").replace("/", "%2F")
