"""What every way to reach someone looks like from above."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Protocol, runtime_checkable

from oncall.channels.values import BundleMessage, Message, Outcome, PageMessage, Standing


class Channel(Protocol):
    """One way to reach someone. A channel object is made once per process and is used by many sends at the same time."""

    @property
    def name(self) -> str:
        """The word that contact methods carry: `email`, `webhook`."""
        ...

    @property
    def takes_updates(self) -> bool:
        """Whether it tells people who were paged what has become of it: what rings does not."""
        ...

    @property
    def rings(self) -> bool:
        """Whether a message is a call: in a storm there is at most one in five minutes."""
        ...

    @property
    def lacks(self) -> str | None:
        """What must be set up before it can send anything, as a sentence; None if nothing is missing."""
        ...

    def check_address(self, address: str) -> str:
        """The address as it should be stored, or `BadAddress` with a sentence for the person. Asks nobody: no network."""
        ...

    def signing_secret(self, address: str) -> str | None:
        """What whoever has this address verifies our messages with; None on a channel that signs nothing."""
        ...

    async def send(self, message: Message) -> Outcome:
        """One attempt, within the deadline given at construction; whatever provider or network do becomes an `Outcome`."""
        ...

    async def close(self) -> None:
        """Let go of what this channel itself opened."""
        ...


Channels = Mapping[str, Channel]
"""Those of a node, by name."""


@runtime_checkable
class AnswersInquiries(Protocol):
    """A channel whose provider can be asked what became of a message that it took."""

    def inquiries(self, provider_id: str, /) -> Sequence[timedelta]:
        """How long after it was sent to ask for it, each time that there is no last word yet; empty: never."""
        ...

    async def inquire(self, provider_id: str, /) -> Mapping[str, str] | None:
        """What the provider says of it, by the words it would post; None if it said nothing that can be read. Raises nothing."""
        ...

    async def silence(self, provider_id: str, /) -> bool:
        """What rings until it is seen rings no more. Whether there is nothing left to do; where nothing rings there is not."""
        ...


@runtime_checkable
class EditsMessages(Protocol):
    """A channel whose messages can be changed where they are, without a sound."""

    async def edit(self, provider_id: str, message: PageMessage | BundleMessage, standing: Standing, /) -> Outcome:
        """The same page or list, saying how its incidents stand, and with the buttons that are of use. One attempt, as `send`."""
        ...
