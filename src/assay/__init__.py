"""Assay: raw records to training-data releases that can be defended.

A version is an immutable table; a signal measures rows; a rule maps signals to a
decision with a reason; a recipe is a list of steps; a release is a version plus
its evidence.

Importing this package is cheap: the public names load on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.core.version import __version__

if TYPE_CHECKING:
    from assay.api import Dataset, Workspace, check, open

__all__ = ["Dataset", "Workspace", "__version__", "check", "open"]


def __getattr__(name: str) -> object:
    if name in __all__:
        from assay import api

        return getattr(api, name)
    raise AttributeError(f"module 'assay' has no attribute {name!r}")
