"""StatusCake's webhook, https://www.statuscake.com/kb/knowledge-base/how-to-use-the-web-hook-url/: a form about one test."""

from dataclasses import replace

from oncall.incidents.values import Action
from oncall.intake.rules import Fields, named_key, read_fields, said_at
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("Name", "URL"),
    identity={"statuscake_test": ("TestID", "Test_ID")},
    state=("Status",),
    states={"up": Action.RESOLVE},
    source=("URL", "IP"),
    class_=("Method",),
    labels=("Tags",),
    links={"URL": "what is checked"},
    untitled="StatusCake test without a name",
)


def knows(value: object, _: Received) -> bool:
    """By the fields of its form, which begin with capitals."""
    return (
        isinstance(value, dict)
        and {"Status", "StatusCode", "URL", "Name"} <= value.keys()
        and not value.keys().isdisjoint({"Token", "TestID", "Checkrate", "CheckRate"})
    )


def read(value: object, _: Received) -> list[Reading]:
    """One event; older forms have no TestID, and their test is known by its address and its name."""
    if not isinstance(value, dict) or value.keys().isdisjoint({"Status", "TestID"}):
        raise Unreadable("it has neither a Status nor a TestID")
    said = {name: said for name, said in value.items() if name != "Token"}  # a hash of the account's API key
    reading = read_fields(said, FIELDS)
    key = reading.dedup_key or named_key({"statuscake_url": said_at(said, ("URL",)), "name": said_at(said, ("Name",))})
    return [replace(reading, dedup_key=key)]


GUIDE = """
In StatusCake: **Alerting → Contact Groups → New Contact Group**, *Webhook URL* `{url}`, *Webhook Request Method* **POST**, repeat alerts
off. Then choose the group under *Who to alert* in each uptime test.

A test is known by its `TestID`, where the form has none by `URL` and `Name`. StatusCake knows no severity. The method GET says the
same in the query, and is read as well.
"""

EXAMPLE = """{
  "TestID": "4200", "Name": "Shop", "URL": "https://shop.example.com/", "Status": "Down", "StatusCode": "503", "Method": "Website",
  "Checkrate": "300", "Tags": "shop,prod", "Token": "00000000000000000000000000000000"
}"""

DIALECT = Dialect(
    type=IntegrationType.STATUSCAKE,
    name="StatusCake",
    group="Uptime",
    read=read,
    knows=knows,
    resolves="Sends the same form with `Status` *Up*.",
    guide=GUIDE,
    example=EXAMPLE,
)
