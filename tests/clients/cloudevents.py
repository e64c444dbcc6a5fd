"""The SDK of CloudEvents."""

from tests.clients.client import Client, python
from tests.clients.installing import Kit
from tests.clients.live import WayIn

TITLE = "/var is 97 % full"
SAID = {"summary": TITLE, "severity": "critical", "dedup_key": "db-1/var"}


async def sdk(way: WayIn, kit: Kit) -> str:
    """Structured, then binary: the attributes in headers."""
    for encoded, status, is_now in (("structured", "firing", "triggered"), ("binary", "resolved", "resolved")):
        await python(
            way,
            kit,
            f"from cloudevents.v1.http import CloudEvent, to_{encoded}",
            "import requests",
            f"event = CloudEvent({{'type': 'com.example.disk', 'source': '/hosts/db-1'}}, {SAID | {'status': status}!r})",
            f"headers, body = to_{encoded}(event)",
            "requests.post(ADDRESS, data=body, headers=headers).raise_for_status()",
        )
        await way.sees(is_now, TITLE, "critical")
    return "firing (structured), resolved (binary)"


CLIENTS = [Client("cloudevents (PyPI)", "python", "cloudevents", "cloudevents", sdk, quick=True)]
