"""record_id: the user's own id where there is one, else one that the same data always gets again."""

from __future__ import annotations

from typing import Any

from assay.core.ids import fingerprint
from assay.records.reading import Decoded
from assay.records.times import time_text


def record_id_of(decoded: Decoded, path: str, occurrence: int, ordinal: int) -> str:
    """The identity of a record in its dataset.

    - the user's id, where the record has one;
    - simulation: `scenario/episode/step_index`, and `/ordinal` from the second of the same step on;
    - domain_log: `stream/timestamp/ordinal`;
    - else xxh3 of (content_hash, path, occurrence); behind `scenario/` for a simulated step without a number.

    A scenario or stream without a name is the source itself: its path.

    path: of the source, relative to the declared root, with forward slashes.
    occurrence: 0-based count of earlier records in that source with the same content hash.
    ordinal: 0-based count of earlier records in that source with the same `stream_key`.
    """
    if decoded.user_id is not None:
        return decoded.user_id
    key = stream_key(decoded, path)
    if key is not None:
        return f"{key}/{ordinal}" if ordinal or decoded.kind == "domain_log" else key
    hashed = fingerprint(decoded.content_hash, path, occurrence)
    scenario = decoded.payload.get("scenario_id") if decoded.kind == "simulation" else None
    return hashed if scenario is None else f"{_part(scenario)}/{hashed}"


def stream_key(decoded: Decoded, path: str) -> str | None:
    """What names a record without an id within its stream or scenario; None where nothing does.

    `stream/timestamp` of a domain_log, `scenario/episode/step_index` of a simulation.
    """
    said = decoded.payload
    if decoded.user_id is not None:
        return None
    if decoded.kind == "domain_log" and said.get("timestamp") is not None:
        return f"{_part(said.get('stream_id', path))}/{time_text(said['timestamp'])}"
    if decoded.kind == "simulation" and said.get("step_index") is not None:
        if said.get("scenario_id") is None and said.get("episode_id") is None:
            return None
        return f"{_part(said.get('scenario_id', path))}/{_part(said.get('episode_id'))}/{said['step_index']}"
    return None


def _part(name: Any) -> str:
    """A name that may stand between slashes."""
    return "" if name is None else str(name).replace("%", "%25").replace("/", "%2F")
