"""What a service and an integration are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from oncall.desk.values import UNFILED, CalendarId, Filing, ReporterKind
from oncall.desk.values.calendars import Calendar
from oncall.kit.errors import Conflict, Invalid, NotFound
from oncall.kit.ids import IntegrationId, PolicyId, ServiceId, TeamId
from oncall.services.values.judging import GROUP_MAX_AGE, Delay, Flapping, Grouping, Threshold
from oncall.services.values.senders import Authentication


class UnknownService(NotFound):
    """There is no service with this id."""


class UnknownIntegration(NotFound):
    """There is no integration with this id."""


class UnknownKey(NotFound):
    """The integration has no key with this prefix."""


class EnoughKeys(Conflict):
    """An integration has at most two keys."""

    code = "two_keys"
    title = "Two keys already"


class NotForPeople(Invalid):
    """Only mails are written by people."""


class LastKey(Conflict):
    """Without a key nothing could be sent to an integration any more."""

    code = "last_key"
    title = "Its last key"


class UnknownOwner(Invalid):
    """A service names a team or a policy that does not exist."""


class NoReportForm(NotFound):
    """The service has no form by which people report."""


class UnknownDefault(Invalid):
    """What its incidents are to be filed under does not exist."""


class NoSupportHours(Invalid):
    """Urgency is to go by support hours, and the service has none."""


class UrgencyMode(StrEnum):
    """Which urgency a service's incidents have."""

    HIGH = "high"
    LOW = "low"
    BY_SEVERITY = "by_severity"
    BY_SUPPORT_HOURS = "by_support_hours"


class IntegrationType(StrEnum):
    """Which adapter reads what an integration receives."""

    ALERTMANAGER = "alertmanager"
    PROMETHEUS = "prometheus"
    GRAFANA = "grafana"
    PAGERDUTY = "pagerduty"
    PAGERDUTY_WEBHOOK = "pagerduty_webhook"
    OPSGENIE = "opsgenie"
    OPSGENIE_WEBHOOK = "opsgenie_webhook"
    VICTOROPS = "victorops"
    ALERTA = "alerta"
    CLOUDEVENTS = "cloudevents"
    AWS_SNS = "aws_sns"
    AZURE_MONITOR = "azure_monitor"
    GCP_MONITORING = "gcp_monitoring"
    DATADOG = "datadog"
    NEWRELIC = "newrelic"
    DYNATRACE = "dynatrace"
    CLOUDFLARE = "cloudflare"
    APPDYNAMICS = "appdynamics"
    LOGICMONITOR = "logicmonitor"
    RACKSPACE = "rackspace"
    VMWARE = "vmware"
    THOUSANDEYES = "thousandeyes"
    CONVIVA = "conviva"
    FASTLY = "fastly"
    KAPACITOR = "kapacitor"
    ELASTIC = "elastic"
    ELASTALERT = "elastalert"
    SPLUNK = "splunk"
    GRAYLOG = "graylog"
    FALCO = "falco"
    FLUX = "flux"
    SENSU = "sensu"
    SIGNOZ = "signoz"
    SIGNALFX = "signalfx"
    MOIRA = "moira"
    RIEMANN = "riemann"
    WAZUH = "wazuh"
    DASH0 = "dash0"
    AXIOM = "axiom"
    ZABBIX = "zabbix"
    NAGIOS = "nagios"
    ICINGA = "icinga"
    CHECKMK = "checkmk"
    NETDATA = "netdata"
    LIBRENMS = "librenms"
    MONIT = "monit"
    SCOM = "scom"
    SOLARWINDS = "solarwinds"
    SERVERGUARD24 = "serverguard24"
    PAPERTRAIL = "papertrail"
    THINKST_CANARY = "thinkst_canary"
    UPTIME_KUMA = "uptime_kuma"
    UPTIMEROBOT = "uptimerobot"
    PINGDOM = "pingdom"
    STATUSCAKE = "statuscake"
    BETTER_STACK = "better_stack"
    HEALTHCHECKS = "healthchecks"
    CRONITOR = "cronitor"
    DEAD_MANS_SNITCH = "dead_mans_snitch"
    HYDROZEN = "hydrozen"
    HYPERPING = "hyperping"
    INSPING = "insping"
    PULSETIC = "pulsetic"
    RUNSCOPE = "runscope"
    APEXPING = "apexping"
    UPTIME_COM = "uptime_com"
    CHECKLY = "checkly"
    STATUSGATOR = "statusgator"
    STATUSPAGE = "statuspage"
    SENTRY = "sentry"
    ROLLBAR = "rollbar"
    RAYGUN = "raygun"
    AIRBRAKE = "airbrake"
    ERRBIT = "errbit"
    GITHUB = "github"
    GITLAB = "gitlab"
    JIRA = "jira"
    APPRISE = "apprise"
    SLACK = "slack"
    EMAIL = "email"
    GENERIC = "generic"


