"""A table of what a package lost between two versions, for the signals that look for removed names."""

from __future__ import annotations

from pathlib import Path

from assay.core.results import Result
from assay.text.api_tables import build_api_table, write_api_table


class ApiTableResult(Result, frozen=True, kw_only=True):
    """`names`: how many the newer version has. `removed` and `removed_parameters` are listed whole in the file."""

    package: str
    old: str
    new: str
    names: int
    removed: list[str]
    removed_parameters: dict[str, list[str]]
    path: str

    def lines(self) -> list[str]:
        said = f"{self.package} {self.old} to {self.new}: {self.names:,} names, {len(self.removed):,} removed"
        shown = [f"  {name}" for name in self.removed[:10]]
        more = [f"  and {len(self.removed) - 10:,} more"] if len(self.removed) > 10 else []
        use = f"assay measure DATASET --only stale_apis --param 'api_tables={self.path}'"
        return [said, *shown, *more, f"written to {self.path}; use it: {use}"]


def api_table(
    old: str | Path, new: str | Path, out: str | Path, *, old_version: str | None = None, new_version: str | None = None
) -> ApiTableResult:
    """Compare the package folders `old` and `new` and write the table to `out`.

    E105 without the extra `code`; E106 when a folder is no package.
    """
    table = build_api_table(old, new, old_version=old_version, new_version=new_version)
    write_api_table(table, out)
    return ApiTableResult(
        package=table["package"],
        old=table["old"],
        new=table["new"],
        names=len(table["names"]),
        removed=table["removed"],
        removed_parameters=table["removed_parameters"],
        path=str(out),
    )
