"""Work on a dask cluster, whose scheduler and workers may come and go."""

from __future__ import annotations

import logging
import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import ExitStack, contextmanager, suppress
from importlib import import_module
from typing import Any

from ..numerics.errors import InputError, MissingLibraryError, need_library

#: seconds in which a scheduler must answer at the start
ANSWER_WITHIN = 10.0
#: seconds between looks at who works
_LOOK = 1.0
#: packages whose versions a worker must share
_ALIKE = ("taskalign", "numpy", "pyarrow")

_log = logging.getLogger("taskalign")


class WorkersLost(RuntimeError):
    """Dask has no worker, or its scheduler does not answer; what was finished is kept."""


def on_dask(
    compute: Callable[[int], bytes], todo: list[int], scheduler: Any, patience: float
) -> Iterator[tuple[int, bytes]]:
    """The chunks as workers make them, in any order.

    Args:
        compute: makes the chunk at a place; sent to the workers.
        todo: places.
        scheduler: address, or a `distributed.Client`.
        patience: seconds to wait while there is no worker, or the scheduler does not answer.

    Raises:
        InputError: the scheduler is none, or a worker has other versions of what decides the bytes.
        WorkersLost: nobody worked for so long.
    """
    try:
        need_library("dask", "distributed")
    except MissingLibraryError as error:
        raise InputError(f"scheduler: {error}") from None
    from distributed import Client

    if isinstance(scheduler, Client):
        if scheduler.asynchronous or scheduler.status != "running":
            raise InputError(f"scheduler: {scheduler} is not allowed, must be a synchronous Client that is connected")
        yield from _by_client(compute, todo, scheduler, None, patience)
        return
    with _quiet(), ExitStack() as stack:

        def connected(within: float) -> Client:
            client = Client(scheduler, timeout=within, set_as_default=False)
            stack.callback(_close, client)
            return client

        try:
            client = connected(min(ANSWER_WITHIN, max(patience, _LOOK)))
        except (OSError, TypeError, ValueError, TimeoutError) as error:
            raise InputError(f"scheduler: {scheduler}: {' '.join(str(error).split())}") from None
        yield from _by_client(compute, todo, client, connected, patience)


def _by_client(
    compute: Callable[[int], bytes],
    todo: list[int],
    client: Any,
    again: Callable[[float], Any] | None,
    patience: float,
) -> Iterator[tuple[int, bytes]]:
    """The chunks by a dask client; they are asked for again where the scheduler went and came back.

    Args:
        client: connected.
        again: connects another within so many seconds, when this one has given up.
        patience: seconds without a worker.
    """
    from distributed import CancelledError, KilledWorker

    left: deque[int] = deque(todo)
    pending: dict[Future[bytes], tuple[int, Any]] = {}
    versions, compute_there = _versions(), None
    known: set[str] = set()
    looked = lost = -math.inf  # when the workers were counted, and since when there are none
    width = 0
    try:
        while left or pending:
            if (now := time.monotonic()) >= looked + _LOOK:
                looked, width = now, 2 * _threads_of(client, known)
                if width:
                    lost = -math.inf
                elif lost == -math.inf:
                    lost = now
                    _log.warning("taskalign: no dask worker answers: waiting %g s for one", patience)
                elif now >= lost + patience:
                    raise WorkersLost(f"no dask worker for {patience:g} s")
                if client.status == "closed":
                    client, compute_there = _reconnected(again, lost + patience - now, patience), None
            while left and len(pending) < width:
                if compute_there is None:
                    # sent once, and the outcome of a task, so that it outlives the worker that has it
                    compute_there = client.submit(_same, compute, pure=False)
                place = left.popleft()
                asked = client.submit(_on_worker, compute_there, versions, place, pure=False)
                pending[_fetched(client, asked)] = place, asked
            if not pending:
                time.sleep(_LOOK / 10)
                continue
            for future in wait(pending, timeout=_LOOK, return_when=FIRST_COMPLETED).done:
                place, asked = pending.pop(future)
                error = future.exception()
                if error is None:
                    yield place, future.result()
                elif isinstance(error, KilledWorker):
                    raise WorkersLost(f"several dask workers died at chunk {place}, for lack of memory?")
                elif isinstance(error, CancelledError) or asked.status != "error":
                    # it went with the scheduler, or with the worker that had it
                    left.append(place)
                    looked, compute_there = -math.inf, None
                else:
                    raise error
    finally:
        if client.status == "running":
            client.cancel([asked for _, asked in pending.values()])


def _fetched(client: Any, asked: Any) -> Future[bytes]:
    """The outcome of a dask future; an exception where it is lost on the way."""
    fetched: Future[bytes] = Future()

    async def fetch() -> None:
        try:
            fetched.set_result(await client.gather(asked, asynchronous=True))
        except BaseException as error:
            fetched.set_exception(error)

    client.loop.add_callback(fetch)
    return fetched


def _reconnected(again: Callable[[float], Any] | None, within: float, patience: float) -> Any:
    try:
        if again is not None and within > 0:
            return again(within)
    except (OSError, TimeoutError):
        raise WorkersLost(f"the dask scheduler did not answer for {patience:g} s") from None
    raise WorkersLost("the dask client is closed")


def _threads_of(client: Any, known: set[str]) -> int:
    """Threads of all workers, 0 where the scheduler does not answer; those not known yet are looked at, and then are.

    Raises:
        InputError: a worker has other versions.
    """
    if client.status != "running":
        return 0
    try:
        threads = client.sync(client.scheduler.ncores, callback_timeout=ANSWER_WITHIN)
        if not known.issuperset(threads):
            _require_equal_versions(client.get_versions(packages=list(_ALIKE)))
            known.update(threads)
    except (OSError, TimeoutError):
        return 0
    return sum(threads.values())


def _require_equal_versions(versions: Mapping[str, Any]) -> None:
    """Workers must have what decides the bytes of a file; one without taskalign ends when it is sent a chunk.

    The scheduler reads what is sent, so it needs taskalign too.
    """
    here = versions["client"]["packages"]
    there = versions["scheduler"]["packages"].get("taskalign")
    if there != here["taskalign"]:
        raise InputError(f"scheduler: it has taskalign {there}, this process has {here['taskalign']}")
    for address, worker in versions["workers"].items():
        for package in _ALIKE:
            there, wanted = worker["packages"].get(package), here[package]
            if there != wanted:
                raise InputError(f"scheduler: worker {address} has {package} {there}, this process has {wanted}")


def _close(client: Any) -> None:
    with suppress(OSError, TimeoutError):  # of a scheduler that is gone
        client.close(timeout=_LOOK)


@contextmanager
def _quiet() -> Iterator[None]:
    """Dask's own lines about connections that are lost are not shown: what matters of them is said here."""
    names = ("distributed.client", "distributed.core", "distributed.comm", "tornado.application", "asyncio")
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


# --- on a worker --------------------------------------------------------------------------------------------------
def _same(compute: Callable[[int], bytes]) -> Callable[[int], bytes]:
    return compute


def _versions() -> dict[str, str]:
    """As they are imported, which may be from another place than what is installed."""
    return {name: import_module(name).__version__ for name in _ALIKE}


def _on_worker(compute: Callable[[int], bytes], versions: Mapping[str, str], place: int) -> bytes:
    from distributed import get_worker

    for name, here in _versions().items():
        if here != versions[name]:
            address = get_worker().address
            raise InputError(f"scheduler: worker {address} has {name} {here}, this process has {versions[name]}")
    return compute(place)
