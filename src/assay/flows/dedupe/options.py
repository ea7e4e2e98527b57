"""What `dedupe` can be asked for: one shape for the command, the API, recipes and what is remembered of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from assay.core.errors import UnknownName, UserError
from assay.core.marked import load_marked
from assay.dedup.keepers import Policy, parse_policy
from assay.dedup.near import NearParams

METHODS = ("exact", "near", "substring", "semantic")
THRESHOLDS = {"near": 0.8, "semantic": 0.9}


class DedupeOptions(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """fields: what is compared: the text view, or fields (see text/fields.py). threshold: exact Jaccard (near, 0.8) or
    cosine (semantic, 0.9) from which two records are copies. size, bands, rows, seed, shingles: of near (NearParams).
    min_tokens: of substring. embedder: of semantic. keep: the keeper policy (see dedup/keepers.py).
    """

    method: str = "near"
    fields: tuple[str, ...] = ("text",)
    threshold: float | None = None
    size: int = 5
    bands: int = 14
    rows: int = 8
    seed: int = 1
    shingles: str = "auto"
    min_tokens: int = 50
    embedder: str = "lexical"
    keep: Any = None

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise UnknownName("method of dedupe", self.method, METHODS, at="method")
        self.near()
        self.policy()

    @property
    def at_least(self) -> float:
        """The threshold, or the method's own."""
        return THRESHOLDS.get(self.method, 1.0) if self.threshold is None else self.threshold

    def near(self) -> NearParams:
        """E104 for a value out of range."""
        return NearParams(
            size=self.size,
            bands=self.bands,
            rows=self.rows,
            seed=self.seed,
            shingles=self.shingles,
            threshold=self.at_least,
        )

    def policy(self) -> Policy:
        return parse_policy(self.keep)

    def as_json(self) -> dict[str, Any]:
        """What differs from the defaults, as JSON gives it back; `method` in any case."""
        return {"method": self.method, **msgspec.json.decode(msgspec.json.encode(self))}


def options_of(values: Mapping[str, Any], keep: Any = None) -> DedupeOptions:
    """From what a caller gave. keep: a policy, or the path of a YAML file of one.

    E101 for an option that does not exist, E104 for a value of another type, E106 for a file that is not there.
    """
    for name in values:
        if name not in DedupeOptions.__struct_fields__:
            raise UnknownName("option of dedupe", name, DedupeOptions.__struct_fields__)
    if isinstance(keep, str | Path):
        try:
            text = Path(keep).read_text("utf-8")
        except OSError as error:
            raise UserError(
                "E106", f"keep: cannot read {str(keep)!r}: {error.strerror}", fix="check the path"
            ) from None
        keep = load_marked(text, str(keep))[0]
    try:
        return msgspec.convert({**values, "keep": keep}, DedupeOptions)
    except msgspec.ValidationError as error:
        if isinstance(error.__cause__, UserError):
            raise error.__cause__ from None
        raise UserError("E104", f"an option of dedupe: {error}") from None
