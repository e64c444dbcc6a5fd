"""What silences look like over REST."""

from typing import Self

from oncall.kit.http import Duration, Instant, ReadOnly, Shown, Strict
from oncall.kit.ids import ServiceId
from oncall.silences.schemas.fields import AuthorShown, Comment, Confirmed, MatchersIn, matchers_of, texts_of
from oncall.silences.values.muting import State
from oncall.silences.values.silences import Silence, SilenceId, SilenceSettings


class SilenceIn(Strict):
    """Mutes what all `matchers` match, in the service or in all, from `starts_at` (now unless it is said) to `ends_at`, a year at most."""

    matchers: MatchersIn
    service_id: ServiceId | None = None
    starts_at: Instant | None = None
    ends_at: Instant
    comment: Comment
    matches_everything: Confirmed = False

    def settings(self) -> SilenceSettings:
        return SilenceSettings(
            matchers_of(self.matchers), self.service_id, self.starts_at, self.ends_at, self.comment, self.matches_everything
        )


class SilenceEdit(SilenceIn):
    """All of it, as GET shows it."""

    id: ReadOnly = None
    author: ReadOnly = None
    created_at: ReadOnly = None
    state: ReadOnly = None


class ExtendIn(Strict):
    """To a later end, or by so much time."""

    ends_at: Instant | None = None
    by: Duration | None = None


class SilenceShown(Shown):
    id: SilenceId
    matchers: list[str]
    service_id: ServiceId | None
    starts_at: Instant
    ends_at: Instant
    comment: str
    matches_everything: bool
    state: State
    author: AuthorShown
    created_at: Instant

    @classmethod
    def of(cls, silence: Silence, *, state: State, matches_everything: bool) -> Self:
        return cls(
            id=silence.id,
            matchers=texts_of(silence.matchers),
            service_id=silence.service_id,
            starts_at=silence.starts_at,
            ends_at=silence.ends_at,
            comment=silence.comment,
            matches_everything=matches_everything,
            state=state,
            author=AuthorShown.of(silence.author),
            created_at=silence.created_at,
        )
