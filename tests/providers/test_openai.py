"""The client against a real server: what it asks again, how long it waits, what it gives up on."""

from __future__ import annotations

import socket
from email.utils import formatdate
from time import time

import pytest

from assay.core.errors import UserError
from assay.providers import Endpoint, EndpointError, Price, Usage
from tests.providers.server import Reply, said, serving

ASKED = [{"role": "user", "content": "h\u00e9llo"}]


def client(url: str, waits: list[float] | None = None, **more: object) -> Endpoint:
    return Endpoint(url, "small", sleep=(waits if waits is not None else []).append, **more)  # type: ignore[arg-type]


def test_asks_in_the_protocol_and_reads_the_answer() -> None:
    with serving(lambda n, body: said("fine", 7, 2)) as server:
        answer = client(server.url + "/", key="secret").complete(ASKED, {"temperature": 0})
    assert (answer.text, answer.usage, answer.model) == ("fine", Usage(input_tokens=7, output_tokens=2), "small-1")
    assert (answer.finish_reason, answer.attempts) == ("stop", 1)
    assert server.paths == ["/v1/chat/completions"]
    assert server.requests == [{"model": "small", "messages": ASKED, "temperature": 0}]
    assert server.headers[0]["Authorization"] == "Bearer secret"
    assert "secret" not in repr(client(server.url, key="secret"))


@pytest.mark.parametrize(
    "fault",
    [
        Reply(500, b"oops"),
        Reply(503),
        Reply(429, b"{}"),
        Reply(200, b"<html>proxy</html>"),
        Reply(200, b"{"),
        Reply(200, b'{"choices": []}'),
        Reply(200, b'{"choices": [{"message": null}]}'),
        Reply(200, b"[]"),
        Reply(200, b"\xff\xfe"),
        Reply(close=True),
    ],
    ids=["500", "503", "429", "html", "cut", "no choice", "no message", "a list", "no utf-8", "hung up"],
)
def test_asks_again_after_a_fault_that_may_pass(fault: Reply) -> None:
    waits: list[float] = []
    with serving(lambda n, body: fault if n < 2 else said("at last")) as server:
        answer = client(server.url, waits).complete(ASKED, {})
    assert (answer.text, answer.attempts, len(server.requests)) == ("at last", 3, 3)
    assert waits == [0.5, 1.0]


def test_waits_as_long_as_the_endpoint_says_but_not_for_ever() -> None:
    waits: list[float] = []
    later = formatdate(time() + 30, usegmt=True)
    headers = ["7", "0.25", "86400", later, "soon", "-3"]
    with serving(lambda n, body: Reply(429, headers={"Retry-After": headers[n]}) if n < 6 else said("x")) as server:
        client(server.url, waits, retries=6).complete(ASKED, {})
    assert waits[:3] == [7.0, 0.25, 120.0]
    assert 25 < waits[3] < 31
    assert waits[4:] == [8.0, 0.0]


def test_gives_up_after_its_retries_and_says_what_it_saw() -> None:
    with (
        serving(lambda n, body: Reply(500, b"out of memory")) as server,
        pytest.raises(EndpointError, match="HTTP 500: out of memory, 3 times") as caught,
    ):
        client(server.url, retries=2).complete(ASKED, {})
    assert (caught.value.status, caught.value.refused, len(server.requests)) == (500, False, 3)


@pytest.mark.parametrize(("status", "refused"), [(400, True), (413, True), (401, False), (404, False), (302, False)])
def test_never_repeats_what_was_refused_nor_follows_a_redirect(status: int, refused: bool) -> None:
    moved = {"Location": "http://127.0.0.1:9/elsewhere"}
    with serving(lambda n, body: Reply(status, b"no", moved)) as server, pytest.raises(EndpointError) as caught:
        client(server.url, key="secret").complete(ASKED, {})
    assert (caught.value.status, caught.value.refused, len(server.requests)) == (status, refused, 1)
    assert "secret" not in str(caught.value)


def test_an_answer_without_a_text_is_refused_not_repeated() -> None:
    with serving(lambda n, body: said(None)) as server, pytest.raises(EndpointError, match="without a text") as caught:
        client(server.url).complete(ASKED, {})
    assert (caught.value.refused, len(server.requests)) == (True, 1)


def test_an_endpoint_slower_than_its_patience_is_asked_again() -> None:
    with serving(lambda n, body: said("late") if n else Reply(delay_s=0.5, body=b"{}")) as server:
        answer = client(server.url, timeout_s=0.1).complete(ASKED, {})
    assert (answer.text, answer.attempts) == ("late", 2)


def test_where_nothing_listens_is_said() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(EndpointError, match=r"no answer: .*refused.*, 2 times"):
        client(f"http://127.0.0.1:{port}/v1", retries=1).complete(ASKED, {})


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/v1", "localhost:8000"])
def test_only_http_is_an_endpoint(url: str) -> None:
    with pytest.raises(UserError, match="E110"):
        Endpoint(url, "small")


@pytest.mark.parametrize("count", ["many", -1, True, None, 1.5])
def test_a_count_of_tokens_that_is_none_is_unknown(count: object) -> None:
    with serving(lambda n, body: said("x", usage={"prompt_tokens": count})) as server:
        assert client(server.url).complete(ASKED, {}).usage == Usage()


def test_cost_is_counted_by_the_million() -> None:
    price = Price(input=2.0, output=8.0)
    assert price.of(Usage(input_tokens=500_000, output_tokens=250_000)) == pytest.approx(3.0)
    assert price.of(Usage()) == 0.0
