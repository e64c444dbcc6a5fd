"""A draft says what the timeline says, line for line; on the real system, and of the messy night that the documentation tells."""

import re
from datetime import datetime
from io import BytesIO
from typing import Any

from pypdf import PdfReader
from tests.incidents.test_whole_path import messy
from tests.postmortems.writing import House, said
from tests.system import System

from oncall.postmortems.adapters.markdown import Table, blocks_of, words_of

PAGE = re.compile(r"^\s*Page \d+\s*$", re.MULTILINE)


def tables(text: str) -> list[list[list[str]]]:
    """The words of each table's cells, as Markdown shows them."""
    found = [block for block in blocks_of(text) if isinstance(block, Table)]
    return [[["".join(span.text for span in cell) for cell in row] for row in table.rows] for table in found]


def table_of(text: str, column: str) -> list[list[str]]:
    """The rows of the table that has this column."""
    [found] = [table for table in tables(text) if column in table[0]]
    return found[1:]


def squeezed(text: str) -> str:
    return re.sub(r"[\s\u00a0•]+", "", text)


def text_of(pdf: bytes, markdown: str) -> str:
    """What its pages say, without their numbers, and without the head of a table where that goes on on the next page."""
    heads = {squeezed("".join(table[0])) for table in tables(markdown)}
    pages = [squeezed(PAGE.sub("", page.extract_text())) for page in PdfReader(BytesIO(pdf)).pages]
    again = [max((head for head in heads if page.startswith(head)), key=len, default="") for page in pages[1:]]
    return pages[0] + "".join(page.removeprefix(head) for page, head in zip(pages[1:], again, strict=True))


async def timeline(system: System, id: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = said(await system.api.get(f"/api/v1/incidents/{id}/timeline"))["items"]
    return items


def as_row(entry: dict[str, Any]) -> list[str]:
    """What the table is to say of an entry, from what the timeline says of it over REST."""
    cancelled = entry["detail"].get("cancelled")
    more = f"; it cancelled {cancelled} pending message{'' if cancelled == 1 else 's'}" if cancelled else ""
    at = f"{datetime.fromisoformat(entry['at']):%Y-%m-%d %H:%M:%S}"
    who = entry["by"]["name"]
    return [at, entry["kind"].replace("_", " "), who, entry["via"], entry["reason"] + more]


async def test_every_line_of_the_messy_night_is_what_its_timeline_says(system: System) -> None:
    id = await messy(system)
    await system.api.post(f"/api/v1/incidents/{id}/resolve", json={})
    draft = said(await system.api.post(f"/api/v1/incidents/{id}/postmortem"), 201)
    entries = await timeline(system, id)
    assert len(entries) > 15
    assert table_of(draft["body"], "Why") == [as_row(entry) for entry in entries]
    paged = table_of(draft["body"], "Pages")
    number = f"#{(await system.incident(id))['number']}"
    assert paged == [
        [number, "Ana", "2026-03-02 12:00:00", "1", "1 email sent"],
        [number, "Ben", "2026-03-02 12:00:00", "1", "1 email sent"],
        [number, "Cleo", "2026-03-02 12:05:00", "1", "1 webhook sent"],
    ]
    durations = table_of(draft["body"], "Measure")
    assert [row[1:] for row in durations] == [
        ["Detected", "0 s", "2026-03-02 12:00:00", "2026-03-02 12:00:00"],
        ["Acknowledged", "9 min", "2026-03-02 12:00:00", "2026-03-02 12:09:00"],
        ["Resolved", "9 min", "2026-03-02 12:00:00", "2026-03-02 12:09:00"],
    ]
    words = words_of(draft["body"])
    assert "First acknowledged at 2026-03-02 12:09:00 UTC by Cleo." in words
    assert words.count("[to fill in]") == 4, "what only people can say is marked"


async def test_the_pdf_says_what_the_markdown_says(system: System) -> None:
    id = await messy(system)
    draft = said(await system.api.post(f"/api/v1/incidents/{id}/postmortem"), 201)
    path = f"/api/v1/postmortems/{draft['id']}"
    markdown, pdf, again = [await system.api.get(f"{path}.{form}") for form in ("md", "pdf", "pdf")]
    assert (markdown.headers["content-type"], pdf.headers["content-type"]) == ("text/markdown; charset=utf-8", "application/pdf")
    assert pdf.content == again.content, "the same words give the same bytes"
    assert text_of(pdf.content, markdown.text) == squeezed(words_of(markdown.text))


async def test_several_incidents_are_told_in_one(house: House) -> None:
    first, second = await house.over("a"), await house.over("b")
    draft = await house.draft(first, incident_ids=[second])
    both = [
        (number, row)
        for id in (first, second)
        for number in [(await house.system.incident(id))["number"]]
        for row in map(as_row, await timeline(house.system, id))
    ]
    expected = sorted(both, key=lambda pair: pair[1][0])
    rows = table_of(draft["body"], "Why")
    assert sorted(rows) == sorted([[row[0], f"#{number}", *row[1:]] for number, row in expected])
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    refused = await house.system.api.post(f"/api/v1/incidents/{second}/postmortem")
    assert (refused.status_code, refused.json()["code"], refused.json()["postmortem_id"]) == (409, "postmortem_exists", draft["id"])


async def test_what_the_service_desk_knows_and_what_a_monitor_says_is_text_and_no_markup(house: House) -> None:
    evil = "Disk | full <script>alert(1)</script> `x` *y* {{timeline}} [a](http://b) \\ _z_"
    opened = await house.system.event(house.key, "evil", summary=evil)
    draft = await house.draft(opened["incident_id"])
    assert table_of(draft["body"], "Service")[0][1] == evil
    html = (await house.system.api.get(f"/api/v1/postmortems/{draft['id']}.html")).text
    assert "<script" not in html
    assert 'href="http://b"' not in html
