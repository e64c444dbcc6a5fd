"""What people say when they log, grade, resolve, verify and close an incident."""

from datetime import timedelta
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from oncall.contacts.values import Urgency
from oncall.desk.values import BusinessUrgency, CategoryId, Grading, Impact, Priority, Reporter, ReporterKind, Risk, SlaId, Verdict
from oncall.desk.values.templates import TemplateId
from oncall.incidents.schemas.acting import Reason
from oncall.incidents.schemas.incidents import VerbIn
from oncall.incidents.schemas.pages import Title
from oncall.incidents.values import Severity
from oncall.incidents.values.filing import Closing, Graded, Logged, Resolution, Said
from oncall.kit.http import Duration, Instant, Name, Strict
from oncall.kit.ids import IncidentId, ServiceId, UserId


def _no_nul(value: str) -> str:
    if "\x00" in value:
        raise ValueError("holds a NUL, which no text does")
    return value


LongText = Annotated[str, StringConstraints(max_length=20_000), AfterValidator(_no_nul)]
"""Markdown, at most 20,000 characters."""
Code = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9_-]*$")]
"""A word for a kind of resolution: `fixed`, `workaround`, `duplicate`, `no_fault_found`."""
Users = Annotated[int, Field(ge=0, le=2_000_000_000)]
Risks = Annotated[tuple[Risk, ...], Field(max_length=4), AfterValidator(lambda risks: tuple(dict.fromkeys(risks)))]


class ReporterIn(Strict):
    """Who reported it. `contact` is an e-mail address or a telephone number; by e-mail they can be asked whether it is well."""

    name: Name
    kind: ReporterKind
    contact: Annotated[str, StringConstraints(max_length=320, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    user_id: UserId | None = Field(None, description="If they have an account.")

    def to_reporter(self) -> Reporter:
        return Reporter(self.name, self.kind, self.contact, self.user_id)


class IncidentIn(Strict):
    """What is known of it. What is not said of its grading, its service may say; under `itil` reporter and category are obligatory."""

    title: Title | None = Field(None, description="Obligatory, unless a template says it.")
    service_id: ServiceId
    template_id: TemplateId | None = Field(None, description="What is not said here it says; it brings its tasks and roles.")
    description: LongText = ""
    reporter: ReporterIn | None = None
    reported_at: Instant | None = Field(None, description="Now, unless it is said.")
    noticed_at: Instant | None = None
    category_id: CategoryId | None = None
    impact: Impact | None = None
    business_urgency: BusinessUrgency | None = None
    affected_users: Users | None = None
    risks: Risks = ()
    priority: Priority | None = Field(None, description="By hand, whatever the matrix says; then `priority_reason` is obligatory.")
    priority_reason: Reason | None = None
    severity: Severity = Severity.UNKNOWN
    urgency: Urgency | None = Field(None, description="Which notification rules page; else priority P1 or P2, then its service decides.")
    follows_id: IncidentId | None = Field(None, description="An incident that this one follows.")
    sla_id: SlaId | None = Field(None, description="What is promised of it; null: what its service says.")

    @model_validator(mode="after")
    def _has_a_title(self) -> Self:
        if self.title is None and self.template_id is None:
            raise ValueError("Say what is wrong in `title`, or by which `template_id` it is logged.")
        return self

    def to_logged(self) -> Logged:
        return Logged(
            title=self.title or "",
            service_id=self.service_id,
            description=self.description,
            reporter=self.reporter.to_reporter() if self.reporter else None,
            reported_at=self.reported_at,
            noticed_at=self.noticed_at,
            category_id=self.category_id,
            grading=Grading(self.impact, self.business_urgency, self.affected_users, self.risks),
            priority=self.priority,
            priority_reason=self.priority_reason or "",
            severity=self.severity,
            urgency=self.urgency,
            follows_id=self.follows_id,
            sla_id=self.sla_id,
        )


class IncidentEdit(Strict):
    """What was logged, corrected; what is left out stays. Its grading has a verb of its own."""

    title: Title | None = None
    description: LongText | None = None
    reporter: ReporterIn | None = None
    reported_at: Instant | None = None
    noticed_at: Instant | None = None
    category_id: CategoryId | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("nothing is to be changed: name at least one field")
        for name in ("title", "description"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} is text; leave it out to keep it as it is")
        return self

    def changes(self) -> dict[str, Any]:
        said = {name: getattr(self, name) for name in self.model_fields_set - {"title", "reporter"}}
        if "reporter" in self.model_fields_set:
            said["reporter"] = self.reporter.to_reporter() if self.reporter else None
        return said


class PriorityIn(VerbIn):
    """By hand with a reason, or what it follows from; of the latter what is left out stays as it is, and null takes it back."""

    priority: Priority | None = None
    reason: Reason | None = None
    impact: Impact | None = None
    business_urgency: BusinessUrgency | None = None
    affected_users: Users | None = None
    risks: Risks = ()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set - {"user_id", "reason"}:
            raise ValueError("say a priority with its reason, or what it follows from: impact, business_urgency, affected_users, risks")
        return self

    def to_graded(self) -> Graded:
        said = self.model_fields_set & {"impact", "business_urgency", "affected_users", "risks"}
        return Graded(self.priority, self.reason or "", {name: getattr(self, name) for name in said})


def _not_over_a_month(value: timedelta) -> timedelta:
    if value > timedelta(days=31):
        raise ValueError("must be P31D at most")
    return value


class ResolutionIn(VerbIn):
    """How it was resolved. `monitoring`: for so long it is watched, and the same problem reopens it."""

    resolution_code: Code | None = None
    resolution_text: LongText | None = None
    monitoring: Annotated[Duration, AfterValidator(_not_over_a_month)] | None = None

    def to_resolution(self) -> Resolution:
        return Resolution(self.resolution_code, self.resolution_text or "", self.monitoring)


class VerifyIn(VerbIn):
    """What the reporter says of the resolution. `waived`: nobody could be asked, `text` says why; under `itil` only the desk does it."""

    verdict: Verdict
    text: Annotated[str, StringConstraints(max_length=2_000), AfterValidator(_no_nul)] = ""

    def to_said(self) -> Said:
        return Said(self.verdict, self.text)


class CloseIn(ResolutionIn):
    """The category it turned out to be; the one it was logged with is kept beside it."""

    category_id: CategoryId | None = None

    def to_closing(self) -> Closing:
        return Closing(self.category_id, self.to_resolution())
