"""`oncall who, incidents, ack, page, simulate`: what one does every day, asked of a server and told in sentences."""

import json
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from oncall.cli import stop
from oncall.cli.client import JSON, Api

OPEN = ["triggered", "acknowledged"]
MOST_LISTED = 100
DOES = {
    "escalate": "the next step pages",
    "remind": "a reminder",
    "retry": "its policy begins again",
    "release": "it is held",
    "retrigger": "it is triggered again",
    "end_snooze": "its snooze ends",
    "close": "it is closed",
}


def who(service: str, *, at: str | None, as_json: bool) -> None:
    """Who is on call for a service, level by level."""
    with Api() as api:
        its = api.find("services", service, kind="service")
        found = api.get("oncalls", {"service_id": its["id"], **({"at": at} if at else {})})
    if as_json:
        return raw(found)
    if not found["items"]:
        return say(f"Nobody is on call for {its['name']}.")
    for one in sorted(found["items"], key=lambda one: (one["level"] or 0, one["user"]["name"])):
        by = f"by schedule {one['schedule']['name']}" if one["schedule"] else "named in the policy"
        until = f" until {instant(one['end'])}" if one["end"] else ""
        say(f"level {one['level']}: {one['user']['name']}, {by}{until}")
    return None


def incidents(*, statuses: Sequence[str], service: str | None, as_json: bool) -> None:
    """The incidents that are open, or have these statuses, newest first."""
    with Api() as api:
        where = {"service_id": str(api.find("services", service, kind="service")["id"])} if service else {}
        found = api.get("incidents", {"status": list(statuses or OPEN), "limit": str(MOST_LISTED), **where})
    if as_json:
        return raw(found)
    if not found["items"]:
        return say("No incident is open." if not statuses else f"No incident is {' or '.join(statuses)}.")
    for one in found["items"]:
        say(f"#{one['number']} {one['status']}, {one['urgency']}: {one['title']} ({one['service']['name']}){_stands(one)}")
    if found["next_cursor"]:
        say(f"There are more than these {MOST_LISTED}.")
    return None


def ack(ref: str, *, as_json: bool) -> None:
    """Somebody has it: whoever the key belongs to."""
    with Api() as api:
        done = api.post(f"incidents/{_ref(ref)}/acknowledge")
    if as_json:
        return raw(done)
    who = done["acknowledged_by"]["name"] if done["acknowledged_by"] else None
    about = f"#{done['number']} {done['title']}"
    if who is None:
        stop(f"{about} is {done['status']}: there is nothing to acknowledge.", code=1)
    if done["instead_of"]:
        say(f"#{done['instead_of']['number']} was merged into #{done['number']}.")
    if done["status"] != "acknowledged":
        return say(f"{about} is {done['status']} already.")
    cancelled = done["cancelled_pages"]
    more = f"; {cancelled} pending message{'' if cancelled == 1 else 's'} cancelled" if cancelled else ""
    return say(f"{about}: {'acknowledged by' if done['changed'] else 'was acknowledged before, by'} {who}{more}.")


def page(whom: str, text: str, *, is_team: bool, urgency: str | None, service: str | None, incident: str | None, as_json: bool) -> None:
    """Page a person, or the on-call of a team, now."""
    body: JSON = {"title": text}
    with Api() as api:
        kind = "team" if is_team else "user"
        named = api.find(f"{kind}s", whom, kind=kind)
        body[f"{kind}_id"] = named["id"]
        if urgency:
            body["urgency"] = urgency
        if service:
            body["service_id"] = api.find("services", service, kind="service")["id"]
        if incident:
            body["incident_id"] = api.get(f"incidents/{_ref(incident)}")["id"]
        done = api.post("pages", body)
    if as_json:
        return raw(done)
    its, names = done["incident"], [one["name"] for one in done["paged"]]
    are = "is" if len(names) == 1 else "are"
    if names:
        say(f"{' and '.join(names)} {are} paged about #{its['number']} {its['title']} ({its['service']['name']}).")
    for said in done["says"]:
        say(_sentence(said, [named["name"], *names]))
    return None


