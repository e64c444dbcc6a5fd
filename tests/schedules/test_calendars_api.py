"""Our calendars as other programs read them: by token, known again, told what is cancelled; and calendars that are imported once."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from httpx import AsyncClient, Response
from icalendar import Calendar, Event
from tests.schedules.asking import (
    ANY,
    Json,
    always,
    day,
    edited,
    get,
    id_of,
    people,
    post,
    problem,
    refusal,
    rotating,
    scheduled,
    shifts,
    z,
)
from tests.system import System

DAY = timedelta(days=1)
SIX_MONTHS = timedelta(days=182)
UNKNOWN = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
async def team(system: System) -> list[Json]:
    """Ana, Bob and Cem."""
    return [await system.user(name, channel=None) for name in ("Ana", "Bob", "Cem")]


@pytest.fixture
async def payments(system: System, team: list[Json]) -> str:
    """Ana, Bob, Cem, week by week; it is Monday, 2 March, 12:00, in Ana's first week."""
    return await scheduled(system, rotating(*team), time_zone="Europe/Lisbon")


async def subscribed(system: System, owner: str, **body: Any) -> str:
    """The address to subscribe to, without our host."""
    made = await post(system.api, f"{owner}/calendar-feeds", **body)
    return str(made["url"]).removeprefix("http://oncall.test")


async def fetched(system: System, url: str) -> list[Event]:
    """What a calendar program gets, which has no key."""
    answer = await system.client().get(url)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    return list(Calendar.from_ical(answer.text).walk("VEVENT"))


def living(events: list[Event]) -> list[Event]:
    return [event for event in events if event["STATUS"] == "CONFIRMED"]


def cancelled(events: list[Event]) -> list[Event]:
    return [event for event in events if event["STATUS"] == "CANCELLED"]


def line(event: Event) -> str:
    """ "03-02 09:00 03-09 09:00 Ana on call: Payments" """
    return f"{event.start:%m-%d %H:%M} {event.end:%m-%d %H:%M} {event['SUMMARY']}"


def uids(events: list[Event]) -> list[str]:
    return [str(event["UID"]) for event in events]


def who_of(event: Event) -> str:
    return str(event["SUMMARY"]).partition(" on call")[0]


async def by_shifts(api: AsyncClient, schedule: str, since: datetime, until: datetime) -> dict[str, list[tuple[datetime, datetime]]]:
    """Each one's unbroken time on call, by name, as …/shifts has it."""
    found: dict[str, list[tuple[datetime, datetime]]] = {}
    for tile in (await get(api, f"{schedule}/shifts", since=z(since), until=z(until)))["items"]:
        start, end = datetime.fromisoformat(tile["start"]), datetime.fromisoformat(tile["end"])
        for user in tile["users"]:
            found.setdefault(user["name"], []).append((start, end))
    return {name: joined(spans) for name, spans in found.items()}


def by_entries(events: list[Event], since: datetime, until: datetime) -> dict[str, list[tuple[datetime, datetime]]]:
    """The same as a calendar has it, cut at the ends."""
    found: dict[str, list[tuple[datetime, datetime]]] = {}
    for event in living(events):
        if event.start < until and event.end > since:
            found.setdefault(who_of(event), []).append((max(event.start, since), min(event.end, until)))
    return {name: joined(spans) for name, spans in found.items()}


