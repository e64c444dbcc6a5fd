"""REST for postmortems, action items, templates and settings."""

from oncall.kit.narrow import together
from oncall.postmortems.api import action_items, postmortems, settings

router = together(settings.router, postmortems.of_incidents, postmortems.router, action_items.router)
