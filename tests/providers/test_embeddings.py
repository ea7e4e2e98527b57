"""The embeddings client against a real server: batches, order, what is asked again, what is refused, what it costs."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from assay.core.errors import UserError
from assay.providers import EndpointError, Price
from assay.providers.embeddings import MOST_CHARACTERS, EmbeddingsEndpoint
from tests.providers.server import Reply, serving

Answer = Callable[[int, dict[str, Any]], Reply]


def vector(text: str) -> list[float]:
    """A vector that tells texts apart, of a length other than 1."""
    return [float(len(text)), float(sum(map(ord, text)) % 97 + 1), 3.0]


def answer(body: dict[str, Any], **more: Any) -> dict[str, Any]:
    items = [{"object": "embedding", "index": i, "embedding": vector(text)} for i, text in enumerate(body["input"])]
    return {"data": items, "model": "small-1", "usage": {"prompt_tokens": 10 * len(items)}, **more}


def reply(body: dict[str, Any], **more: Any) -> Reply:
    return Reply(body=json.dumps(answer(body, **more)).encode())


def texts(*said: str | None) -> pa.LargeStringArray:
    return pa.array(said, pa.large_string())


def expected(*said: str | None) -> np.ndarray:
    rows = [[0.0, 0.0, 0.0] if not (text or "").strip() else vector(str(text)) for text in said]
    size = np.linalg.norm(rows, axis=1, keepdims=True)
    return (np.array(rows) / np.where(size == 0, 1, size)).astype(np.float32)


def client(url: str, waits: list[float] | None = None, **more: Any) -> EmbeddingsEndpoint:
    return EmbeddingsEndpoint(url, "small", sleep=(waits if waits is not None else []).append, **more)


def test_asks_in_the_protocol_and_gives_rows_of_length_one_in_order() -> None:
    with serving(lambda n, body: reply(body)) as server:
        endpoint = client(server.url + "/", key="secret", batch_rows=2)
        said = ("one", None, "h\u00e9llo", " ", "", "three", "four!")
        found = endpoint.embed(texts(*said))
    assert np.array_equal(found, expected(*said))
    assert [body["input"] for body in server.requests] == [["one", "h\u00e9llo"], ["three", "four!"]]
    assert server.requests[0] == {"model": "small", "input": ["one", "h\u00e9llo"], "encoding_format": "float"}
    assert set(server.paths) == {"/v1/embeddings"}
    assert server.headers[0]["Authorization"] == "Bearer secret"
    assert "secret" not in repr(endpoint)
    assert (endpoint.dim, endpoint.lexical, endpoint.name) == (3, False, f"small at {server.url}")
    assert (endpoint.meter.calls, endpoint.meter.texts, endpoint.meter.input_tokens) == (2, 4, 40)


def test_vectors_stand_by_their_index_whatever_their_order_in_the_answer() -> None:
    def shuffled(n: int, body: dict[str, Any]) -> Reply:
        return reply(body, data=answer(body)["data"][::-1])

    with serving(shuffled) as server:
        assert np.array_equal(client(server.url).embed(texts("a", "bb", "ccc")), expected("a", "bb", "ccc"))


def test_base64_is_read_too() -> None:
    def packed(n: int, body: dict[str, Any]) -> Reply:
        items = answer(body)["data"]
        for item in items:
            item["embedding"] = base64.b64encode(np.array(item["embedding"], "<f4").tobytes()).decode()
        return reply(body, data=items)

    with serving(packed) as server:
        assert np.array_equal(client(server.url).embed(texts("a", "bb")), expected("a", "bb"))


def _with(change: Callable[[list[Any]], Any]) -> Callable[[dict[str, Any]], Reply]:
    def made(body: dict[str, Any]) -> Reply:
        data = answer(body)["data"]
        change(data)
        return reply(body, data=data)

    return made


def _set(place: int, key: str, value: Any) -> Callable[[dict[str, Any]], Reply]:
    return _with(lambda data: data[place].__setitem__(key, value))


FAULTS: dict[str, Callable[[dict[str, Any]], Reply]] = {
    "429 with Retry-After": lambda body: Reply(429, headers={"Retry-After": "7"}),
    "500": lambda body: Reply(500, b"oops"),
    "hung up": lambda body: Reply(close=True),
    "a body cut short": lambda body: Reply(body=json.dumps(answer(body)).encode()[:-20]),
    "html": lambda body: Reply(body=b"<html>proxy</html>"),
    "a list": lambda body: Reply(body=b"[1]"),
    "no data": lambda body: Reply(body=b"{}"),
    "NaN in the JSON": lambda body: Reply(body=json.dumps(answer(body)).replace("3.0", "NaN").encode()),
    "null for a number": _set(0, "embedding", [1.0, None, 2.0]),
    "true for a number": _set(0, "embedding", [1.0, True, 2.0]),
    "an infinite number": lambda body: Reply(body=json.dumps(answer(body)).replace("3.0", "1e999").encode()),
    "a vector of zeros": _set(1, "embedding", [0.0, 0.0, 0.0]),
    "a vector too few": _with(lambda data: data.pop()),
    "the same index twice": _set(0, "index", 1),
    "an index beyond the batch": _set(0, "index", 9),
    "an index that is a text": _set(0, "index", "0"),
    "base64 that is none": _set(0, "embedding", "%%%"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_asks_again_after(fault: str) -> None:
    waits: list[float] = []
    with serving(lambda n, body: FAULTS[fault](body) if n < 2 else reply(body)) as server:
        endpoint = client(server.url, waits)
        assert np.array_equal(endpoint.embed(texts("a", "bb")), expected("a", "bb"))
    assert len(server.requests) == 3
    assert waits == ([7.0, 7.0] if fault.startswith("429") else [0.5, 1.0])
    assert endpoint.meter.input_tokens == 20, "an answer that cannot be used is not counted"


def test_gives_up_when_an_answer_stays_none() -> None:
    with (
        serving(lambda n, body: FAULTS["NaN in the JSON"](body)) as server,
        pytest.raises(EndpointError, match=r"an answer that is none: .*, 3 times"),
    ):
        client(server.url, retries=2).embed(texts("a"))
    assert len(server.requests) == 3


def test_another_dimension_than_before_is_an_error_and_is_not_asked_again() -> None:
    def shrinking(n: int, body: dict[str, Any]) -> Reply:
        return reply(body) if n == 0 else _set(0, "embedding", [1.0, 2.0])(body)

    with serving(shrinking) as server, pytest.raises(EndpointError, match="vectors of 2 values, where 3 are expected"):
        client(server.url, batch_rows=1).embed(texts("a", "b", "c"))
    assert len(server.requests) == 2


def test_two_dimensions_in_one_answer_are_an_error() -> None:
    with (
        serving(lambda n, body: _set(1, "embedding", [1.0])(body)) as server,
        pytest.raises(EndpointError, match="vectors of 1 and 3 values"),
    ):
        client(server.url).embed(texts("a", "b"))


def test_a_dimension_that_is_asked_for_is_sent_named_and_checked() -> None:
    with serving(lambda n, body: reply(body)) as server:
        short = client(server.url, dimensions=3)
        assert (short.dim, short.name) == (3, f"small cut to 3 at {server.url}")
        short.embed(texts("a"))
        with pytest.raises(EndpointError, match="vectors of 3 values, where 256 are expected"):
            client(server.url, dimensions=256).embed(texts("a"))
    assert server.requests[0]["dimensions"] == 3


def test_a_refused_text_is_found_by_halving_and_has_no_vector() -> None:
    def choosy(n: int, body: dict[str, Any]) -> Reply:
        return Reply(400, b"too long") if "bad" in body["input"] else reply(body)

    said = ("a", "bb", "bad", "dddd", "eeeee")
    with serving(choosy) as server:
        endpoint = client(server.url)
        found = endpoint.embed(texts(*said))
    assert np.array_equal(found, expected("a", "bb", None, "dddd", "eeeee"))
    assert (endpoint.meter.refused, endpoint.meter.texts) == (1, 5)
    assert len(server.requests) < 8


def test_refusing_everything_is_an_error() -> None:
    with (
        serving(lambda n, body: Reply(400, b"no such model")) as server,
        pytest.raises(EndpointError, match="every text was refused"),
    ):
        client(server.url).embed(texts("a", "b"))


@pytest.mark.parametrize("status", [401, 404])
def test_a_wrong_key_or_address_ends_at_once(status: int) -> None:
    with serving(lambda n, body: Reply(status, b"no")) as server, pytest.raises(EndpointError) as caught:
        client(server.url, key="secret").embed(texts("a", "b"))
    assert (caught.value.status, len(server.requests)) == (status, 1)
    assert "secret" not in str(caught.value)


def test_a_budget_stops_new_calls_and_needs_a_price() -> None:
    with serving(lambda n, body: reply(body)) as server:
        endpoint = client(server.url, batch_rows=1, price=Price(input=100_000.0), budget=2.0)  # a call costs 1
        with pytest.raises(EndpointError, match="the budget of 2 is spent"):
            endpoint.embed(texts("a", "b", "c"))
    assert (len(server.requests), endpoint.cost) == (2, 2.0)
    with pytest.raises(UserError, match="E104: a budget needs the price"):
        client("http://localhost:1", budget=1.0)


def test_a_long_text_is_cut() -> None:
    with serving(lambda n, body: reply(body)) as server:
        client(server.url).embed(texts("x" * (MOST_CHARACTERS + 5)))
    assert len(server.requests[0]["input"][0]) == MOST_CHARACTERS


def test_several_threads_share_one_endpoint() -> None:
    with serving(lambda n, body: reply(body)) as server:
        endpoint = client(server.url, batch_rows=3)
        found: dict[int, np.ndarray] = {}

        def work(number: int) -> None:
            found[number] = endpoint.embed(texts(*("x" * (number + k + 1) for k in range(7))))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for number in range(6):
        assert np.array_equal(found[number], expected(*("x" * (number + k + 1) for k in range(7))))
    assert (endpoint.meter.calls, endpoint.meter.texts, endpoint.meter.input_tokens) == (18, 42, 420)


def test_nothing_is_asked_about_blank_texts() -> None:
    with serving(lambda n, body: reply(body)) as server:
        assert client(server.url).embed(texts(None, "", " \n")).shape == (3, 0)
    assert server.requests == []
