"""REST for what is told to everyone else: updates and who reads them, feeds, rooms, bridges, and what happens as it happens."""

from oncall.communications.api import bridges, feeds, links, rooms, streams, subscribers, templates, updates
from oncall.kit.narrow import together

router = together(
    streams.router, rooms.router, bridges.router, updates.router, templates.router, subscribers.router, feeds.router, links.router
)
