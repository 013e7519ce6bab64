"""Tasks on a Dask cluster: in order, in batches that grow with how fast they are, whoever is killed meanwhile.

Law: results come in the order of the items and do not depend on the number of workers, nor on how often one dies. The
work itself is done in a child of each worker (`child.py`). A worker that dies costs what it had in hand; so does the
scheduler, after which all that is not finished is sent again. An item that goes down with its worker again and again,
alone in its batch, is lost for that stated reason; none is dropped. No more is in hand than a few batches for each
worker.

What it cannot see: who else may speak to the cluster. Dask runs what it is sent: use a cluster that you trust.
"""

from __future__ import annotations

import logging
import pickle
import queue
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import dask
import distributed
from distributed.scheduler import KilledWorker

from derivations.batch.cache import source_digest
from derivations.batch.workers import GUARD_SECONDS
from derivations.campaigns.child import CHILD
from derivations.campaigns.items import Ready
from derivations.campaigns.results import TaskFailed

T = TypeVar("T")
R = TypeVar("R")

BATCH_SECONDS = 0.5  # of processor time: the cost of sending a batch, some milliseconds, is a hundredth of it
LARGEST_BATCH = 256
BATCHES = 3  # in hand for each worker, so that none waits for the next
TRIES = 4  # how often a worker may die over one item that is alone in its batch
RETRIES = 2  # of a task that raised
PATIENCE_SECONDS = 300.0  # for a scheduler that is gone, or for the first worker
LOOK_SECONDS = 2.0  # between looks at how many workers there are
CONNECT_SECONDS = 10


class OtherSource(Exception):
    """A worker has another version of gradproof, whose verdicts are not those that are asked for."""


class NoCluster(ValueError):
    """No scheduler answers."""

    exit_status = 2


class _Slot:
    """An item in hand and its result."""

    __slots__ = ("is_ready", "item", "result", "tries")

    def __init__(self, item: Any) -> None:
        self.item: Any = item
        self.result: Any = None
        self.is_ready, self.tries = False, 0
        if isinstance(item, Ready):
            self.result, self.is_ready = item.result, True


def run_batch(function: Callable[[Any], Any], lost: Callable[[Any, str], Any], packed: bytes, source: str) -> Any:
    """What a worker does: the results of a batch, packed, and their seconds of processor time; raises OtherSource.
    (Bytes, because Dask would look into every list of a task for others of its own.)"""
    if source_digest() != source:
        raise OtherSource("a worker has another version of gradproof, of Python or of the libraries that it trusts")
    before = CHILD.seconds
    results = CHILD.results(function, pickle.loads(packed), lost)
    return pickle.dumps(results, protocol=5), CHILD.seconds - before


