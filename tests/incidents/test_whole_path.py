"""Why was I (not) paged: the whole path of an incident, on the real system; one messy night of it is a page of the documentation."""

import re
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from tests.system import System, to

from oncall.channels.email import NOT_CONFIGURED
from oncall.channels.values import FailedTemporarily
from oncall.incidents.rules.written_out import wants_text

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "why-was-i-paged.md"


async def told(system: System, id: str) -> dict[str, Any]:
    answer = await system.api.get(f"/api/v1/incidents/{id}/explain")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def as_text(system: System, id: str) -> str:
    answer = await system.api.get(f"/api/v1/incidents/{id}/explain", headers={"Accept": "text/plain"})
    assert answer.headers["content-type"].startswith("text/plain")
    return re.sub(r"#\d+", "#1", answer.text)


async def nights_only(system: System, user: dict[str, Any]) -> dict[str, Any]:
    """A schedule that has a gap by day, and it is noon."""
    night = {"type": "daily", "start_time": "22:00", "end_time": "06:00"}
    layer = {
        "name": "nights",
        "participants": [to(user)],
        "rotation": {"unit": "week", "count": 1, "starts_at": "2026-01-05T09:00:00"},
        "restrictions": [night],
    }
    made = await system.make("schedules", name="Payments nights", time_zone="UTC", layers=[layer])
    return {"type": "schedule", "id": made["id"]}


async def messy(system: System) -> str:
    """A gap in the schedule, a first responder nobody can reach, a mail server that is down, and a late acknowledgement."""
    ana, ben, cleo = await system.user("Ana", channel=None), await system.user("Ben"), await system.user("Cleo", channel="webhook")
    made = await system.service([await nights_only(system, cleo)], [to(ana)], [to(ben)], [to(cleo)])
    system.email.always = FailedTemporarily("451 try again later", timedelta(seconds=60))
    opened = await system.event(made["key"])
    await system.advance(minutes=3)
    system.email.always = None
    await system.advance(minutes=6)
    answer = await system.api.post(f"/api/v1/incidents/{opened['incident_id']}/acknowledge", json={"user_id": cleo["id"]})
    assert answer.status_code == 200
    return str(opened["incident_id"])


def settled(text: str) -> list[str]:
    """Its sentences, however they are broken; messages of one instant leave in no particular order."""
    sentences = [re.sub(r"\s+", " ", one).strip() for one in re.split(r"\n(?=  \d\d:|\n)", text)]
    found: list[str] = []
    for is_message, its in groupby(sentences, key=lambda one: re.match(r"[\d:]+ (Sent|Not sent|Try)", one) is not None):
        there = list(its)
        found += sorted(there) if is_message else there
    return found


async def test_the_page_in_the_documentation_is_what_the_system_says(system: System) -> None:
    text = await as_text(system, await messy(system))
    page = PAGE.read_text().split("```text\n")[1].split("```")[0]
    assert settled(page) == settled(text), f"copy this into docs/explanation/why-was-i-paged.md:\n{text}"


async def test_it_says_whom_each_step_considered_and_why_it_was_not_them(system: System) -> None:
    path = await told(system, await messy(system))
    skipped = [one["detail"]["considered"] for one in path["sentences"] if one["kind"] == "step_skipped"]
    assert [(one["type"], one["why"], one["users"]) for one in skipped[0]] == [
        ("schedule", "nobody is on call in schedule Payments nights", [])
    ]
    (ana,) = skipped[1][0]["users"]
    assert (ana["name"], ana["reachable"]) == ("Ana", False)
    assert ana["why"] == "Ana has no verified contact method; a message to the account e-mail is the last resort"
    assert [one["kind"] for one in path["next"]] == ["retrigger", "had_nobody_acknowledged"]
    would = [page["name"] for page in path["next"][1]["detail"]["pages"]]
    assert would == ["Ana", "Ben"], "the second round, whose first step reaches nobody, and whose second nobody for sure"
    assert path["incident"]["status"] == "acknowledged"


