"""What people do in a room, told as stories over the whole system."""

import pytest
from tests.communications.rooming import Rooming

TEXT_LIMIT = 4_000


async def test_what_is_said_is_read_newest_first_and_stands_in_the_timeline(rooming: Rooming) -> None:
    first = await rooming.say("The disk of **db-1** is full.")
    await rooming.say("I grow it.", by="Ben")
    read = await rooming.read()
    assert [(m["text"], m["posted_by"]["name"], m["seq"]) for m in read["items"]] == [
        ("I grow it.", "Ben", 2),
        ("The disk of **db-1** is full.", "Ana", 1),
    ]
    assert read["last_event_id"] == "2"
    assert first["says"] == []
    assert first["mentions"] == []
    assert (await rooming.system.reasons(rooming.incident))[-2:] == [
        "message_posted: Ana wrote: The disk of **db-1** is full.",
        "message_posted: Ben wrote: I grow it.",
    ]


async def test_pages_of_messages_leave_none_out(rooming: Rooming) -> None:
    for n in range(5):
        await rooming.say(f"{n}")
    read, cursor = [], None
    while True:
        page = await rooming.read(limit=2, **({"cursor": cursor} if cursor else {}))
        read += [m["text"] for m in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert read == ["4", "3", "2", "1", "0"]


async def test_whoever_is_mentioned_is_asked_to_join_and_paged_once(rooming: Rooming) -> None:
    said = await rooming.say(f"@ben@example.com can you look? And @{rooming.people['Cleo']['id']}, @ben@example.com?")
    assert rooming.system.pages() == ["Ben", "Cleo"]
    assert said["mentions"] == [rooming.people["Ben"]["id"], rooming.people["Cleo"]["id"]]
    asked = (await rooming.system.api.get(f"/api/v1/incidents/{rooming.incident}/responders")).json()["items"]
    assert [(one["user"]["name"], one["requested_by"]["name"]) for one in asked] == [("Ben", "Ana"), ("Cleo", "Ana")]
    assert asked[0]["message"].startswith("@ben@example.com can you look?")


async def test_whoever_was_asked_before_is_told_and_not_paged_again(rooming: Rooming) -> None:
    await rooming.say("@ben@example.com look")
    rooming.system.pages()
    rooming.notices()
    said = await rooming.say("@ben@example.com still there?")
    assert rooming.system.pages() == []
    assert rooming.notices() == []  # read by pages() above
    assert said["says"] == ["Ben was asked to join before: they are told, and not paged once more"]


async def test_a_second_mention_reaches_people_as_a_notice(rooming: Rooming) -> None:
    await rooming.say("@ben@example.com look")
    rooming.system.pages()
    await rooming.say("@ben@example.com still there?")
    assert [who for who, subject in rooming.notices() if "mentioned you in the room" in subject] == ["Ben"]


async def test_nobody_pages_themselves_and_unknown_names_are_said(rooming: Rooming) -> None:
    said = await rooming.say("@ana@example.com @nobody@example.com mail root@db-1.example.com, `@cleo@example.com`")
    assert rooming.system.pages() == []
    assert said["says"] == ["there is no user nobody@example.com: nobody was told"]


async def test_a_mention_after_the_end_is_a_notice(rooming: Rooming) -> None:
    await rooming.system.api.post(f"/api/v1/incidents/{rooming.incident}/resolve")
    await rooming.system.run_due()
    rooming.system.pages()
    said = await rooming.say("@ben@example.com thanks")
    assert [who for who, subject in rooming.notices() if "mentioned you" in subject] == ["Ben"]
    assert rooming.system.pages() == []
    assert said["says"] == ["Ben is told, and not paged, since the incident is over"]


async def test_an_edit_is_seen_pages_only_who_is_new_and_stays_in_the_timeline(rooming: Rooming) -> None:
    said = await rooming.say("@ben@example.com look")
    assert rooming.system.pages() == ["Ben"]
    edited = await rooming.edit(said, "@ben@example.com @cleo@example.com look", version='"1"')
    assert (edited.status_code, edited.headers["etag"]) == (200, '"2"')
    assert rooming.system.pages() == ["Cleo"]
    assert rooming.notices() == []
    assert edited.json()["edited_at"] is not None
    lines = [line for line in await rooming.system.reasons(rooming.incident) if line.startswith("message_")]
    assert lines == [
        "message_posted: Ana wrote: @ben@example.com look",
        "message_edited: Ana edited message 1: @ben@example.com @cleo@example.com look",
    ]


async def test_an_edit_that_changes_nothing_is_none(rooming: Rooming) -> None:
    said = await rooming.say("as it is")
    assert (await rooming.edit(said, "as it is")).headers["etag"] == '"1"'
    assert (await rooming.read())["last_event_id"] == "1"


async def test_a_deleted_message_leaves_a_mark_and_nothing_of_what_it_said(rooming: Rooming) -> None:
    said = await rooming.say("the password is hunter2")
    assert (await rooming.delete(said)).status_code == 204
    assert (await rooming.delete(said)).status_code == 204
    read = await rooming.read()
    assert [(m["text"], m["deleted_by"]["name"]) for m in read["items"]] == [(None, "Ana")]
    assert read["last_event_id"] == "2"
    edited = await rooming.edit(said, "no")
    assert (edited.status_code, edited.json()["code"]) == (409, "message_deleted")
    assert (await rooming.system.reasons(rooming.incident))[-1] == "message_deleted: Ana deleted message 1"


async def test_only_who_wrote_it_edits_and_only_they_and_admins_delete(rooming: Rooming) -> None:
    said = await rooming.say("mine")
    assert (await rooming.edit(said, "yours", by="Ben")).status_code == 403
    assert (await rooming.delete(said, by="Ben")).status_code == 403
    assert (await rooming.read())["items"][0]["text"] == "mine"
    assert (await rooming.system.api.delete(f"{rooming.path}/{said['id']}")).status_code == 204
    assert (await rooming.read())["items"][0]["deleted_by"]["type"] == "api_key"


async def test_whoever_may_only_read_writes_nothing(rooming: Rooming) -> None:
    reader = await rooming.as_("Cleo", scope="read")
    assert (await reader.post(rooming.path, json={"text": "hello"})).status_code == 403
    assert (await reader.get(rooming.path)).status_code == 200


async def test_the_room_of_a_merged_incident_says_where_the_talk_goes_on(rooming: Rooming) -> None:
    await rooming.say("before")
    other = (await rooming.system.event(rooming.made["key"], "cpu"))["incident_id"]
    merged = await rooming.system.api.post(f"/api/v1/incidents/{other}/merge", json={"incidents": [rooming.incident]})
    assert merged.status_code == 200, merged.text
    number = (await rooming.system.incident(other))["number"]
    refused = await rooming.say("after", status=409)
    assert refused["code"] == "room_moved"
    assert f"into #{number}" in refused["detail"]
    assert [m["text"] for m in (await rooming.read())["items"]] == ["before"]


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("nothing", {"text": "  "}),
        ("too much", {"text": "x" * (TEXT_LIMIT + 1)}),
        ("a control character", {"text": "bell \x07"}),
        ("an unknown field", {"text": "hello", "to": "ana"}),
        ("too many people", {"text": " ".join(f"@p{n}@example.com" for n in range(11))}),
    ],
)
async def test_what_is_no_message(rooming: Rooming, what: str, body: dict[str, str]) -> None:
    answer = await rooming.system.api.post(rooming.path, json=body)
    assert answer.status_code == 422, answer.text
    assert (await rooming.read())["items"] == []


async def test_an_edit_of_what_somebody_changed_meanwhile_is_refused(rooming: Rooming) -> None:
    said = await rooming.say("one")
    await rooming.edit(said, "two")
    assert (await rooming.edit(said, "three", version='"1"')).status_code == 412
    answer = await (await rooming.as_("Ana")).put(f"{rooming.path}/{said['id']}", json={"text": "three"})
    assert answer.status_code == 428


async def test_there_is_no_such_message_or_incident(rooming: Rooming) -> None:
    nothing = "00000000-0000-0000-0000-000000000000"
    assert (await rooming.system.api.get(f"{rooming.path}/{nothing}")).status_code == 404
    assert (await rooming.system.api.get("/api/v1/incidents/999999999/messages")).status_code == 404