class Cluster:
    """A cluster by its address, `HOST:PORT`; without one, a cluster of its own of worker processes on this machine."""

    def __init__(self, address: str = "", processes: int = 1, say: Callable[[str], None] = lambda text: None) -> None:
        self._address, self._processes, self._say = address, processes, say
        self._own: Any = None
        self._client: Any = None
        self._workers, self._looked = 0, 0.0
        self._batch = 1
        self._name = uuid.uuid4().hex[:12]
        self._number = 0
        self._done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._flying: dict[Any, tuple[list[_Slot], float]] = {}

    def __enter__(self) -> Cluster:
        for name in ("distributed", "tornado.application", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # a worker that dies is no news here
        dask.config.set({"logging": {"distributed": "critical", "distributed.nanny": "critical"},
                         "distributed.scheduler.allowed-failures": 8,
                         "distributed.admin.tick.interval": "1s",  # fifty times a second for each server is Dask's own
                         "distributed.admin.system-monitor.interval": "5s",
                         "distributed.comm.timeouts.connect": f"{CONNECT_SECONDS}s"})  # fmt: skip
        self._connect(0.0)
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(Exception):
            if self._flying:
                self._client.cancel(list(self._flying), force=True)
        self._leave()

    # -- the connection --

    def _connect(self, patience: float) -> None:
        """Connects; raises NoCluster when nobody answers within the patience."""
        end = time.monotonic() + patience
        while True:
            try:
                if not self._address and self._own is None:
                    self._own = distributed.LocalCluster(
                        n_workers=self._processes, threads_per_worker=1, processes=True,
                        dashboard_address="127.0.0.1:0",  # without one, Dask takes its usual port and says so
                        silence_logs=logging.CRITICAL,
                    )  # fmt: skip
                self._client = distributed.Client(self._own or f"tcp://{self._address}", set_as_default=False)
                self._looked = 0.0
                return
            except OSError as error:  # a TimeoutError is one
                self._leave()
                if time.monotonic() >= end:
                    at = self._address or "this machine"
                    raise NoCluster(f"no Dask scheduler answers at {at}: {error}") from None
                time.sleep(0.5)

    def _leave(self) -> None:
        for each in (self._client, self._own):
            if each is not None:
                with suppress(Exception):
                    each.close(timeout=5)
        self._client = self._own = None

    def _again(self) -> None:
        """After the scheduler was lost: another connection, to which all that is not finished is sent."""
        self._say("the scheduler is gone; what was in hand is sent again when there is one")
        self._leave()
        self._flying.clear()
        self._done = queue.SimpleQueue()
        self._connect(PATIENCE_SECONDS)

    def _count(self) -> int:
        """How many workers there are, looked at now and then; at least 1."""
        now = time.monotonic()
        if now - self._looked > LOOK_SECONDS:
            self._looked = now
            with suppress(Exception):
                self._workers = sum(self._client.ncores().values())
        return max(1, self._workers)

    # -- the work --

    def map(
        self, function: Callable[[T], R], items: Iterable[T | Ready[R]], lost: Callable[[T, str], R]
    ) -> Iterator[R]:
        """The result of each item, in their order, each as soon as all before it are there. `function` and items are
        pickled; `lost(item, reason)` is the result of an item that no worker survives."""
        coming = iter(items)
        held: deque[_Slot] = deque()
        waiting: deque[_Slot] = deque()
        is_over = False
        while True:
            most = BATCHES * self._count() * (self._batch + 1)
            while not is_over and len(held) < most:
                item = next(coming, None)
                is_over = item is None
                if item is not None:
                    slot = _Slot(item)
                    held.append(slot)
                    if not slot.is_ready:
                        waiting.append(slot)
                    elif held[0].is_ready:
                        break  # what is known is given at once
            try:
                self._send(function, lost, waiting)
                while held and held[0].is_ready:
                    yield held.popleft().result
                if not held and is_over:
                    return
                if self._flying:
                    self._take(waiting, lost)
            except (OSError, RuntimeError, distributed.CancelledError):
                if self._is_connected() and not self._is_gone():
                    raise
                in_hand = [slot for slot in held if not slot.is_ready]
                self._again()
                waiting = deque(in_hand)

    def _is_gone(self) -> bool:
        """Whether the scheduler does not answer, or is another one that knows nothing of what was in hand."""
        try:
            self._client.ncores()
        except Exception:
            return True
        return any(future.status in ("cancelled", "lost") for future in self._flying)

    def _is_connected(self) -> bool:
        return self._client is not None and self._client.status == "running"

    def _send(self, function: Callable[[Any], Any], lost: Callable[[Any, str], Any], waiting: deque[_Slot]) -> None:
        """Sends batches as long as there is room."""
        room = BATCHES * self._count()
        while waiting and len(self._flying) < room:
            if not self._is_connected():
                raise OSError("the connection to the scheduler is lost")
            size = 1 if waiting[0].tries else self._batch
            batch = [waiting.popleft()]
            while waiting and len(batch) < size and not waiting[0].tries:
                batch.append(waiting.popleft())
            self._number += 1
            packed = pickle.dumps([slot.item for slot in batch], protocol=5)
            key = f"gradproof-{self._name}-{self._number}"
            task = (run_batch, function, lost, packed, source_digest())
            future = self._client.submit(*task, key=key, pure=False, retries=RETRIES)
            self._flying[future] = (batch, time.monotonic())
            future.add_done_callback(self._done.put)

    def _take(self, waiting: deque[_Slot], lost: Callable[[Any, str], Any]) -> None:
        """Takes in what is finished, waiting for it a little."""
        try:
            future = self._done.get(timeout=1.0)
        except queue.Empty:
            if not self._is_connected():
                raise OSError("the connection to the scheduler is lost") from None
            self._look_at_the_clock(waiting, lost)
            return
        found = self._flying.pop(future, None)
        if found is None:
            return
        batch, _ = found
        if future.status == "finished":
            packed, seconds = future.result()
            for slot, result in zip(batch, pickle.loads(packed), strict=True):
                slot.result, slot.is_ready = result, True
            self._learn(len(batch), seconds)
        elif future.status == "error":
            error = future.exception()
            if not isinstance(error, KilledWorker):
                raise TaskFailed(f"{type(error).__name__}: {error}") from error
            why = "the process that judged it ended: out of memory, or a crash of a solver"
            self._killed(batch, waiting, lost, why)
        else:
            self._flying[future] = found
            raise OSError("what was in hand is lost")

    def _killed(self, batch: Sequence[_Slot], waiting: deque[_Slot], lost: Callable[[Any, str], Any], why: str) -> None:
        """Sends the items of a batch that killed its workers again, each alone; one that was alone is lost at last."""
        for slot in reversed(batch):
            slot.tries += 1
            if len(batch) == 1 and slot.tries >= TRIES:
                slot.result, slot.is_ready = lost(slot.item, why), True
            else:
                waiting.appendleft(slot)

    def _look_at_the_clock(self, waiting: deque[_Slot], lost: Callable[[Any, str], Any]) -> None:
        """Ends batches that are past the outer guard, with their workers."""
        now = time.monotonic()
        for future, (batch, since) in list(self._flying.items()):
            # the child has a guard of its own; the batch may have waited for those before it in the hand of its worker
            if now - since > GUARD_SECONDS * (len(batch) + 1) * (BATCHES + 1):
                del self._flying[future]
                with suppress(Exception):
                    doing = self._client.processing()
                    self._client.cancel([future], force=True)
                    self._client.restart_workers([name for name, keys in doing.items() if future.key in keys])
                if len(batch) == 1:
                    batch[0].tries = TRIES
                why = f"not finished within the outer guard of {GUARD_SECONDS:g} s of wall time"
                self._killed(batch, waiting, lost, why)

    def _learn(self, count: int, seconds: float) -> None:
        """The next batches have about as much work as one should, on a busy machine too; never more than twice as many
        as before."""
        fitting = int(BATCH_SECONDS * count / max(seconds, 1e-6))
        self._batch = max(1, min(fitting, 2 * max(count, self._batch), LARGEST_BATCH))
