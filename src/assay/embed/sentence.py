"""A model of the sentence-transformers library, by name or folder: the extra `embed`, as it needs torch."""

from __future__ import annotations

import threading
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from assay.core.errors import UserError
from assay.core.extras import need_extra
from assay.core.ids import path_digest
from assay.embed.base import Vectors, checked


class SentenceModel:
    """`model`: a name that the library finds, or a folder, which is named by its content.

    Vectors are the library's: the same on one machine, the last bits may differ on another, and with what shares a
    batch. They are kept by text, so that a text has one vector in a workspace. E105 without the extra, E106 for a model
    that cannot be loaded.
    """

    lexical = False
    batch_rows = 256

    def __init__(self, model: str, *, device: str | None = None) -> None:
        need_extra("embed", f"embedder 'sentence-transformers:{model}'", at="--embedder")
        self.model, self._device, self._guard = model, device, threading.Lock()

    @cached_property
    def name(self) -> str:
        content = f" {path_digest(self.model)[:16]}" if Path(self.model).is_dir() else ""
        return f"sentence-transformers {Path(self.model).name if content else self.model}{content}"

    @property
    def dim(self) -> int | None:
        model = self._loaded
        of = getattr(model, "get_embedding_dimension", None) or model.get_sentence_embedding_dimension  # before 6.0
        size: int | None = of()
        return size

    @cached_property
    def _loaded(self) -> Any:
        from sentence_transformers import SentenceTransformer

        try:
            return SentenceTransformer(self.model, device=self._device)
        except (OSError, ValueError) as error:
            what = f"embedder: cannot load {self.model!r}: {str(error).splitlines()[0][:200]}"
            raise UserError("E106", what, at="--embedder", fix="name a model that is on this machine") from error

    def embed(self, texts: pa.LargeStringArray) -> Vectors:
        said = [text or "" for text in texts.to_pylist()]
        asked = [i for i, text in enumerate(said) if text.strip()]
        with self._guard:  # the library uses every core for one batch, and a model is not safe to share
            dim = self.dim or 0
            out = np.zeros((len(said), dim), np.float32)
            if asked:
                found = self._loaded.encode(
                    [said[i] for i in asked], batch_size=32, convert_to_numpy=True, show_progress_bar=False
                )
                out[asked] = checked(np.asarray(found, np.float32), len(asked), self.name)
        return out
