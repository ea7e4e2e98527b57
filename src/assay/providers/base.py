"""What asks a model: messages and parameters in, a text and what it used out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypedDict

import msgspec


class Message(TypedDict):
    role: str  # system, user or assistant
    content: str


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens as the endpoint counted them; null where it does not say."""

    input_tokens: int | None = None
    output_tokens: int | None = None


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """`model`: as the endpoint named it. `finish_reason`: stop, length, ... as it said. `attempts`: calls it took."""

    text: str
    usage: Usage
    model: str
    finish_reason: str | None = None
    attempts: int = 1


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """Money for a million tokens, in whatever currency the budget is in."""

    input: float = 0.0
    output: float = 0.0

    def of(self, usage: Usage) -> float:
        """Tokens that the endpoint did not count cost nothing here: give no budget to an endpoint that says nothing."""
        return ((usage.input_tokens or 0) * self.input + (usage.output_tokens or 0) * self.output) / 1e6


class Provider(Protocol):
    """`name` tells endpoints and models apart in caches; equal names promise the same model."""

    @property
    def name(self) -> str: ...

    def complete(self, messages: Sequence[Message], params: Mapping[str, Any]) -> Completion:
        """One answer. Safe from several threads. Raises EndpointError when there is none after every retry."""
        ...


class EndpointError(Exception):
    """No answer. `status`: the HTTP status, null where there was none.

    `refused`: this one request was refused (too long, not allowed); another may well be answered.
    """

    def __init__(self, what: str, *, status: int | None = None, refused: bool = False) -> None:
        self.what, self.status, self.refused = what, status, refused
        super().__init__(what)
