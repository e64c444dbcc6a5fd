"""Clients of Opsgenie's Alert API."""

import json
from typing import Any

from tests.clients.client import Client, node, python
from tests.clients.installing import Kit
from tests.clients.live import WayIn

TITLE = "Disk of db-1 is full"
ALIAS = "db-1/disk é"
UNTIL = "2099-01-01T00:00:00Z"
DID = "create, request status, get, list, note, snooze, acknowledge, close, heartbeat; a wrong key is refused"


async def pypi(way: WayIn, kit: Kit) -> str:
    start = (
        "import json, opsgenie_sdk as og",
        "conf = og.Configuration()",
        "conf.host, conf.api_key['Authorization'], conf.ssl_ca_cert = FRONT, KEY, __import__('os').environ['SSL_CERT_FILE']",
        "conf.short_polling_max_retries = 1",
        "alerts = og.AlertApi(og.ApiClient(conf))",
        f"by = dict(identifier={ALIAS!r}, identifier_type='alias')",
    )

    async def said(step: str) -> Any:
        return json.loads(await python(way, kit, *start, f"print(json.dumps({step}, default=str))"))

    payload = f"og.CreateAlertPayload(message={TITLE!r}, alias={ALIAS!r}, priority='P1', tags=['disk'], details={{'mount': '/var'}})"
    done = await said(f"alerts.create_alert(create_alert_payload={payload}).retrieve_result().data.to_dict()")
    assert (done["action"], done["is_success"], done["alias"]) == ("Create", True, ALIAS), f"of its request it is told {done}"
    await way.sees("triggered", TITLE, "critical")
    got = await said("alerts.get_alert(**by).data.to_dict()")
    assert got["id"] == done["alert_id"], f"it gets another alert than it made: {got}"
    assert (got["message"], got["status"], got["priority"], got["acknowledged"]) == (TITLE, "open", "P1", False), f"it gets {got}"
    listed = await said("[one.to_dict() for one in alerts.list_alerts(query='status:open', limit=5).data]")
    assert [one["id"] for one in listed] == [got["id"]], f"it lists {listed}"
    await said("alerts.add_note(add_note_to_alert_payload=og.AddNoteToAlertPayload(note='looking'), **by).retrieve_result().to_dict()")
    snooze = f"og.SnoozeAlertPayload(end_time={UNTIL!r}, note='later')"
    told = await said(f"alerts.snooze_alert(snooze_alert_payload={snooze}, **by).result")
    assert told == "Request will be processed", f"its snooze is told {told}"
    acknowledge = "og.AcknowledgeAlertPayload(user='ana', note='mine')"
    done = await said(f"alerts.acknowledge_alert(acknowledge_alert_payload={acknowledge}, **by).retrieve_result().data.to_dict()")
    assert (done["action"], done["is_success"]) == ("Acknowledge", True), f"of its acknowledgement it is told {done}"
    await way.sees("acknowledged")
    assert await said("alerts.get_alert(**by).data.acknowledged"), "it gets an alert that is not acknowledged"
    done = await said("alerts.close_alert(close_alert_payload=og.CloseAlertPayload(user='ana'), **by).retrieve_result().data.to_dict()")
    assert (done["action"], done["is_success"]) == ("Close", True), f"of its closing it is told {done}"
    await way.sees("resolved", TITLE)
    told = await said("og.HeartbeatApi(og.ApiClient(conf)).ping('nightly').result")
    assert told.startswith("PONG"), f"its ping is told {told}"
    wrong = (
        "conf.api_key['Authorization'] = 'x' * 32",
        "try: alerts.list_alerts()",
        "except og.exceptions.AuthenticationException as no: print(no)",
    )
    assert "(401)" in await python(way, kit, *start, *wrong), "a wrong key is not refused"
    await way.sees("resolved", TITLE)
    return DID


async def npm(way: WayIn, kit: Kit) -> str:
    start = (
        "const og = require('opsgenie-sdk');",
        "og.configure({host: FRONT, api_key: KEY, maxAttempts: 1});",
        f"const by = {{identifier: encodeURIComponent({json.dumps(ALIAS)}), identifierType: 'alias'}};",
        "const say = (no, said) => console.log(JSON.stringify(no || said));",
    )

    async def said(step: str) -> Any:
        return json.loads(await node(way, kit, *start, step))

    payload = json.dumps({"message": TITLE, "alias": ALIAS, "priority": "P2", "source": "cron", "tags": ["disk"]})
    asked = await said(f"og.alertV2.create({payload}, say);")
    await way.sees("triggered", TITLE, "error")
    done = await said(f"og.alertV2.getRequestStatus({json.dumps(asked['requestId'])}, say);")
    assert (done["data"]["action"], done["data"]["isSuccess"]) == ("Create", True), f"of its request it is told {done}"
    got = await said("og.alertV2.get(by, say);")
    assert (got["data"]["id"], got["data"]["message"]) == (done["data"]["alertId"], TITLE), f"it gets {got}"
    listed = await said("og.alertV2.list({query: 'disk', limit: 5}, say);")  # with a colon in it, this client leaves out its key
    assert [one["alias"] for one in listed.get("data", [])] == [ALIAS], f"it lists {listed}"
    for step in ("addNote(by, {note: 'looking'}, say)", f"snooze(by, {{endTime: '{UNTIL}'}}, say)", "acknowledge(by, {user: 'ana'}, say)"):
        told = await said(f"og.alertV2.{step};")
        assert told.get("result") == "Request will be processed", f"{step} is told {told}"
    await way.sees("acknowledged")
    told = await said("og.alertV2.close(by, {user: 'ana', note: 'done'}, say);")
    assert told.get("result") == "Request will be processed", f"its closing is told {told}"
    await way.sees("resolved", TITLE)
    told = await said("og.heartbeat.ping({identifier: 'nightly'}, say);")
    assert told.get("result", "").startswith("PONG"), f"its ping is told {told}"
    refused = await said("og.configure({api_key: 'x'.repeat(32)}); og.alertV2.list({limit: 1}, say);")
    assert refused.get("httpStatusCode") in {401, 403}, f"with a wrong key it is told {refused}"
    return DID


CLIENTS = [
    Client("opsgenie-sdk (PyPI)", "python", "opsgenie-sdk", "opsgenie", pypi, quick=True),
    Client("opsgenie-sdk (npm)", "node", "opsgenie-sdk", "opsgenie", npm, quick=True),
]
