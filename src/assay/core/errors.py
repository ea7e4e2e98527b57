"""Every error a user can cause. One shape: what is wrong, where, how to fix it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

# Every code has a page at docs/errors/<code>.md (a test checks it). The hundreds are rooms:
# 1 names and types of operators, 2 recipes and rules, 3 input files and records, 4 store and ledger,
# 5 releases, 6 the command line.
CODES: dict[str, str] = {
    "E101": "unknown name",
    "E102": "registered twice",
    "E103": "wrong column type",
    "E104": "a parameter's value",
    "E105": "an extra that is not installed",
    "E106": "a file that a parameter names",
    "E107": "a quality model that cannot be used",
    "E108": "too few examples to learn from",
    "E109": "a rubric that cannot be read",
    "E110": "a model endpoint that does not answer",
    "E111": "a cluster that does not answer",
    "E200": "a recipe that cannot be read",
    "E201": "YAML that cannot be read",
    "E202": "an unknown key in a recipe",
    "E203": "a wrong or missing value in a recipe",
    "E204": "no such step",
    "E205": "a lock file that cannot be read",
    "E206": "a gate that cannot be read",
    "E207": "a version without a signal",
    "E208": "nothing decided yet",
    "E211": "a mistake in a rule's fields",
    "E212": "an expression that a rule may not use",
    "E213": "a rule reads a column of another kind",
    "E214": "a rule failed on a value",
    "E215": "rules that do not fit together",
    "E301": "a mapping that cannot be read",
    "E302": "no such field to map",
    "E303": "mapped fields that no one kind has",
    "E311": "no such file or URL",
    "E312": "an encoding that cannot be read",
    "E313": "a file that may not be read",
    "E314": "a column file that cannot be sought in",
    "E315": "a filesystem that is not installed",
    "E316": "records of no known kind",
    "E317": "a file that changed while it was read",
    "E318": "a file that holds no records",
    "E319": "an option of ingest that does not exist",
    "E330": "no tokenizer",
    "E381": "a baseline that cannot be used",
    "E382": "a JUnit file that cannot be written",
    "E383": "no tokenizer here",
    "E384": "an evaluation set from standard input",
    "E401": "not a workspace",
    "E402": "a workspace that is not on a local disk",
    "E403": "not a dataset name",
    "E404": "no such version or tag",
    "E405": "another writer is at work",
    "E406": "a ledger from a newer assay",
    "E407": "an edit of a version that is no longer current",
    "E408": "no space left",
    "E409": "the ledger is busy",
    "E410": "the ledger is damaged",
    "E411": "bytes that are gone or altered",
    "E412": "a table that cannot be read",
    "E413": "an edit that does not fit",
    "E501": "nothing to release",
    "E502": "records without a decision",
    "E503": "another folder is in the way",
    "E504": "not a release",
    "E505": "no chat form",
    "E506": "a release that cannot be named",
    "E507": "rules that are not known here",
    "E508": "not decided by these rules",
    "E509": "a report that cannot be written",
    "E602": "a version cannot be written to",
    "E603": "a folder that the demo did not make",
    "E604": "a name=value that cannot be read",
}


SHOWN = 20  # names in a fix where none is near


class UserError(ValueError):
    """A mistake in a recipe, a call or the data; never a bug of ours.

    `code` is stable across releases and has a page at docs/errors/<code>.md;
    `at` is a path into the recipe or data (`$.steps[2].column`, `recipe.yaml:14`).
    """

    def __init__(self, code: str, what: str, *, at: str = "", fix: str = "") -> None:
        self.code, self.what, self.at, self.fix = code, what, at, fix
        super().__init__(f"{code}: {what}" + (f" - at {at}" if at else "") + (f"\n  fix: {fix}" if fix else ""))

    def __reduce__(self) -> tuple[object, ...]:  # workers send errors across processes
        return _rebuild, (type(self), self.code, self.what, self.at, self.fix)


def _rebuild(cls: type[UserError], code: str, what: str, at: str, fix: str) -> UserError:
    error = cls.__new__(cls)
    UserError.__init__(error, code, what, at=at, fix=fix)
    return error


class UnknownName(UserError):
    """A name that is not registered. The nearest names come first."""

    def __init__(self, kind: str, name: str, known: Iterable[str], *, at: str = "") -> None:
        known = sorted(known)
        near = get_close_matches(name, known, n=3)
        shown = ", ".join(known[:SHOWN]) + (f" and {len(known) - SHOWN} more" if len(known) > SHOWN else "")
        fix = f"did you mean {near[0]!r}?" if near else f"one of {shown or 'none registered'}"
        UserError.__init__(self, "E101", f"no {kind} called {name!r}", at=at, fix=fix)


class UserErrors(UserError):
    """Several mistakes found in one reading; the message lists them all, in order of place."""

    def __init__(self, errors: Sequence[UserError]) -> None:
        if not errors:
            raise TypeError("UserErrors needs at least one error")
        self.errors = tuple(errors)
        first = errors[0]
        self.code, self.what, self.at, self.fix = first.code, first.what, first.at, first.fix
        ValueError.__init__(self, "\n".join(str(error) for error in errors))

    def __reduce__(self) -> tuple[object, ...]:
        return UserErrors, (self.errors,)
