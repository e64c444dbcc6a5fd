"""What people are told by an alert: what looks like a secret in it is hidden there as it is where the body is shown."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.system import System, to

from oncall.intake.rules import redacted, told, told_link

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.c2lnbmF0dXJlLW9m"
SECRETS = {
    "a token of GitHub's": "ghp_" + "k7" * 18,
    "a fine-grained one": "github_pat_" + "k7" * 11,
    "a token of an action": "ghs_" + "k7" * 18,
    "a token of GitLab's": "glpat-" + "k7" * 10,
    "a JWT": JWT,
    "a private key": "-----BEGIN RSA PRIVATE KEY-----\nMIIEk7k7\n-----END RSA PRIVATE KEY-----",
    "a private key that breaks off": "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk",
    "a private key of PGP": "-----BEGIN PGP PRIVATE KEY BLOCK-----\nlQOYBF\n-----END PGP PRIVATE KEY BLOCK-----",
    "a token of Slack's": "xoxb-1234567890-k7k7k7k7",
    "a key of Stripe's": "sk_live_k7k7k7k7k7k7",
    "a key of ours": "oc_api_k7k7k7k7_" + "k7" * 21,
    "an address of Slack's": "hooks.slack.com/services/T0/B0/k7k7k7k7",
    "a key of Google's": "AIza" + "k7" * 18,
    "a key of SendGrid's": "SG." + "k7" * 11 + "." + "k7" * 20,
    "a key of OpenAI's": "sk-proj-" + "k7" * 20,
    "an address of Slack's workflows": "hooks.slack.com/triggers/T0/k7k7k7k7",
    "an address of Discord's": "discord.com/api/webhooks/42/k7k7k7k7",
    "an address of Discord's old": "discordapp.com/api/v10/webhooks/42/k7k7k7k7",
    "an address of Teams": "x.webhook.office.com/webhookb2/k7k7k7k7@k7k7k7k7",
    "an address of Telegram's": "api.telegram.org/bot42:k7k7k7k7",
    "an address of an integration": "https://oncall.example.com/intake/" + "k7" * 16,
    "an address of an integration as of VictorOps": "oncall.example.com/integrations/generic/20131114/alert/" + "k7" * 16,
    "JSON in base64": base64.b64encode(json.dumps({"password": "correct-horse"}).encode()).decode(),
}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize("around", ["{}", "login with {} failed", "token={}", '{{"a": "{}"}}', "see https://h/x?a={}&b=1"])
def test_what_looks_like_a_secret_is_not_told(secret: str, around: str) -> None:
    said = told(around.format(secret))
    assert secret not in said
    assert secret.rpartition("/")[2] not in said
    assert secret not in redacted(around.format(secret)), "as where the body is shown"


@pytest.mark.parametrize(
    "said",
    [
        "Disk full",
        "Error rate of checkout is 42 % on prod-1 since 12:30",
        "framework_high_priority_process_oc_total is above 5",
        "ghp_short and xoxb-1 and eyJust words. That is all",
        "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
        "https://grafana.example.com/d/eyJ/checkout?orgId=1&token=7",
        "key server-12345678 is down",
        "größe_ghp_",
        "disk-usage-of-host-number-12 and task-42-of-the-nightly-backup",
        "https://docs.example.com/intake/overview and https://h/alert/" + "k7" * 16,
        "a webhook at https://example.com/webhooks/42 is down",
    ],
)
def test_what_is_none_is_told_as_it_came(said: str) -> None:
    assert told_link(said) == said.replace("&token=7", "")
    assert told(said) == said.replace("token=7", "token=[redacted]")


@pytest.mark.parametrize(
    ("href", "told_as"),
    [
        ("https://h/a?token=k7", "https://h/a"),
        ("https://h/a?b=1&token=k7&c=2", "https://h/a?b=1&c=2"),
        ("https://h/a?b=1&api_key=k7#top", "https://h/a?b=1&#top"),
        ("https://h/a?X-Amz-Signature=0a1b2c3d4e5f6a7b", "https://h/a"),
        ("https://h/a?sig=k7%2Bk7%2Bk7k7k7%3D&x=y", "https://h/a?x=y"),
        ("https://h/a?sig=short", "https://h/a?sig=short"),
        ("https://h/a?key=k7k7k7k7k7k7k7k7", "https://h/a"),
        ("https://jira/browse?key=SHOP-42", "https://jira/browse?key=SHOP-42"),
        ("https://h/#access_token=k7&state=1", "https://h/#state=1"),
        ("https://h/?user%5Bpassword%5D=k7", "https://h/"),
        ("https://h/a?" + "token=k7&" * 3, "https://h/a"),
        ("https://h/token=7/a?b", "https://h/token=7/a?b"),
        ("https://h/a?dedup_key=k7k7k7k7k7k7k7k7&monkey=1", "https://h/a?dedup_key=k7k7k7k7k7k7k7k7&monkey=1"),
    ],
)
def test_of_an_address_what_is_secret_in_its_query_is_left_out(href: str, told_as: str) -> None:
    assert told_link(href) == told_as


WORDS = ["a", "_", ".", "=", ":", "password", "-----BEGIN", "eyJ", "ghp_", "{", '"', "é", "\ud800"]


@given(st.lists(st.sampled_from([*SECRETS.values(), *WORDS])).map("\n".join))
def test_whatever_stands_beside_a_secret_it_is_not_told(said: str) -> None:
    assert not [secret for secret in SECRETS.values() if secret in told(said)]


@pytest.mark.parametrize("secret", [said for what, said in SECRETS.items() if what != "JSON in base64"], ids=lambda said: said[:10])
async def test_no_way_in_tells_a_secret(system: System, secret: str) -> None:
    """In titles, labels, details at any depth, links and all that a mapping or a dialect takes for a field."""
    made = await system.service([to(await system.user("Ana"))], type="generic")
    nested: dict[str, Any] = {"output": secret, "deep": [{"log": f"with {secret}"}]}
    words = {"summary": f"failed with {secret}", "source": secret, "component": secret, "group": secret, "class": secret}
    bodies: list[tuple[str, dict[str, Any]]] = [
        (f"/intake/{made['key']}", words | {"dedup_key": "a", "labels": {"said": secret}, "extra": nested}),
        ("/v2/enqueue", {"routing_key": made["key"], "event_action": "trigger", "dedup_key": "b", "links": [
            {"href": f"https://h/?x={secret.partition(chr(10))[0]}", "text": secret}
        ], "payload": words | {"severity": "error", "custom_details": nested}}),
        (f"/intake/{made['key']}", {"T": secret, "N": nested, "K": "c"}),
    ]  # fmt: skip
    mapped = {
        "summary": "T", "dedup_key": "K", "source": "T", "component": "N.output", "group": "T", "class": "T", "labels": {"t": "T"},
        "details": {"n": "N"},
    }  # fmt: skip
    path = f"/api/v1/services/{made['service']['id']}/integrations/{made['integration']['id']}"
    for n, (where, body) in enumerate(bodies):
        if n == 2:
            kept = await system.api.put(path, json={"mapping": {"rules": [{"event": mapped}]}}, headers={"If-Match": '"1"'})
            assert kept.status_code == 200, kept.text
            await system.node.compilation.refresh()
        assert (await system.api.post(where, json=body)).status_code == 202
    escaped = json.dumps(secret)[1:-1]
    mark = "k7k7k7k7" if "/" in secret else max(escaped.split("\\n"), key=len)
    for event in (await system.api.get("/api/v1/events")).json()["items"]:
        incident = f"/api/v1/incidents/{event['incident_id']}"
        for shown in (f"/api/v1/events/{event['id']}", incident, f"{incident}/alerts", f"{incident}/events", f"{incident}/timeline"):
            answer = await system.api.get(shown)
            assert answer.status_code == 200, shown
            assert mark not in answer.text, shown
        alerts = (await system.api.get(f"{incident}/alerts")).json()["items"]
        assert "[redacted]" in alerts[0]["summary"]
    assert len((await system.api.get("/api/v1/events")).json()["items"]) == 3
