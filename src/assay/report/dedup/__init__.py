"""The page of a deduplication run: what was found, how sure it is, and the pairs that were closest to call."""
