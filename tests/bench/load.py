"""A load generator that costs little: one thread, one request in flight on each of its connections. Run in a process of its own.

A plan in JSON comes in on stdin: port, connections, requests (whole HTTP requests as text), their order (positions in that list), and
either `seconds` (start over at the end of the order) or none (once through). Out goes what came back, as JSON.
"""

import asyncio
import gc
import json
import selectors
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
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
    texts = [request.decode("latin-1") for request in requests]
    plan = {"port": port, "seconds": seconds, "connections": connections, "requests": texts, "order": list(order)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.load", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate(json.dumps(plan).encode())
    if process.returncode:
        raise RuntimeError(f"the load generator ended with {process.returncode}")
    return Load(**json.loads(out))


def _send(plan: dict[str, Any]) -> dict[str, Any]:
    bodies = [request.encode("latin-1") for request in plan["requests"]]
    in_order = [bodies[position] for position in plan["order"]]
    requests: Iterator[bytes] = iter(in_order) if plan["seconds"] is None else cycle(in_order)
    selector = selectors.DefaultSelector()
    lines = []
    for _ in range(plan["connections"] if plan["seconds"] is not None else min(plan["connections"], len(in_order))):
        connection = socket.create_connection(("127.0.0.1", plan["port"]))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)
        lines.append(_Line(connection))
        selector.register(connection, selectors.EVENT_READ, lines[-1])
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
    waits = sorted(run.waits) or [0.0]
    return {
        "statuses": run.statuses,
        "seconds": now - begun,
        "p50": waits[len(waits) // 2],
        "p99": waits[len(waits) * 99 // 100],
        "cpu": time.process_time() - cpu,
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
    at = answer.find(b"content-length: ") + 16
    if end < 0 or len(answer) < end + 4 + int(answer[at : answer.index(b"\r", at)]):
        line.arrived = answer
        return False
    line.arrived = b""
    run.statuses[answer[9:12].decode()] += 1
    run.first = run.first or answer
    return True


if __name__ == "__main__":
    gc.disable()
    print(json.dumps(_send(json.load(sys.stdin))))
