"""The timeline, and who listens to it."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, String, Table, text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from oncall.kit.db import id_column, instant, metadata, seq_column

timeline_entries = Table(
    "timeline_entries",
    metadata,
    id_column(),
    seq_column(),
    Column("incident_id", UUID(as_uuid=True), ForeignKey("incidents.id", ondelete="CASCADE"), nullable=False),
    instant("at"),
    Column("kind", String, nullable=False),
    Column("actor_kind", String, nullable=False),
    Column("actor_id", UUID(as_uuid=True), nullable=True),
    Column("actor_name", String, nullable=False),
    Column("via", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("detail", JSONB, nullable=False),
    # The number of its transaction: entries are numbered before they are committed, so that a lower `seq` may appear after a higher one.
    Column("xact", BigInteger, nullable=True, server_default=text("((pg_current_xact_id())::text)::bigint")),
    Index("timeline_entries_incident_idx", "incident_id", "seq"),
    Index("timeline_entries_xact_idx", "xact", "seq", postgresql_where=text("xact IS NOT NULL")),
)

# A row while somebody wants to hear of entries, beside the entries themselves so that one statement knows.
timeline_listeners = Table("timeline_listeners", metadata, Column("name", String, primary_key=True))

# A row for each incident that somebody wants to hear of, whatever happens to the others.
timeline_followers = Table(
    "timeline_followers",
    metadata,
    Column("incident_id", UUID(as_uuid=True), ForeignKey("incidents.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String, primary_key=True),
)
