"""Hydrozen's webhook, https://docs.hydrozen.io/overview/integrations/webhooks, which 66uptime and its kin send too."""

from dataclasses import replace

from oncall.incidents.values import Action, Severity
from oncall.intake.rules import Fields, read_fields, title_of, word_at
from oncall.intake.values import Dialect, LocalKey, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("name", "target"),
    identity={
        "hydrozen_monitor": ("monitor_id",),
        "hydrozen_heartbeat": ("heartbeat_id",),
        "hydrozen_domain": ("domain_name_id",),
    },
    state=("is_ok",),
    states={"1": Action.RESOLVE, "true": Action.RESOLVE},
    source=("target",),
    class_=("type",),
    links={"url": "Hydrozen", "target": "what is checked"},
    untitled="Hydrozen monitor without a name",
)
EXPIRES = {"ssl-expiry": "certificate", "domain-expiry": "domain"}


def knows(value: object, _: Received) -> bool:
    """By what it watches, and whether that is well or when it ends."""
    if not isinstance(value, dict) or not {"name", "type"} <= value.keys():
        return False
    watched = "is_ok" in value and ("monitor_id" in value or "heartbeat_id" in value)
    return watched or ("domain_name_id" in value and ("whois_end_datetime" in value or "ssl_end_datetime" in value))


def read(value: object, _: Received) -> list[Reading]:
    """One event; a domain and its certificate, which have one number, expire as two problems."""
    if not isinstance(value, dict) or value.keys().isdisjoint({"monitor_id", "heartbeat_id", "domain_name_id"}):
        raise Unreadable("it names neither a monitor, nor a heartbeat, nor a domain")
    reading, kind = read_fields(value, FIELDS), word_at(value, ("type",))
    if not kind.endswith("-expiry"):
        return [reading]
    return [
        replace(
            reading,
            summary=title_of(f"{reading.summary}: {EXPIRES.get(kind, 'something')} expires"),
            dedup_key=reading.dedup_key.about(kind) if isinstance(reading.dedup_key, LocalKey) else None,
            severity=Severity.WARNING,
        )
    ]


GUIDE = """
In Hydrozen: **Notification handlers → Create**, type *Webhook*, URL `{url}`. Then choose it in each monitor, heartbeat and domain.
66uptime and other installations of the same software send the same.

A monitor, a heartbeat or a domain is known by its number. That a domain or a certificate expires is a warning, which nothing ends;
otherwise Hydrozen knows no severity.
"""

EXAMPLE = """{"monitor_id": "42", "name": "Shop", "type": "website", "target": "https://shop.example.com", "port": null, "is_ok": 0}"""

DIALECT = Dialect(
    type=IntegrationType.HYDROZEN,
    name="Hydrozen",
    group="Uptime",
    read=read,
    knows=knows,
    resolves="Sends `is_ok` 1; never says that an expiry is over.",
    guide=GUIDE,
    example=EXAMPLE,
)
