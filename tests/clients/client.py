"""What a client is to `make clients`, and how scripts that use one are run."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.clients.installing import Kit
from tests.clients.live import WayIn
from tests.clients.programs import run


@dataclass(frozen=True, slots=True)
class Client:
    """One row of the table. `prove` says what it did, or raises AssertionError with a sentence."""

    name: str
    kit: str
    package: str
    """Whose version the row shows."""

    dialect: str
    prove: Callable[[WayIn, Kit], Awaitable[str]]
    quick: bool = False


async def python(way: WayIn, kit: Kit, *lines: str) -> str:
    """Run these lines with the kit's own Python; they know KEY, BASE, FRONT (https) and ADDRESS (with the key in it)."""
    known = [f"{name} = {value!r}" for name, value in _known(way).items()]
    return await run(f"{kit.folder}/bin/python", "-W", "ignore", "-c", "\n".join([*known, *lines]), env=way.env)


async def node(way: WayIn, kit: Kit, *lines: str) -> str:
    """Run these lines with Node.js among the kit's packages; they know what `python` knows."""
    known = [f"const {name} = {json.dumps(value)};" for name, value in _known(way).items()]
    return await run("node", "--no-deprecation", "-e", "\n".join([*known, *lines]), env=way.env, folder=kit.folder)


def _known(way: WayIn) -> dict[str, str]:
    return {"KEY": way.key, "BASE": way.url, "FRONT": way.front.url, "ADDRESS": way.address}
