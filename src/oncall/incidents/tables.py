"""Bodies, events, alerts and incidents."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Interval,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from oncall.kit.db import id_column, instant, metadata, version_column

# Bulky, so partitioned by month and dropped by age (`keep_event_bodies`, migration 0008); a DEFAULT partition takes what no other does.
event_bodies = Table(
    "event_bodies",
    metadata,
    Column("id", UUID(as_uuid=True), nullable=False),
    instant("received_at"),
    Column("content_type", String, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("headers", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    PrimaryKeyConstraint("id", "received_at"),
    postgresql_partition_by="RANGE (received_at)",
)

# An immutable journal: no foreign keys, which would lock a service row and an alert row for every repeat, and it outlives both.
events = Table(
    "events",
    metadata,
    id_column(),
    instant("received_at"),
    instant("occurred_at"),
    Column("integration_id", UUID(as_uuid=True), nullable=False),
    Column("service_id", UUID(as_uuid=True), nullable=False),
    Column("action", String, nullable=False),
    Column("dedup_key", String, nullable=False),
    Column("severity", String, nullable=False),
    Column("summary", String, nullable=False),
    Column("decision", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("alert_id", UUID(as_uuid=True), nullable=True),
    Column("incident_id", UUID(as_uuid=True), nullable=True),
    Column("body_id", UUID(as_uuid=True), nullable=False),
    # When the body was received, if that was with another event, a moment before.
    instant("body_at", nullable=True),
    # The sender's own id of the delivery, of the first time it came.
    Column("delivery_id", String, nullable=True),
    Index("events_once_per_delivery", "integration_id", "delivery_id", unique=True, postgresql_where=text("delivery_id IS NOT NULL")),
    # Those of an incident are those of its alerts.
    Index("events_alert_idx", "alert_id", "id", postgresql_where=text("alert_id IS NOT NULL")),
    # What met no alert by its key; the others are those of the alerts with that key.
    Index("events_without_alert_idx", "dedup_key", "id", postgresql_where=text("alert_id IS NULL")),
)

# What events of action `change` say, each under the id of its event. A journal beside the journal: no foreign keys either.
change_events = Table(
    "change_events",
    metadata,
    id_column(),
    Column("service_id", UUID(as_uuid=True), nullable=False),
    Column("integration_id", UUID(as_uuid=True), nullable=False),
    instant("occurred_at"),
    instant("received_at"),
    Column("summary", String, nullable=False),
    Column("source", String, nullable=False),
    Column("labels", JSONB, nullable=False),
    Column("links", JSONB, nullable=False),
    Column("details", JSONB, nullable=False),
    Index("change_events_service_idx", "service_id", "occurred_at", "id"),
    Index("change_events_integration_idx", "integration_id", "occurred_at", "id"),
    Index("change_events_occurred_at_idx", "occurred_at", "id"),
)

incidents = Table(
    "incidents",
    metadata,
    id_column(),
    Column("number", BigInteger, Identity(always=True), nullable=False),
    Column("service_id", UUID(as_uuid=True), ForeignKey("services.id"), nullable=False),
    Column("title", String, nullable=False),
    Column("status", String, nullable=False),
    Column("severity", String, nullable=False),
    Column("urgency", String, nullable=False),
    Column("policy_snapshot", JSONB, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("round", Integer, nullable=False),
    Column("step", Integer, nullable=False),
    Column("on_fallback", Boolean, nullable=False),
    Column("escalation_state", String, nullable=False),
    Column("escalation_reason", String, nullable=False),
    instant("escalation_since"),
    # When the next step is due, kept while acknowledged or resolved: a reopened incident goes on from there.
    instant("step_at", nullable=True),
    # The one timer: what it means follows from the status.
    instant("next_at", nullable=True),
    Column("ack_timeout", Interval, nullable=True),
    Column("reopen_window", Interval, nullable=False),
    instant("triggered_at"),
    instant("acknowledged_at", nullable=True),
    Column("acknowledged_by", JSONB, nullable=True),
    Column("owner_id", UUID(as_uuid=True), nullable=True),
    instant("resolved_at", nullable=True),
    Column("resolved_by", JSONB, nullable=True),
    instant("closed_at", nullable=True),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("last_error", String, nullable=True),
    Column("group_key", String, nullable=True),
    Column("follows_id", UUID(as_uuid=True), nullable=True),
    instant("held_until", nullable=True),
    # The state it was in before it was held, and is in again afterwards.
    Column("held_from", String, nullable=True),
    Column("news", Integer, nullable=False, server_default="0"),
    Column("rose", Boolean, nullable=False, server_default=text("false")),
    instant("tell_at", nullable=True),
    instant("told_at", nullable=True),
    instant("confirm_by", nullable=True),
    instant("flapping_since", nullable=True),
    instant("settle_at", nullable=True),
    instant("snoozed_until", nullable=True),
    # When whoever has it last said that they are still on it.
    instant("affirmed_at", nullable=True),
    # Whoever it was reassigned to, until its policy begins.
    Column("assigned_to_id", UUID(as_uuid=True), nullable=True),
    # Or the team, whose on-call is paged.
    Column("assigned_team_id", UUID(as_uuid=True), nullable=True),
    # Who opened it by hand; of one that an alert opened nobody.
    Column("opened_by", JSONB, nullable=True),
    # The incident that has its alerts now, for ever; and the one that had those it began with.
    Column("merged_into_id", UUID(as_uuid=True), ForeignKey("incidents.id"), nullable=True),
    Column("split_from_id", UUID(as_uuid=True), ForeignKey("incidents.id"), nullable=True),
    # The next step that an acknowledgement does not stop: its position, when it is due, and until when something holds it.
    Column("goes_on", JSONB, nullable=True),
    # Which steps of its life are obligatory, as its service said when it opened; what it is worth; and whether it is led as a major one.
    Column("process", String, nullable=False, server_default="sre"),
    Column("priority", String, nullable=True),
    # When it becomes urgent by itself: its service's support hours begin.
    instant("rises_at", nullable=True),
    Column("is_major", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("number"),
    CheckConstraint("status IN ('triggered', 'acknowledged', 'resolved', 'closed')", name="status_is_known"),
    CheckConstraint("urgency IN ('high', 'low')", name="urgency_is_known"),
    CheckConstraint("process IN ('sre', 'itil')", name="process_is_known"),
    CheckConstraint("priority IN ('P1', 'P2', 'P3', 'P4', 'P5')", name="priority_is_known"),
    CheckConstraint(
        "status <> 'triggered' OR next_at IS NOT NULL OR escalation_state = 'exhausted'",
        name="a_triggered_one_has_next_at",
    ),
    CheckConstraint("(status = 'acknowledged') <= (acknowledged_at IS NOT NULL)", name="an_acknowledged_one_says_since_when"),
    CheckConstraint("(escalation_state = 'held') = (held_until IS NOT NULL)", name="a_held_one_says_until_when"),
    CheckConstraint("(escalation_state = 'snoozed') = (snoozed_until IS NOT NULL)", name="a_snoozed_one_says_until_when"),
    CheckConstraint("snoozed_until IS NULL OR status = 'acknowledged'", name="only_an_acknowledged_one_is_snoozed"),
    CheckConstraint("goes_on IS NULL OR status = 'acknowledged'", name="only_an_acknowledged_one_goes_on_all_the_same"),
    CheckConstraint("affirmed_at IS NULL OR status = 'acknowledged'", name="only_an_acknowledged_one_is_affirmed"),
    CheckConstraint("assigned_to_id IS NULL OR status <> 'acknowledged'", name="an_acknowledged_one_waits_for_nobody_else"),
    CheckConstraint("num_nonnulls(assigned_to_id, assigned_team_id) <= 1", name="it_waits_for_a_person_or_a_team"),
    CheckConstraint("assigned_team_id IS NULL OR status <> 'acknowledged'", name="an_acknowledged_one_waits_for_no_team"),
    CheckConstraint("status = 'acknowledged' OR (tell_at IS NULL AND confirm_by IS NULL)", name="only_an_acknowledged_one_has_news"),
    CheckConstraint("(flapping_since IS NULL) = (settle_at IS NULL)", name="a_flapping_one_settles"),
    CheckConstraint("merged_into_id IS NULL OR status IN ('resolved', 'closed')", name="a_merged_one_is_over"),
    CheckConstraint("merged_into_id <> id", name="none_is_merged_into_itself"),
    Index("incidents_follows_idx", "follows_id", "id", postgresql_where=text("follows_id IS NOT NULL")),
    Index(
        "incidents_one_open_per_group",
        "service_id",
        "group_key",
        unique=True,
        postgresql_where=text("status IN ('triggered', 'acknowledged') AND group_key IS NOT NULL"),
    ),
    Index("incidents_held_idx", "id", postgresql_where=text("escalation_state = 'held'")),
    Index("incidents_held_step_idx", "id", postgresql_where=text("goes_on ->> 'held_until' IS NOT NULL")),
    Index("incidents_awaiting_closure_idx", "id", postgresql_where=text("status = 'resolved' AND process = 'itil'")),
    Index("incidents_next_at_idx", "next_at", postgresql_where=text("next_at IS NOT NULL")),
    Index("incidents_rises_at_idx", "id", postgresql_where=text("rises_at IS NOT NULL AND status IN ('triggered', 'acknowledged')")),
    Index(
        "incidents_graded_idx",
        "id",
        postgresql_where=text("status IN ('triggered', 'acknowledged') AND (priority IS NOT NULL OR is_major)"),
    ),
    Index("incidents_open_idx", "service_id", "id", postgresql_where=text("status IN ('triggered', 'acknowledged')")),
    Index("incidents_major_idx", "id", postgresql_where=text("is_major")),
    # When those that are over were closed, or else resolved; an open one is not in it.
    Index("incidents_settled_at_idx", text("coalesce(closed_at, resolved_at)"), postgresql_where=text("status IN ('resolved', 'closed')")),
)

# Who was asked to join an incident, each time they were. No foreign key to the user: who was asked stays true when the account is gone.
responders = Table(
    "responders",
    metadata,
    id_column(),
    Column("incident_id", UUID(as_uuid=True), ForeignKey("incidents.id", ondelete="CASCADE"), nullable=False),
    # Its page is the nth of round 0, which is beside every policy.
    Column("nth", Integer, nullable=False),
    Column("user_id", UUID(as_uuid=True), nullable=False),
    Column("user_name", String, nullable=False),
    # Asked as the one who was on call for it.
    Column("team_id", UUID(as_uuid=True), nullable=True),
    Column("state", String, nullable=False),
    Column("message", String, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("requested_by", JSONB, nullable=False),
    instant("requested_at"),
    Column("answered_by", JSONB, nullable=True),
    instant("answered_at", nullable=True),
    Column("answer", String, nullable=True),
    UniqueConstraint("incident_id", "nth", name="responders_are_numbered_by_incident"),
    CheckConstraint("state IN ('requested', 'accepted', 'declined', 'cancelled')", name="state_is_known"),
    CheckConstraint("(state = 'requested') = (answered_at IS NULL)", name="only_an_open_request_has_no_answer"),
    Index("responders_one_open_request_per_person", "incident_id", "user_id", unique=True, postgresql_where=text("state = 'requested'")),
)

# What people write down while they work on it. Nothing is edited or deleted.
incident_notes = Table(
    "incident_notes",
    metadata,
    id_column(),
    Column("incident_id", UUID(as_uuid=True), ForeignKey("incidents.id", ondelete="CASCADE"), nullable=False),
    Column("author", JSONB, nullable=False),
    instant("written_at"),
    Column("text", String, nullable=False),
    Index("incident_notes_incident_idx", "incident_id", "id"),
)

incident_tasks = Table(
    "incident_tasks",
    metadata,
    id_column(),
    Column("incident_id", UUID(as_uuid=True), ForeignKey("incidents.id", ondelete="CASCADE"), nullable=False),
    Column("title", String, nullable=False),
    Column("description", String, nullable=False),
    Column("owner_id", UUID(as_uuid=True), ForeignKey("users.id", ondelete="SET NULL"), nullable=True),
    Column("state", String, nullable=False),
    Column("position", Integer, nullable=False),
    instant("due_at", nullable=True),
    Column("created_by", JSONB, nullable=False),
    instant("created_at"),
    Column("ended_by", JSONB, nullable=True),
    instant("ended_at", nullable=True),
    Column("ended_reason", String, nullable=True),
    version_column(),
    CheckConstraint("state IN ('open', 'done', 'dropped')", name="state_is_known"),
    CheckConstraint("(state = 'open') = (ended_at IS NULL)", name="only_an_open_one_has_not_ended"),
    Index("incident_tasks_incident_idx", "incident_id", "position", "id"),
    Index("incident_tasks_owner_idx", "owner_id"),
)

# A role without a holder is one that somebody is to take.
incident_roles = Table(
    "incident_roles",
    metadata,
    Column("incident_id", UUID(as_uuid=True), ForeignKey("incidents.id", ondelete="CASCADE"), nullable=False),
    Column("role", String, nullable=False),
    Column("user_id", UUID(as_uuid=True), ForeignKey("users.id", ondelete="SET NULL"), nullable=True),
    Column("set_by", JSONB, nullable=False),
    instant("since"),
    PrimaryKeyConstraint("incident_id", "role"),
    CheckConstraint("role IN ('commander', 'communications', 'scribe')", name="role_is_known"),
    Index("incident_roles_user_idx", "user_id"),
)

# Somebody of another firm, who has no account: they were sent one message, whose link lets them say something of the incident.
vendors = Table(
    "vendors",
    metadata,
    id_column(),
    Column("incident_id", UUID(as_uuid=True), ForeignKey("incidents.id", ondelete="CASCADE"), nullable=False),
    Column("name", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("address", String, nullable=False),
    Column("message", String, nullable=False),
    Column("asked_by", JSONB, nullable=False),
    instant("asked_at"),
    Column("notification_id", UUID(as_uuid=True), nullable=False),
    Column("state", String, nullable=False),
    instant("said_at", nullable=True),
    Column("words", Integer, nullable=False),
    CheckConstraint("channel IN ('email', 'sms')", name="channel_is_known"),
    CheckConstraint("state IN ('asked', 'has_it', 'solved')", name="state_is_known"),
    Index("vendors_incident_idx", "incident_id", "id"),
)

# Mails of whoever reported an incident and mails to them: which was heard already, in which conversation, and how many there were lately.
reporter_mails = Table(
    "reporter_mails",
    metadata,
    id_column(),
    # Empty only while it is being decided.
    Column("incident_id", UUID(as_uuid=True), ForeignKey("incidents.id", ondelete="CASCADE"), nullable=True),
    Column("became", String, nullable=False),
    Column("address", String, nullable=False),
    instant("at"),
    # The integration, or the incident, to whose address it came.
    Column("heard_by", UUID(as_uuid=True), nullable=True),
    Column("message_id", String, nullable=True),
    # It shows that whoever has the address reads what is sent there.
    Column("proves", Boolean, nullable=False),
    CheckConstraint("became IN ('incident', 'note', 'sent', 'word')", name="became_is_known"),
    CheckConstraint("(heard_by IS NULL) = (message_id IS NULL)", name="what_was_heard_says_where"),
    UniqueConstraint("message_id", "heard_by", name="reporter_mails_heard_once"),
    Index("reporter_mails_address_idx", "address", "at"),
    Index("reporter_mails_proven_idx", "address", postgresql_where=text("proves")),
    Index("reporter_mails_heard_by_idx", "heard_by", "at", postgresql_where=text("heard_by IS NOT NULL")),
    Index("reporter_mails_incident_idx", "incident_id", "at"),
)

workflow_rules = Table(
    "workflow_rules",
    metadata,
    id_column(),
    Column("name", String, nullable=False),
    Column("position", Integer, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("triggers", ARRAY(Text), nullable=False),
    Column("conditions", JSONB, nullable=False),
    Column("actions", JSONB, nullable=False),
    instant("created_at"),
    version_column(),
    Index("workflow_rules_name_idx", text("lower(name)"), unique=True),
    Index("workflow_rules_enabled_idx", "position", "id", postgresql_where=text("enabled")),
)

# What a rule names, beside the rule itself: none of it is deleted while a rule counts on it.
workflow_rule_mentions = Table(
    "workflow_rule_mentions",
    metadata,
    Column("rule_id", UUID(as_uuid=True), ForeignKey("workflow_rules.id", ondelete="CASCADE"), nullable=False),
    Column("service_id", UUID(as_uuid=True), ForeignKey("services.id"), nullable=True),
    Column("category_id", UUID(as_uuid=True), ForeignKey("categories.id"), nullable=True),
    Column("user_id", UUID(as_uuid=True), ForeignKey("users.id"), nullable=True),
    Column("team_id", UUID(as_uuid=True), ForeignKey("teams.id"), nullable=True),
    CheckConstraint("num_nonnulls(service_id, category_id, user_id, team_id) = 1", name="it_mentions_one"),
    Index("workflow_rule_mentions_rule_idx", "rule_id"),
    Index("workflow_rule_mentions_service_idx", "service_id"),
    Index("workflow_rule_mentions_category_idx", "category_id"),
    Index("workflow_rule_mentions_user_idx", "user_id"),
    Index("workflow_rule_mentions_team_idx", "team_id"),
)

alerts = Table(
    "alerts",
    metadata,
    id_column(),
    Column("service_id", UUID(as_uuid=True), ForeignKey("services.id"), nullable=False),
    Column("incident_id", UUID(as_uuid=True), ForeignKey("incidents.id"), nullable=False),
    Column("integration_id", UUID(as_uuid=True), nullable=False),
    Column("dedup_key", String, nullable=False),
    Column("state", String, nullable=False),
    Column("severity", String, nullable=False),
    Column("acknowledged", Boolean, nullable=False),
    Column("summary", String, nullable=False),
    Column("source", String, nullable=False),
    Column("labels", JSONB, nullable=False),
    Column("links", JSONB, nullable=False),
    Column("details", JSONB, nullable=False),
    Column("event_count", BigInteger, nullable=False),
    instant("first_seen_at"),
    # When a trigger last reopened it, if one did.
    instant("reopened_at", nullable=True),
    # When it came into its incident from another one, by a merge or a split.
    instant("moved_at", nullable=True),
    Column("watched", Boolean, nullable=False, server_default=text("false")),
    # The keys by which it inhibits others while it is open (`silences/rules/inhibition.py`); few have any.
    Column("inhibits", ARRAY(Text), nullable=False, server_default=text("'{}'::text[]")),
    instant("last_seen_at"),
    instant("resolved_at", nullable=True),
    # Until when its monitor's last word holds, where it said so. Whether that is over is never stored.
    instant("expires_at", nullable=True),
    CheckConstraint("state IN ('open', 'resolved')", name="state_is_known"),
    CheckConstraint("(state = 'resolved') = (resolved_at IS NOT NULL)", name="a_resolved_one_says_when"),
    # Its key first: an end may look for its alert in whatever service.
    Index("alerts_one_open_per_key", "dedup_key", "service_id", unique=True, postgresql_where=text("state = 'open'")),
    Index("alerts_resolved_idx", "service_id", "dedup_key", "resolved_at", postgresql_where=text("state = 'resolved'")),
    Index("alerts_incident_idx", "incident_id"),
    Index("alerts_inhibits_idx", "inhibits", postgresql_using="gin", postgresql_where=text("state = 'open' AND inhibits <> '{}'")),
    Index("alerts_service_idx", "service_id", "id"),
    # Lists by what people know of an alert, newest first. No repeat changes one of these columns, so none of these indexes.
    Index("alerts_dedup_key_idx", "dedup_key", "id"),
    Index("alerts_integration_idx", "integration_id", "id"),
    Index("alerts_severity_idx", "severity", "id"),
    Index("alerts_open_idx", "id", postgresql_where=text("state = 'open'")),
    # Those that name other events that are about them; few monitors do.
    Index(
        "alerts_correlated_idx",
        "service_id",
        text("md5(details ->> 'resource')"),
        postgresql_where=text("state = 'open' AND details ? 'correlate'"),
    ),
)
