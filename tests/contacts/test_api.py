"""REST for contact methods and notification rules."""

from uuid import uuid4

import pytest
from httpx import AsyncClient, Response

EMAIL = {"channel": "email", "address": "ana@example.com"}


async def create(api: AsyncClient, path: str, **fields: object) -> dict[str, object]:
    made = await api.post(f"/api/v1/{path}", json=fields)
    assert made.status_code == 201, made.text
    return made.json()


async def ana(api: AsyncClient) -> str:
    """The address of a new user."""
    return f"/api/v1/users/{(await create(api, 'users', name='Ana', email='ana@example.com'))['id']}"


async def key_of(api: AsyncClient, scope: str, user_id: str | None = None) -> dict[str, str]:
    return {"Authorization": f"Bearer {(await create(api, 'api-keys', name=scope, scope=scope, user_id=user_id))['key']}"}


def problem(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_an_admin_adds_a_verified_contact_method(api: AsyncClient) -> None:
    user = await ana(api)
    made = await api.post(f"{user}/contact-methods", json={**EMAIL, "address": "ana@work.example.com", "verified": True})
    assert made.status_code == 201
    shown = made.json()
    assert (shown["channel"], shown["address"], shown["verified"]) == ("email", "ana@work.example.com", True)
    assert shown.pop("signing_secret") is None, "e-mail is not signed"
    assert (await api.get(f"{user}/contact-methods")).json() == {"items": [shown], "next_cursor": None}


async def test_the_receiver_of_a_webhook_is_told_once_how_to_verify_it(api: AsyncClient) -> None:
    user = await ana(api)
    hooks = [{"channel": "webhook", "address": f"https://hooks.example.com/{n}", "verified": True} for n in range(2)]
    made = [(await api.post(f"{user}/contact-methods", json=hook)).json() for hook in hooks]
    assert [method["signing_secret"] for method in made] == [f"the secret of {method['address']}" for method in made]
    listed = (await api.get(f"{user}/contact-methods")).json()["items"]
    assert all("signing_secret" not in method for method in listed)


async def test_the_account_email_is_verified_and_another_address_is_not(api: AsyncClient) -> None:
    user = await ana(api)
    assert (await api.post(f"{user}/contact-methods", json=EMAIL)).json()["verified"] is True
    other = await api.post(f"{user}/contact-methods", json={**EMAIL, "address": "ana@work.example.com"})
    assert (other.json()["verified"], other.json()["verified_at"]) == (False, None)


async def test_a_rule_for_an_address_that_nobody_verified_says_that_it_does_nothing(api: AsyncClient) -> None:
    user = await ana(api)
    method = (await api.post(f"{user}/contact-methods", json={**EMAIL, "address": "ana@work.example.com"})).json()
    made = await api.post(f"{user}/notification-rules", json={"urgency": "high", "delay": "PT0S", "contact_method_id": method["id"]})
    assert (made.status_code, "not verified" in made.json()["warning"]) == (201, True)


async def test_rules_are_added_listed_and_deleted_and_two_may_name_one_method(api: AsyncClient) -> None:
    user = await ana(api)
    method = (await api.post(f"{user}/contact-methods", json=EMAIL)).json()
    rules = []
    for delay, shown in (("PT0S", "PT0S"), (300, "PT5M")):
        made = await api.post(f"{user}/notification-rules", json={"urgency": "high", "delay": delay, "contact_method_id": method["id"]})
        assert made.status_code == 201
        assert (made.json()["urgency"], made.json()["delay"], made.json()["contact_method_id"]) == ("high", shown, method["id"])
        rules.append(made.json())
        assert rules[-1].pop("warning") is None
    first = (await api.get(f"{user}/notification-rules", params={"limit": 1})).json()
    rest = (await api.get(f"{user}/notification-rules", params={"cursor": first["next_cursor"]})).json()
    assert first["items"] + rest["items"] == rules
    assert (await api.delete(f"{user}/notification-rules/{rules[0]['id']}")).status_code == 204
    assert (await api.get(f"{user}/notification-rules")).json()["items"] == rules[1:]
    assert (await api.delete(f"{user}/contact-methods/{method['id']}")).status_code == 204
    assert (await api.get(f"{user}/notification-rules")).json()["items"] == []


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"channel": "pigeon"}, "unknown_channel"),
        ({"address": "nobody"}, "bad_address"),
        ({"address": ""}, "invalid"),
        ({"verified_at": "2026-01-01T00:00:00Z"}, "invalid"),
        ({"user_id": str(uuid4())}, "invalid"),
    ],
    ids=lambda x: x if isinstance(x, str) else next(iter(x)),
)
async def test_a_contact_method_cannot_be_added_with(api: AsyncClient, wrong: dict[str, object], code: str) -> None:
    assert problem(await api.post(f"{await ana(api)}/contact-methods", json=EMAIL | wrong)) == (422, code)


