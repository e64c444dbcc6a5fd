"""Apex Ping's webhook, https://apex.sh/ping/: an alert on one figure of one check was triggered or resolved."""

from dataclasses import replace

from oncall.incidents.values import Action
from oncall.intake.rules import Fields, instant_of, links_of, read_fields, said_at, text_of, title_of
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("check.name", "check.url"),
    identity={"apexping_check": ("check.id",), "alert": ("alert.id",)},
    state=("state",),
    states={"resolved": Action.RESOLVE},
    source=("check.url",),
    class_=("alert.type",),
    untitled="Apex Ping check without a name",
)
FIGURE = ("alert.stat", "alert.type", "alert.op", "alert.value")


def knows(value: object, _: Received) -> bool:
    """By an alert on a check, and the figure it watches."""
    match value:
        case {"state": _, "triggered_at": _, "check": dict(), "alert": {"stat": _, "op": _}}:
            return True
        case _:
            return False


def read(value: object, _: Received) -> list[Reading]:
    """One event; its title is the check and the limit it broke."""
    if not isinstance(value, dict) or not isinstance(value.get("check"), dict) or "state" not in value:
        raise Unreadable("it has no check with a state")
    reading = read_fields(value, FIELDS)
    limit = " ".join(filter(None, (text_of(said_at(value, (path,))) for path in FIGURE)))
    url, protocol = (text_of(said_at(value, (path,))) for path in ("check.url", "check.protocol"))
    return [
        replace(
            reading,
            summary=title_of(f"{reading.summary}: {limit}" if limit else reading.summary),
            links=links_of([(url if "://" in url or not url else f"{protocol}://{url}", "what is checked")]),
            occurred_at=None if reading.action is Action.RESOLVE else instant_of(said_at(value, ("triggered_at",))),
        )
    ]


GUIDE = """
In Apex Ping: **Settings → Integrations → Webhook**, URL `{url}`; then choose the webhook in each alert.

A problem is known by the numbers of its check and its alert: two alerts on one check (its time, its errors) are two. The title is the
check and the limit that was broken. Apex Ping knows no severity.
"""

EXAMPLE = """{
  "state": "triggered", "triggered_at": "2026-03-01T03:12:00Z", "value": 2724,
  "alert": {"id": 7, "type": "time_total", "stat": "avg", "window_duration": 5, "op": "gt", "value": 2500},
  "check": {"id": 42, "name": "Shop", "method": "GET", "protocol": "https", "url": "shop.example.com/", "apdex_threshold": 700}
}"""

DIALECT = Dialect(
    type=IntegrationType.APEXPING,
    name="Apex Ping",
    group="Uptime",
    read=read,
    knows=knows,
    resolves="Sends the state `resolved`.",
    guide=GUIDE,
    example=EXAMPLE,
)
