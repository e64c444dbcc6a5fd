"""Clients of PagerDuty's Events API."""

from tests.clients.client import Client, node, python
from tests.clients.installing import Kit
from tests.clients.live import WayIn

TITLE = "CPU high on web-01"
DID = "trigger, acknowledge, resolve, change; a wrong key is refused"


async def pagerduty(way: WayIn, kit: Kit) -> str:
    start = "from pagerduty import EventsApiV2Client, HttpError", "events = EventsApiV2Client(KEY, base_url=FRONT)"
    trigger = f'events.trigger("{TITLE}", "web-01", dedup_key="web-01/cpu", severity="error", custom_details={{"größe": ["ü", None]}})'
    assert (await python(way, kit, *start, f"print({trigger})")).strip() == "web-01/cpu", "it is told another dedup key than it said"
    await way.sees("triggered", TITLE, "error")
    await python(way, kit, *start, 'events.acknowledge("web-01/cpu")')
    await way.sees("acknowledged")
    await python(way, kit, *start, 'events.resolve("web-01/cpu")')
    await way.sees("resolved", TITLE, "error")
    await python(
        way,
        kit,
        *start,
        'events.submit("Release 42", source="ci", timestamp="2026-03-02T12:00:00Z", links=[{"href": "https://ci.example/42"}])',
    )
    await way.sees("resolved", TITLE)
    wrong = 'try: EventsApiV2Client("x" * 32, base_url=FRONT).trigger("x", "y")', "except HttpError as no: print(no.response.json())"
    assert "Invalid routing key" in await python(way, kit, start[0], *wrong), "a wrong key is not refused in PagerDuty's words"
    return DID


async def pdpyras(way: WayIn, kit: Kit) -> str:
    start = (
        "from pdpyras import ChangeEventsAPISession, EventsAPISession, PDHTTPError",
        "def session(kind, key=KEY): made = kind(key); made.url = FRONT; return made",
        "events = session(EventsAPISession)",
    )
    trigger = f'events.trigger("{TITLE}", "web-01", dedup_key="web-01/cpu", severity="warning")'
    assert (await python(way, kit, *start, f"print({trigger})")).strip() == "web-01/cpu", "it is told another dedup key than it said"
    await way.sees("triggered", TITLE, "warning")
    await python(way, kit, *start, 'events.acknowledge("web-01/cpu")')
    await way.sees("acknowledged")
    await python(way, kit, *start, 'events.resolve("web-01/cpu")')
    await way.sees("resolved")
    await python(way, kit, *start, 'session(ChangeEventsAPISession).submit("Release 42", source="ci")')
    await way.sees("resolved", TITLE)
    wrong = 'try: session(EventsAPISession, "x" * 32).trigger("x", "y")', "except PDHTTPError as no: print(no.response.json())"
    assert "Invalid routing key" in await python(way, kit, *start, *wrong), "a wrong key is not refused in PagerDuty's words"
    return DID


async def pygerduty(way: WayIn, kit: Kit) -> str:
    """Version 1 of the API, whose host is built in; it writes null into whatever is not given."""
    start = "from pygerduty.events import Events", "events = Events(KEY)"
    told = await python(way, kit, *start, f'print(events.trigger_incident("{TITLE}", details={{"load": 0.75}}))')
    assert told.strip() != "None", "it is not told the key that was made up for it"
    await way.sees("triggered", TITLE, "unknown")
    await python(way, kit, *start, f"events.acknowledge_incident({told.strip()!r})")
    await way.sees("acknowledged")
    await python(way, kit, *start, f"events.resolve_incident({told.strip()!r})")
    await way.sees("resolved", TITLE)
    assert "events.pagerduty.com" in way.front.hosts, "it did not go through the proxy"
    return "trigger without a key, acknowledge, resolve; all of version 1"


async def pdjs(way: WayIn, kit: Kit) -> str:
    async def said(what: str, data: str, key: str = "KEY") -> str:
        sent = f"pd.{what}({{server: new URL(FRONT).host, data: {{routing_key: {key}, {data}}}}})"
        return await node(
            way, kit, 'const pd = require("@pagerduty/pdjs");', f"{sent}.then(r => console.log(r.status, JSON.stringify(r.data)));"
        )

    payload = f'payload: {{summary: "{TITLE}", source: "web-01", severity: "critical"}}'
    told = await said("trigger", f'dedup_key: "web-01/cpu", {payload}')
    assert told.strip() == '202 {"status":"success","message":"Event processed","dedup_key":"web-01/cpu"}', f"it is told {told}"
    await way.sees("triggered", TITLE, "critical")
    await said("acknowledge", 'dedup_key: "web-01/cpu"')
    await way.sees("acknowledged")
    await said("resolve", 'dedup_key: "web-01/cpu"')
    await way.sees("resolved")
    assert (await said("change", 'payload: {summary: "Release 42", source: "ci"}')).startswith("202 "), "a change is not taken"
    refused = await said("trigger", payload, key='"x".repeat(32)')
    assert "Invalid routing key" in refused, f"with a wrong key it is told {refused}"
    await way.sees("resolved", TITLE)
    return DID


CLIENTS = [
    Client("pagerduty (PyPI)", "python", "pagerduty", "pagerduty", pagerduty, quick=True),
    Client("pdpyras (PyPI)", "python", "pdpyras", "pagerduty", pdpyras, quick=True),
    Client("pygerduty (PyPI)", "python", "pygerduty", "pagerduty", pygerduty, quick=True),
    Client("pdjs (npm)", "node", "@pagerduty/pdjs", "pagerduty", pdjs, quick=True),
]
