"""Calendars of others that are read again and again, from a real server that answers well, badly, or not at all."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.providers.http import WebhookSink
from tests.schedules.asking import ANY, Json, always, day, get, post, problem, refusal, rotating, scheduled, shifts, who, z
from tests.schedules.test_calendars_api import event, file
from tests.system import System

from oncall.kit.clock import ManualClock
from oncall.kit.db import Database
from oncall.schedules import due

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
UNKNOWN = "00000000-0000-7000-8000-000000000000"
THIS_WEEK = ("03-02 12:00", "03-09 09:00")
WEDDING = event("Wedding", "03-04 00:00", "03-05 00:00")
AT_THE_WEDDING = ["03-02 12:00 Ana", "03-04 00:00 nobody", "03-05 00:00 Ana"]


class CalendarHost(WebhookSink):
    """Serves a calendar, until it is told to behave otherwise."""

    content: bytes | None = None
    kind = "text/calendar"

    def serve(self, *events: tuple[str, ...], page: str | None = None) -> None:
        self.kind = "text/calendar" if page is None else "text/html"
        self.content = (page or file(*events)).encode()

    def breaks(self, behaviour: str) -> None:
        self.content = None
        self.behave(behaviour)

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One to a connection, so that what is told to this server counts from the next request on."""
        if self.content is None:
            if not await super()._answer_one(reader, writer):
                return False
        else:
            await self._keep(await reader.readuntil(b"\r\n\r\n"), reader)
            length = f"Content-Length: {len(self.content)}\r\nConnection: close"
            writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {self.kind}\r\n{length}\r\n\r\n".encode() + self.content)
        writer.write_eof()
        await reader.read()
        return False


@pytest.fixture
async def host() -> AsyncIterator[CalendarHost]:
    async with CalendarHost() as host:
        host.serve()
        yield host


