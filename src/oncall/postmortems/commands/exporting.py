"""A postmortem as a document: Markdown, HTML that is safe to show, and a PDF."""

import asyncio
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.values import Caller
from oncall.postmortems.adapters import markdown
from oncall.postmortems.commands.action_items import of_postmortem
from oncall.postmortems.commands.writing import get_postmortem
from oncall.postmortems.rules.showing import as_document
from oncall.postmortems.values import Postmortem, PostmortemId


async def document(tx: AsyncConnection, id: PostmortemId, *, caller: Caller, now: datetime) -> tuple[Postmortem, str]:
    """Its Markdown, with factors and action items as they are now."""
    postmortem = await get_postmortem(tx, id, caller=caller)
    items, names = await of_postmortem(tx, id, now=now)
    return postmortem, as_document(postmortem.text, items, names)


async def as_html(text: str, *, title: str) -> str:
    """A whole page."""
    return await asyncio.to_thread(markdown.as_page, text, title=title)


async def as_pdf(text: str, postmortem: Postmortem) -> bytes:
    """The same words give the same bytes. Drawn in a thread: a long one takes a second, in which pages must go out."""
    from oncall.postmortems.adapters import pdf  # noqa: PLC0415 — a quarter of a second and ten megabytes that every start would pay for

    return await asyncio.to_thread(pdf.draw, text, title=postmortem.text.title)
