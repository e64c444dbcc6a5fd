"""The same thing again is known as the same, and what is proposed would have helped as often as is said."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.system import System, to

from oncall.kit.ids import ServiceId
from oncall.reports.rules.trends import delay_for, identity_of, trends_of
from oncall.reports.values.trends import Happened

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SINCE = NOW - timedelta(days=30)
MINUTE = timedelta(minutes=1)
FLAP = Happened(ServiceId(UUID(int=1)), "db", "disk:db-1", "Disk full", "", "error", NOW - timedelta(days=1), 4 * MINUTE, True, 2, 1)
REAL = replace(FLAP, lasted=50 * MINUTE, no_action=False, dedup_key="down")


@pytest.mark.parametrize(
    ("key", "identity"),
    [
        ("disk", "disk"),
        ("disk:db-17.example.com:/dev/sda1", "disk:<host>:/dev/sda<n>"),
        ("ping 10.0.0.17", "ping <address>"),
        ("job 01990000-0000-7000-8000-00000000000F failed", "job <id> failed"),
        ("trace 4bf92f3577b34da6a3ce929d0e0e4736", "trace <id>"),
        ("shard 12 of 40", "shard <n> of <n>"),
        ("decade and facade", "decade and facade"),
    ],
)
def test_an_identity_leaves_out_which_machine_it_was(key: str, identity: str) -> None:
    assert identity_of(key) == identity


@given(key=st.text(max_size=80))
def test_an_identity_has_itself_as_its_identity(key: str) -> None:
    assert identity_of(identity_of(key)) == identity_of(key)


@pytest.mark.parametrize(
    ("what", "its", "expected"),
    [
        ("a minute longer than it lasts", [FLAP] * 3, 5 * MINUTE),
        ("one in twenty may last longer", [*[FLAP] * 19, replace(FLAP, lasted=20 * MINUTE)], 5 * MINUTE),
        ("and no more than that", [*[FLAP] * 18, *[replace(FLAP, lasted=20 * MINUTE)] * 2], 21 * MINUTE),
        ("half an hour at most", [replace(FLAP, lasted=29 * MINUTE)], 30 * MINUTE),
        ("nothing where people acted", [REAL] * 3, None),
        ("nothing where it lasts longer than a delay may", [replace(FLAP, lasted=30 * MINUTE)] * 3, None),
        ("nothing where nobody was paged", [replace(FLAP, pages=0, nights=0)] * 3, None),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_which_delay_outlasts_what_goes_by_itself(what: str, its: list[Happened], expected: timedelta | None) -> None:
    assert delay_for(its) == expected


def test_lists_are_of_what_they_say() -> None:
    found = trends_of([FLAP, replace(FLAP, dedup_key="disk:db-2"), FLAP, REAL], since=SINCE, until=NOW, limit=10)
    assert [(one.identity, one.incidents, one.weeks) for one in found.recurring] == [("disk:db-<n>", 3, [("2026-02-23", 3)])]
    assert [one.identity for one in found.woke_most] == ["disk:db-<n>", "down"]
    assert [one.identity for one in found.never_needed] == ["disk:db-<n>"]


async def test_trends_say_where_to_ask_what_would_have_helped(system: System) -> None:
    its = await system.service([to(await system.user("Ana"))], step_delay="PT30M", repeat=0, reopen_window="PT0S")
    for n in range(3):
        await system.event(its["key"], f"disk-{n}", severity="error")
        await system.advance(minutes=4)
        await system.event(its["key"], f"disk-{n}", action="resolve")
        await system.advance(minutes=3)
    answer = await system.api.get("/api/v1/reports/trends")
    assert answer.status_code == 200, answer.text
    (one,) = answer.json()["never_needed"]
    assert (one["identity"], one["incidents"], one["no_action"], one["pages"]) == ("disk-<n>", 3, 3, 3)
    advised = await system.api.get(one["advice"])
    assert (advised.status_code, advised.json()["service"]["id"]) == (200, its["service"]["id"])
    refused = await system.api.get("/api/v1/reports/trends", params={"since": "2020-01-01T00:00:00Z", "until": "2021-01-01T00:00:00Z"})
    assert refused.status_code == 422
