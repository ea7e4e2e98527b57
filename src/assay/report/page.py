"""What every page is made with: its templates, style and policy, and how shares and counts are written."""

from __future__ import annotations

import base64
import hashlib
from importlib.metadata import version
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from assay.report.distributions import number


def environment() -> Environment:
    """Templates that escape all they are given, unless it is Markup."""
    env = Environment(
        loader=PackageLoader("assay.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(share=share, n=count, num=number)
    return env


def style(*names: str) -> Markup:
    return Markup("".join(part(name) for name in names))


def part(name: str) -> str:
    """A file beside the templates."""
    return (files("assay.report") / "templates" / name).read_text("utf-8")


def policy(script: str = "") -> str:
    """Only this very script may run, and nothing may be fetched: a record's text cannot become code."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    may_run = f"script-src 'sha256-{digest}'; " if script else ""
    return f"default-src 'none'; style-src 'unsafe-inline'; {may_run}img-src data:"


def share(part: float, whole: float) -> str:
    """A percentage that never rounds to 0 or 100 what is neither."""
    if not whole:
        return "–"
    value = 100 * part / whole
    if 0 < value < 0.05:
        return "<0.1%"
    if 99.95 <= value < 100:
        return ">99.9%"
    return f"{value:.1f}%".replace(".0%", "%") if value in (0, 100) else f"{value:.1f}%"


def count(value: int) -> str:
    return f"{value:,}"


def tools() -> list[tuple[str, str]]:
    return [(name, version(name)) for name in ("assay", "pylance", "duckdb", "pyarrow")]
