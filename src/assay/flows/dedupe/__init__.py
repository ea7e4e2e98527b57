"""Deduplication of stored datasets: the room `dedup` joined with the store and an engine. One module per method."""