async def test_it_says_by_which_ways_and_by_which_rule_of_theirs_somebody_is_paged(system: System) -> None:
    made = await system.service([to(await system.user("Ana", rules=(("high", "PT0S"), ("high", "PT5M"))))], step_delay="PT30M")
    opened = await system.event(made["key"])
    await system.api.post(f"/api/v1/incidents/{opened['incident_id']}/acknowledge")
    sentences = (await told(system, opened["incident_id"]))["sentences"]
    paged = next(one for one in sentences if one["kind"] == "paged")
    assert paged["text"] == (
        "Ana is paged: step 1 of policy Payments: named in the step. "
        "By email (a…@example.com) at once, by email (a…@example.com) after 5 min: by 2 notification rules of Ana for high urgency."
    )
    waiting = next(one for one in sentences if one["kind"] == "message")
    assert waiting["text"].startswith("The message to Ana by email (a…@example.com) was cancelled before it left us")
    assert sentences[-1]["text"].endswith("0 s after it was triggered; it cancelled 1 pending message.")


async def test_a_rule_edited_since_changes_nothing_of_what_is_told(system: System) -> None:
    ana = await system.user("Ana")
    made = await system.service([to(ana)])
    opened = await system.event(made["key"])
    before = (await told(system, opened["incident_id"]))["sentences"]
    methods = (await system.api.get(f"/api/v1/users/{ana['id']}/contact-methods")).json()["items"]
    answer = await system.api.delete(f"/api/v1/users/{ana['id']}/contact-methods/{methods[0]['id']}")
    assert answer.status_code == 204
    assert (await told(system, opened["incident_id"]))["sentences"] == before


async def test_what_held_it_and_what_comes_next(system: System) -> None:
    made = await system.service([to(await system.user("Ana"))])
    matchers = [{"name": "severity", "value": "critical"}]
    silence = {"matchers": matchers, "ends_at": "2026-03-02T13:00:00Z", "comment": "migration", "service_id": made["service"]["id"]}
    await system.make("silences", **silence)
    opened = await system.event(made["key"])
    path = await told(system, opened["incident_id"])
    assert [one["kind"] for one in path["sentences"]] == ["event", "opened", "held"]
    (then,) = path["next"]
    assert (then["kind"], then["at"]) == ("release", "2026-03-02T13:00:00Z")
    assert "Ana would be paged: step 1 of policy Payments: named in the step; held since" in then["text"]
    await system.advance(minutes=61)
    assert "released" in [one["kind"] for one in (await told(system, opened["incident_id"]))["sentences"]]


async def test_what_comes_next_goes_by_the_channels_that_are_set_up(system: System) -> None:
    ana, ben = await system.user("Ana", channel="webhook"), await system.user("Ben")
    made = await system.service([to(ana)], [to(ben)], [to(ana)])
    opened = await system.event(made["key"])
    system.email.lacks = NOT_CONFIGURED
    lost = f"step 2 of policy Payments reached nobody: Ben gets no message: {NOT_CONFIGURED}"
    (then,) = (await told(system, opened["incident_id"]))["next"]
    assert [note["because"] for note in then["detail"]["notes"]] == [lost, "step 3 of policy Payments fired"]
    assert lost in then["text"]
    await system.api.post(f"/api/v1/incidents/{opened['incident_id']}/acknowledge")
    otherwise = (await told(system, opened["incident_id"]))["next"][-1]
    assert (otherwise["kind"], [page["name"] for page in otherwise["detail"]["pages"]]) == ("had_nobody_acknowledged", ["Ben", "Ana"])
    assert lost in otherwise["text"]


async def test_it_says_so_when_nothing_more_happens_by_itself(system: System) -> None:
    made = await system.service([to(await system.user("Ana"))], repeat=0, exhausted_retry=None)
    opened = await system.event(made["key"])
    await system.advance(minutes=6)
    (then,) = (await told(system, opened["incident_id"]))["next"]
    assert then["text"] == "Nothing more happens by itself: acknowledge or resolve it."


@pytest.mark.parametrize(
    ("accept", "text"),
    [
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("text/plain", True),
        ("text/*", True),
        ("text/plain, application/json", False),
        ("text/plain, application/json;q=0.9", True),
        ("text/plain;q=0.2, */*", False),
        ("text/plain;q=x", False),
        ("text/html", False),
        (",;=,", False),
    ],
)
def test_text_is_for_who_would_rather_have_it(accept: str, text: bool) -> None:
    assert wants_text(accept) is text


async def test_of_an_incident_that_is_not_there_it_says_so(system: System) -> None:
    assert (await system.api.get("/api/v1/incidents/999999/explain")).status_code == 404
