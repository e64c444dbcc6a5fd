"""Whoever owes the next update is reminded, by the priority of the incident or by what was promised."""

from tests.communications.telling import Telling


async def reminders(telling: Telling) -> list[str]:
    return [line.partition(": ")[2] for line in await telling.system.reasons(telling.incident_id) if line.startswith("update_reminded")]


async def acknowledge(telling: Telling) -> None:
    answer = await telling.system.api.post(f"/api/v1/incidents/{telling.incident_id}/acknowledge", json={"user_id": telling.ana["id"]})
    assert answer.status_code == 200, answer.text
    await telling.notices()


async def test_p1_is_to_be_told_of_every_half_hour(telling: Telling) -> None:
    await acknowledge(telling)
    await telling.grade("P1")
    await telling.system.advance(minutes=1)
    owed = await telling.updates()
    assert owed["next_update_due_at"] is not None
    assert (owed["is_overdue"], owed["owed_by"]["name"]) == (False, "Ana")
    await telling.system.advance(minutes=23)
    assert await telling.told() == []
    await telling.system.advance(minutes=3)
    [(address, subject)] = await telling.told()
    assert address == "ana@example.com"
    assert subject.startswith("Status update due: #")
    await telling.system.advance(minutes=5)
    assert (await telling.updates())["is_overdue"]
    assert len(await reminders(telling)) == 2
    assert all(line.endswith("reminded: Ana") for line in await reminders(telling))


async def test_an_update_begins_the_time_anew_and_a_resolved_one_ends_it(telling: Telling) -> None:
    await acknowledge(telling)
    await telling.grade("P1")
    await telling.system.advance(minutes=20)
    await telling.tell("Nothing new.")
    await telling.system.advance(minutes=20)
    assert await reminders(telling) == []
    await telling.system.advance(minutes=6)
    assert len(await reminders(telling)) == 1
    await telling.tell("It is over.", state="resolved")
    await telling.system.advance(hours=3)
    assert len(await reminders(telling)) == 1
    owed = await telling.updates()
    assert (owed["next_update_due_at"], owed["owed_by"]) == (None, None)


async def test_what_was_promised_comes_before_the_cadence(telling: Telling) -> None:
    await telling.grade("P1")
    made = await telling.tell("Long repair.", next_update_in="PT4H")
    assert made["next_update_due_at"] == "2026-03-02T16:00:00Z"
    await telling.system.advance(hours=3)
    assert await reminders(telling) == []


async def test_a_major_incident_counts_as_p1_and_one_without_priority_owes_nothing(telling: Telling) -> None:
    await telling.tell("A word.")
    assert (await telling.updates())["next_update_due_at"] is None
    await telling.grade("P4", major=True)
    await telling.system.advance(minutes=1)
    assert (await telling.updates())["next_update_due_at"] is not None


async def test_a_graver_priority_is_owed_earlier(telling: Telling) -> None:
    await telling.grade("P3")
    await telling.tell("A word.")
    await telling.grade("P1")
    await telling.system.advance(minutes=1)
    assert (await telling.updates())["next_update_due_at"] == "2026-03-02T12:30:00Z"


async def test_after_four_reminders_nobody_is_reminded_any_more(telling: Telling) -> None:
    await acknowledge(telling)
    await telling.grade("P1")
    await telling.system.advance(hours=5)
    assert len(await reminders(telling)) == 4


async def test_nobody_is_reminded_of_what_is_over(telling: Telling) -> None:
    await acknowledge(telling)
    await telling.grade("P1")
    await telling.system.advance(minutes=1)
    await telling.system.api.post(f"/api/v1/incidents/{telling.incident_id}/resolve", json={})
    await telling.system.advance(hours=2)
    assert await reminders(telling) == []
    assert (await telling.updates())["next_update_due_at"] is None


async def test_where_nobody_has_it_the_timeline_says_so(telling: Telling) -> None:
    await telling.grade("P1")
    await telling.system.advance(minutes=26)
    [line] = await reminders(telling)
    assert line.endswith("reminded: nobody, since nobody has this incident")


async def test_whoever_is_communications_owes_it_before_the_owner(telling: Telling) -> None:
    await acknowledge(telling)
    ben = await telling.system.user("Ben")
    path = f"/api/v1/incidents/{telling.incident_id}/roles/communications"
    assert (await telling.system.api.put(path, json={"user_id": ben["id"]})).status_code == 200
    await telling.notices()
    await telling.tell("A word.", next_update_in="PT30M")
    assert (await telling.updates())["owed_by"]["name"] == "Ben"
    await telling.system.advance(minutes=26)
    assert [address for address, _ in await telling.told()] == ["ben@example.com"]
