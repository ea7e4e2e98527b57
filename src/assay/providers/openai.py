"""A client for any endpoint that speaks the chat-completions protocol of OpenAI: over HTTP, with retries."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn

import msgspec

from assay.core.errors import UserError
from assay.providers.base import Completion, EndpointError, Message, Usage

_LONGEST_ANSWER = 16 << 20  # bytes
_LONGEST_WAIT = 120.0  # seconds, whatever Retry-After says
_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_REFUSED = frozenset({400, 413, 422})  # this request, not every request


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the key to another host."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


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
        if not self.url.startswith(("http://", "https://")):
            fix = "such as http://localhost:8000/v1"
            raise UserError("E110", f"{self.url!r} is no http or https address", at="--endpoint", fix=fix)

    @property
    def name(self) -> str:
        return f"{self.model} at {self.url.rstrip('/')}"

    def complete(self, messages: Sequence[Message], params: Mapping[str, Any]) -> Completion:
        """One answer, asked again after 408, 409, 425, 429, 5xx, a broken connection or an answer that is none.

        Waits what Retry-After says (two minutes at most), else half a second, doubled every time.
        """
        body = msgspec.json.encode({**params, "model": self.model, "messages": list(messages)})
        for attempt in range(self.retries + 1):
            try:
                return self._once(body, attempt + 1)
            except _Again as again:
                if attempt == self.retries:
                    raise EndpointError(f"{again.what}, {attempt + 1} times", status=again.status) from None
                wait = 0.5 * 2.0**attempt if again.wait is None else again.wait
                self.sleep(min(wait, _LONGEST_WAIT))
        raise AssertionError("the loop ends by return or raise")

    def _once(self, body: bytes, attempt: int) -> Completion:
        headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "assay"}
        if self.key is not None:
            headers["Authorization"] = f"Bearer {self.key}"
        request = urllib.request.Request(f"{self.url.rstrip('/')}/chat/completions", body, headers, method="POST")
        try:
            with urllib.request.build_opener(_NoRedirects).open(request, timeout=self.timeout_s) as answer:
                data = answer.read(_LONGEST_ANSWER + 1)
        except urllib.error.HTTPError as error:
            with error:
                _refuse(error)
        except (urllib.error.URLError, OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise _Again(f"no answer: {reason if str(reason) else type(error).__name__}") from error
        if len(data) > _LONGEST_ANSWER:
            raise EndpointError("an answer of more than 16 MB", refused=True)
        return _completion(data, attempt)


class _Again(Exception):
    def __init__(self, what: str, *, status: int | None = None, wait: float | None = None) -> None:
        self.what, self.status, self.wait = what, status, wait
        super().__init__(what)


def _refuse(error: urllib.error.HTTPError) -> NoReturn:
    try:
        said = error.read(2000).decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException):
        said = ""
    what = f"HTTP {error.code}" + (f": {said[:300]}" if said else "")
    if error.code in _AGAIN:
        raise _Again(what, status=error.code, wait=_retry_after(error.headers.get("Retry-After"))) from None
    raise EndpointError(what, status=error.code, refused=error.code in _REFUSED) from None


def _retry_after(value: str | None) -> float | None:
    """Seconds, from a number or an HTTP date; null for neither."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return max(0.0, seconds) if seconds == seconds else None


def _completion(data: bytes, attempt: int) -> Completion:
    """The first choice of an answer; whatever is not one is asked for again, for proxies do answer in HTML."""
    try:
        answer = msgspec.json.decode(data)
        choice = answer["choices"][0]
        text = choice["message"]["content"]
        used = answer.get("usage") or {}
        usage = Usage(
            input_tokens=_count(used.get("prompt_tokens")), output_tokens=_count(used.get("completion_tokens"))
        )
        finish = choice.get("finish_reason")
        model = answer.get("model")
    except (msgspec.DecodeError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise _Again(f"an answer that is none: {data[:80]!r}") from error
    if not isinstance(text, str):  # a tool call, or a filtered answer: asking again gives the same
        raise EndpointError("an answer without a text", refused=True)
    return Completion(
        text=text,
        usage=usage,
        model=model if isinstance(model, str) else "",
        finish_reason=finish if isinstance(finish, str) else None,
        attempts=attempt,
    )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
