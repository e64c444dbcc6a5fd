"""What came in is found by its key and by when it was received, whether or not it met an alert."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from tests.system import System, to

JSON = dict[str, Any]

# The clock of a test stands elsewhere than the one that ids are made by; of a real one they differ by seconds.
AS_RECEIVED = text("""
    UPDATE events SET id = CAST(
        lpad(to_hex(CAST(extract(epoch FROM received_at) * 1000 AS bigint)), 12, '0')
            || right(replace(CAST(id AS text), '-', ''), 20) AS uuid)
""")


async def listed(system: System, **params: Any) -> JSON:
    answer = await system.api.get("/api/v1/events", params=params)
    assert answer.status_code == 200, answer.text
    found: JSON = answer.json()
    return found


async def told(system: System) -> list[JSON]:
    """One event a minute, newest first: a disk fails, is well and fails again later; a resolve that meets nothing; another key."""
    made = await system.service([to(await system.user("Ana"))], reopen_window="PT0S")
    for happened in ("disk resolve", "disk trigger", "cpu trigger", "disk trigger", "disk resolve", "disk trigger"):
        key, action = happened.split()
        await system.event(made["key"], key, action=action)
        await system.advance(minutes=1)
    async with system.node.database.transaction() as tx:
        await tx.execute(AS_RECEIVED)
    found: list[JSON] = (await listed(system))["items"]
    return found


def said(items: list[JSON]) -> list[tuple[str, str]]:
    return [(one["dedup_key"], one["decision"]) for one in items]


async def test_events_of_a_key_are_listed_with_those_that_met_no_alert(system: System) -> None:
    everything = await told(system)
    of_disk = (await listed(system, dedup_key="disk"))["items"]
    assert of_disk == [one for one in everything if one["dedup_key"] == "disk"]
    assert [decision for _, decision in said(of_disk)] == ["opened", "resolved", "deduplicated", "opened", "no_open_alert"]
    assert (await listed(system, dedup_key="dis"))["items"] == [], "the whole key, and not a part of it"
    opened = await listed(system, dedup_key="disk", decision="opened", service_id=of_disk[0]["service_id"])
    assert said(opened["items"]) == [("disk", "opened")] * 2


async def test_events_of_a_key_come_page_by_page(system: System) -> None:
    await told(system)
    whole = (await listed(system, dedup_key="disk"))["items"]
    first = await listed(system, dedup_key="disk", limit=3)
    rest = await listed(system, dedup_key="disk", limit=3, cursor=first["next_cursor"])
    assert first["items"] + rest["items"] == whole
    assert rest["next_cursor"] is None


RANGES: dict[str, tuple[int | None, int | None, slice]] = {
    "always": (None, None, slice(None)),
    "since": (2, None, slice(None, 4)),
    "until": (None, 2, slice(4, None)),
    "between": (2, 4, slice(2, 4)),
    "an empty range": (2, 2, slice(0, 0)),
    "in months": (100_000, None, slice(0, 0)),
    "months ago": (None, -100_000, slice(0, 0)),
}


async def test_events_are_listed_by_when_they_were_received(system: System) -> None:
    """[since, until), of all and of a key."""
    began = system.clock.at
    everything = await told(system)
    for name, (since, until, expected) in RANGES.items():
        ends = {"since": since, "until": until}
        times = {name: (began + timedelta(minutes=after)).isoformat() for name, after in ends.items() if after is not None}
        for key in ({}, {"dedup_key": "disk"}):
            wanted = [one for one in everything[expected] if one["dedup_key"] == key.get("dedup_key", one["dedup_key"])]
            assert (await listed(system, **times, **key))["items"] == wanted, (name, key)


async def test_a_range_that_is_no_time_is_refused(system: System) -> None:
    answer = await system.api.get("/api/v1/events", params={"since": "yesterday"})
    assert answer.status_code == 422
    assert answer.json()["detail"] == 'since: must be an instant such as "2026-03-08T09:00:00Z"; in an address write + as %2B'


@pytest.mark.parametrize("sent", ["n\x001", "k" * 3_000, "plain"])
async def test_a_key_is_looked_up_as_it_was_sent_or_as_it_is_stored(system: System, sent: str) -> None:
    key = (await system.service([to(await system.user("Ana"))], type="generic"))["key"]
    assert (await system.api.post(f"/intake/{key}", json={"summary": "disk", "dedup_key": sent})).status_code == 202
    [event] = (await listed(system, dedup_key=sent))["items"]
    assert (await listed(system, dedup_key=event["dedup_key"]))["items"] == [event]
    for path in ("alerts", "incidents"):
        answer = await system.api.get(f"/api/v1/{path}", params={"dedup_key": sent})
        assert len(answer.json()["items"]) == 1, answer.text
