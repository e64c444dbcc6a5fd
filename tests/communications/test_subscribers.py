"""Who is told: colleagues by their own rules, addresses outside once they agreed; at least once, and never what is not for them."""

from datetime import timedelta
from email import message_from_bytes
from typing import Any

import pytest
from sqlalchemy import text
from tests.communications.telling import Telling, link_in
from tests.system import System

from oncall.channels.mail_settings import MailSender
from oncall.channels.mime import compose
from oncall.channels.render import written
from oncall.channels.values import FailedPermanently, FailedTemporarily, Message, Unknown
from oncall.communications.due.updates import UpdateDeliverer

NOBODY = "01960000-0000-7000-8000-000000000009"
IDLE = text("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND query LIKE '%update_deliveries%'")
ZOE = "zoe@customer.example"


async def press(system: System, path: str, **headers: str) -> tuple[int, str]:
    async with system.client(headers) as anybody:
        answer = await anybody.post(path, content=b"List-Unsubscribe=One-Click")
    return answer.status_code, answer.text


async def confirmed(telling: Telling, address: str = ZOE, **more: Any) -> dict[str, Any]:
    """Somebody outside who agreed; nothing of that is left to be looked at."""
    answer = await telling.subscribe("email", address, **more)
    assert answer.status_code == 201, answer.text
    [asked] = await telling.notices()
    assert (await press(telling.system, link_in(asked, "Confirm")))[0] == 200
    made: dict[str, Any] = answer.json()
    return made


async def test_an_address_is_asked_once_and_told_nothing_until_it_agrees(telling: Telling) -> None:
    made = (await telling.subscribe("email", ZOE)).json()
    assert (made["status"], made["audience"]) == ("waiting", "public")
    [asked] = await telling.notices()
    assert (asked.address, asked.kind) == (ZOE, "subscription")
    await telling.publish("We look.")
    assert await telling.told() == []
    path = link_in(asked, "Confirm")
    async with telling.system.client() as anybody:
        seen = await anybody.get(path)
        assert (seen.status_code, 'method="post"' in seen.text, seen.headers["cache-control"]) == (200, True, "no-store")
    await telling.publish("Still.")
    assert await telling.told() == [], "mail filters open every link: GET changes nothing"
    assert (await press(telling.system, path))[0] == 200
    assert (await press(telling.system, path))[0] == 200, "again is no error"
    await telling.publish("Found.", state="identified")
    assert await telling.told() == [(ZOE, "[Identified] Checkout is slow")]


async def test_nothing_internal_goes_outside_unless_somebody_said_so(telling: Telling) -> None:
    await confirmed(telling)
    await confirmed(telling, "partner@example.org", audience="internal")
    await telling.tell("Bob broke db-7.")
    [told] = await telling.notices()
    assert told.address == "partner@example.org"
    assert "Internal: not for people outside" in told.paragraphs[-1]


async def test_a_public_message_says_nothing_of_the_incident_itself(telling: Telling) -> None:
    await confirmed(telling)
    await telling.publish("We look.")
    [told] = await telling.notices()
    said = " ".join([told.subject, *told.paragraphs])
    assert "disk full" not in said
    assert "db-7" not in said
    assert "Ana" not in said


async def subscription_words(telling: Telling, address: str, **more: Any) -> tuple[str, str, str]:
    """The question, what its page says, and the mail about the next update."""
    await telling.subscribe("email", address, **more)
    [asked] = await telling.notices()
    path = link_in(asked, "Confirm")
    async with telling.system.client() as anybody:
        page = (await anybody.get(path)).text
    await press(telling.system, path)
    await telling.publish("We look.")
    [told] = [one for one in await telling.notices() if one.address == address]
    return written(asked).text, page, written(told).text


