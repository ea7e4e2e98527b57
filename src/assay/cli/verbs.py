"""How every command runs: global options, one JSON object or readable lines, and the exit codes."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec

import typer

if TYPE_CHECKING:
    from assay.api import Workspace
    from assay.core.results import Result

OK, FAILED, BAD_INPUT, INTERNAL, NOTHING_READ, INTERRUPTED = 0, 1, 2, 3, 5, 130

P = ParamSpec("P")


@dataclass
class Globals:
    """The options that stand before the command."""

    workspace: str | None = None
    workers: int | None = None
    json: bool = False

    def open(self) -> Workspace:
        from assay import api

        return api.open(self.workspace, workers=self.workers, quiet=self.json)

    def open_or_init(self) -> Workspace:
        from assay import api

        return api.open(self.workspace, create=True, workers=self.workers, quiet=self.json)


GLOBALS = Globals()

app = typer.Typer(
    name="assay",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Raw records to training-data releases that can be defended.",
    epilog="Exit codes: 0 ok, 1 a check or gate failed, 2 bad usage or input, 3 a bug of ours, "
    "5 nothing was read, 130 interrupted.",
)


def group(name: str, panel: str, help: str) -> typer.Typer:
    """Register a group of commands: `assay NAME COMMAND`."""
    made = typer.Typer(no_args_is_help=True, help=help, context_settings={"help_option_names": ["-h", "--help"]})
    app.add_typer(made, name=name, rich_help_panel=panel)
    return made


def verb(
    panel: str, name: str | None = None, *, under: typer.Typer = app
) -> Callable[[Callable[P, Result]], Callable[P, None]]:
    """Register a command that returns a result; printing, errors and exit codes are the same for all."""

    def register(function: Callable[P, Result]) -> Callable[P, None]:
        @functools.wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> None:
            raise typer.Exit(_guarded(lambda: function(*args, **kwargs)))

        under.command(name=name, rich_help_panel=panel if under is app else None)(run)
        return run

    return register


def _guarded(work: Callable[[], Result]) -> int:
    from assay.core.errors import UserError

    try:
        result = work()
        _print(result)
        return int(getattr(result, "exit_code", OK))
    except UserError as error:
        _print_error(error)
        return NOTHING_READ if error.code in NOTHING_READ_CODES else BAD_INPUT
    except KeyboardInterrupt:
        print("interrupted; finished fragments are kept, the same command goes on from there", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output went away, as in `assay log | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Exception:
        import traceback

        traceback.print_exc()
        print(f"\nThis is a bug of Assay's, not of your data (exit code {INTERNAL}).", file=sys.stderr)
        return INTERNAL


NOTHING_READ_CODES = frozenset({"E318"})


def _print(result: Result) -> None:
    if GLOBALS.json:
        print(json.dumps(result.as_json(), ensure_ascii=False))
    else:
        print("\n".join(result.lines()))
    sys.stdout.flush()


def _print_error(error: Any) -> None:
    if GLOBALS.json:
        errors = getattr(error, "errors", (error,))
        shown = [{"code": e.code, "what": e.what, "at": e.at, "fix": e.fix} for e in errors]
        print(json.dumps({"errors": shown}, ensure_ascii=False))
    print(error, file=sys.stderr)


_TAKES_VALUE = {"-w", "--workspace", "--workers"}


def hoist(argv: list[str]) -> list[str]:
    """Global options written after the command, moved before it: `assay log tickets --json` works too.

    >>> hoist(["log", "tickets", "--json", "-w", "here"])
    ['--json', '-w', 'here', 'log', 'tickets']
    """
    front: list[str] = []
    rest: list[str] = []
    words = iter(argv)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word == "--json" or word.startswith(("--workspace=", "--workers=")):
            front.append(word)
        elif word in _TAKES_VALUE:
            front += [word, *([value] if (value := next(words, None)) is not None else [])]
        else:
            rest.append(word)
    return front + rest
