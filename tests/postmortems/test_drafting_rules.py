"""What a draft makes of a story: durations from the timeline, and what gives way where that is too long."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from tests.incidents.building import ANA, NOW, PROMETHEUS, incident
from tests.postmortems.test_drafts import table_of

from oncall.incidents.values import Status
from oncall.kit.actors import ENGINE, Actor
from oncall.postmortems.rules.drafting import draft
from oncall.postmortems.rules.templates import USUAL
from oncall.postmortems.values import DRAFT_BYTES
from oncall.postmortems.values.drafting import Filed, Told
from oncall.timeline.values import Entry, Kind, Recorded

MINUTE = timedelta(minutes=1)


def told(*entries: tuple[int, Kind, Actor, str], **more: object) -> Told:
    """An incident with these entries: (minute, what, who, why)."""
    one = incident(status=Status.RESOLVED)
    found = [Recorded(UUID(int=n), n, Entry(one.id, NOW + at * MINUTE, kind, by, why)) for n, (at, kind, by, why) in enumerate(entries, 1)]
    return replace(Told(one, "payments-api", "Ana", 1, None, found, False, []), **more)  # type: ignore[arg-type]


OPENED = (0, Kind.OPENED, PROMETHEUS, "alert disk: Disk full")
ACKNOWLEDGED = (9, Kind.ACKNOWLEDGED, ANA, "acknowledged by Ana through api")
RESOLVED = (20, Kind.RESOLVED, ANA, "resolved by Ana through api")
REOPENED = (25, Kind.REOPENED, PROMETHEUS, "it came back")


@pytest.mark.parametrize(
    ("what", "story", "expected"),
    [
        ("all of it", told(OPENED, ACKNOWLEDGED, RESOLVED, began_at=NOW - 2 * MINUTE), ["2 min", "9 min", "20 min"]),
        ("nobody acknowledged it", told(OPENED, RESOLVED, began_at=NOW), ["0 s", "not yet", "20 min"]),
        ("open again", told(OPENED, ACKNOWLEDGED, RESOLVED, REOPENED), ["not recorded", "9 min", "not yet"]),
        ("and over again", told(OPENED, RESOLVED, REOPENED, (40, *RESOLVED[1:])), ["not recorded", "not yet", "40 min"]),
        ("somebody noticed it first", told(OPENED, began_at=NOW, filed=Filed(noticed_at=NOW - 60 * MINUTE)), ["1 h", "not yet", "not yet"]),
        ("a monitor's clock that goes ahead tells nothing", told(OPENED, began_at=NOW + MINUTE), ["not recorded", "not yet", "not yet"]),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_durations(what: str, story: Told, expected: Sequence[str]) -> None:
    rows = table_of(draft([story], USUAL, title=None, now=NOW).body, "Measure")
    assert [row[2] for row in rows] == expected


def test_the_same_story_makes_the_same_draft() -> None:
    assert draft([told(OPENED, RESOLVED)], USUAL, title=None, now=NOW) == draft([told(OPENED, RESOLVED)], USUAL, title=None, now=NOW)


def test_where_it_is_too_long_single_messages_give_way_first_and_it_says_so() -> None:
    messages = [(1, Kind.SENT, ENGINE, f"sent to Ana, try {n}: {'x' * 100}") for n in range(600)]
    body = draft([told(OPENED, *messages, ACKNOWLEDGED, RESOLVED)], USUAL, title=None, now=NOW).body
    assert len(body.encode()) <= DRAFT_BYTES
    assert [row[1] for row in table_of(body, "Why")] == ["opened", "acknowledged", "resolved"]
    assert "600 entries are left out here; all of them: GET /api/v1/incidents/1/timeline." in body


def test_then_what_is_latest() -> None:
    steps = [(1, Kind.STEP_FIRED, ENGINE, f"step {n} fired: {'€' * 480}") for n in range(100)]
    body = draft([told(OPENED, *steps)], USUAL, title=None, now=NOW).body
    assert DRAFT_BYTES - 3_000 < len(body.encode()) <= DRAFT_BYTES
    rows = table_of(body, "Why")
    assert [row[4].split(" fired")[0] for row in rows[1:4]] == ["step 0", "step 1", "step 2"]
    assert f"{101 - len(rows)} entries are left out here" in body


def test_more_than_was_looked_at_is_said_to_be_there() -> None:
    body = draft([told(OPENED, is_cut=True)], USUAL, title=None, now=NOW).body
    assert "More entries are left out here; all of them: GET /api/v1/incidents/1/timeline." in body


def test_what_the_service_desk_keeps_is_told() -> None:
    filed = Filed("Nobody can pay.", "Hardware / Disk", "large", 1_200, "Dora (customer)", None, "Cleaned up *logs*.")
    words = draft([told(OPENED, RESOLVED, filed=filed)], USUAL, title=None, now=NOW).body
    assert "impact large, 1,200 affected users, category Hardware / Disk, reported by Dora (customer)." in words
    assert r"Reported: Nobody can pay.. Resolution: Cleaned up \*logs\*.." not in words, "one full stop is enough"
    assert r"Reported: Nobody can pay. Resolution: Cleaned up \*logs\*." in words


def test_what_people_wrote_is_left_as_they_wrote_it() -> None:
    filed = Filed("eth0 is down", "Network", "large", 1, "Dora (customer)", None, "cable replaced")
    words = draft([told(OPENED, RESOLVED, filed=filed)], USUAL, title=None, now=NOW).body
    assert "Reported: eth0 is down. Resolution: cable replaced." in words
