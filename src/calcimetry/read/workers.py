"""Compressed slices decoded in worker processes that send stored values back through a pipe.

Processes, not threads: most decoders hold the interpreter's lock. A worker that dies on hostile pixels takes its
slices with it and nothing else. A pipe, not shared memory: containers often have 64 MB of the latter.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import threading
import warnings
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.errors import DecodingError, InputError
from calcimetry.read.guard import Limits
from calcimetry.read.header import Slice
from calcimetry.read.pixels import FrameReader

__all__ = ["decode_here", "decode_parallel", "worker_count"]

Decoded = tuple[int, "NDArray[np.generic] | InputError"]

_SLICES_WORTH_A_WORKER = 8
"""Ours: starting a process costs about as much as decoding this many slices."""


def worker_count(jobs: int | None, slices: int) -> int:
    """How many processes are worth starting: at most ``jobs`` (default: the cores we may use)."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(jobs or cores, slices // _SLICES_WORTH_A_WORKER))


def decode_here(slices: Sequence[Slice], wanted: Sequence[int], limits: Limits) -> Iterator[Decoded]:
    """Stored values of the wanted slices, one after the other in this process; an error in place of a bad one."""
    reader = FrameReader(limits)
    for n in wanted:
        try:
            yield n, reader.values(slices[n])
        except InputError as error:
            yield n, error
        except (OSError, MemoryError) as error:
            yield n, DecodingError("the pixels cannot be read", where=slices[n].place.name, found=str(error))


def decode_parallel(slices: Sequence[Slice], limits: Limits, jobs: int | None) -> Iterator[Decoded]:
    """Stored values of all slices, each as soon as it stands (the order is not that of the slices)."""
    count = worker_count(jobs, len(slices))
    if count == 1:
        yield from decode_here(slices, range(len(slices)), limits)
        return
    # A forked child starts at once; with threads about, only a fresh process is safe.
    forks = "fork" in multiprocessing.get_all_start_methods() and threading.active_count() == 1
    context: Any = multiprocessing.get_context("fork" if forks else "spawn")
    pipes: dict[Connection, list[int]] = {}
    workers = []
    for w in range(count):
        # Whole files to one worker: a multi-frame file is then taken apart once in each.
        mine = list(range(w * len(slices) // count, (w + 1) * len(slices) // count))
        here, there = context.Pipe(duplex=False)
        job = (there, [(n, slices[n]) for n in mine], limits)
        worker = context.Process(target=_work, args=job, daemon=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            worker.start()
        there.close()
        workers.append(worker)
        pipes[here] = mine
    try:
        yield from _collect(pipes, slices, limits)
    finally:
        for worker in workers:
            if worker.is_alive():
                worker.terminate()
            worker.join()
        for pipe in pipes:
            pipe.close()


def _collect(pipes: dict[Connection, list[int]], slices: Sequence[Slice], limits: Limits) -> Iterator[Decoded]:
    left = {pipe: dict.fromkeys(mine) for pipe, mine in pipes.items()}
    began: set[Connection] = set()
    while left:
        for pipe in multiprocessing.connection.wait(list(left)):
            assert isinstance(pipe, Connection)
            try:
                n, dtype, shape, error = pipe.recv()
                began.add(pipe)
                if n in left[pipe]:
                    del left[pipe][n]
                    if error is not None:
                        yield n, DecodingError(**error)
                    else:
                        yield n, np.frombuffer(pipe.recv_bytes(), dtype).reshape(shape)
            except (EOFError, OSError):
                lost = list(left.pop(pipe))
                if pipe in began:
                    for n in lost:
                        yield (
                            n,
                            DecodingError("the decoder died on this slice or one before", where=slices[n].place.name),
                        )
                else:  # the process could not start (a script without a main guard, no memory): do without it
                    yield from decode_here(slices, lost, limits)


def _work(pipe: Connection, mine: list[tuple[int, Slice]], limits: Limits) -> None:
    """In the worker: first a sign of life, then one message for each slice."""
    pipe.send((-1, "", (), None))
    slices = [one for _, one in mine]
    for at, decoded in decode_here(slices, range(len(slices)), limits):
        n = mine[at][0]
        if isinstance(decoded, InputError):
            fields = {name: getattr(decoded, name) for name in ("what", "where", "found", "expected", "remedy")}
            pipe.send((n, "", (), fields))
        else:
            whole = np.ascontiguousarray(decoded)
            pipe.send((n, whole.dtype.str, whole.shape, None))
            pipe.send_bytes(whole.reshape(-1).view(np.uint8).data)
    pipe.close()
