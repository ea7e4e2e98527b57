"""One JSON request to a model endpoint over HTTP: retries, waiting as told, no redirects, keys never shown."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn, TypeVar

from assay.core.errors import UserError
from assay.providers.base import EndpointError

_LONGEST_WAIT = 120.0  # seconds, whatever Retry-After says
_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_REFUSED = frozenset({400, 413, 422})  # this request, not every request

Answer = TypeVar("Answer")


class Unusable(Exception):
    """An answer that is none, or none at all: worth asking again."""

    def __init__(self, what: str, *, status: int | None = None, wait: float | None = None) -> None:
        self.what, self.status, self.wait = what, status, wait
        super().__init__(what)


@dataclass(frozen=True)
class Http:
    """`url`: of the API, without the last part of the path. `key` is sent as a bearer token and never shown.

    retries: calls after the first. timeout_s: of one read or connect. sleep: how to wait, for tests with a clock.
    """

    url: str
    key: str | None = field(default=None, repr=False)
    timeout_s: float = 120.0
    retries: int = 5
    longest_answer: int = 16 << 20  # bytes
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            fix = "such as http://localhost:8000/v1"
            raise UserError("E110", f"{self.url!r} is no http or https address", at="--endpoint", fix=fix)

    def post(self, path: str, body: bytes, read: Callable[[bytes, int], Answer]) -> Answer:
        """What `read` makes of the answer and the number of the attempt, which may raise Unusable.

        Asked again after 408, 409, 425, 429, 5xx, a broken connection or an unusable answer. Waits what Retry-After
        says (two minutes at most), else half a second, doubled every time. Raises EndpointError when there is no
        answer after every retry, or when the request is refused.
        """
        for attempt in range(self.retries + 1):
            try:
                return read(self._once(path, body), attempt + 1)
            except Unusable as again:
                if attempt == self.retries:
                    raise EndpointError(f"{again.what}, {attempt + 1} times", status=again.status) from None
                wait = 0.5 * 2.0**attempt if again.wait is None else again.wait
                self.sleep(min(wait, _LONGEST_WAIT))
        raise AssertionError("the loop ends by return or raise")

    def _once(self, path: str, body: bytes) -> bytes:
        headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "assay"}
        if self.key is not None:
            headers["Authorization"] = f"Bearer {self.key}"
        request = urllib.request.Request(f"{self.url.rstrip('/')}/{path}", body, headers, method="POST")
        try:
            with urllib.request.build_opener(_NoRedirects).open(request, timeout=self.timeout_s) as answer:
                data: bytes = answer.read(self.longest_answer + 1)
        except urllib.error.HTTPError as error:
            with error:
                _refuse(error)
        except (urllib.error.URLError, OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise Unusable(f"no answer: {reason if str(reason) else type(error).__name__}") from error
        if len(data) > self.longest_answer:
            raise EndpointError(f"an answer of more than {self.longest_answer >> 20} MB", refused=True)
        return data


def count(value: Any) -> int | None:
    """A number of tokens as an endpoint says it; null for what is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the key to another host."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _refuse(error: urllib.error.HTTPError) -> NoReturn:
    try:
        said = error.read(2000).decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException):
        said = ""
    what = f"HTTP {error.code}" + (f": {said[:300]}" if said else "")
    if error.code in _AGAIN:
        raise Unusable(what, status=error.code, wait=_retry_after(error.headers.get("Retry-After"))) from None
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
