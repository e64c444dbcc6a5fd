"""Problems, and the incidents that came of them."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, PrimaryKeyConstraint, String, Table
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR, UUID

from oncall.kit.db import id_column, instant, metadata, version_column

problems = Table(
    "problems",
    metadata,
    id_column(),
    Column("title", String, nullable=False),
    Column("description", String, nullable=False),
    Column("root_cause", String, nullable=False),
    Column("workaround", String, nullable=False),
    Column("resolution", String, nullable=False),
    Column("status", String, nullable=False),
    Column("category_id", UUID(as_uuid=True), ForeignKey("categories.id"), nullable=True),
    # No foreign key: what was learned stays when a service is gone.
    Column("service_ids", ARRAY(UUID(as_uuid=True)), nullable=False),
    # All that it says, for searching: as it stands, and by English stems.
    Column("words", TSVECTOR, nullable=False),
    Column("created_by", String, nullable=False),
    instant("created_at"),
    Column("updated_by", String, nullable=False),
    instant("updated_at"),
    instant("resolved_at", nullable=True),
    version_column(),
    CheckConstraint("status IN ('open', 'known_error', 'resolved')", name="status_is_known"),
    CheckConstraint("(status = 'resolved') = (resolved_at IS NOT NULL)", name="a_resolved_one_says_when"),
    CheckConstraint(
        "status <> 'known_error' OR (root_cause <> '' AND workaround <> '')", name="a_known_error_has_a_cause_and_a_workaround"
    ),
    Index("problems_words_idx", "words", postgresql_using="gin"),
    Index("problems_services_idx", "service_ids", postgresql_using="gin"),
    Index("problems_category_idx", "category_id", "id"),
)

problem_incidents = Table(
    "problem_incidents",
    metadata,
    Column("problem_id", UUID(as_uuid=True), ForeignKey("problems.id", ondelete="CASCADE"), nullable=False),
    Column("incident_id", UUID(as_uuid=True), ForeignKey("incidents.id", ondelete="CASCADE"), nullable=False),
    Column("linked_by", String, nullable=False),
    instant("linked_at"),
    PrimaryKeyConstraint("problem_id", "incident_id"),
    Index("problem_incidents_incident_idx", "incident_id", "problem_id"),
)