def joined(spans: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    together: list[tuple[datetime, datetime]] = []
    for start, end in sorted(spans):
        if together and together[-1][1] >= start:
            together[-1] = (together[-1][0], max(together[-1][1], end))
        else:
            together.append((start, end))
    return together


# --- tokens -----------------------------------------------------------------------------------------------------------------


async def test_a_token_is_shown_once_and_reads_without_a_key(system: System, payments: str) -> None:
    made = await post(system.api, f"{payments}/calendar-feeds", name="Ana's phone")
    token = made["url"].partition("?token=")[2]
    assert made["url"] == f"http://oncall.test{payments}/calendar.ics?token={token}"
    assert len(token) >= 40
    shown = {"id": made["id"], "name": "Ana's phone", "created_at": z(system.clock.at), "revoked_at": None}
    assert made == {**shown, "url": made["url"]}
    listed = await system.api.get(f"{payments}/calendar-feeds")
    assert listed.json()["items"] == [shown]
    assert token not in listed.text
    assert len(await fetched(system, made["url"])) > 20


async def test_a_token_reads_its_own_calendar_and_no_other(system: System, payments: str, team: list[Json]) -> None:
    other = await scheduled(system, rotating(*team), name="Other")
    ana = f"/api/v1/users/{team[0]['id']}"
    owners = (payments, other, ana)
    tokens = [(await subscribed(system, owner)).partition("?token=")[2] for owner in owners]
    nobody = system.client()
    for owner in owners:
        answers = [await nobody.get(f"{owner}/calendar.ics", params={"token": token}) for token in tokens]
        assert [answer.status_code for answer in answers] == [200 if owner == one else 404 for one in owners]
    for token in ("", "wrong", tokens[0][:-1], tokens[0].upper(), "é" * 100):
        assert problem(await nobody.get(f"{payments}/calendar.ics", params={"token": token})) == (404, "not_found")
    for path in (payments, f"{payments}/shifts", f"{payments}/calendar-feeds"):
        assert problem(await nobody.get(path, params={"token": tokens[0]})) == (422, "invalid"), "it takes no token"
        assert (await nobody.get(path)).status_code == 401


async def test_without_a_token_a_key_is_needed(system: System, payments: str, team: list[Json]) -> None:
    made = await system.make("api-keys", name="wall", scope="read")
    reader = system.client({"Authorization": f"Bearer {made['key']}"})
    for path in (payments, f"/api/v1/users/{team[0]['id']}"):
        assert problem(await system.client().get(f"{path}/calendar.ics")) == (401, "unauthorized")
        assert (await reader.get(f"{path}/calendar.ics")).status_code == 200
    assert problem(await reader.get(f"/api/v1/schedules/{UNKNOWN}/calendar.ics")) == (404, "not_found")


async def test_a_revoked_token_reads_nothing_any_more(system: System, payments: str) -> None:
    made, kept = await post(system.api, f"{payments}/calendar-feeds"), await subscribed(system, payments)
    system.clock.advance(DAY)
    other = await scheduled(system, name="Other")
    assert (await system.api.delete(f"{other}/calendar-feeds/{made['id']}")).status_code == 404, "it is not that schedule's"
    assert (await system.api.delete(f"{payments}/calendar-feeds/{made['id']}")).status_code == 204
    assert problem(await system.client().get(made["url"])) == (404, "not_found")
    assert len(await fetched(system, kept)) > 20
    assert (await system.api.delete(f"{payments}/calendar-feeds/{made['id']}")).status_code == 404
    listed = (await get(system.api, f"{payments}/calendar-feeds"))["items"]
    assert [one["revoked_at"] for one in listed] == [z(system.clock.at), None]


async def test_people_make_feeds_of_their_own_and_responders_those_of_schedules(system: System, payments: str, team: list[Json]) -> None:
    made = await system.make("api-keys", name="laptop", scope="respond", user_id=team[0]["id"])
    ana = system.client({"Authorization": f"Bearer {made['key']}"})
    own, bobs = (f"/api/v1/users/{user['id']}/calendar-feeds" for user in team[:2])
    for path in (own, f"{payments}/calendar-feeds"):
        assert (await ana.post(path)).status_code == 201
    assert problem(await ana.post(bobs)) == problem(await ana.get(bobs)) == (403, "forbidden")
    read = await system.make("api-keys", name="wall", scope="read")
    reader = system.client({"Authorization": f"Bearer {read['key']}"})
    assert (await reader.post(f"{payments}/calendar-feeds")).status_code == 403


# --- what is read -----------------------------------------------------------------------------------------------------------


async def nested_and_groups(system: System, team: list[Json]) -> str:
    inner = await scheduled(system, rotating(*team, unit="day", starts="03-01 22:00"), name="Inner", time_zone="Europe/Lisbon")
    night = {"type": "weekly", "start_day": "friday", "start_time": "20:00", "end_day": "saturday", "end_time": "08:00"}
    group = {"type": "group", "members": [{"type": "user", "id": user["id"]} for user in team[:2]]}
    layers = (rotating(group, {"type": "vacant"}), always({"type": "schedule", "id": id_of(inner)}, name="nights", restrictions=[night]))
    return await scheduled(system, *layers, time_zone="America/New_York")


async def weekly(system: System, team: list[Json]) -> str:
    return await scheduled(system, rotating(*team), time_zone="Europe/Lisbon")


async def forever(system: System, team: list[Json]) -> str:
    return await scheduled(system, always(team[0]))


@pytest.mark.parametrize("make", [weekly, nested_and_groups, forever])
async def test_every_shift_of_the_next_six_months_is_there_at_the_same_instants(
    system: System, team: list[Json], make: Callable[[System, list[Json]], Any]
) -> None:
    schedule = await make(system, team)
    span = {"start": day("03-10 00:00"), "end": day("03-11 12:00")}
    await post(system.api, f"{schedule}/overrides", **span, user_id=team[2]["id"])
    await post(system.api, f"/api/v1/users/{team[0]['id']}/unavailability", start=day("04-01 00:00"), end=day("04-09 00:00"))
    system.clock.advance(timedelta(minutes=17, seconds=3))
    events = await fetched(system, await subscribed(system, schedule))
    since, until = system.clock.at - 20 * DAY, system.clock.at + SIX_MONTHS
    assert by_entries(events, since, until) == await by_shifts(system.api, schedule, since, until)


async def test_an_entry_says_who_why_and_for_whom(system: System, payments: str, team: list[Json]) -> None:
    await post(system.api, f"{payments}/overrides", start=day("03-10 00:00"), end=day("03-11 12:00"), user_id=team[2]["id"])
    events = living(await fetched(system, await subscribed(system, payments)))
    assert [line(event) for event in events if day("03-01 00:00")[:10] < z(event.end) < day("03-17 00:00")] == [
        "02-23 09:00 03-02 09:00 Cem on call: Payments",
        "03-02 09:00 03-09 09:00 Ana on call: Payments",
        "03-09 09:00 03-10 00:00 Bob on call: Payments",
        "03-10 00:00 03-11 12:00 Cem on call: Payments",
        "03-11 12:00 03-16 09:00 Bob on call: Payments",
    ]
    cover = next(event for event in events if event.start.day == 10 and event.start.month == 3)
    assert str(cover["DESCRIPTION"]) == "Override: cover\nCovers for Bob"
    assert {str(event["TRANSP"]) for event in events} == {"OPAQUE"}


async def test_what_was_read_need_not_be_read_again_until_it_changes(system: System, payments: str, team: list[Json]) -> None:
    url, nobody = await subscribed(system, payments), system.client()
    first = await nobody.get(url)
    known = {"If-None-Match": first.headers["etag"]}

    async def again() -> Response:
        return await nobody.get(url, headers=known)

    for _ in range(3):
        system.clock.advance(timedelta(hours=3, seconds=7))
        same = await again()
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", first.headers["etag"])
    assert problem(await nobody.get(f"{url}x", headers=known)) == (404, "not_found")
    await edited(system.api, payments, always(team[0]))
    changed = await again()
    assert (changed.status_code, changed.headers["etag"] != first.headers["etag"]) == (200, True)


async def test_entries_keep_their_uid_whatever_day_they_are_read(system: System, payments: str) -> None:
    url = await subscribed(system, payments)
    first = {line(event): event["UID"] for event in await fetched(system, url)}
    assert len(set(first.values())) == len(first)
    system.clock.advance(9 * DAY)
    second = {line(event): event["UID"] for event in await fetched(system, url)}
    both = first.keys() & second.keys()
    assert len(both) >= 28
    assert {known: first[known] for known in both} == {known: second[known] for known in both}


async def test_what_an_override_takes_away_and_its_end_gives_back(system: System, payments: str, team: list[Json]) -> None:
    url = await subscribed(system, payments)
    before = await fetched(system, url)
    system.clock.advance(DAY)
    override = await post(system.api, f"{payments}/overrides", start=day("03-09 09:00"), end=day("03-16 09:00"), user_id=team[2]["id"])
    during = await fetched(system, url)
    [gone] = cancelled(during)
    [was] = [event for event in before if event["UID"] == gone["UID"]]
    assert line(gone) == line(was) == "03-09 09:00 03-16 09:00 Bob on call: Payments"
    assert (int(gone["SEQUENCE"]) > int(was["SEQUENCE"]), str(gone["TRANSP"])) == (True, "TRANSPARENT")
    [new] = [event for event in living(during) if event["UID"] not in uids(before)]
    assert line(new) == "03-09 09:00 03-16 09:00 Cem on call: Payments"
    system.clock.advance(DAY)
    assert (await system.api.delete(f"{payments}/overrides/{override['id']}")).status_code == 204
    after = await fetched(system, url)
    assert [line(event) for event in living(after)] == [line(event) for event in before]
    assert uids(living(after)) == uids(before)
    assert uids(cancelled(after)) == [str(new["UID"])]
    [back] = [event for event in after if event["UID"] == gone["UID"]]
    assert int(back["SEQUENCE"]) > int(gone["SEQUENCE"]), "readers take it back"


async def test_an_edit_cancels_what_was_to_come_and_no_more_than_two_weeks_long(system: System, payments: str, team: list[Json]) -> None:
    url = await subscribed(system, payments)
    before = {str(event["UID"]): event for event in await fetched(system, url)}
    system.clock.advance(DAY)
    await edited(system.api, payments, always(team[1]))
    gone = cancelled(await fetched(system, url))
    assert {event.start for event in gone} == {event.start for event in before.values() if event.start > system.clock.at}
    for event in gone:
        was = before[str(event["UID"])]
        assert (line(event), int(event["SEQUENCE"]) > int(was["SEQUENCE"])) == (line(was), True)
    assert str(next(event for event in gone)["LAST-MODIFIED"].dt) == str(system.clock.at)
    system.clock.advance(13 * DAY)
    assert cancelled(await fetched(system, url)) != []
    system.clock.advance(2 * DAY)
    assert cancelled(await fetched(system, url)) == []


async def test_no_uid_is_told_twice_after_many_edits(system: System, payments: str, team: list[Json]) -> None:
    url, sequences = await subscribed(system, payments), {}
    for nth in range(5):
        system.clock.advance(timedelta(hours=1))
        await edited(system.api, payments, rotating(*team[nth % 2 :], unit="day", count=1 + nth))
        events = await fetched(system, url)
        assert len(set(uids(events))) == len(events)
        for event in events:
            uid, sequence = str(event["UID"]), int(event["SEQUENCE"])
            assert sequence >= sequences.get(uid, 0), "it never falls"
            sequences[uid] = sequence


# --- of a person and of a team ----------------------------------------------------------------------------------------------


async def test_a_persons_calendar_has_their_own_shifts_of_all_schedules(system: System, payments: str, team: list[Json]) -> None:
    await scheduled(system, rotating(*team[:2], starts="03-03 09:00"), name="Search")
    answer = await system.client().get(await subscribed(system, f"/api/v1/users/{team[0]['id']}"))
    assert "X-WR-CALNAME:On call: Ana" in answer.text
    events = list(Calendar.from_ical(answer.text).walk("VEVENT"))
    assert [line(event) for event in events if event.start > system.clock.at][:3] == [
        "03-03 09:00 03-10 09:00 On call: Search",
        "03-17 09:00 03-24 09:00 On call: Search",
        "03-23 09:00 03-30 08:00 On call: Payments",
    ], "and at the change of the clocks, when it is 09:00 in Lisbon"


async def test_a_teams_calendar_has_its_own_schedules_and_the_one_that_stands_for_it(system: System, team: list[Json]) -> None:
    made = await system.make("teams", name="Core")
    for name in ("Own", "Stands", "Other"):
        schedule = await scheduled(system, always(team[0]), name=name, team_id=made["id"] if name == "Own" else None)
        if name == "Stands":
            body = {"schedule_id": id_of(schedule)}
            assert (await system.api.patch(f"/api/v1/teams/{made['id']}", json=body, headers=ANY)).status_code == 200
    events = await fetched(system, await subscribed(system, f"/api/v1/teams/{made['id']}"))
    assert {str(event["SUMMARY"]) for event in events} == {"Ana on call: Own", "Ana on call: Stands"}


async def test_whoever_is_taken_out_sees_their_shifts_cancelled(system: System, payments: str, team: list[Json]) -> None:
    url = await subscribed(system, f"/api/v1/users/{team[1]['id']}")
    before = await fetched(system, url)
    coming = [uid for event, uid in zip(before, uids(before), strict=True) if event.start > system.clock.at]
    system.clock.advance(DAY)
    await edited(system.api, payments, rotating(team[0], team[2]))
    after = await fetched(system, url)
    assert set(uids(cancelled(after))) == set(coming) != set()
    assert all(event.end <= system.clock.at for event in living(after))


@pytest.mark.parametrize("how", ["override", "cover", "temporary schedule"])
async def test_whoever_was_to_stand_in_sees_it_cancelled_too(system: System, payments: str, team: list[Json], how: str) -> None:
    dee = await system.user("Dee", channel=None)
    url = await subscribed(system, f"/api/v1/users/{dee['id']}")
    span = {"start": day("03-04 00:00"), "end": day("03-05 00:00")}
    match how:
        case "override":
            path, body = f"{payments}/overrides", {"user_id": dee["id"]}
        case "cover":
            path, body = f"/api/v1/users/{team[0]['id']}/unavailability", {"cover_user_id": dee["id"]}
        case _:
            path, body = f"{payments}/temporary-schedules", {"shifts": [span | {"user_ids": [dee["id"]]}]}
    made = await post(system.api, path, **span, **body)
    [entry] = living(await fetched(system, url))
    assert line(entry) == "03-04 00:00 03-05 00:00 On call: Payments"
    system.clock.advance(timedelta(minutes=5))
    which = {"params": {"since": span["start"], "until": span["end"]}} if how == "temporary schedule" else {}
    there = path if which else f"{path}/{made['id']}"
    assert (await system.api.delete(there, **which)).status_code == 204
    assert uids(cancelled(await fetched(system, url))) == uids([entry])


async def test_a_feed_ends_two_weeks_after_its_schedule(system: System, payments: str) -> None:
    url = await subscribed(system, payments)
    assert (await system.api.delete(payments)).status_code == 204
    system.clock.advance(14 * DAY)
    assert problem(await system.client().get(url)) == (404, "not_found")


# --- imported once ----------------------------------------------------------------------------------------------------------


def file(*events: tuple[str, ...]) -> str:
    """A calendar of events, each of these lines."""
    lines = (one for n, event in enumerate(events) for one in ("BEGIN:VEVENT", f"UID:{n}", *event, "END:VEVENT"))
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *lines, "END:VCALENDAR", ""])