@pytest.mark.parametrize(
    ("shown", "called"),
    [
        ("by its name there", "Checkout"),
        ("in a group", "The whole shop"),
        ("on a page that is not public", "our services"),
        ("nowhere", "our services"),
    ],
)
async def test_somebody_outside_reads_a_service_by_the_name_it_has_on_the_status_page(telling: Telling, shown: str, called: str) -> None:
    if shown == "in a group":
        group = await telling.system.make("service-groups", name="shop-all", service_ids=[telling.service["id"]])
        lines = [{"service_group_id": group["id"], "name": "The whole shop"}]
        await telling.feed(groups=[{"name": "Shop", "services": lines}])
    elif shown != "nowhere":
        await telling.feed(public=shown == "by its name there")
    for said in await subscription_words(telling, ZOE, to="services"):
        assert called in said
        assert telling.service["name"] not in said
        assert "This is no page" not in said


async def test_somebody_outside_reads_no_name_of_a_team(telling: Telling) -> None:
    team = await telling.system.make("teams", name="Databases")
    async with telling.system.node.database.transaction() as tx:
        await tx.execute(text("UPDATE services SET team_id = :team WHERE id = :id"), {"team": team["id"], "id": telling.service["id"]})
    for said in await subscription_words(telling, ZOE, to="teams", id=team["id"]):
        assert "our services" in said
        assert "Databases" not in said


async def test_who_is_told_what_is_internal_reads_our_own_names(telling: Telling) -> None:
    await telling.feed()
    for said in await subscription_words(telling, "partner@example.org", to="services", audience="internal"):
        assert f"service {telling.service['name']}" in said


async def test_one_press_unsubscribes_and_every_message_says_where(telling: Telling) -> None:
    await confirmed(telling)
    await telling.publish("We look.")
    [told] = await telling.notices()
    path = link_in(told, "Unsubscribe")
    assert told.unsubscribe_url == f"http://oncall.test{path}"
    async with telling.system.client() as anybody:
        assert "Unsubscribe" in (await anybody.get(path)).text
    await telling.publish("Still.")
    assert len(await telling.told()) == 1, "looking at it changes nothing"
    assert (await press(telling.system, path, **{"Sec-Fetch-Site": "cross-site"}))[0] == 403
    assert (await press(telling.system, path))[0] == 200
    assert (await press(telling.system, path))[0] == 200
    await telling.publish("Over.", state="resolved")
    assert await telling.told() == []


async def test_the_mail_program_finds_its_own_button(telling: Telling) -> None:
    """RFC 8058: both headers, the URI alone in angle brackets."""
    await confirmed(telling)
    await telling.publish("We look.")
    [told] = await telling.notices()
    mail = message_from_bytes(compose(told, to=ZOE, sender=MailSender("", "o@example.com"), now=told.created_at))
    assert mail["List-Unsubscribe"].strip() == f"<{told.unsubscribe_url}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize("token", ["x", "A" * 44, "%00", "é" * 44])
async def test_a_link_that_is_none_of_ours(telling: Telling, token: str) -> None:
    async with telling.system.client() as anybody:
        for answer in (await anybody.get(f"/subscriptions/{token}"), await anybody.post(f"/subscriptions/{token}")):
            assert answer.status_code == 404
            assert "none of our links" in answer.text


async def test_who_never_answers_is_forgotten(telling: Telling) -> None:
    await telling.subscribe("email", ZOE)
    [asked] = await telling.notices()
    await telling.system.advance(days=7, hours=2, step=timedelta(hours=10))
    listed = await telling.system.api.get(f"/api/v1/incidents/{telling.incident_id}/subscribers")
    assert listed.json()["items"] == []
    status, said = await press(telling.system, link_in(asked, "Confirm"))
    assert (status, "ended" in said) == (410, True)


async def test_colleagues_are_told_by_their_own_rules_each_once(telling: Telling) -> None:
    system = telling.system
    team = await system.make("teams", name="Sales")
    ben = await system.user("Ben", channel="webhook")
    for user in (telling.ana, ben):
        assert (await system.api.put(f"/api/v1/teams/{team['id']}/members/{user['id']}", json={"role": "responder"})).status_code < 300
    for kind, one in (("team", team), ("user", ben)):
        assert (await telling.subscribe(kind, one["id"])).status_code == 201
    assert (await telling.subscribe("user", ben["id"], to="services")).status_code == 201
    await telling.tell("Bob broke db-7.")
    assert sorted(address for address, _ in await telling.told()) == ["ana@example.com", "ben@example.com"]


