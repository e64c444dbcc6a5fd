"""Others that do the same work, beside us on this machine: the same alerts to both, in turn, round by round."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import asyncpg

from oncall.kit.pgbinaries import PORT
from tests.bench import processes, world
from tests.bench.load import Load, run_load
from tests.bench.rounds import CONNECTIONS, Sides, expect
from tests.bench.table import Result, Spread
from tests.bench.world import LostOrDoubled, Storm, World
from tests.clients.installing import NotInstalled, install
from tests.clients.programs import started
from tests.serving import free_port

ROUNDS = 5
Peer = AbstractAsyncContextManager[tuple[int, str]]
"""While it runs: its port, and what it is."""

ELSEWHERE = (
    Result("P3b", skipped="Argus is a Django site with settings, migrations and a token made by hand, which is not set up here"),
    Result("P3c", skipped="PyPI has only an old keephq (0.2.7, 2023); Keep's server comes in containers"),
)


async def beside_alerta(sides: Sides, made: World, *, folder: Path, seconds: float) -> list[Result]:
    """P3; skipped, with the reason, where it cannot be installed."""
    return [await _beside("P3", alerta(folder, sides.data_dir), sides, _alerta_storm(made.alerta_key), 201, seconds=seconds)]


async def beside_alertmanager(sides: Sides, made: World, *, folder: Path, seconds: float) -> list[Result]:
    """P4, likewise."""
    return [await _beside("P4", alertmanager(folder), sides, _alertmanager_storm(made.prometheus_key), 200, seconds=seconds)]


async def _beside(row: str, peer: Peer, sides: Sides, storms: Callable[[str, bool], Storm], status: int, *, seconds: float) -> Result:
    try:
        async with peer as (port, what):
            return await _rounds(row, what, sides, port, storms, status, seconds=seconds)
    except (NotInstalled, processes.NotReady) as error:
        return Result(row, skipped=str(error).strip().splitlines()[-1])


async def _rounds(
    row: str, what: str, sides: Sides, port: int, storms: Callable[[str, bool], Storm], status: int, *, seconds: float
) -> Result:
    async def load(name: str, *, ours: bool, once: bool = False) -> tuple[Storm, Load]:
        storm = storms(name, ours)
        storm = world.each_once(storm.requests[: storm.known]) if once else storm
        to = sides.ours.port if ours else port
        sent = await run_load(to, storm.requests, storm.order, seconds=None if once else seconds, connections=CONNECTIONS)
        if sent.count(status) != sent.answers:
            raise LostOrDoubled(f"{'we' if ours else what} answered {sent.statuses}, expected {status} only: {sent.first[:300]}")
        return storm, sent

    for ours in (True, False):
        await load("warm-up", ours=ours, once=True)
    our_rates, their_rates = [], []
    for n in range(ROUNDS):
        for ours in (True, False) if n % 2 else (False, True):
            before = await world.totals(sides.db)
            storm, sent = await load(f"round-{n}", ours=ours)
            if ours:
                expect(await world.totals(sides.db) - before, storm, sent)
            (our_rates if ours else their_rates).append(sent.rate)
    ratios = tuple(our / their for our, their in zip(our_rates, their_rates, strict=True))
    note = f"alerts/s, one in each request: {what} {Spread(tuple(their_rates))}, ours {Spread(tuple(our_rates))}; {ROUNDS} rounds"
    return Result(row, (Spread(ratios),), (note,))


# --- Alertmanager -----------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def alertmanager(folder: Path) -> AsyncIterator[tuple[int, str]]:
    """Debian's, unpacked; it tells nobody."""
    kit, port, log = await install("alertmanager"), free_port(), folder / "alertmanager.log"
    config = folder / "alertmanager.yml"
    config.write_text('{"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}')  # JSON is YAML
    options = (f"--config.file={config}", f"--storage.path={folder}/alertmanager", "--cluster.listen-address=", "--log.level=error")
    async with started(f"{kit.folder}/usr/bin/prometheus-alertmanager", *options, f"--web.listen-address=127.0.0.1:{port}", log=log):
        await processes.until_200(port, "/-/ready", log)
        yield port, "Alertmanager " + kit.versions["prometheus-alertmanager"].partition("-")[0]


def _alertmanager_storm(key: str) -> Callable[[str, bool], Storm]:
    def storm(name: str, ours: bool) -> Storm:
        path = f"/intake/{key}/api/v2/alerts" if ours else "/api/v2/alerts"
        return world.storm("", name, request=lambda known: world.post(path, [world.firing(known)]))

    return storm


# --- Alerta -----------------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def alerta(folder: Path, data_dir: Path) -> AsyncIterator[tuple[int, str]]:
    """Its own way of running in production, gunicorn, on a database beside ours in the same server."""
    kit, port, log, socket = await install("alerta-server"), free_port(), folder / "alerta.log", data_dir / "pg"
    admin = await asyncpg.connect(host=f"{socket}", port=PORT, user="postgres", database="postgres")
    try:
        await admin.execute("CREATE DATABASE alerta")
    finally:
        await admin.close()
    ours = {"DATABASE_URL": f"postgresql://postgres@/alerta?host={socket}&port={PORT}", "DATABASE_NAME": "alerta", "DEBUG": "False"}
    env = {**os.environ, **ours, "SECRET_KEY": "of the bench", "ALERTA_SVR_CONF_FILE": os.devnull}
    workers = ("--worker-class", "gthread", "--workers", "2", "--threads", "16", "--keep-alive", "75", "--log-level", "error")
    command = (f"{kit.folder}/bin/gunicorn", *workers, "--bind", f"127.0.0.1:{port}", "alerta:create_app()")
    async with started(*command, log=log, env=env) as process:
        await processes.until_200(port, "/management/gtg", log)
        yield port, "Alerta " + kit.versions["alerta-server"]
        process.terminate()  # its workers with it
        await asyncio.wait_for(process.wait(), 20)


def _alerta_storm(key: str) -> Callable[[str, bool], Storm]:
    def storm(name: str, ours: bool) -> Storm:
        def request(known: str) -> bytes:
            alert = {
                "resource": known, "event": "DiskWillFillIn4Hours", "environment": "Production", "severity": "critical", "group": "OS",
                "service": ["data"], "text": f"/var/lib/postgresql of {known} has 4 % left", "value": "96 %", "origin": "node/prometheus",
                "attributes": {"runbook": "https://runbooks.example.com/disk-full"}, "tags": ["prod"],
            }  # fmt: skip
            return world.post("/api/alert", alert, f"Authorization: Key {key}") if ours else world.post("/alert", alert)

        return world.storm("", name, request=request)

    return storm
