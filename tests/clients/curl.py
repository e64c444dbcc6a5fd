"""The commands in our own guides, as somebody who follows them pastes them into a shell."""

from tests.clients.client import Client
from tests.clients.guides import pasted
from tests.clients.installing import Kit
from tests.clients.live import WayIn
from tests.clients.programs import run


def _following(dialect: str, title: str, status: str = "triggered") -> Client:
    async def prove(way: WayIn, _: Kit) -> str:
        await run("sh", "-ec", pasted(way, dialect, "sh"), env=way.env)
        await way.sees(status, title, "critical")
        return "what the guide says" + (", which ends with a close" if status == "resolved" else "")

    return Client(f"curl with our guide to {dialect}", "curl", "curl", dialect, prove, quick=True)


CLIENTS = [
    _following("generic", "Disk is full"),
    _following("cloudevents", "/var is 97 % full"),
    _following("pagerduty", "Error rate is 42 %"),
    _following("opsgenie", "Disk of db-1 is full", "resolved"),
]
