"""What a monitor sent, and what an adapter read in it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime

from oncall.incidents.values import Action, Severity
from oncall.kit.errors import Forbidden
from oncall.kit.quick import dataclass
from oncall.services.values import IntegrationType

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Unreadable(Exception):
    """The body does not say what its dialect must say; the text is for the person who will read the alert."""


class InvalidEvent(Exception):
    """A compatible endpoint refuses this as its original does; `status`, the text and `errors` are in the original's words."""

    def __init__(self, status: str, message: str, errors: Sequence[str]) -> None:
        super().__init__(message)
        self.status, self.errors = status, errors


class BodyNotYours(Forbidden):
    """A mapping can show every part of a stored body, its sender's secrets among them."""

    def __init__(self) -> None:
        super().__init__(
            "A preview by event_id shows a stored body with its sender's secrets, and needs an admin key: use one, or paste the body."
        )


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came: its body, inflated if it was compressed, and what some dialects say beside it. Its media type is a hint.

    `headers` stand under lower-case names; `query` holds the fields of the query; `path` is what the sender added to the integration's
    address; `at` is when it came, for the dialects that say "over" by an instant.
    """

    content_type: str
    raw: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    path: str = ""
    at: datetime = EPOCH


class LocalKey(str):
    """A dedup key of what one monitor calls its things, `uptime_kuma_monitor=8`: it means something only together with the integration it
    came through, so that two monitors on one service which count alike do not become one problem.
    """

    __slots__ = ()

    def about(self, what: str) -> "LocalKey":
        """Another problem of the same thing, such as its certificate."""
        return LocalKey(f"{self} about={what}")


@dataclass(frozen=True, slots=True)
class Reading:
    """One event as an adapter reads it. No `dedup_key`: the sender gave no identity, and each event is a problem of its own."""

    action: Action
    summary: str
    dedup_key: str | None = None
    severity: Severity = Severity.UNKNOWN
    source: str = ""
    component: str = ""
    group: str = ""
    class_: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    links: tuple[tuple[str, str], ...] = ()
    occurred_at: datetime | None = None
    expires_at: datetime | None = None
    details: dict[str, object] = field(default_factory=dict)
    reason: str = ""
    by: str = ""
    """Who did it, where a sender says so: an acknowledgement is somebody's."""
    unreadable: bool = False
    delivery_id: str = ""
    """The sender's own id of this delivery: one that comes again counts once."""
    among: Mapping[str, object] | None = None
    """What the details of an open alert hold if this event is about that one, although its key is another."""


Adapter = Callable[[object, Received], list[Reading]]
"""From the decoded body (None: it is empty) and what came with it to its events. Pure and total; Unreadable: it is not of the dialect."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What an envelope held, and the id of its delivery."""

    value: object
    delivery_id: str


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one kind of monitor speaks: what its bodies mean, how one knows them, and how to point the monitor here.

    `knows` is strict, since it is asked about bodies of every kind: a body is of at most one dialect. `guide` is Markdown in the
    monitor's own words, with `{url}` for the integration's address, `{key}` for its key, `{host}` for where oncall is; `example` is
    one of its bodies, and `resolves` tells what it does when all is well again.
    """

    type: IntegrationType
    name: str
    group: str
    read: Adapter
    knows: Callable[[object, Received], bool]
    resolves: str
    guide: str
    example: str
    comes_again: bool = False
    """Its senders are known to send again what was answered 503. For those that do not, room is kept."""
    has_keys: bool = False
    """Its bodies may have a `dedup_key` at the top; one of any other dialect would not, and is somebody's own."""
    opens: Callable[[object, Received], Opened | None] | None = None
    """For an envelope: what is in it, which may be another dialect's; None if there is nothing to open."""
