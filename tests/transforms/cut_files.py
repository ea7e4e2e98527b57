"""Files for the transform cut_repeated, made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from assay.records.schema import TEXT
from assay.transforms.repeated_spans import CUT_FILE, text_digests, write_cut_file

Places = Sequence[tuple[int, int]]


def cut_file(path: Path, everywhere: Mapping[str, Places], elsewhere: Mapping[str, Places] | None = None) -> str:
    """A file that cuts these bytes of these texts."""
    column = pa.array(sorted(everywhere), TEXT)
    digests = text_digests(column)
    order = np.lexsort((digests[:, 1], digests[:, 0]))
    names = [column[int(i)].as_py() for i in order]

    def places(of: Mapping[str, Places]) -> pa.ListArray:
        items = [[{"start": a, "end": b} for a, b in of.get(name, ())] for name in names]
        return pa.array(items, CUT_FILE.field("any").type)

    both = {"any": places(everywhere), "elsewhere": places(everywhere if elsewhere is None else elsewhere)}
    write_cut_file(path, digests[order], both, {"dataset": "d"})
    return str(path)