async def test_an_address_that_follows_several_things_is_told_once(telling: Telling) -> None:
    await confirmed(telling)
    await confirmed(telling, to="services")
    made = await telling.publish("We look.")
    assert len(await telling.told()) == 1
    [seen] = [one for one in (await telling.updates())["items"] if one["id"] == made["id"]]
    assert seen["deliveries"] == {"waiting": 0, "sent": 1, "failed": 0, "cancelled": 0}


async def test_those_who_follow_a_team_hear_of_its_services(telling: Telling) -> None:
    system = telling.system
    team = await system.make("teams", name="Payments")
    path = f"/api/v1/services/{telling.service['id']}"
    service = await system.api.get(path)
    edited = await system.api.put(path, json=service.json() | {"team_id": team["id"]}, headers={"If-Match": "*"})
    assert edited.status_code == 200, edited.text
    hook = "https://hooks.example.com/status"
    assert (await telling.subscribe("webhook", hook, to="teams", id=team["id"])).status_code == 201
    await telling.publish("We look.")
    assert await telling.told() == [(hook, "[Investigating] Checkout is slow")], "a program is asked nothing"


@pytest.mark.parametrize(
    ("kind", "address", "field"),
    [
        ("email", "no address", "address"),
        ("email", "a@b.example\r\nBcc: c@d.example", "address"),
        ("user", NOBODY, "address"),
        ("team", "x", "address"),
        ("slack", "C012AB3CDE", "kind"),
        ("pigeon", "x", "kind"),
        ("email", "x" * 3_000 + "@example.com", "address"),
    ],
)
async def test_what_cannot_be_told(telling: Telling, kind: str, address: str, field: str) -> None:
    answer = await telling.subscribe(kind, address)
    assert answer.status_code == 422, answer.text
    assert field in str(answer.json()["errors"])


async def test_they_are_listed_removed_and_there_once(telling: Telling) -> None:
    made = (await telling.subscribe("email", ZOE)).json()
    again = await telling.subscribe("email", ZOE)
    assert (again.status_code, again.json()["code"]) == (409, "already_subscribed")
    path = f"/api/v1/incidents/{telling.incident_id}/subscribers"
    assert [one["id"] for one in (await telling.system.api.get(path)).json()["items"]] == [made["id"]]
    elsewhere = f"/api/v1/services/{telling.service['id']}/subscribers/{made['id']}"
    assert (await telling.system.api.delete(elsewhere)).status_code == 404, "it follows the incident"
    assert (await telling.system.api.delete(f"{path}/{made['id']}")).status_code == 204
    assert (await telling.system.api.delete(f"{path}/{made['id']}")).status_code == 404
    assert await telling.told() == [], "the question was not sent yet, and is not sent any more"


# --- at least once ----------------------------------------------------------------------------------------------------------


async def test_what_fails_is_tried_again_and_says_that_it_may_have_come_before(telling: Telling) -> None:
    await confirmed(telling)
    telling.system.email.outcomes = [FailedTemporarily("451 busy"), Unknown("no answer")]
    made = await telling.publish("We look.")
    await telling.system.advance(minutes=3)
    sent = await telling.notices()
    assert [(m.attempt, m.repeated) for m in sent] == [(1, False), (2, True), (3, True)]
    assert len({m.notification_id for m in sent}) == 1
    [seen] = [one for one in (await telling.updates())["items"] if one["id"] == made["id"]]
    assert seen["deliveries"]["sent"] == 1


async def test_what_is_refused_for_good_is_not_tried_again(telling: Telling) -> None:
    await confirmed(telling)
    telling.system.email.always = FailedPermanently("550 no such user", code="refused")
    await telling.publish("We look.")
    await telling.system.advance(hours=1)
    telling.system.email.always = None
    assert len(await telling.notices()) == 1
    assert (await telling.updates())["items"][0]["deliveries"]["failed"] == 1


