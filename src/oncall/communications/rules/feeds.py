"""What a feed shows at an instant: each service in a word, open and past incidents, maintenance. Pure."""

import base64
from collections.abc import Iterable, Sequence
from datetime import datetime

from oncall.communications.values.feeds import (
    BadFeed,
    Feed,
    FeedSettings,
    Planned,
    Shown,
    ShownAs,
    ShownStory,
    ShownWindow,
    StatusPage,
    Story,
)
from oncall.communications.values.updates import PublishedId, State
from oncall.kit.ids import ServiceId
from oncall.services.values.groups import ServiceGroupId

OPERATIONAL, MAINTENANCE = "operational", "maintenance"
GRAVITY = (State.INVESTIGATING.value, State.IDENTIFIED.value, MAINTENANCE, State.MONITORING.value, OPERATIONAL)
"""The gravest first: what is still looked for is worse than what is planned, and that worse than what is only watched."""


def check_feed(wanted: FeedSettings) -> None:
    """Every line is of one thing, every service and group of services has one line, and groups have names of their own; all that is wrong
    at once."""
    faults: list[tuple[str, str]] = []
    seen: set[ServiceId | ServiceGroupId] = set()
    names: set[str] = set()
    for g, group in enumerate(wanted.groups):
        if group.name in names:
            faults.append((f"groups.{g}.name", "another group has this name"))
        names.add(group.name)
        for s, shown in enumerate(group.services):
            at = f"groups.{g}.services.{s}"
            if (shown.service_id is None) == (shown.service_group_id is None):
                faults.append((at, "say either service_id or service_group_id"))
            elif shown.service_id in seen:
                faults.append((f"{at}.service_id", "this service is in the feed already"))
            elif shown.service_group_id in seen:
                faults.append((f"{at}.service_group_id", "this group of services is in the feed already"))
            seen |= {id for id in (shown.service_id, shown.service_group_id) if id is not None}
    if faults:
        raise BadFeed("; ".join(f"{field}: {sentence}" for field, sentence in faults[:3]), faults=faults)


def gravest(words: Iterable[str]) -> str:
    return min(words, key=GRAVITY.index, default=OPERATIONAL)


def next_change(windows: Sequence[Planned], *, now: datetime) -> datetime | None:
    """When what is shown changes by time alone: a maintenance begins or ends."""
    return min((at for one in windows for at in (one.start, one.end) if at > now), default=None)


def page_of(shown: Shown, windows: Sequence[Planned], *, now: datetime) -> StatusPage:
    """The first page: everything that is open, the newest that is over, and what is planned."""
    feed, lines = shown.feed, shown.feed.lines
    concerned = [one for one in windows if one.end > now and one.service_ids & feed.service_ids]
    running = [one for one in concerned if one.start <= now]
    groups = tuple(
        (group.name, tuple((line.name, gravest(_words(line, shown.open, running))) for line in group.services))
        for group in feed.settings.groups
    )
    dates = [story.published.updated_at for story in (*shown.open, *shown.past)]
    return StatusPage(
        feed.settings.name,
        feed.settings.slug,
        feed.settings.description,
        gravest(state for _, its in groups for _, state in its),
        groups,
        tuple(story_of(story, lines) for story in shown.open),
        tuple(story_of(story, lines) for story in shown.past),
        tuple(_window(one, lines, now=now) for one in sorted(concerned, key=lambda one: (one.start, one.id))),
        max(dates, default=feed.created_at),
        cursor_of(shown.past[-1].id) if shown.has_more and shown.past else None,
    )


def history_page(feed: Feed, past: Sequence[Story], *, has_more: bool) -> StatusPage:
    """A later page: only what is over."""
    settings = feed.settings
    stories = tuple(story_of(story, feed.lines) for story in past)
    updated_at = max((story.updated_at for story in stories), default=feed.created_at)
    cursor = cursor_of(past[-1].id) if has_more and past else None
    return StatusPage(settings.name, settings.slug, settings.description, "", (), (), stories, (), updated_at, cursor, is_first=False)


def story_of(story: Story, lines: Sequence[ShownAs]) -> ShownStory:
    published = story.published
    services = tuple(line.name for line in lines if line.service_ids & set(published.service_ids))
    return ShownStory(published.id, published.title, published.state, services, published.began_at, published.updated_at, story.updates)


def cursor_of(id: PublishedId) -> str:
    return base64.urlsafe_b64encode(id.bytes).decode().rstrip("=")


def _words(line: ShownAs, open: Sequence[Story], running: Sequence[Planned]) -> list[str]:
    """Of a group of services that of each of them: what readers take for one is as good as its worst part."""
    told = [story.published.state.value for story in open if line.service_ids & set(story.published.service_ids)]
    return told + [MAINTENANCE for one in running if line.service_ids & one.service_ids]


def _window(one: Planned, lines: Sequence[ShownAs], *, now: datetime) -> ShownWindow:
    services = tuple(line.name for line in lines if line.service_ids & one.service_ids)
    return ShownWindow(one.id, one.name, one.description, services, one.start, one.end, running=one.start <= now)
