"""What a page of the console shows."""

from dataclasses import dataclass

from oncall.incidents.values import Incident


@dataclass(frozen=True, slots=True)
class ShownIncident:
    title: str
    number: int
    service: str
    severity: str
    status: str
    since: str


@dataclass(frozen=True, slots=True)
class LinkPage:
    """The page behind a link: what it says, what happens next, and its button (of this `verb`) if there is something left to do."""

    status: int
    title: str
    word: str
    mood: str = ""
    next_up: str | None = None
    verb: str | None = None
    button: str | None = None
    small: str | None = None
    incident: ShownIncident | None = None
    listed: tuple[ShownIncident, ...] = ()
    report: tuple[tuple[str, str], ...] = ()
    """(name, words): what whoever reported the incident said of it."""
    verifies: bool = False
    """It asks whoever reported the incident whether it is well again."""
    asks_if_it_rang: bool = False
    """It asks whoever got a test whether it rang on silent."""
    asks_if_it_arrived: bool = False
    """The same where no phone may ring: whether it arrived."""
    asks: bool = False
    """Whoever reads it may write something, and say how they stand."""


@dataclass(frozen=True, slots=True)
class Line:
    """One incident of a list, and what its link has done to it; `counts` is false if a later cycle has paged others."""

    incident: Incident
    service: str
    counts: bool
    changed: bool
    cancelled: int


UNKNOWN = LinkPage(404, "Unknown link", "This link is not one of ours, or it was cut off. Open the message again and use the whole link.")
GONE_USER = LinkPage(410, "Link no longer valid", "The account or channel this link was made for no longer exists.")
FROM_ELSEWHERE = LinkPage(
    403, "Not from here", "This button was pressed from another site. Open the link in the message and press it there."
)
NEWER_TEST = LinkPage(
    410, "An older test", "Another test was sent there since, or the address was removed: open the link in the newest one."
)
NOT_NOW = LinkPage(
    503, "Not just now", "This could not be done just now, and nothing was changed. Try again in a moment; the link stays good."
)
NOT_YOURS_ANY_MORE = (
    "This link came with an earlier cycle, and others have been paged since. Use the link in a newer message, or ask whoever was paged."
)
