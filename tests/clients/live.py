"""The live node the clients talk to, and what it makes of what they say, asked over REST."""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from httpx import AsyncClient
from tests.bench.processes import start_oncall
from tests.clients.front import Front, fronting
from tests.clients.making import incidents, make, make_user
from tests.serving import Served
from tests.system import ADMIN_KEY

from oncall.kit.settings import PREFIX

PATIENCE = 15.0
LEFT_OUT = re.compile(rf"{PREFIX}.*|(https?|all|no)_proxy|TERM|PS1", re.IGNORECASE)
"""With a terminal's variables Alerta's client would read alerts from standard input."""


@dataclass(frozen=True, slots=True)
class WayIn:
    """A service with one integration: what a client is pointed at, and where its incident shows."""

    served: Served
    front: Front
    folder: Path
    env: Mapping[str, str]
    service_id: str
    key: str
    address: str

    @property
    def url(self) -> str:
        """Where the node is, without TLS."""
        return self.served.url

    async def incidents(self) -> list[dict[str, Any]]:
        """Newest first."""
        return await incidents(self.served, self.service_id)

    async def sees(self, status: str, title: str | None = None, severity: str | None = None, *, of: int = 1) -> dict[str, Any]:
        """The newest incident, once it has this status; it must have this title and severity, and be the only one, or one of so many."""
        found: Sequence[dict[str, Any]] = []
        for _ in range(int(PATIENCE / 0.05)):
            found = await self.incidents()
            if len(found) == of and found[0]["status"] == status:
                break
            await asyncio.sleep(0.05)
        seen = [(incident["status"], incident["title"], incident["severity"]) for incident in found]
        assert len(found) == of, f"there should be {of} incident(s), and there are {len(found)}: {seen}"
        assert found[0]["status"] == status, f"the incident should be {status}, and it is {found[0]['status']}: {seen}"
        assert title in {None, found[0]["title"]}, f"its title should be {title!r}, and it is {found[0]['title']!r}"
        assert severity in {None, found[0]["severity"]}, f"its severity should be {severity}, and it is {found[0]['severity']}"
        return found[0]


class Live:
    """The node and its front; a new way in for each client, so that none sees another's incidents."""

    def __init__(self, served: Served, front: Front, folder: Path, policy_id: str) -> None:
        self.served, self.front = served, front
        self._folder, self._policy_id, self._numbers = folder, policy_id, count(1)

    async def way_in(self, type: str) -> WayIn:
        number = next(self._numbers)
        folder = self._folder / f"{number}"
        folder.mkdir()
        service = await make(self.served, "services", name=f"{type} {number}", escalation_policy_id=self._policy_id)
        integration = await make(self.served, f"services/{service['id']}/integrations", name="client", type=type)
        env = environment(self.front, folder)
        address = f"{self.served.url}/intake/{integration['key']}"
        return WayIn(self.served, self.front, folder, env, service["id"], integration["key"], address)


def environment(front: Front, home: Path) -> dict[str, str]:
    """What clients are told the documented way: whom to trust, and through which proxy the world is reached."""
    kept = {name: value for name, value in os.environ.items() if not LEFT_OUT.fullmatch(name)}
    trusted = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
    return kept | dict.fromkeys(trusted, f"{front.authority}") | {
        "HOME": f"{home}", "HTTPS_PROXY": front.proxy, "https_proxy": front.proxy, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"
    }  # fmt: skip


@asynccontextmanager
async def live(folder: Path) -> AsyncIterator[Live]:
    """`oncall serve` with a PostgreSQL of its own in `folder`, and the front before it."""
    running = await start_oncall(folder / "data", folder / "serve.log")
    try:
        url = f"http://127.0.0.1:{running.port}"
        async with AsyncClient(base_url=url, headers={"Authorization": f"Bearer {ADMIN_KEY}"}, timeout=15) as api:
            served = Served(url, running.process, api, running.log)
            ana = await make_user(served)
            steps = [{"delay": "PT5M", "targets": [{"type": "user", "id": ana["id"]}]}]
            policy = await make(served, "escalation-policies", name="Clients", steps=steps)
            async with fronting(running.port, folder) as front:
                yield Live(served, front, folder, policy["id"])
    finally:
        await running.stop()
