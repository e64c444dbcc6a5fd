"""When something was, as a monitor writes it: an instant, or a local time of a zone that its mapping names."""

from datetime import datetime

from oncall.intake.rules.wording import instant_of
from oncall.kit.zones import resolve, to_instant, to_local_seconds


def instant_in(value: object, zone: str | None) -> datetime | None:
    """An instant as it stands; a time without an offset only where its zone is known. A repeated hour is its first pass."""
    at = instant_of(value)
    if at is not None or zone is None or not (wall := local_time_of(value)):
        return at
    return to_instant(resolve(to_local_seconds(wall), zone))


def local_time_of(value: object) -> datetime | None:
    """A date and time without an offset, as `2026-03-01 12:00:00`."""
    if not isinstance(value, str) or not 16 <= len(value.strip()) <= 40:
        return None
    try:
        wall = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return wall if wall.tzinfo is None and 1971 <= wall.year <= 2200 else None


def why_no_instant(field: str, value: object, zone: str | None) -> str:
    """What is wrong with a value that was found and is no instant, and what to write instead."""
    said = repr(value)[:60]
    if zone is None and local_time_of(value):
        return f'{field}: {said} has no offset, and counts for nothing: name its zone, {{"from": …, "time_zone": "Europe/Berlin"}}'
    return f"{field}: {said} is no instant, and counts for nothing; it must be RFC 3339 (2026-03-01T12:00:00Z) or seconds since 1970"
