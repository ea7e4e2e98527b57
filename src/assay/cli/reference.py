"""Write docs/reference from what is registered: commands, signals, rule presets, formats, kinds, error codes.

Run by `make docs`; a test compares what it writes with what is committed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from assay.cli.verbs import app


def pages() -> dict[str, str]:
    """File name -> Markdown."""
    from assay import api

    return {"commands.md": _commands()} | api.reference()


def _commands() -> str:
    # imported for their effect: each module registers its commands
    import assay.cli.main  # noqa: F401

    out = ["# Commands", "", "Written by `make docs`. `--json` with any command gives one JSON object.", ""]
    for name, command in _flat(typer.main.get_group(app), ()):
        options, words = [], [f"assay {name}"]
        for param in command.params:
            text = (getattr(param, "help", None) or "").replace("|", "\\|").replace("\n", " ")
            if param.param_type_name == "argument":
                shown = (param.metavar or param.name or "").upper()
                words.append(shown + ("..." if param.nargs == -1 else ""))
            elif "--help" not in param.opts:
                options.append(f"| `{', '.join(param.opts)}` | {text} |")
        out += [f"## assay {name}", "", f"    {' '.join(words)}", "", (command.help or "").strip(), ""]
        if options:
            out += ["| option | what |", "|---|---|", *options, ""]
    return "\n".join(out)


def _flat(group: Any, front: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Every command with its full name, groups opened."""
    for name, command in sorted(group.commands.items()):
        if hasattr(command, "commands"):
            yield from _flat(command, (*front, name))
        else:
            yield " ".join((*front, name)), command


def main() -> None:
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (target / name).write_text(text, "utf-8")
        print(target / name)


if __name__ == "__main__":
    main()
