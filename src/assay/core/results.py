"""What every verb returns: a frozen struct that prints well and becomes one JSON object."""

from __future__ import annotations

from typing import Any

import msgspec


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """Subclasses declare the fields of the command contract; `lines` is what a person reads."""

    def as_json(self) -> dict[str, Any]:
        built: dict[str, Any] = msgspec.to_builtins(self)
        return built

    def lines(self) -> list[str]:
        return [f"{name}: {value}" for name, value in self.as_json().items()]

    def __str__(self) -> str:
        return "\n".join(self.lines())
