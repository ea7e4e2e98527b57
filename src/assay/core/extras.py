"""Libraries that only some users need: named in pyproject as extras, imported where they are used."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec

from assay.core.errors import UserError

# The module that shows whether an extra is there.
MODULES = {
    "math": "math_verify",
    "label": "cleanlab",
    "code": "tree_sitter",
    "media": "miniaudio",
    "html": "fastwarc",
    "docs": "pypdf",
    "ray": "ray",
    "embed": "sentence_transformers",
}


@cache
def has_extra(extra: str) -> bool:
    """Whether the libraries of this extra are installed; KeyError for a name that pyproject does not have."""
    return find_spec(MODULES[extra]) is not None


def need_extra(extra: str, wanted_by: str, *, at: str = "") -> None:
    """E105 when the libraries of this extra are not installed. `wanted_by` reads like "signal 'code_errors'"."""
    if not has_extra(extra):
        raise UserError(
            "E105", f"{wanted_by} needs libraries of the extra {extra!r}", at=at, fix=f"pip install 'assay[{extra}]'"
        )
