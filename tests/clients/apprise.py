"""Apprise's command line. The services it knows have their hosts built in: the proxy answers for those."""

from tests.clients.client import Client
from tests.clients.guides import pasted
from tests.clients.installing import Kit
from tests.clients.live import WayIn
from tests.clients.programs import run

TITLE = "Backup of db-1"
BODY = "The backup of db-1 has not run since yesterday, and nobody knows why."


async def apprise(way: WayIn, kit: Kit, type: str, address: str) -> None:
    await run(f"{kit.folder}/bin/apprise", "-vv", "-n", type, "-t", TITLE, "-b", BODY, address, env=way.env)


def _went_through(way: WayIn, host: str) -> None:
    assert host in way.front.hosts, f"it did not ask for {host}: nothing is proved"


async def pagerduty(way: WayIn, kit: Kit) -> str:
    await apprise(way, kit, "failure", f"pagerduty://{way.key}@anything/db-1/backup")
    _went_through(way, "events.pagerduty.com")
    await way.sees("triggered", f"{TITLE} {BODY}", "critical")
    await apprise(way, kit, "info", f"pagerduty://{way.key}@anything/db-1/backup")
    await way.sees("triggered", f"{TITLE} {BODY}", "info", of=2)
    return "failure, info (it knows no resolve, and no key: each is a problem of its own)"


async def opsgenie(way: WayIn, kit: Kit) -> str:
    for type in ("failure", "info", "success"):  # Apprise counts upwards: its "moderate" is P2
        await apprise(way, kit, type, f"opsgenie://{way.key}/?alias=backup&priority=moderate&entity=db-1&tags=backup")
        await way.sees("resolved" if type == "success" else "triggered", TITLE, "error")
    _went_through(way, "api.opsgenie.com")
    return "failure (creates), info (adds a note), success (closes)"


async def splunk(way: WayIn, kit: Kit) -> str:
    for type, status in (("failure", "triggered"), ("info", "triggered"), ("success", "resolved")):
        await apprise(way, kit, type, f"victorops://database@{way.key}/backup")
        await way.sees(status, TITLE)
    _went_through(way, "alert.victorops.com")
    return "failure (CRITICAL), info (INFO), success (RECOVERY)"


async def json(way: WayIn, kit: Kit) -> str:
    """The command of our guide, then the other two ways to write its address."""
    command = pasted(way, "apprise", "sh").replace("ONCALL_HOST", way.front.url.removeprefix("https://"))
    for scheme in ("jsons", "forms", "xmls"):
        path = f"{kit.folder}/bin:{way.env['PATH']}"
        await run("sh", "-ec", command.replace("jsons://", f"{scheme}://"), env=way.env | {"PATH": path})
        await way.sees("triggered", "Disk of db-1 is full", "error")
    return "failure as JSON, form and XML: one problem, by its key (it never says that it is over)"


CLIENTS = [
    Client("apprise pagerduty:// (PyPI)", "python", "apprise", "pagerduty", pagerduty, quick=True),
    Client("apprise opsgenie:// (PyPI)", "python", "apprise", "opsgenie", opsgenie, quick=True),
    Client("apprise victorops:// (PyPI)", "python", "apprise", "victorops", splunk, quick=True),
    Client("apprise with our guide (PyPI)", "python", "apprise", "apprise", json, quick=True),
]
