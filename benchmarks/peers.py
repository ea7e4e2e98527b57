"""Other tools, each in an environment of its own under benchmarks/peers (git ignores it)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent / "peers"
PINS = {"datasets": ["datasets==5.2.0"]}


def python_of(name: str) -> Path:
    """The interpreter of the peer's environment; installs it the first time."""
    folder = HERE / name
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        uv = Path(sys.executable).parent / "uv"
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *PINS[name]], check=True)
        (folder / "installed").touch()
    return python
