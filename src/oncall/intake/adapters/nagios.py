"""Nagios and its kin (Naemon, Centreon): the macros of a notification, https://assets.nagios.com/downloads/nagioscore/docs/nagioscore/4/en/."""

import re
from collections.abc import Mapping
from dataclasses import replace

from oncall.incidents.values import Action, Severity
from oncall.intake.rules import ACTIONS, Fields, Paths, read_fields, said_at, word_at
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

STATES = ACTIONS
"""By the type of notification; a body without one says the state itself. Nagios has no word that means something else there."""

IGNORED = {
    "flappingstart": "it began to flap",
    **dict.fromkeys(("flappingstop", "flappingend"), "it stopped flapping"),
    "flappingdisabled": "its flapping is watched no more",
    "downtimestart": "a downtime began",
    "downtimeend": "a downtime ended",
    **dict.fromkeys(("downtimecancelled", "downtimeremoved"), "a downtime was cancelled"),
}
"""Nagios sends a problem of its own for what is still broken at the end of a downtime, or of flapping."""

SEVERITIES = {
    **dict.fromkeys(("critical", "crit", "down", "unreachable", "unreach"), Severity.CRITICAL),
    **dict.fromkeys(("warning", "warn"), Severity.WARNING),
    "unknown": Severity.UNKNOWN,
}
WELL = {"ok", "up"}
SERVICE = ("servicedesc", "servicedescription", "servicename", "service", "servicedisplayname")

FIELDS = Fields(
    title=(*SERVICE, "hostname"),
    identity={"nagios_host": ("hostname", "hostalias", "host"), "service": SERVICE},
    state=("notificationtype", "servicestate", "hoststate"),
    states=STATES,
    ignored=IGNORED,
    severity=("servicestate", "hoststate"),
    severities=SEVERITIES,
    source=("hostname", "hostalias", "host"),
    component=("servicedisplayname", *SERVICE),
    group=("hostgroupname",),
    links={
        "serviceactionurl": "service",
        "servicenotesurl": "notes",
        "hostactionurl": "host",
        "hostnotesurl": "notes",
    },
    occurred_at=("timet",),
)

SPELLINGS = (
    {"NOTIFICATIONTYPE", "HOSTNAME"},
    {"NAGIOS_NOTIFICATIONTYPE", "NAGIOS_HOSTNAME"},
    {"nagios_notificationtype", "nagios_hostname"},
)
COMMON_NAMES = {"notificationtype", "hostname"}
STATED = {"servicestate", "hoststate"}
OTHERS = {"WHAT", "OMD_SITE", "SERVICENAME"}
"""Checkmk's, Icinga's, and what somebody's own body has."""

PRIVATE = re.compile(r"user\d*|contact.*|.*snmpcommunity.*")
"""Macros that nobody else may see: `$USER1$` and its like hold passwords, and a contact is a person."""
CUSTOM = re.compile(r"(?i)^(?:nagios_)?_(?:host|service|contact)")
"""Variables that somebody added to a host or a service; checks keep their logins there."""


def plain(value: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Fields by their names in lower case, without `prefix`, `_`, `.` and `-`: each who exports a macro writes it in another way."""
    named: dict[str, object] = {}
    for name, said in value.items():
        named.setdefault(name.lower().removeprefix(prefix).replace("_", "").replace(".", "").replace("-", ""), said)
    return named


def public(value: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Those fields that anybody may see, by their plain names."""
    return {name: of for name, of in plain(value, prefix).items() if not PRIVATE.fullmatch(name)}


def titled(what: str, where: str) -> str:
    """What is broken, and where; for a host alone its name."""
    return f"{what} on {where}" if what and where else what or where


def read_notification(said: Mapping[str, object], fields: Fields, state: Paths) -> Reading:
    """What the whole family says alike. A custom notification about something that is well has no problem to belong to."""
    reading = read_fields(said, fields)
    if not reading.source:
        raise Unreadable("it names no host")
    well = reading.action is Action.TRIGGER and word_at(said, state) in WELL
    return replace(
        reading,
        summary=titled(reading.component, reading.source)[:1024],
        dedup_key=None if well else reading.dedup_key,
    )


def knows(value: object, _: Received) -> bool:
    """By the type of notification and a host, in the spellings of Nagios' macros; in small letters also by a state."""
    if not isinstance(value, dict) or not OTHERS.isdisjoint(value):
        return False
    return any(names <= value.keys() for names in SPELLINGS) or (value.keys() >= COMMON_NAMES and not STATED.isdisjoint(value))


def read(value: object, _: Received) -> list[Reading]:
    """One event: a service on a host, or the host itself."""
    if not isinstance(value, dict):
        raise Unreadable("it has no fields")
    said = public({name: of for name, of in value.items() if not CUSTOM.match(name)}, "nagios_")
    if not said_at(said, FIELDS.state):
        raise Unreadable("it has neither a notification type nor a state")
    return [read_notification(said, FIELDS, ("servicestate", "hoststate"))]


GUIDE = """
Nagios has no webhook, but any command can notify. Define these two:

```
define command {
  command_name notify-host-by-oncall
  command_line /usr/bin/curl -sS --fail --max-time 20 --retry 3 "{url}" --data-urlencode "NOTIFICATIONTYPE=$NOTIFICATIONTYPE$" --data-urlencode "HOSTNAME=$HOSTNAME$" --data-urlencode "HOSTSTATE=$HOSTSTATE$" --data-urlencode "HOSTOUTPUT=$HOSTOUTPUT$"
}
define command {
  command_name notify-service-by-oncall
  command_line /usr/bin/curl -sS --fail --max-time 20 --retry 3 "{url}" --data-urlencode "NOTIFICATIONTYPE=$NOTIFICATIONTYPE$" --data-urlencode "HOSTNAME=$HOSTNAME$" --data-urlencode "SERVICEDESC=$SERVICEDESC$" --data-urlencode "SERVICESTATE=$SERVICESTATE$" --data-urlencode "SERVICEOUTPUT=$SERVICEOUTPUT$"
}
define contact {
  contact_name oncall
  host_notification_commands notify-host-by-oncall
  service_notification_commands notify-service-by-oncall
  host_notification_period 24x7
  service_notification_period 24x7
  host_notification_options d,u,r
  service_notification_options w,u,c,r
}
```

Put the contact into the contact group of what shall page. Any other macro may be added; `NAGIOS_` before a name is understood, and JSON
with these names as well. The macros `USERn`, those of contacts and custom variables are dropped: they may hold passwords. The alert is
known by its host and service. `RECOVERY` resolves, `ACKNOWLEDGEMENT` acknowledges, notices about flapping and downtimes are recorded and
page nobody. PagerDuty's agent for Nagios is understood too: see *PagerDuty Events API*.
"""  # noqa: E501 - a command line of Nagios cannot be broken

EXAMPLE = """{
  "NOTIFICATIONTYPE": "PROBLEM", "HOSTNAME": "db-1", "SERVICEDESC": "Disk /var", "SERVICESTATE": "CRITICAL",
  "SERVICEOUTPUT": "DISK CRITICAL - free space: /var 812 MB (3%)"
}"""

DIALECT = Dialect(
    type=IntegrationType.NAGIOS,
    name="Nagios, Naemon, Centreon",
    group="Servers and networks",
    read=read,
    knows=knows,
    resolves="Sends `RECOVERY` (the contact's notification options hold `r`).",
    guide=GUIDE,
    example=EXAMPLE,
)
