"""Alerta's own command line."""

from tests.clients.client import Client
from tests.clients.guides import pasted
from tests.clients.installing import Kit
from tests.clients.live import WayIn
from tests.clients.programs import run

TEXT = "web-1 does not answer"


async def cli(way: WayIn, kit: Kit) -> str:
    """Before each command it asks for the configuration, and refuses to go on without one."""

    async def alerta(*words: str, key: str = way.key, codes: tuple[int, ...] = (0,)) -> str:
        env = way.env | {"ALERTA_ENDPOINT": f"{way.front.url}/api", "ALERTA_API_KEY": key}
        return (await run(f"{kit.folder}/bin/alerta", *words, env=env, codes=codes)).strip()

    node = "-r", "web-1", "-E", "Production", "-S", "Web", "-C", "NodeDown", "-C", "NodeUp"
    first = await alerta("send", *node, "-e", "NodeDown", "-s", "major", "-t", TEXT, "-v", "ERROR")
    await way.sees("triggered", TEXT, "error")
    again = await alerta("send", *node, "-e", "NodeDown", "-s", "major", "-t", TEXT, "-v", "ERROR")
    assert again.split()[0] == first.split()[0], f"a repeat is another alert: {first}, then {again}"
    assert "duplicate" in again, f"a repeat is not told to be one: {again}"
    await alerta("send", *node, "-e", "NodeUp", "-s", "normal", "-t", "web-1 answers")
    await way.sees("resolved", TEXT)
    assert await alerta("heartbeat", "-O", "cron/web-1", "--timeout", "120"), "a heartbeat has no id"
    await alerta("send", *node, "-e", "NodeDown", "-s", "major", key="x" * 32, codes=(1,))
    await way.sees("resolved", TEXT)
    return "config, send, send again, send normal (another event that correlates), heartbeat; a wrong key is refused"


async def guide(way: WayIn, kit: Kit) -> str:
    env = way.env | {"PATH": f"{kit.folder}/bin:{way.env['PATH']}"}
    await run("sh", "-ec", pasted(way, "alerta", "sh"), env=env)
    await way.sees("triggered", "node is down", "critical")
    return "what the guide says"


CLIENTS = [
    Client("alerta CLI (PyPI)", "python", "alerta", "alerta", cli, quick=True),
    Client("alerta CLI with our guide (PyPI)", "python", "alerta", "alerta", guide, quick=True),
]
