"""The product's version. Rooms below the API read it here: `assay` itself imports the API."""

VERSION = "0.1.0"
