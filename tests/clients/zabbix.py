"""Zabbix's stock media types, run by Zabbix's own engine with the macros expanded as its server does."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from tests.clients.client import Client, python
from tests.clients.guides import pasted, tabled
from tests.clients.installing import Kit, install
from tests.clients.live import WayIn
from tests.clients.programs import run

NAME = "High CPU utilization (over 90% for 5m)"
MACROS = {
    "{ALERT.SUBJECT}": f"Problem: {NAME}",
    "{ALERT.MESSAGE}": f"Problem started at 10:15:00 on 2026.01.05\r\nProblem name: {NAME}\r\nHost: Zabbix server\r\nSeverity: High",
    "{ALERT.SENDTO}": "database",
    "{EVENT.ID}": "4711",
    "{EVENT.NAME}": NAME,
    "{EVENT.SOURCE}": "0",
    "{EVENT.VALUE}": "1",
    "{EVENT.NSEVERITY}": "4",
    "{EVENT.SEVERITY}": "High",
    "{EVENT.UPDATE.STATUS}": "0",
    "{EVENT.UPDATE.ACTION}": "",
    "{EVENT.ACK.STATUS}": "No",
    "{EVENT.DATE}": "2026.01.05",
    "{EVENT.TIME}": "10:15:00",
    "{EVENT.OPDATA}": "Current utilization: 97.4 %",
    "{EVENT.TAGS}": "class:os, component:cpu",
    "{EVENT.TAGSJSON}": '[{"tag":"class","value":"os"},{"tag":"component","value":"cpu"}]',
    "{HOST.NAME}": "Zabbix server",
    "{HOST.IP}": "192.0.2.10",
    "{TRIGGER.URL}": "",
    "{TRIGGER.ID}": "22195",
    "{TRIGGER.DESCRIPTION}": "CPU utilization is too high.",
    "{USER.FULLNAME}": "Ana (ana)",
    "{$ZABBIX.URL}": "https://zabbix.example.com",
}
PROBLEM: Mapping[str, str] = {}
ACKNOWLEDGED = {"{EVENT.UPDATE.STATUS}": "1", "{EVENT.UPDATE.ACTION}": "acknowledged", "{EVENT.ACK.STATUS}": "Yes"}
COMMENT = {"{EVENT.UPDATE.STATUS}": "1", "{EVENT.UPDATE.ACTION}": "commented"}
RECOVERY = {"{EVENT.VALUE}": "0", "{ALERT.SUBJECT}": f"Resolved in 5m: {NAME}"}


@dataclass(frozen=True, slots=True)
class MediaType:
    """A script, and parameters with macros in them."""

    script: str
    parameters: Mapping[str, str]


async def stock(way: WayIn, kit: Kit, name: str, given: Mapping[str, str]) -> MediaType:
    """One that Zabbix ships; only what the user has to fill in is `given`."""
    file = kit.folder / f"usr/share/doc/zabbix-frontend-php/templates/media/{name}/media_{name}.yaml"
    lines = "import json, yaml", f"print(json.dumps(yaml.safe_load(open({str(file)!r}))))"
    said = json.loads(await python(way, await install("python"), *lines))["zabbix_export"]["media_types"][0]
    return MediaType(said["script"], {parameter["name"]: str(parameter.get("value", "")) for parameter in said["parameters"]} | given)


async def send(way: WayIn, kit: Kit, media: MediaType, changed: Mapping[str, str]) -> None:
    """What the server does with a media type, when these macros have other values."""
    script = way.folder / "script.js"
    script.write_text(media.script)
    parameters = json.dumps({name: _expanded(value, MACROS | changed) for name, value in media.parameters.items()})
    await run(f"{kit.folder}/usr/bin/zabbix_js", "-s", f"{script}", "-p", parameters, env=way.env)


def _expanded(value: str, macros: Mapping[str, str]) -> str:
    for macro, meaning in macros.items():
        value = value.replace(macro, meaning)
    return value


async def opsgenie(way: WayIn, kit: Kit) -> str:
    given = {"opsgenie_api": f"{way.url}/v2/alerts", "opsgenie_token": way.key, "opsgenie_web": "https://oncall.example.com"}
    media = await stock(way, kit, "opsgenie", given)
    await send(way, kit, media, PROBLEM)
    await way.sees("triggered", f"Problem: {NAME}", "error")
    await send(way, kit, media, ACKNOWLEDGED)
    await way.sees("acknowledged")
    await send(way, kit, media, COMMENT)
    await send(way, kit, media, RECOVERY)
    await way.sees("resolved", f"Problem: {NAME}")
    said = ""
    try:
        await send(way, kit, media, RECOVERY)
    except AssertionError as error:
        said = f"{error}"
    # The script knows these words of Opsgenie's; after any others it asks again until its engine stops it.
    assert "There is no open alert" in said, f"what it hears when the alert is closed already, it does not understand: {said}"
    return "problem, acknowledgement, comment, recovery; asks after each what became of it; recovery again"


async def pagerduty(way: WayIn, kit: Kit) -> str:
    """Its host is built in, so it goes through the proxy, which is a parameter of every media type."""
    media = await stock(way, kit, "pagerduty", {"token": way.key, "HTTPProxy": way.front.proxy})
    for changed, status in ((PROBLEM, "triggered"), (ACKNOWLEDGED, "acknowledged"), (RECOVERY, "resolved")):
        await send(way, kit, media, changed)
        await way.sees(status, f"Problem: {NAME}", "error")
    return "problem, acknowledgement, recovery"


async def victorops(way: WayIn, kit: Kit) -> str:
    media = await stock(way, kit, "victorops", {"vops_endpoint": f"{way.url}/integrations/generic/20131114/alert/{way.key}"})
    await send(way, kit, media, PROBLEM)
    await way.sees("triggered", f"Problem: {NAME}", "warning")
    await send(way, kit, media, RECOVERY)
    await way.sees("resolved", f"Problem: {NAME}")
    return "problem, recovery"


async def ours(way: WayIn, kit: Kit) -> str:
    """The media type of our guide."""
    media = MediaType(pasted(way, "zabbix", "js"), tabled(way, "zabbix"))
    for changed, status in ((PROBLEM, "triggered"), (COMMENT, "triggered"), (ACKNOWLEDGED, "acknowledged"), (RECOVERY, "resolved")):
        await send(way, kit, media, changed)
        await way.sees(status, NAME, "error")
    return "problem, comment, acknowledgement, recovery"


CLIENTS = [
    Client("Zabbix media type Opsgenie (Debian)", "zabbix", "zabbix-server-pgsql", "opsgenie", opsgenie),
    Client("Zabbix media type PagerDuty (Debian)", "zabbix", "zabbix-server-pgsql", "pagerduty", pagerduty),
    Client("Zabbix media type VictorOps (Debian)", "zabbix", "zabbix-server-pgsql", "victorops", victorops),
    Client("Zabbix media type of our guide (Debian)", "zabbix", "zabbix-server-pgsql", "zabbix", ours),
]
