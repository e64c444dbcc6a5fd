"""`python -m tests.clients [--quick] [NAME …]`: other tools' own clients against a live node; exit code 1 if one does not work.

What this machine cannot install is said in its row, and is no failure. A name chooses the clients whose own name begins with it.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from httpx import HTTPError
from tests.bench.processes import passable_folder
from tests.clients import agents, alerta, apprise, cloudevents, curl, elastalert, nagios, opsgenie, pagerduty, prometheus, zabbix
from tests.clients.client import Client
from tests.clients.installing import Kit, NotInstalled, Shelf
from tests.clients.live import Live, live

FAMILIES = (curl, pagerduty, opsgenie, alerta, apprise, cloudevents, elastalert, prometheus, zabbix, nagios, agents)
ALL: Sequence[Client] = [client for family in FAMILIES for client in family.CLIENTS]
FAILED = "FAILED"
HEAD = ("client", "version", "dialect", "result", "seconds", "what it did")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; all of what a failed one `did` is told above it."""

    client: Client
    result: str
    did: str
    version: str = ""
    seconds: float = 0.0

    @property
    def cells(self) -> tuple[str, ...]:
        return self.client.name, self.version, self.client.dialect, self.result, f"{self.seconds:.1f}", self.did.splitlines()[-1][:110]


async def prove(client: Client, live: Live, shelf: Shelf) -> Row:
    try:
        kit = await shelf.kit(client.kit)
    except NotInstalled as why:
        return Row(client, "not installed", str(why))
    begun = time.monotonic()
    version = kit.versions[client.package]
    try:
        did = await client.prove(await live.way_in(client.dialect), kit)
    except (AssertionError, HTTPError, LookupError, OSError, TypeError, ValueError) as error:
        said = f"{error}" if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}"
        return Row(client, FAILED, said or "it is not as it should be", version, time.monotonic() - begun)
    return Row(client, "works", did, version, time.monotonic() - begun)


async def prove_all(clients: Sequence[Client], folder: Path) -> list[Row]:
    """One after another, each row as soon as it is known."""
    shelf, rows = Shelf(), []
    for name in dict.fromkeys(client.kit for client in clients):
        await _installed(shelf, name)
    async with live(folder) as node:
        for client in clients:
            rows.append(await prove(client, node, shelf))
            print(f"{rows[-1].result:<14} {client.name}", flush=True)
    return rows


async def _installed(shelf: Shelf, name: str) -> Kit | None:
    begun = time.monotonic()
    try:
        kit = await shelf.kit(name)
    except NotInstalled as why:
        print(f"{name} is not installed: {why}", flush=True)
        return None
    took = time.monotonic() - begun
    print(f"{name}: {', '.join(f'{package} {version}' for package, version in kit.versions.items())} ({took:.1f} s)", flush=True)
    return kit


def table(rows: Sequence[Row]) -> str:
    """Column under column; the last one is as long as it is."""
    lines = [HEAD, *(row.cells for row in rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(HEAD) - 1)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, [*widths, 0], strict=True)).rstrip() for line in lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.clients", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(client.name for client in ALL))
    parser.add_argument("--quick", action="store_true", help="only those that install within a minute altogether")
    asked = parser.parse_args()
    wanted = [name.lower() for name in asked.names]
    clients = [client for client in ALL if not wanted or client.name.lower().startswith(tuple(wanted))]
    chosen = [client for client in clients if client.quick or not asked.quick]
    if not chosen:
        print("There is no such client.", file=sys.stderr)
        return 2
    begun = time.monotonic()
    with passable_folder("oncall-clients-") as folder:
        rows = asyncio.run(prove_all(chosen, folder))
    failed = [row for row in rows if row.result == FAILED]
    print("\n", *(f"{row.client.name}: {row.did}\n" for row in failed), sep="\n")
    print(f"{table(rows)}\n\n{len(rows)} clients, {len(failed)} failed, {time.monotonic() - begun:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
