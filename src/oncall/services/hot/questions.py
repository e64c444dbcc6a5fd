"""What a look-up asks: which filters, and when; read from a query or from a body."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
from pydantic import TypeAdapter, ValidationError

from oncall.kit.errors import Invalid
from oncall.kit.http import Instant
from oncall.schedules.values import LOOK_AHEAD_DAYS
from oncall.services.compiled import Wanted

NAMES = ("service", "schedule", "team", "user", "escalation_policy")
TIMES = ("at", "since", "until", "as_known_at")
FILTERS = (*(f"{name}_id" for name in NAMES), *TIMES)
MOST_IDS = 10_000
INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)


@dataclass(frozen=True, slots=True)
class Question:
    """Whose duties, and at which instant (None: now) or in which range; as they are, or as they were known at `known`."""

    wanted: Wanted
    at: datetime | None = None
    between: tuple[datetime, datetime] | None = None
    known: datetime | None = None


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    service_ids: list[UUID] | None = None
    schedule_ids: list[UUID] | None = None
    team_ids: list[UUID] | None = None
    user_ids: list[UUID] | None = None
    escalation_policy_ids: list[UUID] | None = None
    at: str | None = None
    since: str | None = None
    until: str | None = None
    as_known_at: str | None = None


_body = msgspec.json.Decoder(_Body)


def from_query(params: Iterable[tuple[str, str]], *, allowed: Sequence[str] = FILTERS) -> Question:
    """A filter may be repeated. Raises `Invalid` with what is wrong and what there is."""
    ids: dict[str, set[UUID]] = {}
    times: dict[str, str] = {}
    for name, value in params:
        if name not in allowed:
            raise Invalid(f"There is no filter {name[:60]}; there are: {', '.join(allowed)}.")
        if name in TIMES:
            times[name] = value
        else:
            ids.setdefault(name.removesuffix("_id"), set()).add(uuid_of(value, name))
    return _question({name: frozenset(found) for name, found in ids.items()}, times)


def from_body(raw: bytes) -> Question:
    """The same question for many at once."""
    try:
        said = _body.decode(raw)
    except msgspec.DecodeError as error:
        raise Invalid(
            f"The body must be a JSON object with {', '.join(f'{name}_ids' for name in NAMES)}, {', '.join(TIMES)}: {error}"
        ) from None
    ids = {name: frozenset(found) for name in NAMES if (found := getattr(said, f"{name}_ids")) is not None}
    for name, found in ids.items():
        if len(found) > MOST_IDS:
            raise Invalid(f"At most {MOST_IDS} ids can be asked about at once; ask in parts.", field=f"{name}_ids")
    return _question(ids, {name: value for name in TIMES if (value := getattr(said, name)) is not None})


def uuid_of(value: str, name: str) -> UUID:
    try:
        return UUID(value)
    except ValueError:
        raise Invalid(f"{name} must be a UUID.", field=name) from None


def _question(ids: Mapping[str, frozenset[UUID]], times: Mapping[str, str]) -> Question:
    wanted = Wanted(ids.get("service"), ids.get("schedule"), ids.get("team"), ids.get("escalation_policy"), ids.get("user"))
    instants = {name: _instant(value, name) for name, value in times.items()}
    since, until = instants.get("since"), instants.get("until")
    if (since is None) != (until is None):
        raise Invalid("since and until go together.", field="until" if until is None else "since")
    if since is None or until is None:
        return Question(wanted, instants.get("at"), None, instants.get("as_known_at"))
    if "at" in instants:
        raise Invalid("Ask either for an instant (at) or for a range (since and until).", field="at")
    if since >= until:
        raise Invalid("until must be later than since.", field="until")
    if until - since > timedelta(days=LOOK_AHEAD_DAYS):
        raise Invalid(f"At most {LOOK_AHEAD_DAYS} days can be asked about at once.", field="until")
    return Question(wanted, None, (since, until), instants.get("as_known_at"))


def _instant(said: str, name: str) -> datetime:
    """A plus sign that nobody escaped arrives as a space, and is meant as a plus."""
    try:
        return INSTANT.validate_python(said.replace(" ", "+")).astimezone(UTC)
    except ValidationError:
        raise Invalid(f"{name} must be an instant with an offset, such as 2026-03-08T09:00:00Z.", field=name) from None
