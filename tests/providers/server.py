"""A real HTTP server on a free port of this machine that speaks the chat-completions protocol, faults included."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """`close`: hang up without an answer. `delay_s`: before answering."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    close: bool = False


def said(text: str | None, prompt: int = 100, completion: int = 10, **more: Any) -> Reply:
    message = {"role": "assistant", "content": text}
    body = {
        "model": "small-1",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": prompt, "completion_tokens": completion},
        **more,
    }
    return Reply(body=json.dumps(body).encode())


@dataclass
class Served:
    url: str
    requests: list[dict[str, Any]]
    headers: list[dict[str, str]]
    paths: list[str]


@contextmanager
def serving(answer: Callable[[int, dict[str, Any]], Reply]) -> Iterator[Served]:
    """`answer` gets the number of the request, from 0, and its JSON body."""
    guard = threading.Lock()
    served = Served("", [], [], [])

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with guard:
                number = len(served.requests)
                served.requests.append(body)
                served.headers.append(dict(self.headers.items()))
                served.paths.append(self.path)
            reply = answer(number, body)
            time.sleep(reply.delay_s)
            if reply.close:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            with suppress(ConnectionError):  # a client without patience has left
                self.wfile.write(reply.body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
