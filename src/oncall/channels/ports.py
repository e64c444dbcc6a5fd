"""What every way to reach someone looks like from above."""

from typing import Protocol

from oncall.channels.values import Message, Outcome


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