def event(summary: str, start: str, end: str) -> tuple[str, ...]:
    return f"SUMMARY:{summary}", f"DTSTART:{ical(start)}", f"DTEND:{ical(end)}"


def ical(text: str) -> str:
    return day(text).replace("-", "").replace(":", "")


@pytest.mark.parametrize("make", [weekly, nested_and_groups])
async def test_our_own_feed_comes_back_as_the_same_shifts(
    system: System, team: list[Json], make: Callable[[System, list[Json]], Any]
) -> None:
    schedule = await make(system, team)
    await post(system.api, f"{schedule}/overrides", start=day("03-10 00:00"), end=day("03-11 12:00"), user_id=team[2]["id"])
    gone = await post(system.api, f"{schedule}/overrides", start=day("03-12 00:00"), end=day("03-13 00:00"), user_id=team[2]["id"])
    assert (await system.api.delete(f"{schedule}/overrides/{gone['id']}")).status_code == 204
    content = (await system.client().get(await subscribed(system, schedule))).text
    copy = await scheduled(system, name="Copy")
    done = await post(system.api, f"{copy}/imports", layer="imported", content=content)
    assert done["notes"] == []
    since, until = system.clock.at, system.clock.at + SIX_MONTHS
    ours, theirs = await by_shifts(system.api, schedule, since, until), await by_shifts(system.api, copy, since, until)
    assert theirs == ours != {}


