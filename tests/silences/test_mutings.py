"""What mutes an alert, until when, and with which words; and when that next changes."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.silences.muting import ANA, DAY, HOUR, NOW, SHOP, WEB, alert, at, once, recurring, silence, window

from oncall.kit.matchers import match
from oncall.silences.rules.muting import compile_mutings, mutings_on
from oncall.silences.rules.windows import occurrence_at
from oncall.silences.values.muting import AlertFacts, Muting, MutingKind
from oncall.silences.values.silences import Silence
from oncall.silences.values.windows import Timetable, WindowKind

NIGHTLY = recurring("FREQ=DAILY", "2026-03-01T11:00:00", 2 * HOUR)
MINUTE = timedelta(minutes=1)


def reasons(silences: list[Silence], windows: list[Timetable], asked: AlertFacts, now: datetime = NOW) -> list[str]:
    return [muting.reason for muting in mutings_on(compile_mutings(silences, windows, [], now=now), asked, now)]


def test_a_silence_says_who_until_when_and_why() -> None:
    made = silence('severity="warning"', end=at("2026-03-02T14:00"), why="deploy of db-01")
    found = mutings_on(compile_mutings([made], [], [], now=NOW), alert(severity="warning"), NOW)
    reason = "silenced by Ana until 2026-03-02T14:00Z: deploy of db-01"
    assert found == (Muting(MutingKind.SILENCE, made.id, "deploy of db-01", at("2026-03-02T14:00"), reason),)


def test_a_window_says_its_name_who_and_until_when() -> None:
    made = window(NIGHTLY, services=(WEB,), name="database upgrade")
    found = mutings_on(compile_mutings([], [made], [], now=NOW), alert(), NOW)
    reason = f"held by the maintenance window “database upgrade” of {ANA.name} until 2026-03-02T13:00Z"
    assert found == (Muting(MutingKind.MAINTENANCE, made.window.id, "database upgrade", at("2026-03-02T13:00"), reason),)


@pytest.mark.parametrize(
    ("what", "made", "asked", "mutes"),
    [
        ("all matchers match", silence('severity="warning", job=~"api.*"'), alert(severity="warning", job="api-1"), True),
        ("one does not", silence('severity="warning", job=~"api.*"'), alert(severity="warning", job="db"), False),
        ("in its service", silence("", service=WEB), alert(WEB), True),
        ("in another service", silence("", service=WEB), alert(SHOP), False),
        ("in its service, but another severity", silence("severity=info", service=WEB), alert(WEB, severity="error"), False),
        ("from its start on", silence("", start=NOW), alert(), True),
        ("not before", silence("", start=NOW + MINUTE), alert(), False),
        ("not from its end on", silence("", start=NOW - HOUR, end=NOW), alert(), False),
        ("also what was open before it", silence(""), alert(opened=NOW - DAY), True),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_a_silence_mutes(what: str, made: Silence, asked: AlertFacts, mutes: bool) -> None:
    assert (len(reasons([made], [], asked)) == 1) is mutes, what


@pytest.mark.parametrize(
    ("what", "made", "asked", "mutes"),
    [
        ("its services", window(NIGHTLY, services=(SHOP, WEB)), alert(WEB), True),
        ("not others", window(NIGHTLY, services=(SHOP,)), alert(WEB), False),
        ("whatever matches, anywhere", window(NIGHTLY, 'host="db-1"'), alert(SHOP, host="db-1"), True),
        ("not what does not match", window(NIGHTLY, 'host="db-1"'), alert(SHOP, host="db-2"), False),
        ("services and matchers: both must hold", window(NIGHTLY, 'host="db-1"', services=(WEB,)), alert(WEB, host="db-1"), True),
        ("not with the matchers alone", window(NIGHTLY, 'host="db-1"', services=(WEB,)), alert(SHOP, host="db-1"), False),
        ("not with the service alone", window(NIGHTLY, 'host="db-1"', services=(WEB,)), alert(WEB, host="db-2"), False),
        ("what opened as it began", window(NIGHTLY, services=(WEB,)), alert(opened=NOW - HOUR), True),
        ("not what opened before", window(NIGHTLY, services=(WEB,)), alert(opened=NOW - HOUR - MINUTE), False),
        ("what opened as it was planned", window(NIGHTLY, services=(WEB,), made=NOW - MINUTE), alert(opened=NOW - MINUTE), True),
        ("not what opened before it was planned", window(NIGHTLY, services=(WEB,), made=NOW), alert(opened=NOW - MINUTE), False),
        ("not what opened in the occurrence before", window(NIGHTLY, services=(WEB,)), alert(opened=NOW - DAY), False),
        ("not once it was ended early", window(NIGHTLY, services=(WEB,), ended=(NOW,)), alert(opened=NOW - MINUTE), False),
        ("not outside", window(once(NOW + HOUR, NOW + 2 * HOUR), services=(WEB,)), alert(), False),
        ("a freeze mutes nothing", window(NIGHTLY, services=(WEB,), kind=WindowKind.FREEZE), alert(), False),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)  # fmt: skip
def test_what_a_window_holds(what: str, made: Timetable, asked: AlertFacts, mutes: bool) -> None:
    assert (len(reasons([], [made], asked)) == 1) is mutes, what


def test_everything_that_mutes_is_told() -> None:
    found = reasons(
        [silence("a=b", why="one"), silence("", service=WEB, why="two")],
        [window(NIGHTLY, services=(WEB,), name="three"), window(NIGHTLY, "a=b", name="four")],
        alert(a="b"),
    )
    assert [word for word in ("one", "two", "three", "four") if any(word in reason for reason in found)] == ["one", "two", "three", "four"]
    assert len(found) == 4


@given(
    late=st.timedeltas(-timedelta(days=2), timedelta(days=40)),
    rule=st.sampled_from(["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=TU,SU", "FREQ=MONTHLY", "FREQ=DAILY;COUNT=12", "FREQ=HOURLY;INTERVAL=7"]),
)
def test_what_was_compiled_earlier_says_what_would_be_said_now(late: timedelta, rule: str) -> None:
    now = NOW + late
    made = window(recurring(rule, "2026-03-01T11:00:00", 3 * HOUR, "Europe/Lisbon"), services=(WEB,))
    before, fresh = compile_mutings([], [made], [], now=NOW), compile_mutings([], [made], [], now=now)
    assert mutings_on(before, alert(opened=now), now) == mutings_on(fresh, alert(opened=now), now)
    assert bool(mutings_on(before, alert(opened=now), now)) == (occurrence_at(made, now) is not None)


@given(
    rows=st.lists(
        st.tuples(st.sampled_from(["", "a=b", "a!=b", "a=~b.*", 'a="", c=d', "c=d, a=x", "c=d, a=b"]), st.sampled_from([None, WEB, SHOP])),
        max_size=12,
    ),
    labels=st.dictionaries(st.sampled_from("ac"), st.sampled_from(["b", "bb", "d", "x", ""])),
)
def test_the_index_finds_what_looking_at_each_finds(rows: list[tuple[str, None]], labels: dict[str, str]) -> None:
    silences = [silence(matchers, service=service) for matchers, service in rows]
    found = mutings_on(compile_mutings(silences, [], [], now=NOW), alert(WEB, **labels), NOW)
    plainly = {one.id for one in silences if one.service_id in {None, WEB} and match(one.matchers, labels)}
    assert {muting.id for muting in found} == plainly
    assert len(found) == len(plainly)
