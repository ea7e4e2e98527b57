"""daft's `distinct` on the text of one JSONL file: SOURCE OUT."""

import json
import os
import sys
from pathlib import Path

import daft

kept = daft.read_json(sys.argv[1]).distinct("text").select("id").to_pydict()["id"]
out = Path(sys.argv[2])
out.mkdir(parents=True, exist_ok=True)
(out / "kept.json").write_text(json.dumps({"kept": kept}))
os._exit(0)  # all is written; taking itself down, it sometimes crashes
