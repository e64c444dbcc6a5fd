"""The page behind a link: what it says, and when its button acts."""

from datetime import timedelta

import pytest
from httpx import AsyncClient
from tests.system import System, to

from oncall.channels.values import PageMessage
from oncall.console.rules import ago, shortened, spoken
from oncall.kit.db import Database

STEP = timedelta(minutes=10)
"""All that falls due in these hours does so at whole ones."""


async def two_cycles(system: System) -> tuple[str, str]:
    """Ana was paged in the first cycle; she left the schedule, and the second one paged Ben. The incident, and Ana's link."""
    ana, ben = await system.user("Ana"), await system.user("Ben")
    layer = {
        "name": "daily",
        "participants": [to(ana), to(ben)],
        "rotation": {"unit": "hour", "count": 1, "starts_at": "2026-03-02T12:00:00"},
    }
    schedule = await system.make("schedules", name="Primary", time_zone="UTC", layers=[layer])
    made = await system.service([{"type": "schedule", "id": schedule["id"]}], repeat=0, exhausted_retry="PT2H", step_delay="PT1H")
    opened = await system.event(made["key"])
    link = system.email.sent[0].acknowledge_url
    assert link is not None
    return opened["incident_id"], link


async def test_a_link_of_an_earlier_cycle_shows_but_does_not_act_when_others_were_paged_since(system: System) -> None:
    incident, link = await two_cycles(system)
    await system.advance(hours=3, step=STEP)
    assert system.pages() == ["Ana", "Ben"]
    stranger = system.client()
    assert "others have been paged since" in (await stranger.get(link)).text
    pressed = await stranger.post(link)
    assert (pressed.status_code, "<button" in pressed.text) == (200, False)
    assert (await system.incident(incident))["status"] == "triggered"


async def test_a_link_of_an_earlier_cycle_acts_when_its_person_was_paged_again(system: System) -> None:
    incident, link = await two_cycles(system)
    await system.advance(hours=2, step=STEP)  # one cycle and its retry later Ana is on call again
    await system.advance(hours=4, step=STEP)
    assert "Ana" in system.pages()[1:]
    assert "you have it" in (await system.client().post(link)).text
    assert (await system.incident(incident))["acknowledged_by"]["name"] == "Ana"


async def test_a_link_escalates_when_its_button_is_pressed_and_not_when_it_is_opened(system: System) -> None:
    ana, ben, chris = [await system.user(name) for name in ("Ana", "Ben", "Chris")]
    service = await system.service([to(ana)], [to(ben)], [to(chris)])
    incident = (await system.event(service["key"]))["incident_id"]
    [page] = system.email.sent
    assert isinstance(page, PageMessage)
    link = page.escalate_url
    assert link is not None
    stranger = system.client()
    for _ in range(3):
        assert "Escalate as Ana</button>" in (await stranger.get(link)).text
    await system.run_due()
    assert system.pages() == ["Ana"]
    for _ in range(2):
        pressed = await stranger.post(link)
        assert ("Escalated: its next step is paged now." in pressed.text, "<button" in pressed.text) == (True, False)
        await system.run_due()
    assert system.pages() == ["Ben"], "pressed twice it is one wish"
    assert "escalated: escalated to level 2 of policy Payments by Ana through link" in await system.reasons(incident)
    await system.api.post(f"/api/v1/incidents/{incident}/acknowledge")
    assert "Escalate as Ana</button>" in (await stranger.get(link)).text, "whoever has it may be asleep"
    await system.api.post(f"/api/v1/incidents/{incident}/resolve")
    assert (await stranger.post(link)).status_code == 410


@pytest.mark.parametrize("path", ["/l/nonsense", "/l/", "/l/" + "A" * 300])
async def test_what_is_no_link_is_a_page_and_takes_no_connection(system: System, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: object, **__: object) -> None:
        raise AssertionError("the database was asked")

    monkeypatch.setattr(Database, "transaction", nothing)
    answer = await system.client().get(path)
    assert (answer.status_code, "This link is not one of ours" in answer.text) == (404, True)


async def test_a_database_that_cannot_be_reached_is_a_page_for_people(
    system: System, api: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, link = await two_cycles(system)

    def unreachable(*_: object, **__: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(Database, "transaction", unreachable)
    answer = await system.client().post(link)
    assert (answer.status_code, answer.headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert "nothing was changed" in answer.text


def test_words_for_tired_people() -> None:
    assert shortened("x" * 200, 140) == "x" * 139 + "…"
    assert [ago(timedelta(seconds=s)) for s in (5, 300)] == ["just now", "5\N{NO-BREAK SPACE}min ago"]
    assert spoken(timedelta(hours=3, minutes=5)) == "3\N{NO-BREAK SPACE}h 5\N{NO-BREAK SPACE}min"