async def test_an_import_is_a_layer_of_fixed_shifts_and_says_whom_it_does_not_know(system: System, payments: str, team: list[Json]) -> None:
    content = file(
        event("Bob", "03-04 00:00", "03-05 00:00"),
        ("ATTENDEE:mailto:cem@example.com", *event("Night", "03-05 00:00", "03-06 00:00")),
        event("Zoe", "03-06 00:00", "03-07 00:00"),
        event("Ana", "01-06 00:00", "01-07 00:00"),
        ("SUMMARY:Ana", f"DTSTART:{ical('03-07 00:00')}"),
    )
    done = await post(system.api, f"{payments}/imports", layer="imported", content=content)
    assert done["notes"] == ["“Zoe” names nobody we know by e-mail address or name.", "“Ana”: it has no end."]
    [_, layer] = done["schedule"]["layers"]
    assert (layer["name"], layer["participants"], len(layer["shifts"])) == ("imported", [], 2)
    assert await shifts(system.api, payments, "03-03 00:00", "03-08 00:00") == [
        "03-03 00:00 Ana",
        "03-04 00:00 Bob",
        "03-05 00:00 Cem",
        "03-06 00:00 Ana",
    ], "on top of the other layers"
    again = await post(system.api, f"{payments}/imports", layer="imported", content=file(event("Cem", "03-04 00:00", "03-05 00:00")))
    assert (len(again["schedule"]["layers"]), again["notes"]) == (2, [])
    assert await shifts(system.api, payments, "03-03 00:00", "03-08 00:00") == ["03-03 00:00 Ana", "03-04 00:00 Cem", "03-05 00:00 Ana"]


