"""A client for any endpoint that speaks the chat-completions protocol of OpenAI: over HTTP, with retries."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from assay.providers.base import Completion, EndpointError, Message, Usage
from assay.providers.http import Http, Unusable, count


@dataclass(frozen=True)
class Endpoint:
    """`url` ends before /chat/completions. `key` is sent as a bearer token and never shown.

    retries: calls after the first. timeout_s: of one read or connect. sleep: how to wait, for tests with a clock.
    """

    url: str
    model: str
    key: str | None = field(default=None, repr=False)
    timeout_s: float = 120.0
    retries: int = 5
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def __post_init__(self) -> None:
        self._http  # noqa: B018  # checks the address

    @property
    def name(self) -> str:
        return f"{self.model} at {self.url.rstrip('/')}"

    @property
    def _http(self) -> Http:
        return Http(self.url, self.key, self.timeout_s, self.retries, sleep=self.sleep)

    def complete(self, messages: Sequence[Message], params: Mapping[str, Any]) -> Completion:
        """One answer, asked again after what may pass: see `Http.post`."""
        body = msgspec.json.encode({**params, "model": self.model, "messages": list(messages)})
        return self._http.post("chat/completions", body, _completion)


def _completion(data: bytes, attempt: int) -> Completion:
    """The first choice of an answer; whatever is not one is asked for again, for proxies do answer in HTML."""
    try:
        answer = msgspec.json.decode(data)
        choice = answer["choices"][0]
        text = choice["message"]["content"]
        used = answer.get("usage") or {}
        usage = Usage(input_tokens=count(used.get("prompt_tokens")), output_tokens=count(used.get("completion_tokens")))
        finish = choice.get("finish_reason")
        model = answer.get("model")
    except (msgspec.DecodeError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise Unusable(f"an answer that is none: {data[:80]!r}") from error
    if not isinstance(text, str):  # a tool call, or a filtered answer: asking again gives the same
        raise EndpointError("an answer without a text", refused=True)
    return Completion(
        text=text,
        usage=usage,
        model=model if isinstance(model, str) else "",
        finish_reason=finish if isinstance(finish, str) else None,
        attempts=attempt,
    )
