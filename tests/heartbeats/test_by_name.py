"""Check-ins as Opsgenie's and Alerta's clients send them: by the name of a heartbeat in the integration's service."""

from typing import Any

import pytest
from httpx import Response
from sqlalchemy import text
from tests.heartbeats.beating import Beating, beating_in
from tests.system import System

OPSGENIE, ALERTA = "opsgenie", "alerta"
WAYS: list[tuple[str, str, str, dict[str, Any] | None]] = [
    (OPSGENIE, "POST", "/v2/heartbeats/nightly%20backup/ping", None),
    (OPSGENIE, "GET", "/v2/heartbeats/nightly%20backup/ping", None),
    (OPSGENIE, "POST", "/intake/{key}/v2/heartbeats/nightly%20backup/ping", {}),
    (ALERTA, "POST", "/api/heartbeat", {"origin": "nightly backup", "timeout": 60}),
    (ALERTA, "POST", "/intake/{key}", {"origin": "nightly backup", "type": "Heartbeat"}),
]
every_way = pytest.mark.parametrize(("type", "method", "path", "body"), WAYS)


async def send(beating: Beating, method: str, path: str, body: dict[str, Any] | None) -> Response:
    key, type = beating.made["key"], beating.made["integration"]["type"]
    word = {OPSGENIE: "GenieKey", ALERTA: "Key"}[type]
    client = beating.system.client({"Authorization": f"{word} {key}"})
    return await client.request(method, path.format(key=key), json=body)


@every_way
async def test_the_services_heartbeat_of_that_name_is_checked_in(
    system: System, type: str, method: str, path: str, body: dict[str, Any] | None
) -> None:
    beating = await beating_in(system, type=type)
    beat = await beating.make("nightly backup")
    answer = await send(beating, method, path, body)
    assert (answer.is_success, await beating.state(beat)) == (True, "healthy")
    assert (await beating.events())[0] == ("check_in", "checked_in", "heartbeat nightly backup checked in")
    await system.advance(minutes=11)
    assert system.pages() == ["Ana"]
    await send(beating, method, path, body)
    assert (await beating.state(beat), [status for _, status in await beating.incidents()]) == ("healthy", ["resolved"])


@every_way
async def test_without_one_it_is_recorded_and_says_so(
    system: System, type: str, method: str, path: str, body: dict[str, Any] | None
) -> None:
    beating = await beating_in(system, type=type)
    other = await system.make("services", name="other", escalation_policy_id=beating.made["policy"]["id"])
    elsewhere = await beating.make("nightly backup", service_id=other["id"])
    assert (await send(beating, method, path, body)).is_success
    [(action, decision, reason)] = await beating.events()
    assert (action, decision, reason.split(":")[0]) == ("check_in", "checked_in", "no heartbeat of this name exists in the service")
    assert await beating.state(elsewhere) == "new"


@pytest.mark.usefixtures("impatient")
@every_way
async def test_what_cannot_be_checked_in_is_not_answered_2xx(
    system: System, type: str, method: str, path: str, body: dict[str, Any] | None
) -> None:
    beating = await beating_in(system, type=type)
    await beating.make("nightly backup")
    async with system.node.database.transaction() as tx:
        await tx.execute(text("LOCK TABLE heartbeat_check_ins IN ACCESS EXCLUSIVE MODE"))
        assert (await send(beating, method, path, body)).status_code == 503
    assert await beating.events() == []