async def test_a_bad_calendar_changes_nothing(system: System, payments: str) -> None:
    before = await system.api.get(payments)
    for what, content in (
        ("a page to log in", "<!DOCTYPE html><html><body>Please log in</body></html>"),
        ("a word", "Ana"),
        ("cut off", file(event("Bob", "03-04 00:00", "03-05 00:00"))[:60]),
        ("a repetition by the second", file((*event("Bob", "03-04 00:00", "03-04 00:01"), "RRULE:FREQ=SECONDLY"))),
    ):
        answer = await system.api.post(f"{payments}/imports", json={"layer": "imported", "content": content})
        assert problem(answer) == (422, "bad_calendar"), what
    after = await system.api.get(payments)
    assert (after.json(), after.headers["etag"]) == (before.json(), before.headers["etag"])
    assert len((await get(system.api, f"{payments}/versions"))["items"]) == 1


async def test_what_cannot_be_imported(system: System, payments: str, team: list[Json]) -> None:
    good = {"layer": "imported", "content": file(event("Bob", "03-04 00:00", "03-05 00:00"))}
    path = f"{payments}/imports"
    into_a_rotation = await system.api.post(path, json=good | {"layer": "primary"})
    assert refusal(into_a_rotation) == (422, "invalid_schedule", "layers.0.shifts")
    assert refusal(await system.api.post(path, json=good | {"content": " "})) == (422, "invalid", "content")
    assert refusal(await system.api.post(path, json=good | {"layer": ""})) == (422, "invalid", "layer")
    assert problem(await system.api.post(path.replace(id_of(payments), UNKNOWN), json=good)) == (404, "not_found")
    made = await system.make("api-keys", name="laptop", scope="respond", user_id=team[0]["id"])
    assert (await system.client({"Authorization": f"Bearer {made['key']}"}).post(path, json=good)).status_code == 403
    assert people((await get(system.api, f"{payments}/oncall", at=day("03-04 12:00")))["users"]) == "Ana"
