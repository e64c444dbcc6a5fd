"""REST for incidents and what they are made of: alerts, events, and the changes beside them."""

from oncall.incidents.api import (
    acting,
    alerts,
    change_events,
    context,
    events,
    filing,
    handing_on,
    impact,
    incidents,
    leading,
    merging,
    pages,
    responders,
    whole_path,
    workflow,
    working,
)
from oncall.kit.narrow import together

router = together(
    incidents.router,
    filing.router,
    whole_path.router,
    acting.router,
    handing_on.router,
    merging.router,
    pages.router,
    responders.router,
    working.router,
    leading.router,
    context.router,
    alerts.router,
    events.router,
    change_events.router,
    impact.router,
    workflow.router,
)
