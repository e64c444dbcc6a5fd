"""The first schema: people, schedules, policies, services, events, alerts, incidents, pages, timeline."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "event_bodies",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", "received_at", name="event_bodies_pkey"),
        postgresql_partition_by="RANGE (received_at)",
    )
    op.create_table(
        "events",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("integration_id", sa.UUID(), nullable=False),
        sa.Column("service_id", sa.UUID(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("dedup_key", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("alert_id", sa.UUID(), nullable=True),
        sa.Column("incident_id", sa.UUID(), nullable=True),
        sa.Column("body_id", sa.UUID(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="events_pkey"),
    )
    op.create_index(
        "events_incident_idx", "events", ["incident_id", "id"], unique=False, postgresql_where=sa.text("incident_id IS NOT NULL")
    )
    op.create_table(
        "revisions",
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("topic", name="revisions_pkey"),
    )
    op.create_table(
        "teams",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("schedule_id", sa.UUID(), nullable=True),
        sa.Column("fallback_policy_id", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name="teams_pkey"),
        sa.UniqueConstraint("name", name="teams_name_key"),
    )
    op.create_index("teams_fallback_policy_idx", "teams", ["fallback_policy_id"], unique=False)
    op.create_index("teams_schedule_idx", "teams", ["schedule_id"], unique=False)
    op.create_table(
        "users",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("org_roles", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "org_roles <@ ARRAY['owner', 'admin', 'service_desk', 'stakeholder']::varchar[]", name=op.f("users_org_roles_are_known")
        ),
        sa.PrimaryKeyConstraint("id", name="users_pkey"),
    )
    op.create_index("users_email_key", "users", [sa.literal_column("lower(email)")], unique=True)
    op.create_table(
        "api_keys",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("scope IN ('read', 'respond', 'admin')", name=op.f("api_keys_scope_is_known")),
        sa.CheckConstraint("octet_length(key_hash) = 32", name=op.f("api_keys_only_a_hash_is_stored")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="api_keys_user_id_fkey", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="api_keys_pkey"),
        sa.UniqueConstraint("key_hash", name="api_keys_key_hash_key"),
    )
    op.create_index("api_keys_user_idx", "api_keys", ["user_id"], unique=False)
    op.create_table(
        "contact_methods",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="contact_methods_user_id_fkey", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="contact_methods_pkey"),
        sa.UniqueConstraint("user_id", "channel", "address", name="contact_methods_user_id_channel_address_key"),
        sa.UniqueConstraint("user_id", "id", name="contact_methods_user_id_id_key"),
    )
    op.create_table(
        "escalation_policies",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("team_id", sa.UUID(), nullable=True),
        sa.Column("repeat", sa.Integer(), nullable=False),
        sa.Column("exhausted_retry", sa.Interval(), nullable=True),
        sa.Column("escalate_low", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("repeat BETWEEN 0 AND 100", name=op.f("escalation_policies_repeat_is_sensible")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="escalation_policies_team_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="escalation_policies_pkey"),
    )
    op.create_table(
        "schedules",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("team_id", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="schedules_team_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="schedules_pkey"),
    )
    op.create_index("schedules_team_idx", "schedules", ["team_id"], unique=False)
    op.create_table(
        "team_members",
        sa.Column("team_id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.CheckConstraint("role IN ('manager', 'responder', 'observer')", name=op.f("team_members_role_is_known")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="team_members_team_id_fkey", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="team_members_user_id_fkey", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("team_id", "user_id", name="team_members_pkey"),
    )
    op.create_index("team_members_user_idx", "team_members", ["user_id"], unique=False)
    op.create_table(
        "escalation_steps",
        sa.Column("policy_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("delay", sa.Interval(), nullable=False),
        sa.ForeignKeyConstraint(["policy_id"], ["escalation_policies.id"], name="escalation_steps_policy_id_fkey", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("policy_id", "position", name="escalation_steps_pkey"),
    )
    op.create_table(
        "notification_rules",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("urgency", sa.String(), nullable=False),
        sa.Column("delay", sa.Interval(), nullable=False),
        sa.Column("contact_method_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("delay >= INTERVAL '0'", name=op.f("notification_rules_delay_is_not_negative")),
        sa.CheckConstraint("urgency IN ('high', 'low')", name=op.f("notification_rules_urgency_is_known")),
        sa.ForeignKeyConstraint(
            ["user_id", "contact_method_id"],
            ["contact_methods.user_id", "contact_methods.id"],
            name="notification_rules_user_id_contact_method_id_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="notification_rules_pkey"),
    )
    op.create_index("notification_rules_method_idx", "notification_rules", ["user_id", "contact_method_id"], unique=False)
    op.create_table(
        "schedule_overrides",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("schedule_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=True),
        sa.Column("replaces_user_id", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(kind = 'clear') = (user_id IS NULL)", name=op.f("schedule_overrides_names_a_user_unless_it_clears")),
        sa.CheckConstraint("(kind = 'replace') = (replaces_user_id IS NOT NULL)", name=op.f("schedule_overrides_names_who_is_replaced")),
        sa.CheckConstraint("kind IN ('cover', 'clear', 'add', 'remove', 'replace')", name=op.f("schedule_overrides_kind_is_known")),
        sa.CheckConstraint("start_at < end_at", name=op.f("schedule_overrides_ends_after_it_starts")),
        sa.CheckConstraint("user_id <> replaces_user_id", name=op.f("schedule_overrides_nobody_replaces_themselves")),
        sa.ForeignKeyConstraint(["replaces_user_id"], ["users.id"], name="schedule_overrides_replaces_user_id_fkey", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedules.id"], name="schedule_overrides_schedule_id_fkey", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="schedule_overrides_user_id_fkey", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="schedule_overrides_pkey"),
    )
    op.create_index("schedule_overrides_replaces_user_idx", "schedule_overrides", ["replaces_user_id"], unique=False)
    op.create_index("schedule_overrides_schedule_idx", "schedule_overrides", ["schedule_id", "end_at"], unique=False)
    op.create_index("schedule_overrides_user_idx", "schedule_overrides", ["user_id"], unique=False)
    op.create_table(
        "schedule_participants",
        sa.Column("schedule_id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedules.id"], name="schedule_participants_schedule_id_fkey", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="schedule_participants_user_id_fkey"),
        sa.PrimaryKeyConstraint("schedule_id", "user_id", name="schedule_participants_pkey"),
    )
    op.create_index("schedule_participants_user_idx", "schedule_participants", ["user_id"], unique=False)
    op.create_table(
        "schedule_versions",
        sa.Column("schedule_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("effective_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("definition", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedules.id"], name="schedule_versions_schedule_id_fkey", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("schedule_id", "version", name="schedule_versions_pkey"),
    )
    op.create_table(
        "services",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("team_id", sa.UUID(), nullable=True),
        sa.Column("escalation_policy_id", sa.UUID(), nullable=False),
        sa.Column("ack_timeout", sa.Interval(), nullable=True),
        sa.Column("urgency", sa.String(), nullable=False),
        sa.Column("reopen_window", sa.Interval(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("urgency IN ('high', 'low', 'by_severity')", name=op.f("services_urgency_is_known")),
        sa.ForeignKeyConstraint(["escalation_policy_id"], ["escalation_policies.id"], name="services_escalation_policy_id_fkey"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="services_team_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="services_pkey"),
    )
    op.create_index("services_policy_idx", "services", ["escalation_policy_id"], unique=False)
    op.create_index("services_team_idx", "services", ["team_id"], unique=False)
    op.create_table(
        "escalation_targets",
        sa.Column("policy_id", sa.UUID(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=True),
        sa.Column("schedule_id", sa.UUID(), nullable=True),
        sa.CheckConstraint("num_nonnulls(user_id, schedule_id) = 1", name=op.f("escalation_targets_names_exactly_one_target")),
        sa.ForeignKeyConstraint(
            ["policy_id", "step"],
            ["escalation_steps.policy_id", "escalation_steps.position"],
            name="escalation_targets_policy_id_step_fkey",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedules.id"], name="escalation_targets_schedule_id_fkey"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="escalation_targets_user_id_fkey"),
        sa.PrimaryKeyConstraint("policy_id", "step", "position", name="escalation_targets_pkey"),
    )
    op.create_index("escalation_targets_schedule_idx", "escalation_targets", ["schedule_id"], unique=False)
    op.create_index("escalation_targets_user_idx", "escalation_targets", ["user_id"], unique=False)
    op.create_table(
        "incidents",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("service_id", sa.UUID(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("urgency", sa.String(), nullable=False),
        sa.Column("policy_snapshot", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("on_fallback", sa.Boolean(), nullable=False),
        sa.Column("escalation_state", sa.String(), nullable=False),
        sa.Column("escalation_reason", sa.String(), nullable=False),
        sa.Column("escalation_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("step_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ack_timeout", sa.Interval(), nullable=True),
        sa.Column("reopen_window", sa.Interval(), nullable=False),
        sa.Column("triggered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("owner_id", sa.UUID(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(status = 'acknowledged') <= (acknowledged_at IS NOT NULL)", name=op.f("incidents_an_acknowledged_one_says_since_when")
        ),
        sa.CheckConstraint(
            "status <> 'triggered' OR next_at IS NOT NULL OR escalation_state = 'exhausted'",
            name=op.f("incidents_a_triggered_one_has_next_at"),
        ),
        sa.CheckConstraint("status IN ('triggered', 'acknowledged', 'resolved', 'closed')", name=op.f("incidents_status_is_known")),
        sa.CheckConstraint("urgency IN ('high', 'low')", name=op.f("incidents_urgency_is_known")),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"], name="incidents_service_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="incidents_pkey"),
        sa.UniqueConstraint("number", name="incidents_number_key"),
    )
    op.create_index("incidents_next_at_idx", "incidents", ["next_at"], unique=False, postgresql_where=sa.text("next_at IS NOT NULL"))
    op.create_index(
        "incidents_open_idx",
        "incidents",
        ["service_id", "id"],
        unique=False,
        postgresql_where=sa.text("status IN ('triggered', 'acknowledged')"),
    )
    op.create_table(
        "integrations",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("service_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("key_prefix", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(key_hash) = 32", name=op.f("integrations_only_a_hash_is_stored")),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"], name="integrations_service_id_fkey", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="integrations_pkey"),
        sa.UniqueConstraint("key_hash", name="integrations_key_hash_key"),
    )
    op.create_index("integrations_service_idx", "integrations", ["service_id"], unique=False)
    op.create_table(
        "alerts",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("service_id", sa.UUID(), nullable=False),
        sa.Column("incident_id", sa.UUID(), nullable=False),
        sa.Column("integration_id", sa.UUID(), nullable=False),
        sa.Column("dedup_key", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("acknowledged", sa.Boolean(), nullable=False),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("labels", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("links", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("event_count", sa.BigInteger(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'resolved') = (resolved_at IS NOT NULL)", name=op.f("alerts_a_resolved_one_says_when")),
        sa.CheckConstraint("state IN ('open', 'resolved')", name=op.f("alerts_state_is_known")),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name="alerts_incident_id_fkey"),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"], name="alerts_service_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="alerts_pkey"),
    )
    op.create_index("alerts_incident_idx", "alerts", ["incident_id"], unique=False)
    op.create_index(
        "alerts_one_open_per_key", "alerts", ["service_id", "dedup_key"], unique=True, postgresql_where=sa.text("state = 'open'")
    )
    op.create_index(
        "alerts_resolved_idx",
        "alerts",
        ["service_id", "dedup_key", "resolved_at"],
        unique=False,
        postgresql_where=sa.text("state = 'resolved'"),
    )
    op.create_table(
        "pages",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("incident_id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("user_name", sa.String(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("subject", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name="pages_incident_id_fkey", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pages_pkey"),
        sa.UniqueConstraint("incident_id", "cycle", "round", "step", "user_id", name="pages_once_per_user_and_step"),
    )
    op.create_table(
        "timeline_entries",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("incident_id", sa.UUID(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("actor_kind", sa.String(), nullable=False),
        sa.Column("actor_id", sa.UUID(), nullable=True),
        sa.Column("actor_name", sa.String(), nullable=False),
        sa.Column("via", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name="timeline_entries_incident_id_fkey", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="timeline_entries_pkey"),
    )
    op.create_index("timeline_entries_incident_idx", "timeline_entries", ["incident_id", "seq"], unique=False)
    op.create_table(
        "notifications",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("page_id", sa.UUID(), nullable=False),
        sa.Column("incident_id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("contact_method_id", sa.UUID(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("nth", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("may_have_arrived", sa.Boolean(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(status IN ('pending', 'sending')) = (next_at IS NOT NULL)", name=op.f("notifications_only_unfinished_ones_have_next_at")
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'sending', 'sent', 'delivered', 'read', 'failed', 'cancelled', 'bundled')",
            name=op.f("notifications_status_is_known"),
        ),
        sa.ForeignKeyConstraint(["page_id"], ["pages.id"], name="notifications_page_id_fkey", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="notifications_pkey"),
        sa.UniqueConstraint(
            "incident_id", "cycle", "round", "step", "nth", "contact_method_id", name="notifications_once_per_position_and_contact_method"
        ),
    )
    op.create_index(
        "notifications_next_at_idx", "notifications", ["channel", "next_at"], unique=False, postgresql_where=sa.text("next_at IS NOT NULL")
    )
    op.create_table(
        "attempts",
        sa.Column("notification_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["notification_id"], ["notifications.id"], name="attempts_notification_id_fkey", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("notification_id", "number", name="attempts_pkey"),
    )
    op.create_foreign_key(
        "teams_fallback_policy_id_fkey", "teams", "escalation_policies", ["fallback_policy_id"], ["id"], ondelete="SET NULL"
    )
    op.create_foreign_key("teams_schedule_id_fkey", "teams", "schedules", ["schedule_id"], ["id"], ondelete="SET NULL")
    # Takes what no monthly partition does, so that an event body always has a place.
    op.execute("CREATE TABLE event_bodies_default PARTITION OF event_bodies DEFAULT")


def downgrade() -> None:
    raise NotImplementedError("there is nothing before the first schema; drop the database instead")