@pytest.fixture
async def system(
    database: Database, database_url: str, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[System]:
    """One that may call this machine, and does not wait 20 seconds for it."""
    monkeypatch.setenv("ONCALL_OUTBOUND_ALLOW", "127.0.0.1")
    monkeypatch.setattr(due, "DEADLINE", 1.5)
    system = System(database_url, clock, tmp_path)
    await system.start()
    yield system
    await system.stop()


@pytest.fixture
async def team(system: System) -> list[Json]:
    """Ana, Bob and Cem."""
    return [await system.user(name, channel=None) for name in ("Ana", "Bob", "Cem")]


@pytest.fixture
async def payments(system: System, team: list[Json]) -> str:
    """Ana, Bob, Cem, week by week; it is Monday, 2 March, 12:00, in Ana's first week."""
    return await scheduled(system, rotating(*team))


def of(user: Json, what: str = "calendars") -> str:
    return f"/api/v1/users/{user['id']}/{what}"


async def read_after(system: System, path: str, wait: timedelta = HOUR) -> Json:
    """The one calendar there, once so much time has passed."""
    system.clock.advance(wait)
    await system.run_due()
    [shown] = (await get(system.api, path))["items"]
    return dict(shown)


# --- a person's calendar ----------------------------------------------------------------------------------------------------


async def test_what_a_calendar_says_is_when_its_owner_is_away(system: System, payments: str, team: list[Json], host: CalendarHost) -> None:
    host.serve(WEDDING)
    made = await post(system.api, of(team[0]), url=host.url)
    shown = {
        "id": made["id"],
        "url": host.url,
        "user_id": team[0]["id"],
        "schedule_id": None,
        "read_at": None,
        "next_read_at": z(system.clock.at),
        "failures": 0,
        "last_error": None,
        "notes": [],
        "created_at": z(system.clock.at),
    }
    assert made == shown
    assert await shifts(system.api, payments, *THIS_WEEK) == ["03-02 12:00 Ana"], "nobody has read it yet"
    read = {"read_at": z(system.clock.at), "next_read_at": z(system.clock.at + HOUR)}
    assert await read_after(system, of(team[0]), timedelta(0)) == shown | read
    assert await shifts(system.api, payments, *THIS_WEEK) == AT_THE_WEDDING
    [away] = (await get(system.api, of(team[0], "unavailability")))["items"]
    assert {name: away[name] for name in ("start", "end", "reason", "calendar_id", "author", "cover_user_id")} == {
        "start": day("03-04 00:00"),
        "end": day("03-05 00:00"),
        "reason": "Wedding",
        "calendar_id": made["id"],
        "author": "calendar",
        "cover_user_id": None,
    }
    assert problem(await system.api.delete(f"{of(team[0], 'unavailability')}/{away['id']}")) == (409, "from_a_calendar")


async def test_it_is_read_every_hour_and_follows_the_calendar(system: System, payments: str, team: list[Json], host: CalendarHost) -> None:
    host.serve(WEDDING)
    await post(system.api, of(team[0]), url=host.url)
    await system.run_due()
    [kept] = (await get(system.api, of(team[0], "unavailability")))["items"]
    await read_after(system, of(team[0]), HOUR - MINUTE)
    assert len(host.requests) == 1
    await read_after(system, of(team[0]), MINUTE)
    assert len(host.requests) == 2
    assert (await get(system.api, of(team[0], "unavailability")))["items"] == [kept], "what did not change is kept"
    host.serve(event("Wedding", "03-05 00:00", "03-06 00:00"), event("Dentist", "03-07 09:00", "03-07 10:00"))
    await read_after(system, of(team[0]))
    assert (await shifts(system.api, payments, *THIS_WEEK))[1:] == [
        "03-05 00:00 nobody",
        "03-06 00:00 Ana",
        "03-07 09:00 nobody",
        "03-07 10:00 Ana",
    ]
    host.serve()
    await read_after(system, of(team[0]))
    assert await shifts(system.api, payments, *THIS_WEEK) == ["03-02 12:00 Ana"]
    assert {request.headers["accept"] for request in host.requests} == {"text/calendar, */*;q=0.1"}


async def test_the_past_is_never_touched(system: System, payments: str, team: list[Json], host: CalendarHost) -> None:
    host.serve(event("Ill", "03-02 06:00", "03-03 00:00"), event("Was ill", "03-02 09:00", "03-02 11:00"))
    await post(system.api, of(team[0]), url=host.url)
    await system.run_due()
    today = ("03-02 09:00", "03-03 09:00")
    assert await shifts(system.api, payments, *today) == ["03-02 09:00 Ana", "03-02 12:00 nobody", "03-03 00:00 Ana"]
    host.serve()
    await read_after(system, of(team[0]), 2 * HOUR)
    assert await shifts(system.api, payments, *today) == ["03-02 09:00 Ana", "03-02 12:00 nobody", "03-02 14:00 Ana"]
    host.serve(event("Ill", "03-02 06:00", "03-03 00:00"))
    await read_after(system, of(team[0]), 2 * HOUR)
    assert (await shifts(system.api, payments, *today))[2:] == ["03-02 14:00 Ana", "03-02 16:00 nobody", "03-03 00:00 Ana"]


async def test_a_day_is_a_day_where_its_owner_lives(system: System, payments: str, team: list[Json], host: CalendarHost) -> None:
    zone = {"time_zone": "America/New_York"}
    assert (await system.api.patch(f"/api/v1/users/{team[0]['id']}", json=zone, headers=ANY)).status_code == 200
    host.serve(("SUMMARY:PTO", "DTSTART;VALUE=DATE:20260304"))
    await post(system.api, of(team[0]), url=host.url)
    await system.run_due()
    assert (await shifts(system.api, payments, *THIS_WEEK))[1:] == ["03-04 05:00 nobody", "03-05 05:00 Ana"]


async def test_what_cannot_be_read_of_a_calendar_is_noted(system: System, team: list[Json], host: CalendarHost) -> None:
    host.serve(WEDDING, ("SUMMARY:Lunch", "DTSTART:20260306T120000Z"))
    await post(system.api, of(team[0]), url=host.url)
    assert (await read_after(system, of(team[0]), timedelta(0)))["notes"] == ["“Lunch”: it has no end."]


# --- when it breaks ---------------------------------------------------------------------------------------------------------

BROKEN = [
    ("an error", "500", "The address answers 500."),
    ("gone", "410", "The address answers 410."),
    ("a redirect, which is not followed", "302 Location: http://169.254.169.254/", "The address answers 302: redirects are not followed"),
    ("a page to log in", "<!DOCTYPE html><title>Log in</title>", "calendar"),
    ("too large", "huge", "The calendar is larger than 1 MB."),
    ("more than is said", "bomb", "calendar"),
    ("slower than we wait", "drip_body", "no whole answer within"),
    ("silence", "silent", "no whole answer within"),
    ("half of it", "truncated_body", "the connection ended early"),
    ("no HTTP", "garbage", "the connection ended early, or what came back was not HTTP"),
    ("an empty answer", "ok", "The address answers 204."),
]


async def test_the_last_good_copy_stays_whatever_breaks_and_the_error_is_shown(
    system: System, payments: str, team: list[Json], host: CalendarHost
) -> None:
    host.serve(WEDDING)
    await post(system.api, of(team[0]), url=host.url)
    good = await read_after(system, of(team[0]), timedelta(0))
    wait = HOUR
    for nth, (what, behaviour, sentence) in enumerate(BROKEN, start=1):
        if behaviour.startswith("<"):
            host.serve(page=behaviour)
        else:
            host.breaks(behaviour)
        broken = await read_after(system, of(team[0]), wait)
        assert (broken["failures"], broken["read_at"]) == (nth, good["read_at"]), what
        assert sentence in broken["last_error"], what
        assert await shifts(system.api, payments, "03-04 00:00", "03-05 12:00") == ["03-04 00:00 nobody", "03-05 00:00 Ana"], what
        wait = min(5 * MINUTE * 2 ** (nth - 1), 12 * HOUR)
        assert broken["next_read_at"] == z(system.clock.at + wait), "later each time"
    assert wait == 12 * HOUR, "and at the latest twice a day"
    requests = len(host.requests)
    await read_after(system, of(team[0]), wait - MINUTE)
    assert len(host.requests) == requests, "not before"
    host.serve(event("Wedding", "03-07 00:00", "03-08 00:00"))
    well = await read_after(system, of(team[0]), MINUTE)
    assert (well["failures"], well["last_error"], well["read_at"]) == (0, None, z(system.clock.at))
    assert well["next_read_at"] == z(system.clock.at + HOUR)
    assert await who(system.api, payments, "03-07 12:00") == "nobody"


async def test_a_server_that_is_gone_is_an_error_too(system: System, team: list[Json]) -> None:
    async with CalendarHost() as host:
        url = host.url
    await post(system.api, of(team[0]), url=url)
    broken = await read_after(system, of(team[0]), timedelta(0))
    assert (broken["failures"], broken["read_at"], bool(broken["last_error"])) == (1, None, True)


async def test_a_slow_calendar_holds_up_no_other(system: System, payments: str, team: list[Json], host: CalendarHost) -> None:
    host.breaks("silent")
    await post(system.api, of(team[1]), url=host.url)
    async with CalendarHost() as other:
        other.serve(WEDDING)
        await post(system.api, of(team[0]), url=other.url)
        await system.run_due()
    assert await shifts(system.api, payments, *THIS_WEEK) == AT_THE_WEDDING


async def test_two_nodes_read_it_once(
    system: System, database_url: str, tmp_path: Path, payments: str, team: list[Json], host: CalendarHost
) -> None:
    host.serve(WEDDING)
    await post(system.api, of(team[0]), url=host.url)
    other = System(database_url, system.clock, tmp_path / "other")
    try:
        await asyncio.gather(system.run_due(), other.run_due())
    finally:
        await other.stop()
    assert len(host.requests) == 1
    assert len((await get(system.api, of(team[0], "unavailability")))["items"]) == 1


# --- a layer ----------------------------------------------------------------------------------------------------------------


async def test_a_calendar_fills_a_layer_on_top_of_the_others(system: System, payments: str, team: list[Json], host: CalendarHost) -> None:
    holiday = event("Holiday: Bob", "03-04 00:00", "03-05 00:00")
    host.serve(holiday, event("Zoe", "03-05 00:00", "03-06 00:00"))
    made = await post(system.api, f"{payments}/calendars", url=host.url, layer="holidays")
    read = await read_after(system, f"{payments}/calendars", timedelta(0))
    assert (read["id"], read["notes"]) == (made["id"], ["“Zoe” names nobody we know by e-mail address or name."])
    assert await shifts(system.api, payments, *THIS_WEEK) == ["03-02 12:00 Ana", "03-04 00:00 Bob", "03-05 00:00 Ana"]
    [_, layer] = (await get(system.api, payments))["layers"]
    assert (layer["name"], [one["user_ids"] for one in layer["shifts"]]) == ("holidays", [[team[1]["id"]]])
    host.serve(holiday, event("Cem", "03-05 00:00", "03-06 00:00"))
    assert (await read_after(system, f"{payments}/calendars"))["notes"] == []
    assert (await shifts(system.api, payments, *THIS_WEEK))[1:] == ["03-04 00:00 Bob", "03-05 00:00 Cem", "03-06 00:00 Ana"]
    host.breaks("500")
    await read_after(system, f"{payments}/calendars")
    assert await who(system.api, payments, "03-05 12:00") == "Cem", "the last good copy"


async def test_a_calendar_that_says_the_same_writes_no_new_version(
    system: System, payments: str, team: list[Json], host: CalendarHost
) -> None:
    host.serve((*event("Bob", "03-02 18:00", "03-02 20:00"), "RRULE:FREQ=DAILY"))
    await post(system.api, f"{payments}/calendars", url=host.url, layer="evenings")
    await system.run_due()
    written = (await get(system.api, f"{payments}/versions"))["items"]
    for _ in range(3):
        await read_after(system, f"{payments}/calendars", 24 * HOUR)
    assert (await get(system.api, f"{payments}/versions"))["items"] == written
    await read_after(system, f"{payments}/calendars", 30 * 24 * HOUR)
    assert len((await get(system.api, f"{payments}/versions"))["items"]) == len(written) + 1, "now and then, to reach a year ahead"


async def test_a_layer_that_is_gone_is_said_and_one_that_rotates_is_not_overwritten(
    system: System, payments: str, team: list[Json], host: CalendarHost
) -> None:
    host.serve(event("Bob", "03-04 00:00", "03-05 00:00"))
    asked = {"url": host.url, "layer": "primary"}
    assert refusal(await system.api.post(f"{payments}/calendars", json=asked)) == (422, "invalid_schedule", "layers.0.shifts")
    await post(system.api, f"{payments}/calendars", url=host.url, layer="holidays")
    await system.run_due()
    only = {"layers": [rotating(*team)]}
    assert (await system.api.patch(payments, json=only, headers=ANY)).status_code == 200
    read = await read_after(system, f"{payments}/calendars")
    assert read["notes"] == ["Its layer is not in the schedule any more: remove this calendar, or add it again."]
    assert await shifts(system.api, payments, *THIS_WEEK) == ["03-02 12:00 Ana"]


async def test_people_outside_the_team_that_owns_the_schedule_are_an_error_that_names_them(
    system: System, team: list[Json], host: CalendarHost
) -> None:
    owner = await system.make("teams", name="Core")
    await system.make(f"teams/{owner['id']}/members", user_id=team[0]["id"])
    schedule = await scheduled(system, always(team[0]), team_id=owner["id"])
    host.serve(event("Bob", "03-04 00:00", "03-05 00:00"))
    await post(system.api, f"{schedule}/calendars", url=host.url, layer="holidays")
    read = await read_after(system, f"{schedule}/calendars", timedelta(0))
    assert (read["failures"], read["last_error"].partition(":")[0]) == (1, "Bob")
    assert await who(system.api, schedule, "03-04 12:00") == "Ana"


# --- taken away, refused ----------------------------------------------------------------------------------------------------


async def test_a_calendar_that_is_removed_is_not_read_and_its_absences_end(
    system: System, payments: str, team: list[Json], host: CalendarHost
) -> None:
    host.serve(WEDDING, event("Ill", "03-02 12:00", "03-03 00:00"))
    made = await post(system.api, of(team[0]), url=host.url)
    await system.run_due()
    system.clock.advance(30 * MINUTE)
    assert (await system.api.delete(f"{of(team[1])}/{made['id']}")).status_code == 404, "it is not Bob's"
    assert (await system.api.delete(f"{of(team[0])}/{made['id']}")).status_code == 204
    assert (await system.api.delete(f"{of(team[0])}/{made['id']}")).status_code == 404
    assert (await get(system.api, of(team[0])))["items"] == []
    assert await shifts(system.api, payments, *THIS_WEEK) == ["03-02 12:00 nobody", "03-02 12:30 Ana"], "what was stays"
    system.clock.advance(2 * HOUR)
    await system.run_due()
    assert len(host.requests) == 1


async def test_a_layer_keeps_its_shifts_when_its_calendar_is_removed(system: System, payments: str, host: CalendarHost) -> None:
    host.serve(event("Bob", "03-04 00:00", "03-05 00:00"))
    made = await post(system.api, f"{payments}/calendars", url=host.url, layer="holidays")
    await system.run_due()
    assert (await system.api.delete(f"{payments}/calendars/{made['id']}")).status_code == 204
    assert await who(system.api, payments, "03-04 12:00") == "Bob"


async def test_a_calendar_of_a_schedule_that_is_gone_is_not_read_any_more(system: System, payments: str, host: CalendarHost) -> None:
    await post(system.api, f"{payments}/calendars", url=host.url, layer="holidays")
    await system.run_due()
    assert (await system.api.delete(payments)).status_code == 204
    system.clock.advance(2 * HOUR)
    await system.run_due()
    assert len(host.requests) == 1


async def test_addresses_inside_our_own_network_are_refused_when_they_are_given(system: System, payments: str, team: list[Json]) -> None:
    for url in (
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/ana.ics",
        "10.0.0.1",
        "webcal://192.168.1.1/ana.ics",
        "http://[::1]/ana.ics",
        "http://2130706434/ana.ics",
        "https://ana:secret@calendar.example.com/ana.ics",
        "file:///etc/passwd",
        "ftp://calendar.example.com/ana.ics",
    ):
        assert refusal(await system.api.post(of(team[0]), json={"url": url})) == (422, "url_not_allowed", "url"), url
        asked = {"url": url, "layer": "holidays"}
        assert refusal(await system.api.post(f"{payments}/calendars", json=asked)) == (422, "url_not_allowed", "url"), url
    assert (await get(system.api, of(team[0])))["items"] == (await get(system.api, f"{payments}/calendars"))["items"] == []
    assert len((await get(system.api, payments))["layers"]) == 1


async def test_what_calendar_programs_call_webcal_is_https(system: System, team: list[Json]) -> None:
    made = await post(system.api, of(team[0]), url=" WebCal://calendar.example.com/ana.ics#today ")
    assert made["url"] == "https://calendar.example.com/ana.ics"


async def test_people_add_their_own_calendars_and_admins_those_of_schedules(system: System, payments: str, team: list[Json]) -> None:
    key = (await system.make("api-keys", name="laptop", scope="respond", user_id=team[0]["id"]))["key"]
    ana, url = system.client({"Authorization": f"Bearer {key}"}), {"url": "https://calendar.example.com/ana.ics"}
    assert (await ana.post(of(team[0]), json=url)).status_code == 201
    assert problem(await ana.post(of(team[1]), json=url)) == problem(await ana.get(of(team[1]))) == (403, "forbidden")
    assert (await ana.post(f"{payments}/calendars", json=url | {"layer": "x"})).status_code == 403
    assert (await ana.get(f"{payments}/calendars")).status_code == 200
    unknown = of({"id": UNKNOWN})
    assert problem(await system.api.post(unknown, json=url)) == problem(await system.api.get(unknown)) == (404, "not_found")