def simulate(file: Path | None, *, asked: JSON, service: str | None, reactions: Iterable[tuple[str, str]], as_json: bool) -> None:
    """The whole way of an event that never came; nothing is sent. `reactions` are (verb, USER=AFTER)."""
    body = _read(file) if file else {}
    with Api() as api:
        if service:
            body["service_id"] = api.find("services", service, kind="service")["id"]
        event = asked.pop("event", None)
        body |= asked
        if event:
            body["event"] = {**(body.get("event") or {}), **event}
        said = [_reaction(api, verb, words) for verb, words in reactions]
        if said:
            body["reactions"] = [*(body.get("reactions") or []), *said]
        made = api.post("simulate", body)
    if as_json:
        return raw(made)
    say(f"{instant(made['at'])}  an event comes to {made['service']['name']}: {made['decision']}, {made['reason']}")
    for step in made["steps"]:
        say(f"{instant(step['at'])}  {step['text']}")
    end = made["end"]
    if end:
        following = "; ".join(_follows(one) for one in end["next"])
        say(f"{instant(made['until'])}  it is {end['status']} ({end['reason']}){f': {following}' if following else ''}")
    if made["is_cut"]:
        say("More would have come than is worked out.")
    return None


def _reaction(api: Api, verb: str, words: str) -> JSON:
    """`ana=PT7M`, or `PT7M` for whoever asks."""
    name, _, after = words.rpartition("=")
    whose = {"user_id": api.find("users", name, kind="user")["id"]} if name else {}
    return {"action": verb, "after": after, **whose}


def _read(file: Path) -> JSON:
    try:
        said = json.loads(sys.stdin.read() if str(file) == "-" else file.read_text())
    except OSError as error:
        stop(f"{file} cannot be read: {error.strerror or type(error).__name__}.", code=1)
    except ValueError as error:
        stop(f"{file} is not JSON: {error}", code=1)
    if not isinstance(said, dict):
        stop(f"{file} must hold a JSON object, as POST /api/v1/simulate takes it.", code=1)
    return said


def _ref(said: str) -> str:
    """An incident by its number, with or without #, or by its id; nothing that leads elsewhere."""
    ref = said.strip().removeprefix("#")
    if not ref or not all(sign.isalnum() or sign == "-" for sign in ref) or not ref.isascii():
        stop(f"{said!r} is no incident: say its number, such as 12, or its id.", code=1)
    return ref


def _stands(one: JSON) -> str:
    has = f" — {one['acknowledged_by']['name']} has it" if one["status"] == "acknowledged" and one["acknowledged_by"] else ""
    pending = one["pending_actions"]
    return f"{has}; {_follows(pending[0])}" if pending else has


def _follows(pending: JSON) -> str:
    """What happens next if nobody does anything."""
    when = "until" if pending["action"] == "release" else "at"
    return f"{DOES.get(pending['action'], pending['action'])} {when} {instant(pending['at'])}"


def instant(said: str) -> str:
    """To the second, as a person reads it: 2026-11-26T14:24:07Z."""
    return re.sub(r"\.[0-9]+(?=Z|[+-])", "", said)


def _sentence(words: str, names: Sequence[str]) -> str:
    """A name stays as it is written, also where a sentence begins with it."""
    said = f"{words}{'' if words.endswith('.') else '.'}"
    return said if said.startswith(tuple(names)) else f"{said[:1].upper()}{said[1:]}"


def say(line: str) -> None:
    """Words of monitors and people are in it: no control character of theirs reaches a terminal."""
    print("".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in line))  # noqa: T201 — the program's own output


def raw(answer: Any) -> None:
    print(json.dumps(answer, indent=2))  # noqa: T201 — the program's own output
