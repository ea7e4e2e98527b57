"""Vectors of texts: from an endpoint, a named model, or the words alone. Whoever embeds is handed in by name."""

from assay.embed.base import Embedder as Embedder
from assay.embed.base import Vectors as Vectors
from assay.embed.base import checked as checked
from assay.embed.lexical import LexicalModel as LexicalModel
