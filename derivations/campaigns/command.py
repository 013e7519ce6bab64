"""The command `gradproof campaign`, and the options by which a run goes to a cluster.

Law: what is missing (Dask, a checkout, a scheduler) is said with how to get it, and the exit status is 2.
"""

from __future__ import annotations

import re
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

Kind = Literal["prove", "soundness", "written", "mutants", "reading", "repairs"]
On = Annotated[
    str,
    typer.Option(
        "--on", metavar="dask[://HOST:PORT]", help="Judge on a Dask cluster; without address, one of -j N here."
    ),
]
StoreAt = Annotated[
    str, typer.Option("--store", metavar="URL", help="Remember verdicts there, for many machines: a folder, s3://…")
]
HOW_TO_GET = "Dask is not installed. To get it: pip install 'gradproof[cluster]'"
ADDRESS = re.compile(r"dask(?:://(?P<address>[^\s/@]+:\d+))?/?")


class NotAsked(ValueError):
    """An engine that there is not, or that is not installed."""

    exit_status = 2


def address_of(on: str) -> str:
    """The scheduler of `--on dask://HOST:PORT`; nothing for `--on dask`. Raises NotAsked.

    >>> address_of("dask://10.0.0.1:8786")
    '10.0.0.1:8786'
    """
    match = ADDRESS.fullmatch(on)
    if match is None:
        raise NotAsked(f"--on {on}: there is dask, and dask://HOST:PORT")
    if find_spec("distributed") is None:
        raise NotAsked(HOW_TO_GET)
    return match["address"] or ""


def cluster_of(on: str, processes: int) -> Any:
    """The cluster of `--on`, to be entered; None for this machine alone. Raises NotAsked."""
    if not on:
        return None
    address = address_of(on)
    from derivations.campaigns.cluster import Cluster

    return Cluster(address, processes, _say)


def _say(text: str) -> None:
    typer.echo(text, err=True)


def campaign(
    kind: Annotated[Kind, typer.Argument(help="Which run.")],
    files: Annotated[list[Path] | None, typer.Argument(help="Of prove: documents; none: those that ship.")] = None,
    results: Annotated[
        Path | None, typer.Option("--results", metavar="FILE.jsonl", help="The lines; a run goes on where they end.")
    ] = None,
    first: Annotated[int, typer.Option("--first", min=0, help="The first number.")] = 0,
    count: Annotated[int | None, typer.Option("--count", min=1, help="How many numbers; all, or 1000.")] = None,
    processes: Annotated[int, typer.Option("-j", "--jobs", min=1, max=256, metavar="N", help="Processes.")] = 1,
    on: On = "",
    store: StoreAt = "",
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Of prove: judge everything anew.")] = False,
    parquet: Annotated[Path | None, typer.Option("--parquet", metavar="FILE", help="The lines as Parquet too.")] = None,
) -> None:
    """A large run, resumable: the claims of documents, or those that test gradproof itself (from its checkout)."""
    from derivations.batch.cache import Cache
    from derivations.batch.store import Store
    from derivations.campaigns.campaign import TaskFailed, progress_of
    from derivations.campaigns.own import NoCheckout
    from derivations.campaigns.results import to_parquet

    path = results or Path("build") / f"{kind}.jsonl"
    if files and kind != "prove":
        raise typer.BadParameter(f"{kind} takes no files")
    counts: Counter[str] = Counter()
    try:
        cluster = cluster_of(on, processes)
        cache = None if no_cache or kind != "prove" else Store(store) if store else Cache()
        for word, wrong in progress_of(kind, files or [], path, first, count, processes, cluster, cache, _say):
            counts[word] += 1
            counts["wrong"] += len(wrong)
            for text in wrong:
                typer.echo(text)
        if parquet is not None:
            to_parquet(path, parquet)
    except (NoCheckout, TaskFailed, ValueError) as error:
        if isinstance(error, ValueError) and not hasattr(error, "exit_status"):
            raise
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    except ModuleNotFoundError as missing:
        if missing.name != "pyarrow":
            raise
        typer.echo("Parquet needs pyarrow. To get it: pip install 'gradproof[cluster]'", err=True)
        raise typer.Exit(2) from None
    except OSError as error:
        typer.echo(f"{error.filename or path}: {error.strerror or error}", err=True)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        typer.echo(f"Interrupted; the same command goes on from {path}.", err=True)
        raise typer.Exit(130) from None
    summary: dict[str, Any] = {word: counts[word] for word in sorted(counts) if word != "wrong"}
    shown = ", ".join(f"{number} {word}" for word, number in summary.items()) or "nothing was left to do"
    typer.echo(f"{path}: {shown}; wrong: {counts['wrong']}")
    raise typer.Exit(1 if counts["wrong"] else 0)
