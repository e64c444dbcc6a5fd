"""Every way in that monitors have, from the table of routes itself: how a valid key comes with it, and what it may answer to one."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from starlette.routing import Route

from oncall.intake.hot import ROUTES


class KeyIn(StrEnum):
    ADDRESS = "address"
    BEARER = "Bearer"
    ROUTING_KEY = "routing_key"
    SERVICE_KEY = "service_key"
    GENIE = "GenieKey"
    ALERTA = "Key"
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True)
class Family:
    """What the routes below one prefix have in common. `takes`: the answers that promise that something is stored; `tells`: those that
    only tell; `refuses`: the refusals which `semantics.md` §8, or the original, has for a valid key. `core`: what makes an event that the
    original takes, whatever else is in it.
    """

    prefix: str
    key_in: KeyIn
    takes: frozenset[int]
    refuses: frozenset[int] = frozenset()
    tells: frozenset[int] = frozenset()
    core: Mapping[str, object] | None = None


def _are(*statuses: int) -> frozenset[int]:
    return frozenset(statuses)


PAYLOAD = {"summary": "Disk full", "source": "db-1", "severity": "critical"}
V2 = {"event_action": "trigger", "dedup_key": "disk", "payload": PAYLOAD}
V1 = {"event_type": "trigger", "incident_key": "disk", "description": "Disk full"}
OPSGENIE = {"message": "Disk full", "note": "seen", "endTime": "2030-01-01T00:00:00Z"}

FAMILIES = (
    Family("/intake", KeyIn.BEARER, _are(200, 202), core={}),
    Family("/intake/{", KeyIn.ADDRESS, _are(200, 202), core={}),
    Family("/integrations/generic/", KeyIn.ADDRESS, _are(200), core={}),
    Family("/v2/enqueue", KeyIn.ROUTING_KEY, _are(202), _are(400), core=V2),
    Family("/v2/change/enqueue", KeyIn.ROUTING_KEY, _are(202), _are(400), core={"payload": PAYLOAD}),
    Family("/generic/2010-04-15/create_event.json", KeyIn.SERVICE_KEY, _are(200), _are(400), core=V1),
    Family("/v2/alerts", KeyIn.GENIE, _are(202), _are(400, 403, 404, 422), _are(200), core=OPSGENIE),
    Family("/v2/heartbeats/", KeyIn.GENIE, _are(202), _are(400, 405), core={}),
    Family("/v1/json/integrations/webhooks/", KeyIn.GENIE, _are(200), core={}),
    *(
        Family(f"{base}{path}", KeyIn.ALERTA, _are(201), _are(400), core=core)
        for base in ("/api", "")
        for path, core in (("/alert", {"resource": "db-1", "event": "DiskFull"}), ("/heartbeat", {"origin": "cron"}))
    ),
    *(Family(f"{base}/config", KeyIn.NOWHERE, frozenset(), tells=_are(200)) for base in ("/api", "")),
)


@dataclass(frozen=True)
class Way:
    """One route with one of its methods."""

    route: Route
    method: str

    def __str__(self) -> str:
        return f"{self.method} {self.route.path}"

    @cached_property
    def family(self) -> Family:
        """The most exact one; a route that none knows must be added to FAMILIES, with what its original may refuse."""
        found = [family for family in FAMILIES if self.route.path.startswith(family.prefix)]
        assert found, f"FAMILIES in {__name__} does not know {self}: say there where its key is and what it may answer"
        return max(found, key=lambda family: len(family.prefix))

    @property
    def names(self) -> list[str]:
        """What is left open in its address, but for the key."""
        return [name for name in self.route.param_convertors if name != "integration_key"]

    def takes(self, *, is_query: bool) -> bool:
        """Whether it stores what comes, if it is well."""
        if self.route.path.startswith("/intake/") and self.method != "POST":
            return self.method == "GET" and is_query
        return self.method != "HEAD" and bool(self.family.takes) and not (self.family.prefix == "/v2/alerts" and self.method == "GET")

    @property
    def by_rule(self) -> frozenset[int]:
        """What it may answer besides what it takes: /intake refuses only a GET that is no event."""
        own = _are(405) if self.route.path.startswith("/intake/") and self.method in {"GET", "HEAD"} else frozenset()
        return self.family.refuses | own

    def address(self, key: str, filled: Mapping[str, str]) -> str:
        path = self.route.path.replace("{integration_key}", key)
        for name in self.names:
            path = path.replace(f"{{{name}}}", filled[name]).replace(f"{{{name}:path}}", filled[name])
        return path

    def headers(self, key: str) -> list[tuple[bytes, bytes]]:
        is_header = self.family.key_in in {KeyIn.GENIE, KeyIn.ALERTA, KeyIn.BEARER}
        return [(b"authorization", f"{self.family.key_in} {key}".encode())] if is_header else []

    def signed(self, raw: bytes, key: str) -> bytes:
        """The body with the key in it, if that is where it is and the body is an object."""
        if self.family.key_in not in {KeyIn.ROUTING_KEY, KeyIn.SERVICE_KEY}:
            return raw
        try:
            value = json.loads(raw)
        except (ValueError, RecursionError):
            return raw
        return json.dumps({**value, str(self.family.key_in): key}).encode() if isinstance(value, dict) else raw


WAYS = [Way(route, method) for route in ROUTES for method in sorted(route.methods or ())]
Filled = Callable[[str], str]
