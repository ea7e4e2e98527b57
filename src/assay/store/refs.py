"""Names of datasets and of their versions: `tickets.qa`, `3`, `v3`, `HEAD`, `HEAD~2`, a tag."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches

from assay.core.errors import UserError
from assay.records.schema import KIND_NAMES

_BASE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_BACK = re.compile(r"HEAD(?:~(\d+))?")
_NUMBER = re.compile(r"v?(\d+)")


def split_name(full: str) -> tuple[str, str]:
    """Base name and kind of `tickets.qa`. Raises UserError E403."""
    base, _, kind = full.rpartition(".")
    if not _BASE.fullmatch(base) or kind not in KIND_NAMES:
        fix = f"letters, digits, - and _, then a kind, as in tickets.qa; kinds: {', '.join(KIND_NAMES)}"
        raise UserError("E403", f"{full!r} is not a dataset name", fix=fix)
    return base, kind


def check_tag(name: str) -> str:
    """The same tag, if it can be told from a number and from HEAD. Raises UserError E404."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._/-]*", name) or _NUMBER.fullmatch(name) or _BACK.fullmatch(name):
        fix = "letters, digits, . _ / and -; not a version number and not HEAD"
        raise UserError("E404", f"{name!r} cannot be a tag", fix=fix)
    return name


def resolve(dataset: str, ref: str | int | None, head: int, tags: Mapping[str, int]) -> int:
    """The version number that a reference names; 0 is the empty beginning. Raises UserError E404."""
    if ref is None or ref == "":
        return head
    text = str(ref)
    if text in tags:
        return tags[text]
    back = _BACK.fullmatch(text)
    if back:
        number = head - int(back[1] or 0)
    else:
        exact = _NUMBER.fullmatch(text)
        if exact is None:
            near = get_close_matches(text, [*tags, "HEAD"], n=3)
            fix = f"did you mean {near[0]!r}?" if near else f"a version number, HEAD~n, or a tag: {_some(tags)}"
            raise UserError("E404", f"{dataset} has no version or tag {text!r}", fix=fix)
        number = int(exact[1])
    if not 0 <= number <= head:
        fix = f"it has versions 1 to {head}" if head else "it has no versions yet"
        raise UserError("E404", f"{dataset} has no version {text!r}", fix=fix)
    return number


def _some(tags: Mapping[str, int]) -> str:
    names = sorted(tags)
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "") if names else "it has none"
