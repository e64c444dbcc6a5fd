"""The pages of documentation that are made from the program itself: of its dialects (one each, the table in the README), of its routes."""

import re
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path

from oncall.cli import permissions
from oncall.intake.commands import DIALECTS
from oncall.intake.values import Dialect

GROUPS = (
    "Metrics and logs",
    "Clouds and applications",
    "Uptime",
    "Servers and networks",
    "Errors and code",
    "Paging tools",
    "Your own",
)
HOST = "https://oncall.example.com"
PLACEHOLDER = re.compile(r"(?<!\$)\{(url|key|host)\}")
"""Which `${host}` of a shell is not."""

TABLE = re.compile(r"(<!-- integrations -->\n).*?(<!-- /integrations -->)", re.DOTALL)

PAGE = """\
# {name}

*Made from the adapter itself by `make docs`.*

Make an integration of type `{type}`; its key is shown once, in `key` and in `url`:

```sh
api $URL/services/$SERVICE/integrations -d '{{"name": "{type}", "type": "{type}"}}'
```

(`api`, `$URL` and `$SERVICE` are those of the [README](../../README.md#people-a-policy-a-service); `https://oncall.example.com` stands
for your own address.)

{guide}

**When it is over.** {resolves}

## Try it

This is a body as it is sent; the answer says what was decided about it:

```sh
curl -sS {host}/intake/INTEGRATION_KEY --data-binary @- <<'BODY'
{example}
BODY
```
"""


def pages(readme: str) -> Mapping[str, str]:
    """Every file that is made, by its path below the project, with its text; `readme` is the README as it is."""
    made = {f"docs/integrations/{dialect.type.value}.md": _page(dialect) for dialect in _in_order()}
    made["docs/integrations/README.md"] = _index()
    made[permissions.PATH] = permissions.page()
    made["README.md"] = TABLE.sub(lambda found: found[1] + _table("docs/integrations/") + found[2], readme)
    return made


def _in_order() -> list[Dialect]:
    return sorted(DIALECTS.values(), key=lambda dialect: (GROUPS.index(dialect.group), dialect.name.lower()))


def _page(dialect: Dialect) -> str:
    return PAGE.format(
        name=dialect.name,
        type=dialect.type.value,
        guide=_addressed(dialect.guide).strip(),
        resolves=_addressed(dialect.resolves),
        example=dialect.example.strip(),
        host=HOST,
    )


def _addressed(text: str) -> str:
    """The placeholders of a guide, as a reader fills them in."""
    meant = {"url": f"{HOST}/intake/INTEGRATION_KEY", "key": "INTEGRATION_KEY", "host": HOST}
    return PLACEHOLDER.sub(lambda found: meant[found[1]], text)


def _index() -> str:
    return (
        "# Ways in for monitors\n\n*Made from the adapters themselves by `make docs`.*\n\n"
        "One page for each: how to point it here, and how it is read. Whatever is not listed is read by\n"
        "[common words](generic.md); a generic integration knows all these bodies by themselves.\n\n" + _table("")
    )


def _table(folder: str) -> str:
    """One row a group, so that the whole list is seen at a glance."""
    rows = ["| | |", "| --- | --- |"]
    for group, dialects in groupby(_in_order(), key=lambda dialect: dialect.group):
        links = ", ".join(f"[{dialect.name}]({folder}{dialect.type.value}.md)" for dialect in dialects)
        rows.append(f"| {group} | {links} |")
    return "\n".join(rows) + "\n"


def write(root: Path) -> None:
    """Write every page below `root`, and remove those of dialects there are no more."""
    made = pages((root / "README.md").read_text())
    for old in (root / "docs/integrations").glob("*.md"):
        if str(old.relative_to(root)) not in made:
            old.unlink()
    for path, text in made.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def stale(root: Path) -> list[str]:
    """The pages that are not as they would be made."""
    made = pages((root / "README.md").read_text())
    there = {str(path.relative_to(root)) for path in (root / "docs/integrations").glob("*.md")}
    changed = {path for path, text in made.items() if not (root / path).exists() or (root / path).read_text() != text}
    return sorted(changed | (there - made.keys()))
