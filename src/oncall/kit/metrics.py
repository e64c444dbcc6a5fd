"""What /metrics counts. Names and labels are part of the public contract."""

from prometheus_client import Counter, Gauge, Histogram

EVENTS = Counter("oncall_events_total", "Events received, by decision.", ["decision"])
UNMAPPED = Counter("oncall_unmapped_events_total", "Parts of bodies that their integration's mapping could not read.", ["integration"])
INCIDENTS = Counter("oncall_incidents_total", "Incidents, by what happened to them.", ["change"])
SLA_MARKS = Counter("oncall_sla_marks_total", "Promises of SLAs that came to be at risk or were broken.", ["target", "mark"])
HEARTBEATS = Counter("oncall_heartbeats_total", "Heartbeats, by what happened: checked_in, expired, recovered, excused.", ["change"])
PAGES = Counter("oncall_pages_total", "Attempts to send, by channel and outcome.", ["channel", "outcome"])
LAG = Gauge("oncall_lag_seconds", "Age of the oldest due row of a source.", ["source"])
LOOP_LAG = Gauge("oncall_loop_lag_seconds", "How late the event loop of this process was when it last came round.")
HEALTH = Gauge("oncall_health", "1 where the pager is red for this reason.", ["reason"])
COVERAGE_HOLES = Gauge("oncall_coverage_holes", "Stretches of the next 7 days in which an incident would reach nobody.", ["urgency"])
COVERAGE_SERVICES = Gauge("oncall_coverage_services", "Services that have such a stretch.", ["urgency"])
COVERAGE_UNCOVERED = Gauge("oncall_coverage_uncovered_seconds", "How long these stretches are together.", ["urgency"])
FIRST_PAGE = Histogram(
    "oncall_first_page_seconds",
    "From the incident's trigger to its first message on the wire.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)
REFUSED = Counter("oncall_intake_refused_total", "Requests of monitors that were refused, for their key or their sender.", ["reason"])
MAILS = Counter("oncall_mails_total", "Mails that came in, and recipients that were refused, by outcome.", ["outcome"])
SHED = Counter("oncall_events_turned_away_total", "Events, or requests with some, that found no room, by integration.", ["integration"])
BATCH = Histogram("oncall_intake_batch_events", "Events that shared one commit.", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512))
BODIES = Counter(
    "oncall_bodies_kept_total", "Steps of keeping raw bodies: partitions made, dropped, left to DEFAULT; deletions; failures.", ["step"]
)
ACTION_ITEMS = Counter(
    "oncall_action_items_total", "Action items, by what happened: promised, reminded, done, dropped, reopened.", ["change"]
)
