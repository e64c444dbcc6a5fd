"""The rooms and their files, as data: what stands above what, and what each file of a room may import.

Top may import below, never the reverse. `|` separates rooms that must not know each other, `:` those that may.
"""

from collections.abc import Mapping
from dataclasses import dataclass

LEVELS = (
    "__main__ : cli : app",
    "console",
    "imports",
    "config | simulate",
    "health | reports",
    "intake | replies",
    "heartbeats | handoffs | postmortems | problems | communications",
    "incidents",
    "silences",
    "services",
    "escalation",
    "notifications | schedules | webhooks",
    "contacts | desk",
    "channels",
    "teams",
    "access | audit | timeline",
    "engine",
    "kit",
)
ROOMS = frozenset(name for level in LEVELS for name in level.replace("|", ":").replace(" ", "").split(":"))
WIRING = frozenset(LEVELS[0].split(" : "))

# Rooms whose files are named for what they hold, not for their part in a use case: tools, the engine, one adapter per channel.
FREE_ROOMS = frozenset({"kit", "engine", "channels"}) | WIRING


@dataclass(frozen=True)
class May:
    """What a file may import: files of these names, in its own room and in lower ones, and these tools (None: all of kit)."""

    files: frozenset[str]
    kit: frozenset[str] | None = None


def _may(files: str, kit: str | None = None) -> May:
    return May(frozenset(files.split()), None if kit is None else frozenset(kit.split()))


PURE_KIT = "actors errors ids json_scan mapping matchers quick stored_text zones"

FILES: Mapping[str, May] = {
    "values": _may("values", kit=PURE_KIT),
    "rules": _may("values rules", kit=PURE_KIT),
    "tables": _may("", kit="db"),
    "store": _may("tables values"),
    "commands": _may("store rules values commands compiled ports adapters templates"),
    "due": _may("commands rules values ports compiled templates"),
    "schemas": _may("values schemas"),
    "api": _may("commands values schemas api ports compiled templates"),
    "hot": _may("commands values schemas api hot ports compiled adapters templates"),
    "smtp": _may("commands values smtp ports compiled"),
    "compiled": _may("store rules values commands compiled ports"),
    "ports": _may("values ports"),
    "adapters": _may("values rules ports adapters"),
    "templates": _may("values templates"),
}

# `tables` belong to the store beside them, `store` to its own room. These rooms' stores may read all lower tables (never write).
READERS = frozenset({"reports", "health", "simulate"})

# Values in, decisions out: no clock, no chance, no I/O. An event's meaning (`intake/adapters`) is decided as purely as who is on call.
CORE_FILES = frozenset({"values", "rules"})
CORE_FOLDERS = frozenset({"intake/adapters"})
