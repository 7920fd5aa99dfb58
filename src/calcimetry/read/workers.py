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
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcimetry.core.errors import DecodingError, InputError
from calcimetry.read.guard import Limits
from calcimetry.read.header import Slice
from calcimetry.read.pixels import FrameReader, load_decoder

__all__ = ["decode_here", "decode_parallel", "worker_count"]

Decoded = tuple[int, "NDArray[np.generic] | InputError"]

_SLICES_WORTH_A_WORKER = 8
"""Ours: starting a process costs about as much as decoding this many slices."""
_SLICES_AT_ONCE = 4
_SECONDS_TO_END = 5.0
_FIELDS = ("what", "where", "found", "expected", "remedy")


def worker_count(jobs: int | None, slices: int) -> int:
    """How many processes are worth starting: at most ``jobs`` (default: the cores we may use)."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(jobs or cores, slices // _SLICES_WORTH_A_WORKER))


def decode_here(
    slices: Sequence[Slice], wanted: Iterable[int], limits: Limits, reader: FrameReader | None = None
) -> Iterator[Decoded]:
    """Stored values of the wanted slices, one after the other in this process; an error in place of a bad one."""
    reader = reader or FrameReader(limits)
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
    load_decoder(slices[0].common.syntax)  # here and once: a forked child has it then, and a missing one is named
    context: Any = multiprocessing.get_context("fork" if forks else "spawn")
    pipes: list[Connection] = []
    workers = []
    for _ in range(count):
        here, there = context.Pipe()
        worker = context.Process(target=_work, args=(there, here, slices, limits), daemon=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            worker.start()
        there.close()
        workers.append(worker)
        pipes.append(here)
    try:
        yield from _collect(pipes, slices, limits)
    finally:
        for pipe in pipes:
            pipe.close()
        for worker in workers:
            worker.join(_SECONDS_TO_END)
            if worker.is_alive():
                worker.terminate()
                worker.join()


def _collect(pipes: Sequence[Connection], slices: Sequence[Slice], limits: Limits) -> Iterator[Decoded]:
    """Hand out a few slices at a time to whoever is free, and yield what comes back."""
    waiting = [list(range(n, min(n + _SLICES_AT_ONCE, len(slices)))) for n in range(0, len(slices), _SLICES_AT_ONCE)]
    waiting.reverse()
    left: dict[Connection, list[int]] = {pipe: [] for pipe in pipes}
    began: set[Connection] = set()
    while left:
        for pipe in multiprocessing.connection.wait(list(left)):
            assert isinstance(pipe, Connection)
            try:
                n, dtype, shape, error = pipe.recv()
                if n >= 0:
                    left[pipe].remove(n)
                    array = np.frombuffer(pipe.recv_bytes(), dtype).reshape(shape) if error is None else None
                    yield n, DecodingError(**error) if array is None else array
                began.add(pipe)
                # One task is kept ahead, so that no worker waits for its next one.
                while len(left[pipe]) <= _SLICES_AT_ONCE and waiting:
                    task = waiting.pop()
                    left[pipe] += task
                    pipe.send(task)
                if not left[pipe]:
                    del left[pipe]
            except (EOFError, OSError):
                for n in left.pop(pipe):
                    yield n, DecodingError("the decoder died on this slice or one before", where=slices[n].place.name)
    # No process could start (a script without a main guard, no memory), or all died: the rest is done without them.
    rest = [n for task in reversed(waiting) for n in task]
    if began and rest:
        for n in rest:
            yield n, DecodingError("the decoder died before this slice", where=slices[n].place.name)
    else:
        yield from decode_here(slices, rest, limits)


def _work(pipe: Connection, other_end: Connection, slices: Sequence[Slice], limits: Limits) -> None:
    """In the worker: first a sign of life, then the slices of each task until the pipe is closed."""
    other_end.close()
    with suppress(EOFError, OSError):
        pipe.send((-1, "", (), None))
        reader = FrameReader(limits)
        while True:
            for n, decoded in decode_here(slices, pipe.recv(), limits, reader):
                if isinstance(decoded, InputError):
                    fields = {name: getattr(decoded, name) for name in _FIELDS}
                    pipe.send((n, "", (), fields))
                else:
                    whole = np.ascontiguousarray(decoded)
                    pipe.send((n, whole.dtype.str, whole.shape, None))
                    pipe.send_bytes(whole.reshape(-1).view(np.uint8).data)
