"""An address that is itself a secret is taken, and never shown again."""

from datetime import UTC, datetime

import pytest

from oncall.contacts.schemas import ContactMethodMade, ContactMethodShown
from oncall.contacts.values import ContactMethod, shown_address
from oncall.kit.ids import ContactMethodId, UserId, new_id

NOW = datetime(2026, 3, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("channel", "address", "shown"),
    [
        ("apprise", "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", "discord://…"),
        ("webhook", "https://hooks.example.com/ana", "https://hooks.example.com/ana"),
        ("email", "ana@example.com", "ana@example.com"),
    ],
)
def test_what_is_shown_of_an_address(channel: str, address: str, shown: str) -> None:
    assert shown_address(channel, address) == shown
    method = ContactMethod(ContactMethodId(new_id()), UserId(new_id()), channel, address, None, NOW)
    answer = ContactMethodShown.model_validate(method)
    assert answer.model_dump()["address"] == shown
    made = ContactMethodMade(signing_secret=None, **answer.model_dump())
    assert made.model_dump(mode="json")["address"] == shown
