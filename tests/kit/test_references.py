"""What the database says about who uses a row."""

from importlib import import_module
from pkgutil import walk_packages
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

import oncall
from oncall.kit.db import metadata
from oncall.kit.errors import Conflict
from oncall.kit.references import LINKS, InUse, Use, Using, check_unused, refusing, used_by

ONE, OTHER = UUID(int=1), UUID(int=2)


@pytest.fixture
async def books(tx: AsyncConnection) -> AsyncConnection:
    """Books, and what refers to them; gone with the transaction."""
    for statement in (
        "CREATE TABLE books (id uuid PRIMARY KEY)",
        'CREATE TABLE loans (book_id uuid REFERENCES books, "Of Book" uuid REFERENCES books ON DELETE RESTRICT)',
        "CREATE TABLE notes (book_id uuid REFERENCES books ON DELETE CASCADE)",
        "CREATE TABLE wishes (book_id uuid REFERENCES books ON DELETE SET NULL)",
        f"INSERT INTO books VALUES ('{ONE}'), ('{OTHER}')",
        f"INSERT INTO notes VALUES ('{ONE}')",
        f"INSERT INTO wishes VALUES ('{ONE}')",
    ):
        await tx.execute(text(statement))
    return tx


async def test_what_goes_with_a_row_or_lets_go_of_it_does_not_use_it(books: AsyncConnection) -> None:
    assert await used_by(books, "books", ONE) == []


async def test_every_row_that_would_refuse_the_delete_is_counted_once(books: AsyncConnection) -> None:
    await books.execute(text(f"INSERT INTO loans VALUES ('{ONE}', NULL), ('{ONE}', '{ONE}'), ('{OTHER}', NULL)"))
    assert await used_by(books, "books", ONE) == [Use("loans", 2, (Using("loan"), Using("loan")))]
    assert [use.count for use in await used_by(books, "books", ONE, OTHER)] == [3]
    assert await used_by(books, "books") == []


async def test_those_with_a_name_are_told_by_it_and_at_most_a_hundred(books: AsyncConnection) -> None:
    await books.execute(text("CREATE TABLE index_cards (id uuid PRIMARY KEY, name text, book_id uuid REFERENCES books)"))
    await books.execute(
        text(f"INSERT INTO index_cards SELECT md5(n::text)::uuid, format('%s', 1000 + n), '{ONE}' FROM generate_series(1, 120) n")
    )
    [use] = await used_by(books, "books", ONE)
    assert (use.table, use.count, len(use.first), use.first[0].kind, use.first[0].name) == ("index_cards", 120, 100, "index card", "1001")
    with pytest.raises(InUse, match=r"Momo is still used by 120 index cards \(1001, 1002, 1003, 117 more\): change") as refused:
        check_unused("Momo", [use])
    used, more = refused.value.members["used_by"], refused.value.members["used_by_more"]
    assert (isinstance(used, list) and len(used), more) == (100, 20)


def test_whatever_refers_to_something_has_an_id_or_belongs_to_what_has_one() -> None:
    for room in walk_packages(oncall.__path__, "oncall."):
        if room.name.endswith(".tables"):
            import_module(room.name)
    keeping = {table for table in metadata.tables.values() for key in table.foreign_key_constraints if not key.ondelete}
    told_without = {"incident_records"}  # of an incident there is a number, and no name
    assert {table.name for table in keeping if "id" not in table.c} == LINKS.keys() | told_without
    for link, (column, owner) in LINKS.items():
        assert column in metadata.tables[link].c
        assert {"id", "name"} <= set(metadata.tables[owner].c.keys())


async def test_a_row_nobody_can_refer_to_is_unused(books: AsyncConnection) -> None:
    assert await used_by(books, "loans", ONE) == []


def test_a_refusal_names_all_that_stands_in_the_way() -> None:
    check_unused("Book Momo", [])
    ana, policies = Using("loan", ONE, "Ana"), Use("escalation_policies", 1, (Using("escalation policy", OTHER, "Night"),))
    sentence = "Book Momo is still used by 2 loans (Ana, 1 more), 1 shelf and 1 escalation policy (Night): change or delete those first."
    with pytest.raises(InUse) as refused:
        check_unused("Book Momo", [Use("loans", 2, (ana,)), Use("shelf", 1, (Using("shelf"),)), policies])
    assert f"{refused.value}" == sentence
    assert refused.value.members == {
        "used_by": [
            {"kind": "loan", "id": f"{ONE}", "name": "Ana"},
            {"kind": "shelf", "id": None, "name": None},
            {"kind": "escalation policy", "id": f"{OTHER}", "name": "Night"},
        ],
        "used_by_more": 1,
    }


class Lent(Conflict):
    """This book is out already."""


async def add_again(books: AsyncConnection, constraint: str) -> None:
    """A book that exists already, while only violations of `constraint` are known."""
    async with books.begin_nested():
        with refusing({constraint: lambda: Lent("This book is out already.")}):
            await books.execute(text(f"INSERT INTO books VALUES ('{ONE}')"))


async def test_a_known_constraint_becomes_its_refusal_and_others_pass_unchanged(books: AsyncConnection) -> None:
    with pytest.raises(Lent, match="out already"):
        await add_again(books, "books_pkey")
    with pytest.raises(IntegrityError):
        await add_again(books, "books_owner_key")
