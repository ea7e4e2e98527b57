"""A client for any endpoint that speaks the embeddings protocol of OpenAI: batches in, vectors in their order out."""

from __future__ import annotations

import base64
import binascii
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.core.errors import UserError
from assay.providers.base import EndpointError, Price, Usage
from assay.providers.http import Http, Unusable, count

MOST_CHARACTERS = 24_000  # of a text: some 6,000 tokens; what comes after plays no part
_NO_PRICE = Price()


@dataclass
class Meter:
    """What was asked and used; added to under a lock. `refused`: texts that the endpoint would not take."""

    calls: int = 0
    texts: int = 0
    refused: int = 0
    input_tokens: int = 0
    guard: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, *, calls: int = 0, texts: int = 0, refused: int = 0, input_tokens: int = 0) -> None:
        with self.guard:
            self.calls += calls
            self.texts += texts
            self.refused += refused
            self.input_tokens += input_tokens


@dataclass(frozen=True)
class EmbeddingsEndpoint:
    """`url` ends before /embeddings. `key` is sent as a bearer token and never shown.

    dimensions: asked of the endpoint, where its model can shorten vectors. budget: no new call once this much is spent
    at `price`; EndpointError then. retries, timeout_s, sleep: see Http.
    """

    url: str
    model: str
    key: str | None = field(default=None, repr=False)
    dimensions: int | None = None
    batch_rows: int = 64
    price: Price = _NO_PRICE
    budget: float | None = None
    timeout_s: float = 120.0
    retries: int = 5
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    meter: Meter = field(default_factory=Meter, repr=False, compare=False)
    _seen: list[int] = field(default_factory=list, repr=False, compare=False)  # the dimension, once one answered

    lexical = False

    def __post_init__(self) -> None:
        self._http  # noqa: B018  # checks the address
        if self.budget is not None and self.price == _NO_PRICE:
            raise UserError("E104", "a budget needs the price of tokens", at="--budget", fix="give --price-in")

    @property
    def name(self) -> str:
        cut = "" if self.dimensions is None else f" cut to {self.dimensions}"
        return f"{self.model}{cut} at {self.url.rstrip('/')}"

    @property
    def dim(self) -> int | None:
        """Of the vectors seen so far; what was asked for, or null, before the first answer."""
        return self._seen[0] if self._seen else self.dimensions

    @property
    def cost(self) -> float:
        return self.price.of(Usage(input_tokens=self.meter.input_tokens))

    @property
    def _http(self) -> Http:
        return Http(self.url, self.key, self.timeout_s, self.retries, longest_answer=256 << 20, sleep=self.sleep)

    def embed(self, texts: pa.LargeStringArray) -> NDArray[np.float32]:
        """float32[n, dim], rows of length 1; zeros for a text that is null, blank or refused by itself.

        A batch that the endpoint refuses is halved until the text that it will not take stands alone. Raises
        EndpointError when there is no answer, when it refuses every text, or when the budget is spent.
        """
        said = [text[:MOST_CHARACTERS] if text is not None else "" for text in texts.to_pylist()]
        asked = [i for i, text in enumerate(said) if text.strip()]
        rows: dict[int, NDArray[np.float32]] = {}
        for start in range(0, len(asked), self.batch_rows):
            part = asked[start : start + self.batch_rows]
            self._batch([said[i] for i in part], part, rows)
        if asked and not rows:
            raise EndpointError("every text was refused", refused=True)
        out = np.zeros((len(said), self.dim or 0), np.float32)
        for i, vector in rows.items():
            out[i] = vector
        return out

    def _batch(self, texts: list[str], places: list[int], rows: dict[int, NDArray[np.float32]]) -> None:
        if self.budget is not None and self.cost >= self.budget:
            raise EndpointError(f"the budget of {self.budget:g} is spent")
        body: dict[str, Any] = {"model": self.model, "input": texts, "encoding_format": "float"}
        if self.dimensions is not None:
            body["dimensions"] = self.dimensions
        try:
            found, usage = self._http.post(
                "embeddings", msgspec.json.encode(body), lambda data, _: _vectors(data, len(texts), self.dim)
            )
        except EndpointError as error:
            if not error.refused:
                raise
            if len(texts) == 1:
                self.meter.add(calls=1, texts=1, refused=1)
                return
            half = len(texts) // 2
            self.meter.add(calls=1)
            self._batch(texts[:half], places[:half], rows)
            self._batch(texts[half:], places[half:], rows)
            return
        self.meter.add(calls=1, texts=len(texts), input_tokens=usage.input_tokens or 0)
        with self.meter.guard:
            if not self._seen:
                self._seen.append(found.shape[1])
        if found.shape[1] != self._seen[0]:  # two threads may both have been the first
            raise EndpointError(f"vectors of {found.shape[1]} values, where {self._seen[0]} are expected")
        for place, vector in zip(places, found, strict=True):
            rows[place] = vector


def _vectors(data: bytes, wanted: int, dim: int | None) -> tuple[NDArray[np.float32], Usage]:
    """Vectors by their `index`, of length 1. Whatever is not one finite vector for each text is asked for again.

    A dimension other than before is a fault of the model, not of this answer: EndpointError.
    """
    try:
        answer = msgspec.json.decode(data)
        items = answer["data"]
        by_index = {item.get("index", at): _numbers(item["embedding"]) for at, item in enumerate(items)}
        usage = Usage(input_tokens=count((answer.get("usage") or {}).get("prompt_tokens")))
        if len(items) != wanted or sorted(by_index) != list(range(wanted)):
            raise Unusable(f"{len(items)} vectors for {wanted} texts, or not one for each")
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError, ValueError, binascii.Error) as error:
        raise Unusable(f"an answer that is none: {data[:80]!r}") from error
    sizes = sorted({len(vector) for vector in by_index.values()})
    if len(sizes) != 1 or sizes[0] == 0 or (dim is not None and sizes[0] != dim):
        said = " and ".join(map(str, sizes))
        raise EndpointError(f"vectors of {said} values" + (f", where {dim} are expected" if dim else ""))
    found = np.array([by_index[at] for at in range(wanted)], np.float64)
    length = np.sqrt(np.einsum("ij,ij->i", found, found))
    if not np.isfinite(found).all() or not np.isfinite(length).all() or not length.all():
        raise Unusable("a vector that is zero or holds NaN or infinity")
    return (found / length[:, None]).astype(np.float32), usage


def _numbers(value: Any) -> Sequence[float] | NDArray[np.float32]:
    """A list of numbers, or float32 bytes in base64, which some servers send whatever is asked for."""
    if isinstance(value, str):
        return np.frombuffer(base64.b64decode(value, validate=True), "<f4")
    if not isinstance(value, list) or not all(isinstance(x, int | float) and not isinstance(x, bool) for x in value):
        raise ValueError("no vector")
    return value
