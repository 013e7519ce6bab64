"""Who judges: worker processes of this machine, or a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from derivations.batch.workers import Workers
from derivations.campaigns.claims import OnCluster
from derivations.campaigns.command import cluster_of


@contextmanager
def engine(on: str, processes: int) -> Iterator[Any]:
    """The pool of `--on`; raises an error with status 2 where there is no such engine, or nobody answers."""
    cluster = cluster_of(on, processes)
    if cluster is None:
        yield Workers
        return
    with cluster:
        yield partial(OnCluster, cluster)
