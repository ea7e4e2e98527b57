"""Other tools, each in an environment of its own under benchmarks/peers (git ignores it)."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent / "peers"
PINS = {
    "daft": ["daft==0.7.26", "numpy==2.4.0", "pyarrow==22.0.0"],
    # torch, aiohttp and ray are undeclared: it stops without the first two, and installs the last while it runs
    "data-juicer": ["py-data-juicer==1.6.1", "torch==2.13.0", "aiohttp==3.14.5", "ray==2.60.0"],
    "datasets": ["datasets==5.2.0"],
    "datatrove": ["datatrove[io,processing]==0.10.1", "spacy==3.8.18"],  # its English filters need spaCy undeclared
    "dolma": ["dolma==1.2.1"],
    "rensa": ["rensa==0.5.0"],
    "text-dedup": ["text-dedup==0.4.0"],
}


def python_of(name: str) -> Path:
    """The interpreter of the peer's environment; installs it the first time. Two callers at once install it once."""
    folder = HERE / name
    python = folder / "bin" / "python"
    HERE.mkdir(exist_ok=True)
    with (HERE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "installed").exists():
            uv = Path(sys.executable).parent / "uv"
            subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder], check=True)
            subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *PINS[name]], check=True)
            (folder / "installed").touch()
    return python
