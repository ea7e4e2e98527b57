"""Token counts with a real vocabulary: any Hugging Face `tokenizer.json`, read from disk, never fetched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from assay.core.errors import UserError
from assay.core.ids import sha256_file

_BATCH = 1024  # texts per call: enough to keep the Rust side busy, little to hold


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """A vocabulary from a file. `sha256` is of that file: counts with another one are other counts."""

    path: str
    sha256: str
    backend: Any

    @classmethod
    def load(cls, path: str | Path, *, at: str = "--tokenizer") -> Tokenizer:
        """A tokenizer.json, or a folder that holds one. E330 when there is none or it cannot be read."""
        from tokenizers import Tokenizer as Backend  # 0.1 s to import: only for those who hand in a file

        file = Path(path)
        if file.is_dir():
            file = file / "tokenizer.json"
        if not file.is_file():
            what = f"no tokenizer file at {str(path)!r}"
            raise UserError("E330", what, at=at, fix="give a tokenizer.json, or the folder of a model that holds one")
        try:
            backend = Backend.from_file(str(file))
        except Exception as error:  # the library raises plain Exception for every fault of the file
            raise UserError(
                "E330", f"{file.name} is not a tokenizer: {error}", at=at, fix="use a `tokenizers` file"
            ) from error
        backend.no_truncation()
        backend.no_padding()
        return cls(str(file), sha256_file(file), backend)

    def counts(self, text: pa.Array | pa.ChunkedArray, *, special: bool = False) -> pa.Int64Array:
        """Tokens of each text; null where the text is. special: also those that the tokenizer adds at both ends."""
        values = text.to_pylist()
        out = np.zeros(len(values), np.int64)
        known = [i for i, value in enumerate(values) if value is not None]
        for start in range(0, len(known), _BATCH):
            rows = known[start : start + _BATCH]
            found = self.backend.encode_batch_fast([values[i] for i in rows], add_special_tokens=special)
            out[rows] = [len(encoding) for encoding in found]
        return pa.array(out, mask=np.array([value is None for value in values], np.bool_))
