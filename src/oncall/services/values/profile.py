"""What people want to know of a service; nothing that decides about a page reads it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Link:
    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Profile:
    """`tier` 1 is what everything stands on, 4 what nobody misses for a day; `owner_contact` is how to reach the team that owns it."""

    description: str = ""
    tier: int | None = None
    links: tuple[Link, ...] = ()
    runbook_url: str | None = None
    owner_contact: str = ""
