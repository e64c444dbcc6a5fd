"""The rule book's vectors: what other systems' tests and engines expect, in a neutral form. They lie beside the repository or nowhere."""

import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import pytest

from oncall.kit.ids import ScheduleId, UserId
from oncall.kit.zones import resolve, to_instant, to_local_seconds, to_seconds
from oncall.schedules.rules import coverage, next_handoff, on_call_at, render
from oncall.schedules.rules.rotations import handoff, turn_at
from oncall.schedules.rules.windows import is_open, occurrences
from oncall.schedules.values import (
    Arithmetic,
    FixedShift,
    Layer,
    LayerId,
    Override,
    OverrideId,
    OverrideKind,
    Rotation,
    Schedule,
    Temporary,
    TemporaryId,
    Tile,
    Unit,
    Version,
    Window,
)

VECTORS = Path(__file__).parents[3] / "shared" / "schedule-vectors" / "neutral_suite.json"
FRACTION = re.compile(r"(?<=T\d\d:\d\d:\d\d)\.\d+")
"""Our instants are whole seconds, so what is given and what is expected is cut to them."""
SUITE: dict[str, Any] = json.loads(FRACTION.sub("", VECTORS.read_text())) if VECTORS.exists() else {"cases": [], "local_to_instant": []}
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
UNDERSTOOD = {
    "layer": {"zone", "precedence", "participants", "rotation", "windows", "start", "end", "start_index", "on_duty_seconds"},
    "rotation": {"unit", "count", "anchor_local", "zone", "arithmetic", "turn_counting", "active_days"},
    "schedule": {"layers", "overrides", "temporary"},
    "override": {"kind", "start", "end", "user", "target", "seq"},
    "temporary": {"start", "end", "shifts"},
    "shift": {"start", "end", "users"},
}

pytestmark = pytest.mark.skipif(not VECTORS.exists(), reason="the schedule vectors do not lie beside this repository")


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def text(at: datetime | None) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def user(name: str) -> UserId:
    return UserId(uuid5(NAMESPACE_OID, name))


def turn(participant: str | list[str] | None) -> tuple[UserId, ...]:
    names = [] if participant is None else participant if isinstance(participant, list) else [participant]
    return tuple(user(name) for name in names)


def windows(raw: list[dict[str, Any]]) -> tuple[Window, ...]:
    return tuple(Window(DAYS.index(w["day"]), w["start_seconds"], w["length_seconds"]) for w in raw)


def rotation(raw: dict[str, Any]) -> Rotation:
    active = raw.get("active_days") if raw.get("turn_counting") == "active" else None
    return Rotation(
        Unit(raw["unit"]),
        raw["count"],
        to_local_seconds(datetime.fromisoformat(raw["anchor_local"])),
        Arithmetic(raw["arithmetic"]),
        None if active is None else tuple(sorted(DAYS.index(day) for day in active)),
    )


def layer(raw: dict[str, Any], position: int) -> Layer:
    return Layer(
        id=LayerId(uuid5(NAMESPACE_OID, f"layer {position}")),
        name=f"layer {position}",
        zone=raw["zone"],
        precedence=raw["precedence"],
        turns=tuple(turn(participant) for participant in raw["participants"]),
        rotation=rotation(raw["rotation"]) if raw.get("rotation") else None,
        windows=windows(raw["windows"]) if raw.get("windows") is not None else None,
        start=to_seconds(instant(raw["start"])) if raw.get("start") else None,
        end=to_seconds(instant(raw["end"])) if raw.get("end") else None,
        start_index=raw.get("start_index", 0),
        on_duty=raw.get("on_duty_seconds"),
    )


def override(raw: dict[str, Any]) -> Override:
    kind = OverrideKind(raw["kind"])
    who = raw["target"] if kind is OverrideKind.REMOVE else raw.get("user")
    return Override(
        id=OverrideId(uuid5(NAMESPACE_OID, f"override {raw['seq']}")),
        seq=raw["seq"],
        kind=kind,
        start=to_seconds(instant(raw["start"])),
        end=to_seconds(instant(raw["end"])),
        user=user(who) if who and kind is not OverrideKind.REPLACE else None,
        replacements=((user(raw["target"]), user(raw["user"])),) if kind is OverrideKind.REPLACE else (),
    )


