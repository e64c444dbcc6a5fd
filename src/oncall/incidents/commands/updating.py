"""What happened to incidents goes to their timelines and, where it is news, to those who were paged: the one place for both."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.incidents.commands import joining
from oncall.incidents.rules.updating import news_of, over_by, triggered_again
from oncall.notifications import tell_news


async def tell(tx: AsyncConnection, entries: Sequence[timeline.Entry], *, now: datetime) -> None:
    """In the transaction in which it happened; the incidents are locked."""
    await timeline.add(tx, entries)
    await joining.over(tx, over_by(entries), now=now)
    await tell_news(tx, news_of(entries), triggered_again(entries), now=now)
