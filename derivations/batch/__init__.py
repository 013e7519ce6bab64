"""Many claims: one run over documents, worker processes, the cache of verdicts."""