def temporary(raw: dict[str, Any]) -> Temporary:
    shifts = (FixedShift(to_seconds(instant(of["start"])), to_seconds(instant(of["end"])), turn(of["users"])) for of in raw["shifts"])
    return Temporary(
        id=TemporaryId(uuid5(NAMESPACE_OID, f"temporary {raw['start']}")),
        start=to_seconds(instant(raw["start"])),
        end=to_seconds(instant(raw["end"])),
        shifts=tuple(sorted(shifts, key=lambda shift: shift.start)),
    )


def schedule(raw: dict[str, Any]) -> Schedule:
    layers = tuple(layer(of, position) for position, of in enumerate(raw["layers"]))
    overrides = sorted((override(of) for of in raw.get("overrides") or ()), key=lambda o: o.seq)
    temporaries = sorted((temporary(of) for of in raw.get("temporary") or ()), key=lambda one: one.start)
    id = ScheduleId(uuid5(NAMESPACE_OID, "schedule"))
    return Schedule(id, "vector", (Version(1, None, layers),), tuple(overrides), tuple(temporaries))


def not_understood(raw: dict[str, Any]) -> set[str]:
    """Features of a schedule that this engine does not have."""
    strange = set(raw) - UNDERSTOOD["schedule"]
    for of in raw["layers"]:
        strange |= set(of) - UNDERSTOOD["layer"]
        strange |= set(of.get("rotation") or ()) - UNDERSTOOD["rotation"]
    for of in raw.get("overrides") or ():
        strange |= set(of) - UNDERSTOOD["override"]
    for of in raw.get("temporary") or ():
        strange |= set(of) - UNDERSTOOD["temporary"]
        strange |= {key for shift in of["shifts"] for key in shift} - UNDERSTOOD["shift"]
    return strange


SKIPPED = Counter(feature for case in SUITE["cases"] if "schedule" in case for feature in not_understood(case["schedule"]))
CASES = [case for case in SUITE["cases"] if "schedule" not in case or not not_understood(case["schedule"])]


def intervals(opens: tuple[Window, ...], zone: str, start: int, end: int) -> list[tuple[int, int]]:
    """Occurrences that touch the range, with neighbours merged."""
    merged: list[tuple[int, int]] = []
    for begins, ends in sorted(occurrences(opens, zone, start, end)):
        if merged and begins <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], ends))
        else:
            merged.append((begins, ends))
    return merged


def names_in(raw: dict[str, Any]) -> dict[UserId, str]:
    names = {name for of in raw["layers"] for p in of["participants"] if p is not None for name in (p if isinstance(p, list) else [p])}
    names |= {of["user"] for of in raw.get("overrides") or () if "user" in of}
    names |= {name for of in raw.get("temporary") or () for shift in of["shifts"] for name in shift["users"]}
    return {user(name): name for name in names}


def covered(tiles: list[Tile], names: dict[UserId, str]) -> list[dict[str, Any]]:
    """The by-user view of a rendering without its gaps: users sorted, equal neighbours merged."""
    shown: list[dict[str, Any]] = []
    for tile in tiles:
        users = sorted(names[user] for user in tile.on_call.users)
        start, end = text(tile.start), text(tile.end)
        if shown and shown[-1]["users"] == users and shown[-1]["end"] == start:
            shown[-1]["end"] = end
        elif users:
            shown.append({"start": start, "end": end, "users": users})
    return shown


def answer_to_restriction(check: dict[str, Any], zone: str, opens: tuple[Window, ...]) -> object:
    t = to_seconds(instant(check["at"])) if "at" in check else 0
    following = [(a, b) for a, b in intervals(opens, zone, t - 8 * 86_400, t + 15 * 86_400) if b > t]
    match check["check"]:
        case "active_at":
            return is_open(opens, zone, t)
        case "current_or_next_start":
            return text(to_instant(following[0][0]))
        case "current_or_next_end":
            return text(to_instant(following[0][1]))
        case "windows":
            bounds = to_seconds(instant(check["from"])), to_seconds(instant(check["to"]))
            return [
                {key: text(to_instant(t)) for key, t in zip(("start", "end"), of, strict=True)} for of in intervals(opens, zone, *bounds)
            ]
        case other:
            raise AssertionError(f"unknown check {other}")