async def test_an_unknown_channel_is_answered_with_those_that_exist(api: AsyncClient) -> None:
    answer = await api.post(f"{await ana(api)}/contact-methods", json=EMAIL | {"channel": "pigeon"})
    assert "email" in answer.json()["detail"]


@pytest.mark.parametrize(
    "wrong",
    [{"urgency": "medium"}, {"delay": "-PT1M"}, {"delay": "soon"}, {"contact_method_id": str(uuid4())}, {"id": str(uuid4())}],
    ids=["unknown urgency", "negative delay", "no delay", "unknown method", "its id"],
)
async def test_a_rule_cannot_be_added_with(api: AsyncClient, wrong: dict[str, object]) -> None:
    user = await ana(api)
    method = (await api.post(f"{user}/contact-methods", json=EMAIL)).json()
    rule = {"urgency": "high", "delay": "PT0S", "contact_method_id": method["id"]}
    assert problem(await api.post(f"{user}/notification-rules", json=rule | wrong)) == (422, "invalid")


async def test_the_same_address_twice_is_a_conflict(api: AsyncClient) -> None:
    user = await ana(api)
    await api.post(f"{user}/contact-methods", json=EMAIL)
    assert problem(await api.post(f"{user}/contact-methods", json=EMAIL)) == (409, "contact_method_exists")


async def test_what_does_not_exist_is_not_found(api: AsyncClient) -> None:
    user, nobody = await ana(api), f"/api/v1/users/{uuid4()}"
    for answer in (
        await api.get(f"{nobody}/contact-methods"),
        await api.get(f"{nobody}/notification-rules"),
        await api.post(f"{nobody}/contact-methods", json=EMAIL),
        await api.delete(f"{user}/contact-methods/{uuid4()}"),
        await api.delete(f"{user}/notification-rules/{uuid4()}"),
    ):
        assert problem(answer) == (404, "not_found")


async def test_people_change_their_own_contacts_and_nobody_elses(api: AsyncClient) -> None:
    user = await ana(api)
    own, stranger = await key_of(api, "respond", user.rpartition("/")[2]), await key_of(api, "respond")
    made = await api.post(f"{user}/contact-methods", json=EMAIL, headers=own)
    assert made.status_code == 201
    assert problem(await api.post(f"{user}/contact-methods", json=EMAIL | {"verified": True}, headers=own)) == (403, "forbidden")
    method = f"{user}/contact-methods/{made.json()['id']}"
    rule = {"urgency": "high", "delay": "PT0S", "contact_method_id": made.json()["id"]}
    for answer in (
        await api.post(f"{user}/contact-methods", json=EMAIL, headers=stranger),
        await api.post(f"{user}/notification-rules", json=rule, headers=stranger),
        await api.delete(method, headers=stranger),
        await api.delete(f"{user}/notification-rules/{uuid4()}", headers=stranger),
    ):
        assert problem(answer) == (403, "forbidden")
    assert (await api.get(f"{user}/contact-methods", headers=stranger)).status_code == 200
    assert (await api.delete(method, headers=own)).status_code == 204


async def test_a_key_that_only_reads_sees_no_addresses(api: AsyncClient) -> None:
    user, reader = await ana(api), await key_of(api, "read")
    for path in ("contact-methods", "notification-rules"):
        assert problem(await api.get(f"{user}/{path}", headers=reader)) == (403, "forbidden")
