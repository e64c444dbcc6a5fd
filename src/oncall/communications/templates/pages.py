"""A status page as HTML, as JSON and as Atom (RFC 4287): bytes, and all that is in them was published."""

from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from oncall.communications.values.feeds import ShownStory, StatusPage
from oncall.communications.values.updates import StatusUpdate

HERE = Path(__file__).parent
STYLE = (HERE / "status.css").read_text().replace("\n", "")
STYLE_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()

WORDS = {
    "operational": "Operational",
    "maintenance": "Maintenance",
    "monitoring": "Monitoring",
    "identified": "Identified",
    "investigating": "Investigating",
    "resolved": "Resolved",
}
HEADLINES = {
    "operational": "All systems operational",
    "maintenance": "Maintenance in progress",
    "monitoring": "Fixed, and being watched",
    "identified": "A problem is being fixed",
    "investigating": "A problem is being looked into",
    "": "History",
}
ATOM = "http://www.w3.org/2005/Atom"
ENTRIES = 50


def instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%d %b %Y, %H:%M} UTC"


def rfc3339(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


_PAGES = Environment(loader=FileSystemLoader(HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
_PAGES.globals.update(at=instant, rfc3339=rfc3339, words=WORDS, style=Markup(STYLE))  # noqa: S704 — our own style sheet


def as_html(page: StatusPage) -> bytes:
    """HTML without scripts; the text of updates was made safe when they were written."""
    return _PAGES.get_template("status.html").render(page=page, headline=HEADLINES[page.state]).encode()


def as_json(page: StatusPage) -> bytes:
    said: dict[str, Any] = {
        "name": page.name,
        "slug": page.slug,
        "description": page.description,
        "updated_at": rfc3339(page.updated_at),
    }
    if page.is_first:
        said |= {
            "state": page.state,
            "groups": [
                {"name": name, "services": [{"name": service, "state": state} for service, state in services]}
                for name, services in page.groups
            ],
            "maintenance": [
                {
                    "id": window.id,
                    "name": window.name,
                    "description": window.description,
                    "services": window.services,
                    "starts_at": rfc3339(window.start),
                    "ends_at": rfc3339(window.end),
                    "in_progress": window.running,
                }
                for window in page.windows
            ],
        }
    return msgspec.json.encode(said | {"incidents": [_story(one) for one in (*page.open, *page.past)], "next_cursor": page.next_cursor})


def _story(one: ShownStory) -> dict[str, Any]:
    return {
        "id": one.id,
        "title": one.title,
        "state": one.state.value,
        "services": one.services,
        "began_at": rfc3339(one.began_at),
        "updated_at": rfc3339(one.updated_at),
        "updates": [
            {"id": update.id, "at": rfc3339(update.at), "state": update.state.value, "text": update.text, "html": update.html}
            for update in one.updates
        ],
    }


def as_atom(page: StatusPage, *, base_url: str, id: str) -> bytes:
    """One entry for each update, the newest first; its id never changes. `base_url` is how people reach us."""
    url = f"{base_url}/status/{page.slug}"
    feed = ET.Element("feed", xmlns=ATOM)
    _add(feed, "id", f"urn:uuid:{id}")
    _add(feed, "title", page.name)
    if page.description:
        _add(feed, "subtitle", page.description)
    _add(feed, "updated", rfc3339(page.updated_at))
    ET.SubElement(feed, "link", rel="self", type="application/atom+xml", href=f"{url}.atom")
    ET.SubElement(feed, "link", rel="alternate", type="text/html", href=url)
    _add(ET.SubElement(feed, "author"), "name", page.name)
    _add(feed, "generator", "oncall")
    told = sorted(((update, one) for one in (*page.open, *page.past) for update in one.updates), key=lambda pair: pair[0].id, reverse=True)
    for update, one in told[:ENTRIES]:
        _entry(feed, update, one, url)
    document: str = ET.tostring(feed, encoding="unicode")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + document.encode()


def _entry(feed: ET.Element, update: StatusUpdate, one: ShownStory, url: str) -> None:
    entry = ET.SubElement(feed, "entry")
    _add(entry, "id", f"urn:uuid:{update.id}")
    _add(entry, "title", f"{WORDS[update.state.value]}: {one.title}")
    _add(entry, "published", rfc3339(update.at))
    _add(entry, "updated", rfc3339(update.at))
    ET.SubElement(entry, "link", rel="alternate", type="text/html", href=f"{url}#{one.id}")
    for service in one.services:
        ET.SubElement(entry, "category", term=service)
    _add(entry, "content", update.html, {"type": "html"})


def _add(parent: ET.Element, name: str, text: str, attributes: dict[str, str] | None = None) -> None:
    ET.SubElement(parent, name, attributes or {}).text = text


def link_page(*, title: str, said: str, button: str | None) -> str:
    """What a link in a message to a subscriber opens."""
    return _PAGES.get_template("link.html").render(title=title, said=said, button=button)