def handoffs(of: Schedule, at: datetime, count: int) -> list[str]:
    """The beginning of the only layer's turn at this instant, and of the turns after it; one spent with no time is not seen."""
    [layer] = of.versions[0].layers
    assert layer.rotation is not None
    k = turn_at(layer.rotation, layer.zone, to_seconds(at))
    begins = sorted({handoff(layer.rotation, layer.zone, k + i) for i in range(count + 1)})
    return [text(to_instant(t)) for t in begins[:count]]


def answer_to_schedule(check: dict[str, Any], of: Schedule, names: dict[UserId, str]) -> object:
    at = instant(check.get("at", "2000-01-01T00:00:00Z"))
    match check["check"]:
        case "lookup":
            return sorted(names[user] for user in on_call_at(of, at=at).users)
        case "active_at":
            return bool(on_call_at(of, at=at).users)
        case "shift_start" | "shift_end":
            return handoffs(of, at, 2)[check["check"] == "shift_end"]
        case "handoffs":
            return handoffs(of, instant(check["from"]), len(check["expected"]))
        case "next_change":
            return text(next_handoff(of, at=at))
        case "render_covered":
            return covered(render(of, instant(check["from"]), instant(check["to"]), overflow=check["overflow"]), names)
        case "coverage_percentage":
            return 100 * coverage(render(of, instant(check["from"]), instant(check["to"])))
        case other:
            raise AssertionError(f"unknown check {other}")


def answers_to(case: dict[str, Any]) -> Callable[[dict[str, Any]], object]:
    if "restriction" in case:
        opens = windows(case["restriction"]["windows"])
        return lambda check: answer_to_restriction(check, case["restriction"]["zone"], opens)
    of, names = schedule(case["schedule"]), names_in(case["schedule"])
    return lambda check: answer_to_schedule(check, of, names)


@cache
def wrong_answers() -> dict[str, list[str]]:
    """By origin, every check we answer differently."""
    wrong: dict[str, list[str]] = {}
    for case in CASES:
        answer = answers_to(case)
        for check in case["checks"]:
            given = answer(check)
            right = given in [[name] for name in check["expected_one_of"]] if "expected_one_of" in check else given == check["expected"]
            if not right:
                wrong.setdefault(case["file"], []).append(f"{case['id']}: {check} but we say {given}")
    return wrong


@pytest.mark.parametrize("origin", sorted({case["file"] for case in CASES}))
def test_every_check_of_this_origin_holds(origin: str) -> None:
    assert wrong_answers().get(origin, []) == []


def test_a_local_time_becomes_the_instant_others_expect() -> None:
    given = {fact["id"]: to_instant(resolve(to_local_seconds(instant(fact["local"])), fact["zone"])) for fact in SUITE["local_to_instant"]}
    assert given == {fact["id"]: instant(fact["expected"]) for fact in SUITE["local_to_instant"]}


def test_no_vector_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\n{len(CASES)} of {len(SUITE['cases'])} cases, {sum(len(case['checks']) for case in CASES)} checks")
    assert dict(SKIPPED) == {}


def test_a_vector_may_have_a_temporary_schedule() -> None:
    day = {"start": "2026-01-06T00:00:00Z", "end": "2026-01-07T00:00:00Z"}
    shifts = [{"start": "2026-01-06T08:00:00Z", "end": "2026-01-06T12:00:00Z", "users": ["B"]}]
    raw = {"layers": [{"zone": "UTC", "precedence": 0, "participants": ["A"]}], "temporary": [day | {"shifts": shifts}]}
    check = {"check": "render_covered", "from": "2026-01-05T00:00:00Z", "to": "2026-01-08T00:00:00Z", "overflow": False}
    assert not_understood(raw) == set()
    assert answers_to({"schedule": raw})(check) == [
        {"start": "2026-01-05T00:00:00Z", "end": "2026-01-06T00:00:00Z", "users": ["A"]},
        {"start": "2026-01-06T08:00:00Z", "end": "2026-01-06T12:00:00Z", "users": ["B"]},
        {"start": "2026-01-07T00:00:00Z", "end": "2026-01-08T00:00:00Z", "users": ["A"]},
    ]
