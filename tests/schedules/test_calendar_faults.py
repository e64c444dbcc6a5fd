"""What goes wrong with calendars in real life: edits at the same time, calendars that are too large or run empty, accounts and schedules
that are gone, many hosts that hang, and readers that are not to see everything."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.schedules.asking import ANY, Json, always, day, edited, get, id_of, post, problem, refusal, rotating, scheduled, shifts, who
from tests.schedules.building import ana, at, uuid
from tests.schedules.test_calendar_sources import AT_THE_WEDDING, HOUR, MINUTE, THIS_WEEK, WEDDING, CalendarHost, of, read_after
from tests.schedules.test_calendars_api import cancelled, event, fetched, file, line, living, subscribed, uids
from tests.system import System

from oncall.kit.clock import ManualClock
from oncall.kit.db import Database
from oncall.kit.ids import ScheduleId, UserId
from oncall.schedules import due
from oncall.schedules.commands import feeds
from oncall.schedules.commands.editing import edit_schedule
from oncall.schedules.due import CalendarReader
from oncall.schedules.rules import check
from oncall.schedules.rules.definitions import MOST_LAYERS, MOST_SHIFTS, MOST_TOGETHER
from oncall.schedules.rules.matching import EARLIEST, LATEST, cut, same_between
from oncall.schedules.values import Definition, InvalidSchedule, LayerDefinition, ShiftDefinition
from oncall.schedules.values.calendars import Busy, Entry

DAY = timedelta(days=1)
TODAY_ILL = event("Ill", "03-02 11:00", "03-03 00:00")
NOBODY_LEFT = "The calendar has no events for anybody we know any more; the shifts that it had stay."


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
    monkeypatch.setattr(due, "DEADLINE", 5.0)
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


async def looked_up(system: System, schedule: str) -> list[str]:
    """Who is on call as the look-up has it, which answers from memory."""
    await system.node.compilation.refresh()
    return [one["user"]["name"] for one in (await get(system.api, "/api/v1/oncalls", schedule_id=id_of(schedule)))["items"]]


async def key_of(system: System, user: Json, scope: str = "read") -> dict[str, str]:
    made = await system.make("api-keys", name="laptop", scope=scope, user_id=user["id"])
    return {"Authorization": f"Bearer {made['key']}"}


# --- what is read counts everywhere, and overwrites nobody ------------------------------------------------------------------


async def test_the_look_up_follows_an_absence_and_a_layer(system: System, payments: str, team: list[Json], host: CalendarHost) -> None:
    host.serve(TODAY_ILL)
    await post(system.api, of(team[0]), url=host.url)
    assert await looked_up(system, payments) == ["Ana"]
    await system.run_due()
    assert await looked_up(system, payments) == []
    async with CalendarHost() as other:
        other.serve(event("Cem", "03-02 12:00", "03-03 00:00"))
        await post(system.api, f"{payments}/calendars", url=other.url, layer="holidays")
        assert await looked_up(system, payments) == []
        await system.run_due()
    assert await looked_up(system, payments) == ["Cem"]


async def test_what_a_person_writes_meanwhile_is_not_overwritten(
    system: System, payments: str, team: list[Json], host: CalendarHost
) -> None:
    host.serve(event("Bob", "03-04 00:00", "03-05 00:00"))
    await post(system.api, f"{payments}/calendars", url=host.url, layer="holidays")
    id, mine = ScheduleId(UUID(id_of(payments))), LayerDefinition("mine", (), shifts=())
    async with system.node.database.transaction() as tx:
        before = await edit_schedule(tx, id, {}, version=None, now=system.clock.at)
        await edit_schedule(tx, id, {"layers": (*before.definition.layers, mine)}, version=None, now=system.clock.at)
        reading = asyncio.create_task(system.run_due())
        done, _ = await asyncio.wait([reading], timeout=0.5)
        assert not done, "it waits for the person"
    await reading
    layers = (await get(system.api, payments))["layers"]
    assert [layer["name"] for layer in layers] == ["primary", "holidays", "mine"]
    assert [one["user_ids"] for one in layers[1]["shifts"]] == [[team[1]["id"]]]


async def test_ten_reads_of_a_repeating_calendar_write_one_version(system: System, payments: str, host: CalendarHost) -> None:
    evenings = (*event("Bob", "03-02 18:00", "03-02 20:00"), "RRULE:FREQ=DAILY")
    others = (*event("Cem", "03-02 18:00", "03-02 20:00"), "RRULE:FREQ=DAILY")
    await post(system.api, f"{payments}/calendars", url=host.url, layer="evenings")
    written = len((await get(system.api, f"{payments}/versions"))["items"])
    for nth in range(10):
        # A host that numbers its events anew with each answer.
        host.serve(*((evenings, others) if nth % 2 else (others, evenings)))
        assert (await read_after(system, f"{payments}/calendars", HOUR if nth else timedelta(0)))["last_error"] is None
    assert len((await get(system.api, f"{payments}/versions"))["items"]) == written + 1


SHIFTS = st.lists(
    st.builds(lambda start, hours: ShiftDefinition(at("2026-01-05") + start * HOUR, at("2026-01-05") + (start + hours) * HOUR, (ana,)),
              st.integers(-100, 200), st.integers(1, 48)),
    max_size=12,
)  # fmt: skip


@given(said=SHIFTS, passed=st.integers(0, 50), farther=st.integers(0, 50))
def test_a_calendar_that_goes_on_says_the_same(said: list[ShiftDefinition], passed: int, farther: int) -> None:
    since, until = at("2026-01-05") + passed * HOUR, at("2026-01-05") + 100 * HOUR
    later = [one for one in said if one.end > since]
    more = ShiftDefinition(until + farther * HOUR, until + (farther + 1) * HOUR, (ana,))
    assert same_between(said, [more, *reversed(later)], since, until)
    assert same_between(said, later[1:], since, until) == (not later or later[0].start >= until)


# --- too much, and too little -----------------------------------------------------------------------------------------------


CROWD = [UserId(uuid(str(n))) for n in range(MOST_TOGETHER + 1)]


def shift(*users: UserId) -> ShiftDefinition:
    return ShiftDefinition(at("2026-01-05"), at("2026-01-06"), users)


@pytest.mark.parametrize(
    ("what", "layers", "field", "sentence"),
    [
        ("too many shifts", [LayerDefinition("x", (), shifts=(shift(ana),) * (MOST_SHIFTS + 1))], "layers.0.shifts",
         "Layer 1 (x): at most 5,000 fixed shifts fit into one layer, and these are 5,001."),
        ("too many people", [LayerDefinition("x", (), shifts=(shift(ana), shift(*CROWD)))],
         "layers.0.shifts.1.user_ids", "Layer 1 (x): at most 50 people can have one shift, and these are 51."),
        ("too many layers", [LayerDefinition("x", ())] * (MOST_LAYERS + 1), "layers", "A schedule has at most 50 layers."),
    ],
)  # fmt: skip
def test_what_could_not_be_shown_is_refused(what: str, layers: list[LayerDefinition], field: str, sentence: str) -> None:
    with pytest.raises(InvalidSchedule) as refused:
        check(Definition("UTC", tuple(layers)))
    assert (refused.value.field, str(refused.value)) == (field, sentence), what


def test_as_much_as_can_be_shown_is_fine() -> None:
    together = shift(*CROWD[1:])
    check(Definition("UTC", (LayerDefinition("x", (), shifts=(shift(ana),) * (MOST_SHIFTS - 1) + (together,)),)))


TOO_MANY = (*event("Bob", "03-02 18:00", "03-02 18:30"), "RRULE:FREQ=HOURLY")


async def test_a_calendar_beyond_the_limits_is_refused_at_both_doors(
    system: System, payments: str, team: list[Json], host: CalendarHost
) -> None:
    asked = {"layer": "imported", "content": file(TOO_MANY)}
    assert refusal(await system.api.post(f"{payments}/imports", json=asked)) == (422, "invalid_schedule", "layers.1.shifts")
    crowd = await asyncio.gather(*(post(system.api, "/api/v1/users", name=f"U{n}", email=f"u{n}@example.com") for n in range(51)))
    invited = tuple(f"ATTENDEE:mailto:{one['email']}" for one in crowd)
    asked["content"] = file((*invited, *event("Everybody", "03-04 00:00", "03-05 00:00")))
    assert refusal(await system.api.post(f"{payments}/imports", json=asked)) == (422, "invalid_schedule", "layers.1.shifts.0.user_ids")
    host.serve(TOO_MANY)
    await post(system.api, f"{payments}/calendars", url=host.url, layer="holidays")
    read = await read_after(system, f"{payments}/calendars", timedelta(0))
    assert (read["failures"], read["read_at"]) == (1, None)
    assert read["last_error"].startswith("Layer 2 (holidays): at most 5,000 fixed shifts fit into one layer, and these are 8,")
    assert (await get(system.api, payments))["layers"][1]["shifts"] == []


async def test_what_goes_on_for_ever_can_be_shown(system: System, payments: str, team: list[Json], host: CalendarHost) -> None:
    for_ever = ("SUMMARY:Bob", "DTSTART:16010101T000000Z", "DTEND:99991231T000000Z")
    host.serve(for_ever)
    await post(system.api, of(team[1]), url=host.url)
    await system.run_due()
    [away] = (await get(system.api, of(team[1], "unavailability")))["items"]
    assert away["end"] == "2200-01-01T00:00:00Z"
    await post(system.api, f"{payments}/imports", layer="imported", content=file(for_ever))
    [one] = (await get(system.api, payments))["layers"][1]["shifts"]
    assert (one["start"], one["end"]) == ("1971-01-01T00:00:00Z", "2200-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (at("1600-01-01"), at("9999-01-01"), [(EARLIEST, LATEST)]),
        (at("2026-01-01"), at("2026-01-02"), [(at("2026-01-01"), at("2026-01-02"))]),
        (at("1600-01-01"), at("1700-01-01"), []),
    ],
)
def test_what_is_cut(start: datetime, end: datetime, expected: list[tuple[datetime, datetime]]) -> None:
    assert [(one.start, one.end) for one in cut([Busy("1", start, end, "Ana", ())])] == expected


async def test_a_calendar_of_a_layer_that_runs_empty_is_taken_for_broken(
    system: System, payments: str, team: list[Json], host: CalendarHost
) -> None:
    host.serve(event("Bob", "03-04 00:00", "03-05 00:00"))
    await post(system.api, f"{payments}/calendars", url=host.url, layer="holidays")
    good = await read_after(system, f"{payments}/calendars", timedelta(0))
    for nth, events in enumerate(([], [event("Zoe", "03-04 00:00", "03-05 00:00")]), start=1):
        host.serve(*events)
        read = await read_after(system, f"{payments}/calendars")
        assert (read["failures"], read["last_error"], read["read_at"]) == (nth, NOBODY_LEFT, good["read_at"])
        assert await who(system.api, payments, "03-04 12:00") == "Bob", "the last good copy"
    system.clock.advance(3 * DAY)
    assert (await read_after(system, f"{payments}/calendars"))["last_error"] is None, "what is over is not missed"


async def test_an_empty_calendar_of_absences_is_fine(system: System, payments: str, team: list[Json], host: CalendarHost) -> None:
    host.serve(WEDDING)
    await post(system.api, of(team[0]), url=host.url)
    await system.run_due()
    assert await shifts(system.api, payments, *THIS_WEEK) == AT_THE_WEDDING
    host.serve()
    assert (await read_after(system, of(team[0])))["last_error"] is None
    assert await shifts(system.api, payments, *THIS_WEEK) == ["03-02 12:00 Ana"]


async def test_many_hosts_that_hang_hold_up_nobody(
    system: System, payments: str, team: list[Json], host: CalendarHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due, "DEADLINE", 2.5)
    host.breaks("silent")
    for _ in range(20):
        await post(system.api, of(team[1]), url=host.url)
    async with CalendarHost() as other:
        other.serve(WEDDING)
        await post(system.api, of(team[0]), url=other.url)
        [reader] = [source for source in system.node.sources if isinstance(source, CalendarReader)]
        assert (await reader.run()).handled == 21
    assert await shifts(system.api, payments, *THIS_WEEK) == AT_THE_WEDDING


# --- who is gone, who may see what ------------------------------------------------------------------------------------------


async def test_whoever_has_a_calendar_can_be_deleted(system: System, host: CalendarHost) -> None:
    dee = await system.user("Dee", channel=None)
    host.serve(TODAY_ILL, WEDDING)
    await post(system.api, of(dee), url=host.url)
    await system.run_due()
    assert len((await get(system.api, of(dee, "unavailability")))["items"]) == 2
    answer = await system.api.delete(f"/api/v1/users/{dee['id']}")
    assert answer.status_code == 204, answer.text
    system.clock.advance(2 * HOUR)
    await system.run_due()
    assert len(host.requests) == 1


async def test_what_an_event_is_called_is_for_its_owner_and_admins(system: System, team: list[Json], host: CalendarHost) -> None:
    host.serve(event("Oncologist", "03-04 09:00", "03-04 10:00"))
    await post(system.api, of(team[0]), url=host.url)
    await system.run_due()
    await post(system.api, of(team[0], "unavailability"), start=day("03-10 00:00"), end=day("03-11 00:00"), reason="Conference")
    own, bobs = await key_of(system, team[0]), await key_of(system, team[1], "respond")
    seen = [await get(client, of(team[0], "unavailability")) for client in (system.api, system.client(own), system.client(bobs))]
    assert [[one["reason"] for one in found["items"]] for found in seen] == [
        ["Oncologist", "Conference"],
        ["Oncologist", "Conference"],
        ["", "Conference"],
    ]


async def test_the_address_of_a_schedules_calendar_is_for_admins(system: System, payments: str, team: list[Json]) -> None:
    url = "https://calendar.example.com:8443/private-5ecret/basic.ics?token=5ecret"
    made = await post(system.api, f"{payments}/calendars", url=url.replace(":8443", ""), layer="holidays")
    assert made["url"] == url.replace(":8443", "")
    [full] = (await get(system.api, f"{payments}/calendars"))["items"]
    [masked] = (await get(system.client(await key_of(system, team[0], "respond")), f"{payments}/calendars"))["items"]
    assert full == made
    assert masked == made | {"url": "https://calendar.example.com/…"}


# --- feeds ------------------------------------------------------------------------------------------------------------------


async def test_a_poll_renders_nothing_until_something_changes(
    system: System, payments: str, team: list[Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, nobody = await subscribed(system, payments), system.client()
    written: list[str] = []
    write = feeds.write_calendar

    def counted(name: str, entries: Sequence[Entry], *, stamp: datetime) -> bytes:
        written.append(name)
        return write(name, entries, stamp=stamp)

    monkeypatch.setattr(feeds, "write_calendar", counted)
    first = await nobody.get(url)
    for minutes in range(3):
        system.clock.advance(minutes * MINUTE)
        for header in (first.headers["etag"], f"W/{first.headers['etag']}", f'"other", {first.headers["etag"]}'):
            assert (await nobody.get(url, headers={"If-None-Match": header})).status_code == 304
        again = await nobody.get(url, headers={"If-None-Match": '"other"'})
        assert (again.status_code, again.content) == (200, first.content)
    assert written == ["Payments"], "once for everybody"
    await edited(system.api, payments, name="Billing")
    await nobody.get(url)
    assert written == ["Payments", "Billing"]
    assert (await system.api.patch(f"/api/v1/users/{team[0]['id']}", json={"name": "Anna"}, headers=ANY)).status_code == 200
    assert "Anna on call" in (await nobody.get(url)).text, "a new name shows at once"
    system.clock.advance(DAY)
    assert (await nobody.get(url, headers={"If-None-Match": first.headers["etag"]})).status_code == 200


async def test_who_joins_a_team_with_a_turn_shows_at_once(system: System, team: list[Json]) -> None:
    core = await system.make("teams", name="Core")
    for user in team[:2]:
        await system.make(f"teams/{core['id']}/members", user_id=user["id"])
    schedule = await scheduled(system, always({"type": "team", "id": core["id"]}))
    url = await subscribed(system, schedule)
    assert {str(one["SUMMARY"]) for one in await fetched(system, url)} == {"Ana on call: Payments", "Bob on call: Payments"}
    await system.make(f"teams/{core['id']}/members", user_id=team[2]["id"])
    assert "Cem on call: Payments" in {str(one["SUMMARY"]) for one in await fetched(system, url)}


def test_only_so_many_calendars_are_kept() -> None:
    written = feeds.Written(most=2)
    editions = [feeds.Edition(feeds.Owner(), "x", (), str(n)) for n in range(3)]
    for edition in editions:
        written.keep(edition, edition.tag.encode())
    assert [written.find(edition) for edition in editions] == [None, b"1", b"2"]


async def test_forty_edits_are_remembered(system: System, payments: str, team: list[Json]) -> None:
    url = await subscribed(system, payments)
    before = await fetched(system, url)
    [gone] = [one for one in before if line(one).startswith("03-09 09:00")]
    for nth in range(39):
        system.clock.advance(HOUR)
        span = {"start": day("03-09 09:00"), "end": day("03-16 09:00")}
        if nth:
            span = {"start": day(f"04-01 {nth % 24:02}:00"), "end": day(f"04-01 {nth % 24:02}:30")}
        await post(system.api, f"{payments}/overrides", **span, user_id=team[2]["id"])
    after = await fetched(system, url)
    assert gone["UID"] in uids(cancelled(after))
    assert len(set(uids(after))) == len(after)


async def test_what_never_began_is_cancelled_also_for_who_looks_after_it_would_have(
    system: System, payments: str, team: list[Json]
) -> None:
    url = await subscribed(system, payments)
    before = await fetched(system, url)
    system.clock.advance(DAY)
    await post(system.api, f"{payments}/overrides", start=day("03-09 09:00"), end=day("03-16 09:00"), user_id=team[2]["id"])
    system.clock.advance(8 * DAY)
    [gone] = cancelled(await fetched(system, url))
    assert line(gone) == "03-09 09:00 03-16 09:00 Bob on call: Payments"
    assert gone["UID"] in uids(before)


async def test_what_is_running_keeps_its_uid_when_it_is_cut_short(system: System, payments: str, team: list[Json]) -> None:
    url = await subscribed(system, payments)
    [was] = [one for one in await fetched(system, url) if line(one).startswith("03-02 09:00")]
    system.clock.advance(DAY)
    await edited(system.api, payments, always(team[1]))
    after = await fetched(system, url)
    [running] = [one for one in after if one["UID"] == was["UID"]]
    assert line(running) == "03-02 09:00 03-03 12:00 Ana on call: Payments"
    assert str(running["STATUS"]) == "CONFIRMED"


@pytest.mark.parametrize("whose", ["schedule", "team", "user"])
async def test_the_feed_of_a_deleted_schedule_cancels_what_was_to_come(system: System, team: list[Json], whose: str) -> None:
    core = await system.make("teams", name="Core")
    for user in team:
        await system.make(f"teams/{core['id']}/members", user_id=user["id"])
    schedule = await scheduled(system, rotating(*team), team_id=core["id"])
    owner = {"schedule": schedule, "team": f"/api/v1/teams/{core['id']}", "user": f"/api/v1/users/{team[0]['id']}"}[whose]
    url = await subscribed(system, owner)
    coming = {str(one["UID"]) for one in await fetched(system, url) if one.start > system.clock.at}
    system.clock.advance(MINUTE)
    assert (await system.api.delete(schedule)).status_code == 204
    after = await fetched(system, url)
    assert set(uids(cancelled(after))) == coming != set()
    assert all(one.end <= system.clock.at for one in living(after)), "what was stays"
    assert problem(await system.api.post(f"{schedule}/calendar-feeds")) == (404, "not_found")
    system.clock.advance(14 * DAY - MINUTE)
    assert set(uids(cancelled(await fetched(system, url)))) >= coming
    system.clock.advance(MINUTE)
    gone = await system.client().get(url)
    assert gone.status_code == (404 if whose == "schedule" else 200)
    assert "CANCELLED" not in gone.text
