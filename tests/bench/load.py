"""A load generator that costs little: one thread, one request in flight on each of its connections. Run in a process of its own.

A plan in JSON comes in on stdin: port, connections, requests (whole HTTP requests as text), their order (positions in that list), and
either `seconds` (start over at the end of the order) or none (once through). With a `rate` the loop is open: each request is due at its own
instant, whatever became of those before, and its wait counts from then; without `seconds` it ends when stdin does. Out goes what came back.
"""

import asyncio
import gc
import json
import selectors
import socket
import sys
import time
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Load:
    """What came back: answers by status, how long it took from first to last, and the seconds each answer took."""

    statuses: dict[str, int]
    seconds: float
    p50: float
    p99: float
    longest: float
    cpu: float
    first: str

    @property
    def answers(self) -> int:
        return sum(self.statuses.values())

    @property
    def rate(self) -> float:
        return self.answers / self.seconds

    def count(self, status: int) -> int:
        return self.statuses.get(str(status), 0)


@dataclass(slots=True)
class _Line:
    """One connection: what has arrived of the answer, and since when it waits for it."""

    socket: socket.socket
    sent_at: float = 0.0
    arrived: bytes = b""


@dataclass(slots=True)
class _Run:
    waits: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    first: bytes = b""


async def run_load(port: int, requests: Sequence[bytes], order: Sequence[int], *, seconds: float | None, connections: int = 32) -> Load:
    """Send it from a process of its own; `seconds=None` goes through the order once."""
    process = await _started({"port": port, "seconds": seconds, "connections": connections, **_as_text(requests), "order": list(order)})
    return await _ended(process)


@asynccontextmanager
async def open_loop(
    port: int, requests: Sequence[bytes], order: Sequence[int], *, rate: float, seconds: float | None = None, connections: int = 32
) -> AsyncIterator[Callable[[], Awaitable[Load]]]:
    """`rate` requests a second, for so long, or until what is yielded is called: what is out by then is waited for, no other is sent."""
    plan = {"port": port, "rate": rate, "seconds": seconds, "connections": connections, **_as_text(requests), "order": list(order)}
    process = await _started(plan)
    assert process.stdin is not None

    async def finish() -> Load:
        if seconds is None:
            process.stdin.close()
        return await _ended(process)

    try:
        yield finish
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _as_text(requests: Sequence[bytes]) -> dict[str, list[str]]:
    return {"requests": [request.decode("latin-1") for request in requests]}


async def _started(plan: dict[str, Any]) -> Process:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.bench.load", stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    process.stdin.write(json.dumps(plan).encode() + b"\n")
    await process.stdin.drain()
    return process


async def _ended(process: Process) -> Load:
    assert process.stdout is not None
    out = await process.stdout.read()
    if await process.wait():
        raise RuntimeError(f"the load generator ended with {process.returncode}")
    return Load(**json.loads(out))


def _connected(plan: dict[str, Any], count: int, selector: selectors.BaseSelector) -> "list[_Line]":
    lines = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", plan["port"]))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)
        lines.append(_Line(connection))
        selector.register(connection, selectors.EVENT_READ, lines[-1])
    return lines


def _in_order(plan: dict[str, Any]) -> list[bytes]:
    bodies = [request.encode("latin-1") for request in plan["requests"]]
    return [bodies[position] for position in plan["order"]]


def _send(plan: dict[str, Any]) -> dict[str, Any]:
    """One request in flight on each connection, the next as soon as its answer is there."""
    in_order = _in_order(plan)
    requests: Iterator[bytes] = iter(in_order) if plan["seconds"] is None else cycle(in_order)
    selector = selectors.DefaultSelector()
    lines = _connected(plan, plan["connections"] if plan["seconds"] is not None else min(plan["connections"], len(in_order)), selector)
    begun, cpu = time.monotonic(), time.process_time()
    until = float("inf") if plan["seconds"] is None else begun + plan["seconds"]
    run = _Run()
    for line in lines:
        line.sent_at = begun
        line.socket.sendall(next(requests))
    busy = len(lines)
    now = begun
    while busy:
        ready = selector.select(PATIENCE)
        if not ready:
            run.statuses["no answer"] += busy
            break
        for key, _ in ready:
            line = key.data
            if not _answered(line, run):
                if not line.arrived:  # closed, which is counted
                    selector.unregister(line.socket)
                    busy -= 1
                continue
            now = time.monotonic()
            run.waits.append(now - line.sent_at)
            request = next(requests, None) if now < until else None
            if request is None:
                busy -= 1
                continue
            line.sent_at = now
            line.socket.sendall(request)
    return _said(run, now - begun, time.process_time() - cpu)


def _send_in_time(plan: dict[str, Any]) -> dict[str, Any]:
    """Each request when it is due, or as soon after that as a connection is free; either way it waits since it was due."""
    requests = cycle(_in_order(plan))
    selector = selectors.DefaultSelector()
    lines = _connected(plan, plan["connections"], selector)
    if plan["seconds"] is None:
        selector.register(sys.stdin, selectors.EVENT_READ)
    begun, cpu = time.monotonic(), time.process_time()
    total = plan["rate"] * plan["seconds"] if plan["seconds"] is not None else float("inf")
    run, free, sent, now = _Run(), list(lines), 0, begun
    while sent < total or len(free) < len(lines):
        while free and sent < total and begun + sent / plan["rate"] <= now:
            line = free.pop()
            line.sent_at = begun + sent / plan["rate"]
            line.socket.sendall(next(requests))
            sent += 1
        patience = max(begun + sent / plan["rate"] - now, 0) if free and sent < total else PATIENCE
        ready = selector.select(patience)
        now = time.monotonic()
        if not ready and patience == PATIENCE:
            run.statuses["no answer"] += len(lines) - len(free)
            break
        for key, _ in ready:
            line = key.data
            if line is None:  # stdin has ended
                selector.unregister(sys.stdin)
                total = sent
            elif _answered(line, run):
                run.waits.append(now - line.sent_at)
                free.append(line)
            elif not line.arrived:
                selector.unregister(line.socket)
                lines.remove(line)
                if not lines:
                    total = sent
    return _said(run, now - begun, time.process_time() - cpu)


def _said(run: _Run, seconds: float, cpu: float) -> dict[str, Any]:
    waits = sorted(run.waits) or [0.0]
    return {
        "statuses": run.statuses,
        "seconds": seconds,
        "p50": waits[len(waits) // 2],
        "p99": waits[len(waits) * 99 // 100],
        "longest": waits[-1],
        "cpu": cpu,
        "first": run.first.decode("latin-1"),
    }


def _answered(line: _Line, run: _Run) -> bool:
    """Whether the answer is whole now; it is counted then. With nothing in `arrived` after that, the connection is gone."""
    got = line.socket.recv(65536)
    if not got:
        run.statuses["closed"] += 1
        line.arrived = b""
        return False
    answer = line.arrived + got if line.arrived else got
    end = answer.find(b"\r\n\r\n")
    at = answer.find(b"ontent-length: ") + 15  # ours in lower case
    if at < 15:
        at = answer.find(b"ontent-Length: ") + 15  # Go's, and gunicorn's
    if end < 0 or len(answer) < end + 4 + int(answer[at : answer.index(b"\r", at)]):
        line.arrived = answer
        return False
    line.arrived = b""
    run.statuses[answer[9:12].decode()] += 1
    run.first = run.first or answer
    return True


if __name__ == "__main__":
    gc.disable()
    plan = json.loads(sys.stdin.readline())
    print(json.dumps(_send_in_time(plan) if "rate" in plan else _send(plan)))
