"""Thinkst Canary's generic webhook (https://docs.canary.tools/webhooks/generic.html) and that of canarytokens.org."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from oncall.incidents.values import Action
from oncall.intake.rules import Fields, instant_of, key_of, labels_of, one_line, read_fields, said_at, text_of
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

CONSOLE = Fields(
    title=("Description", "Intro"),
    key=("IncidentHash", "Token"),
    source=("CanaryName", "CanaryIP", "Reminder"),
    component=("CanaryID", "Token"),
    group=("Flock", "CanaryLocation"),
    class_=("Description",),
    untitled="incident without a description",
)
TOKEN = Fields(
    title=("memo",),
    key=("token",),
    source=("additional_data.src_ip", "src_ip"),
    class_=("token_type", "channel"),
    untitled="canarytoken without a memo",
    secret=frozenset({"manage_url", "token"}),
)
AUDIT = "console-audit"
OWN = {"summary", "severity", "dedup_key"}
"""What somebody's own words have, and no entry of the audit trail."""

OF_A_TOKEN = {"manage_url", "memo", "channel"}
IN_ADDRESS = re.compile(r"[?&]token=([^&#]+)")
TRIED = re.compile(r"(?i)passw|secret|auth|cookie")
"""What an intruder typed may be somebody's true password."""


def knows(value: object, _: Received) -> bool:
    """By the kind of alert and where it was, by a token's memo and channel, or as an entry of the audit trail."""
    if not isinstance(value, dict):
        return False
    return {"AlertType", "Intro", "AdditionalDetails"} <= value.keys() or value.keys() >= OF_A_TOKEN or _is_audit(value)


def _is_audit(value: Mapping[str, object]) -> bool:
    payload = value.get("payload")
    return value.get("type") == AUDIT and isinstance(payload, dict) and "message" in payload and OWN.isdisjoint(value)


def read(value: object, _: Received) -> list[Reading]:
    """One event: somebody touched what nobody should touch."""
    if not isinstance(value, dict):
        raise Unreadable("it has no fields")
    if _is_audit(value):
        message = one_line(said_at(value, ("payload.message",))) or "entry of the audit trail"
        return [Reading(Action.IGNORE, message, details=dict(value), reason="it is an entry of the console's audit trail")]
    if said_at(value, ("AlertType", "Intro", "IncidentHash")):
        return [_read_incident(value)]
    if said_at(value, ("memo", "manage_url")):
        return [_read_token(value)]
    raise Unreadable("it is neither an incident nor a canarytoken")


def _read_incident(value: Mapping[str, object]) -> Reading:
    reading = read_fields(value, CONSOLE)
    pairs = value.get("AdditionalDetails")
    more = [pair for pair in pairs if isinstance(pair, list) and len(pair) == 2] if isinstance(pairs, list) else []
    labels = labels_of({name: said for name, said in ((text_of(name), said) for name, said in more) if not TRIED.search(name)})
    where = reading.source
    return replace(
        reading,
        summary=(f"{reading.summary}: {where}" if where else reading.summary)[:1024],
        labels=labels,
        occurred_at=_at(value.get("Timestamp")),
        details={name: said for name, said in reading.details.items() if name != "AdditionalDetails"},
    )


def _read_token(value: Mapping[str, object]) -> Reading:
    """The address where a token is managed is a secret; its query says which token it is, in newer ones only the whole of it does."""
    reading = read_fields(value, TOKEN)
    address = text_of(value.get("manage_url"))
    in_address = IN_ADDRESS.search(address)
    named = in_address[1] if in_address else key_of({"manage_url": address}) if "/manage" in address else None
    return replace(
        reading,
        dedup_key=reading.dedup_key or named,
        labels=labels_of({name: said for name in ("channel", "token_type") if (said := value.get(name))}),
        occurred_at=_at(value.get("time")),
    )


def _at(value: object) -> datetime | None:
    """`2026-03-01 03:12:00 (UTC)`"""
    text = text_of(value).strip()
    return instant_of(text.removesuffix("(UTC)").strip() + "+00:00") if text.endswith("(UTC)") else instant_of(text)


GUIDE = """
In your Canary Console: **Global Settings → Webhooks → + → Add Generic**, URL `{url}` (or in the settings of one flock). On
canarytokens.org, give `{url}` as the webhook when you make a token, with a memo that says where the token lies. An incident is known by
its hash, a token by itself. The severity is unknown, which pages like an error.
"""

EXAMPLE = """{
  "Description": "SSH Login Attempt", "Timestamp": "2026-03-01 03:12:00 (UTC)", "CanaryName": "file-server-9",
  "CanaryID": "000200000000a1b2", "CanaryIP": "192.0.2.9", "CanaryLocation": "rack 4",
  "SourceIP": "198.51.100.7", "ReverseDNS": "", "CanaryPort": 22,
  "IncidentHash": "0c1f6e6bd3c24e7d8f11a2b3c4d5e6f7", "Intro": "SSH Login Attempt has been detected against one of your Canaries.",
  "AdditionalDetails": [["Username", "admin"]], "AlertType": "CanaryIncident", "LogType": "4002"
}"""

DIALECT = Dialect(
    type=IntegrationType.THINKST_CANARY,
    name="Thinkst Canary and canarytokens.org",
    group="Servers and networks",
    read=read,
    knows=knows,
    resolves="Never says that it is over: resolve by hand.",
    guide=GUIDE,
    example=EXAMPLE,
)
