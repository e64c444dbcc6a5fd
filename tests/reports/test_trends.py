"""The same thing again is known as the same, and what is proposed would have helped as often as is said."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.system import System, to

from oncall.kit.ids import ServiceId
from oncall.reports.rules.trends import identity_of, propose, trends_of
from oncall.reports.values.trends import Happened, Proposal

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SINCE = NOW - timedelta(days=30)
MINUTE = timedelta(minutes=1)
FLAP = Happened(ServiceId(UUID(int=1)), "db", "disk:db-1", "Disk full", "", "error", NOW - timedelta(days=1), 4 * MINUTE, True, 2, 1)
REAL = replace(FLAP, lasted=50 * MINUTE, no_action=False, dedup_key="down")
CRITICAL, GRAVE = replace(FLAP, severity="critical"), replace(REAL, severity="critical")


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
    ("what", "its", "others", "expected"),
    [
        ("a minute longer than it lasts", [FLAP] * 3, [REAL], Proposal(SINCE, NOW, 5 * MINUTE, False, 6, 6, 3, 1)),
        ("nothing where people acted", [REAL] * 3, [], None),
        ("nothing where it lasts longer than a delay may", [replace(FLAP, lasted=30 * MINUTE)] * 3, [], None),
        ("nothing where nobody was paged", [replace(FLAP, pages=0, nights=0)] * 3, [], None),
        (
            "what is critical waits only if it says so",
            [CRITICAL],
            [],
            Proposal(SINCE, NOW, 5 * MINUTE, True, 2, 2, 1, 0),
        ),
        (
            "a critical one beside it does not wait",
            [FLAP],
            [GRAVE],
            Proposal(SINCE, NOW, 5 * MINUTE, False, 2, 2, 1, 0),
        ),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_is_proposed(what: str, its: list[Happened], others: list[Happened], expected: Proposal | None) -> None:
    assert propose(its, [*its, *others], since=SINCE, until=NOW) == expected


def test_only_what_a_replay_can_look_at_is_counted() -> None:
    old = replace(FLAP, opened_at=NOW - timedelta(days=60))
    assert propose([old, FLAP], [old, FLAP], since=NOW - timedelta(days=90), until=NOW) == Proposal(
        NOW - timedelta(days=31), NOW, 5 * MINUTE, False, 2, 2, 1, 0
    )


def test_lists_are_of_what_they_say() -> None:
    found = trends_of([FLAP, replace(FLAP, dedup_key="disk:db-2"), FLAP, REAL], since=SINCE, until=NOW, limit=10)
    assert [(one.identity, one.incidents, one.weeks) for one in found.recurring] == [("disk:db-<n>", 3, [("2026-02-23", 3)])]
    assert [one.identity for one in found.woke_most] == ["disk:db-<n>", "down"]
    assert [one.identity for one in found.never_needed] == ["disk:db-<n>"]


async def test_a_proposal_is_what_replay_takes_and_replay_agrees(system: System) -> None:
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
    proposal = one["proposal"]
    assert (proposal["delay"], proposal["saved"], proposal["later"]) == ("PT5M", 3, 0)
    replayed = await system.api.post("/api/v1/replay", json=proposal["replay"])
    assert replayed.status_code == 200, replayed.text
    assert replayed.json()["pages"] == {"before": 3, "after": 0, "saved": 3, "missed": 0}
    refused = await system.api.get("/api/v1/reports/trends", params={"since": "2020-01-01T00:00:00Z", "until": "2021-01-01T00:00:00Z"})
    assert refused.status_code == 422
