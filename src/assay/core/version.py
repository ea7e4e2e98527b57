"""The product's version. Rooms below the API read it here: `assay` itself imports the API."""

__version__ = "0.1.0"
