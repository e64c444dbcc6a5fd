"""Whether an alert is muted now, by what, and until when. Pure; thousands of silences cost what those cost that may match."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from oncall.kit.ids import ServiceId
from oncall.kit.matchers import Index, match, match_everything
from oncall.silences.rules.windows import occurrence_at
from oncall.silences.values import (
    LONGEST_SILENCE,
    AlertFacts,
    BadSilence,
    MatchesEverything,
    Muting,
    MutingKind,
    Silence,
    SilenceState,
    Window,
    WindowKind,
)


@dataclass
class Mutings:
    """All that may mute, made ready to be asked."""

    silences: Sequence[Silence] = ()
    windows: Sequence[Window] = ()
    _silences: Index[Silence] = field(init=False)
    _by_service: dict[ServiceId, list[Window]] = field(init=False)
    _by_matchers: Index[Window] = field(init=False)

    def __post_init__(self) -> None:
        self._silences = Index([(silence.matchers, silence) for silence in self.silences])
        holding = [window for window in self.windows if window.kind is WindowKind.MAINTENANCE]
        self._by_matchers = Index([(window.matchers, window) for window in holding if not window.service_ids])
        self._by_service = {}
        for window in holding:
            for id in window.service_ids:
                self._by_service.setdefault(id, []).append(window)

    def __bool__(self) -> bool:
        return bool(self.silences or self.windows)

    def on(self, alert: AlertFacts, *, now: datetime) -> list[Muting]:
        """Everything that mutes this alert now; nothing, if it may page."""
        silenced = [
            Muting(
                MutingKind.SILENCE,
                silence.id,
                silence.ends_at,
                f"silenced by {silence.author.name} until {_utc(silence.ends_at)}: {silence.comment}",
            )
            for silence in self._silences.find(alert.labels)
            if silence.state(now) is SilenceState.ACTIVE and silence.service_id in {None, alert.service_id}
        ]
        windows = [window for window in self._by_service.get(alert.service_id, ()) if match(window.matchers, alert.labels)]
        for window in [*windows, *self._by_matchers.find(alert.labels)]:
            open = occurrence_at(window, now)
            # A window holds only what opens inside it; an escalation that runs goes on.
            if open is not None and open.starts_at <= alert.opened_at:
                reason = f"maintenance window {window.name} until {_utc(open.ends_at)}"
                silenced.append(Muting(MutingKind.MAINTENANCE_WINDOW, window.id, open.ends_at, reason))
        return silenced


def check_silence(silence: Silence, *, now: datetime) -> None:
    """Raises BadSilence, or MatchesEverything where that was not confirmed."""
    if silence.ends_at <= silence.starts_at:
        raise BadSilence("A silence must end after it starts.", field="ends_at")
    if silence.ends_at <= now:
        raise BadSilence("This silence would be over already: give an end that is still to come.", field="ends_at")
    if silence.ends_at - silence.starts_at > LONGEST_SILENCE:
        raise BadSilence("A silence lasts a year at most; what is never to page needs another service or a routing rule.", field="ends_at")
    if match_everything(silence.matchers) and not silence.matches_everything:
        where = "of this service" if silence.service_id else "there is"
        instead = 'If that is meant, say "matches_everything": true; else name a label that must be there.'
        raise MatchesEverything(f"These matchers mute every alert {where}. {instead}", field="matchers")


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
