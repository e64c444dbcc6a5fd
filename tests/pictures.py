"""`make pictures`: what the documentation shows of e-mails and of the page behind a link, as they are now, in a headless Chromium."""

import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from oncall.access.values import LinkToken, LinkVerb
from oncall.channels.render import written
from oncall.cli.shown import ANA, INCIDENT, NOW, SUBJECT, shown
from oncall.console.api.links import PAGES, STYLE
from oncall.console.rules import link_page
from tests.browser import ABSENT, chromium, photograph
from tests.incidents.building import incident

FOLDER = Path(__file__).parent.parent / "docs/reference/pictures"
STYLESHEET = '<link rel="stylesheet" href="/assets/console.css">'
PHONE = 500
"""As narrow as its window can be, and close to a phone."""


def email() -> str:
    """The HTML part of the page."""
    return written(shown("email", "ana@example.com").page).html


def acknowledge() -> str:
    """What the link of that page opens, with its style inside."""
    about = incident(
        id=INCIDENT,
        number=SUBJECT.number,
        title=SUBJECT.title,
        triggered_at=SUBJECT.triggered_at,
        step_at=NOW + timedelta(minutes=5),
        next_at=NOW + timedelta(minutes=5),
    )
    token = LinkToken(INCIDENT, ANA, LinkVerb.ACKNOWLEDGE, 1, 1)
    now = NOW + timedelta(minutes=1)
    page = link_page(token, about, user="Ana", service=SUBJECT.service, counts=True, acted=False, cancelled=0, now=now)
    html = PAGES.get_template("link.html").render(page=page)
    assert STYLESHEET in html
    return html.replace(STYLESHEET, f"<style>{STYLE.decode()}</style>")


def main() -> None:
    program = chromium()
    if program is None:
        sys.exit(ABSENT)
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, html, height in (("email", email(), 540), ("acknowledge", acknowledge(), 460)):
            page = Path(folder) / f"{name}.html"
            page.write_text(html)
            photograph(program, page, FOLDER / f"{name}.png", width=PHONE, height=height)
            print(FOLDER / f"{name}.png")


if __name__ == "__main__":
    main()
