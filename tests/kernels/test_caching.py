"""Compiled kernels are kept, and forgotten as soon as anything compiled into them changes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import assay
from assay.kernels.caching import source_stamp

HERE = Path(assay.__file__).parent
OUTER = """
from assay.kernels import kernel
from assay.kernels.middle import middle

@kernel
def outer(x):
    return middle(x) + 1

if __name__ == "__main__":
    from assay.kernels.outer import outer
    print(outer(1), sum(outer.stats.cache_hits.values()))
"""
MIDDLE = """
from assay.kernels import kernel
from assay.kernels.inner import inner

@kernel
def middle(x):
    return inner(x) * 10
"""
INNER = """
from assay.kernels import kernel

@kernel
def inner(x):
    return x + ADDED
"""


def run(root: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "assay.kernels.outer"],
        env={"PYTHONPATH": str(root), "PATH": "", "HOME": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_a_change_two_calls_away_compiles_again_and_only_then(tmp_path: Path) -> None:
    kernels = tmp_path / "assay" / "kernels"
    kernels.mkdir(parents=True)
    (kernels.parent / "__init__.py").write_text("")
    for name in ("__init__.py", "caching.py"):
        shutil.copy(HERE / "kernels" / name, kernels / name)
    for name, text in {"outer": OUTER, "middle": MIDDLE, "inner": INNER.replace("ADDED", "1")}.items():
        (kernels / f"{name}.py").write_text(text)
    assert run(tmp_path) == "21 0"
    assert run(tmp_path) == "21 1"
    (kernels / "inner.py").write_text(INNER.replace("ADDED", "2"))
    assert run(tmp_path) == "31 0"
    assert run(tmp_path) == "31 1"


def test_the_stamp_of_a_kernel_covers_what_it_imports() -> None:
    files = sorted((HERE / "kernels").glob("*.py"))
    assert len({source_stamp(file) for file in files}) == len(files)
