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
    ],
)
def test_what_is_none_is_told_as_it_came(said: str) -> None:
    assert told_link(said) == said
    assert told(said) == said.replace("token=7", "token=[redacted]")


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