async def test_a_node_that_dies_with_a_message_on_the_wire_loses_it_to_another(telling: Telling, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lease runs out, and the message goes out once more, with the same id and a label."""
    await confirmed(telling)
    [deliverer] = [source for source in telling.system.node.sources if isinstance(source, UpdateDeliverer)]

    async def dies(*_: object) -> None:
        raise ConnectionError("killed")

    monkeypatch.setattr(deliverer, "_record", dies)
    await telling.publish("We look.")
    first = await telling.notices()
    monkeypatch.undo()
    await telling.system.advance(minutes=1)
    second = await telling.notices()
    assert [m.attempt for m in first + second] == [1, 2]
    assert first[0].notification_id == second[0].notification_id


async def test_what_was_retracted_before_it_left_is_not_sent(telling: Telling) -> None:
    await confirmed(telling)
    made = await telling.publish("It is the fault of Bob.")
    answer = await telling.system.api.post(f"/api/v1/incidents/{telling.incident_id}/status-updates/{made['id']}/retract")
    assert answer.json()["deliveries"]["cancelled"] == 1
    assert await telling.told() == []


async def test_whoever_is_removed_while_it_is_on_its_way_is_left_alone(telling: Telling, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the claim and the wire: it is looked at again."""
    made = await confirmed(telling)
    email = telling.system.email
    [deliverer] = [source for source in telling.system.node.sources if isinstance(source, UpdateDeliverer)]
    before = deliverer._deliver

    async def removed_first(*one: Any) -> None:
        await telling.system.api.delete(f"/api/v1/incidents/{telling.incident_id}/subscribers/{made['id']}")
        await before(*one)

    monkeypatch.setattr(deliverer, "_deliver", removed_first)
    await telling.publish("We look.")
    await telling.system.run_due()
    assert email.sent == []


async def test_while_a_message_is_on_the_wire_no_transaction_is_open(telling: Telling, monkeypatch: pytest.MonkeyPatch) -> None:
    await confirmed(telling)
    await telling.publish("We look.")
    taken: list[Message] = []
    send = telling.system.email.send

    async def paged_meanwhile(message: Message) -> Any:
        if not taken and getattr(message, "kind", "") == "status_update":
            taken.append(message)
            async with telling.system.node.database.transaction() as tx:
                assert (await tx.execute(IDLE)).scalar_one() == 0, "no transaction of ours is open while sending"
        return await send(message)

    monkeypatch.setattr(telling.system.email, "send", paged_meanwhile)
    await telling.system.run_due()
    assert len(taken) == 1


async def test_whoever_only_reads_sees_addresses_outside_masked(telling: Telling) -> None:
    """They are those of customers, and of a program often a secret."""
    await telling.subscribe("email", "zoe@customer.example")
    await telling.subscribe("webhook", "https://hooks.example/services/T0/secret-token")
    await telling.subscribe("user", telling.ana["id"])
    path = f"/api/v1/incidents/{telling.incident_id}/subscribers"
    reading = await telling.system.make("api-keys", name="stakeholders", scope="read")
    async with telling.system.client({"Authorization": f"Bearer {reading['key']}"}) as reader:
        said = (await reader.get(path)).json()["items"]
    assert [one["kind"] for one in said] == ["email", "webhook", "user"]
    assert not any(secret in str(said) for secret in ("zoe@", "secret-token"))
    assert said[2]["address"] == telling.ana["id"]
    seen = [one["address"] for one in (await telling.system.api.get(path)).json()["items"]]
    assert seen[:2] == ["zoe@customer.example", "https://hooks.example/services/T0/secret-token"]


@pytest.mark.parametrize(("to", "status"), [("services", 403), ("incidents", 201)])
async def test_what_is_internal_goes_out_of_all_incidents_to_come_only_by_whoever_is_responsible(
    telling: Telling, to: str, status: int
) -> None:
    system = telling.system
    made = await system.make("api-keys", name="ana", scope="respond", user_id=telling.ana["id"])
    whom = {"incidents": telling.incident_id, "services": telling.service["id"]}[to]
    async with system.client({"Authorization": f"Bearer {made['key']}"}) as ana:
        for audience, expected in (("internal", status), ("public", 201)):
            body = {"kind": "email", "address": f"{audience}@partner.example", "audience": audience}
            answer = await ana.post(f"/api/v1/{to}/{whom}/subscribers", json=body)
            assert answer.status_code == expected, answer.text
    assert (await telling.subscribe("email", "b@partner.example", to=to, audience="internal")).status_code == 201, "an admin may"