@dataclass(frozen=True, slots=True)
class Service:
    """A thing that can break; owned by one team, with one escalation policy."""

    id: ServiceId
    name: str
    team_id: TeamId | None
    escalation_policy_id: PolicyId
    ack_timeout: timedelta | None
    urgency: UrgencyMode
    reopen_window: timedelta
    version: int = 1
    grouping: Grouping | None = None
    group_max_age: timedelta = GROUP_MAX_AGE
    flapping: Flapping | None = None
    threshold: Threshold | None = None
    delay: Delay | None = None
    filing: Filing = UNFILED
    """How its incidents are filed."""
    support_hours_id: CalendarId | None = None
    """The calendar of its support hours; None: it is supported round the clock."""
    hours: Calendar | None = field(default=None, compare=False)
    """That calendar, where it has been read: by whoever decides about pages."""


class OnUnreadable(StrEnum):
    """What becomes of a body that cannot be read: it pages, or is only recorded."""

    PAGE = "page"
    RECORD = "record"


@dataclass(frozen=True, slots=True)
class IntegrationSettings:
    """What an integration shall be, as somebody who may edit it says; what an edit leaves out is in `unsaid`, and stays as it is."""

    name: str
    type: IntegrationType
    mapping: Mapping[str, object] | None = None
    on_unreadable: OnUnreadable = OnUnreadable.PAGE
    authentication: Authentication | None = None
    auto_resolve_after: timedelta | None = None
    unsaid: frozenset[str] = frozenset()
    reporter_kind: ReporterKind = ReporterKind.MONITOR


@dataclass(frozen=True, slots=True)
class IntegrationKey:
    """One of an integration's keys, as far as it may be shown."""

    key_prefix: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Integration:
    """A way in for events to one service; `keys` are its live ones, oldest first: two while senders are moved from one to the other."""

    id: IntegrationId
    service_id: ServiceId
    name: str
    type: IntegrationType
    created_at: datetime
    keys: tuple[IntegrationKey, ...] = ()
    mapping: Mapping[str, object] | None = None
    on_unreadable: OnUnreadable = OnUnreadable.PAGE
    authentication: Authentication | None = None
    auto_resolve_after: timedelta | None = None
    """How long after its last trigger an alert of a monitor that never resolves is taken for resolved; None leaves it open."""
    version: int = 1
    reporter_kind: ReporterKind = ReporterKind.MONITOR
    """Whose mails come in by it: what a monitor's say are events, whoever else writes reports an incident."""

    @property
    def key_prefix(self) -> str:
        """Of the newest key."""
        return self.keys[-1].key_prefix


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many secrets were sealed anew, and the names of integrations whose own cannot be opened."""

    sealed: int
    lost: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IntegrationRef:
    """What intake must know of an integration to read a body and address its events."""

    id: IntegrationId
    service_id: ServiceId
    name: str
    type: IntegrationType
    mapping: Mapping[str, object] | None = None
    on_unreadable: OnUnreadable = OnUnreadable.PAGE
    authentication: Authentication | None = None
    auto_resolve_after: timedelta | None = None
    reporter_kind: ReporterKind = ReporterKind.MONITOR

    @property
    def is_for_people(self) -> bool:
        """Whether people write to it, and no monitor."""
        return self.reporter_kind is not ReporterKind.MONITOR


def takes_mail(integration: Integration | IntegrationRef) -> bool:
    """Whether a mail may come in by it: one proves nothing, so not where senders must, unless it is there for mails."""
    return integration.authentication is None or integration.type is IntegrationType.EMAIL
