"""REST for what we tell everyone else, and the pages behind links in messages to subscribers."""

from oncall.communications.api import feeds, links, subscribers, templates, updates

ROUTERS = (updates.router, templates.router, subscribers.router, feeds.router, links.router)
