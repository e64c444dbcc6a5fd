"""What the database says about who uses a row."""

from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.errors import Conflict
from oncall.kit.references import InUse, Use, check_unused, refusing, used_by

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


async def test_every_column_that_would_refuse_the_delete_is_counted(books: AsyncConnection) -> None:
    await books.execute(text(f"INSERT INTO loans VALUES ('{ONE}', NULL), ('{ONE}', '{ONE}'), ('{OTHER}', NULL)"))
    assert await used_by(books, "books", ONE) == [Use("loans", "Of Book", 1), Use("loans", "book_id", 2)]


async def test_a_row_nobody_can_refer_to_is_unused(books: AsyncConnection) -> None:
    assert await used_by(books, "loans", ONE) == []


def test_a_refusal_names_all_that_stands_in_the_way() -> None:
    check_unused("Book Momo", [])
    with pytest.raises(InUse, match=r"Book Momo is still used by 2 loans, 1 shelves: change"):
        check_unused("Book Momo", [Use("loans", "book_id", 2), Use("shelves", "book_id", 1)])


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
