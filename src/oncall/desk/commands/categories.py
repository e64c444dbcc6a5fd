"""What can be done with categories: see them, make, rename, move and delete them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.values import Caller, Scope
from oncall.desk.rules.categories import check_place, check_room, grown, path_of
from oncall.desk.store import categories as store
from oncall.desk.values import CategoryId
from oncall.desk.values.categories import Branch, Category, CategoryNameTaken, MayNotFile, UnknownCategory
from oncall.kit.ids import new_id
from oncall.kit.references import check_unused, refusing, used_by
from oncall.teams.commands import get_users
from oncall.teams.rules import check_version
from oncall.teams.values import OrgRole

Placed = tuple[Category, tuple[str, ...]]
"""A category with the names of its path."""


def _taken() -> CategoryNameTaken:
    return CategoryNameTaken("There is a category of this name at this place already: choose another name, or use that one.")


async def list_categories(tx: AsyncConnection, *, after: UUID | None, limit: int) -> list[Placed]:
    """In order of creation."""
    tree = await store.all_categories(tx)
    return [(one, path_of(tree, one.id)) for one in await store.list_categories(tx, after=after or UUID(int=0), limit=limit)]


async def tree_of_categories(tx: AsyncConnection) -> Sequence[Branch]:
    """All of them."""
    return grown((await store.all_categories(tx)).values())


async def get_category(tx: AsyncConnection, id: CategoryId) -> Placed:
    tree = await store.all_categories(tx)
    if id not in tree:
        raise UnknownCategory("There is no category with this id.")
    return tree[id], path_of(tree, id)


async def create_category(tx: AsyncConnection, name: str, parent_id: CategoryId | None, *, by: Caller, now: datetime) -> Placed:
    await _check_may(tx, by)
    tree = await store.all_categories(tx, lock=True)
    made = Category(CategoryId(new_id()), name, parent_id, now)
    check_room(tree)
    check_place(tree, made)
    with refusing({"categories_name_idx": _taken}):
        await store.add_category(tx, made)
    return made, path_of(tree | {made.id: made}, made.id)


async def update_category(
    tx: AsyncConnection, id: CategoryId, name: str, parent_id: CategoryId | None, *, by: Caller, expected_version: int | None
) -> Placed:
    """Rename or move it, with all that is below it."""
    await _check_may(tx, by)
    tree = await store.all_categories(tx, lock=True)
    if id not in tree:
        raise UnknownCategory("There is no category with this id.")
    check_version(tree[id].version, expected_version)
    edited = replace(tree[id], name=name, parent_id=parent_id, version=tree[id].version + 1)
    check_place(tree, edited)
    with refusing({"categories_name_idx": _taken}):
        await store.save_category(tx, edited)
    return edited, path_of(tree | {id: edited}, id)


async def delete_category(tx: AsyncConnection, id: CategoryId, *, by: Caller) -> None:
    """One that nothing is filed under, and below which there is none."""
    await _check_may(tx, by)
    tree = await store.all_categories(tx, lock=True)
    if id not in tree:
        raise UnknownCategory("There is no category with this id.")
    check_unused(f"Category {tree[id].name}", await used_by(tx, "categories", id))
    await store.delete_category(tx, id)


async def _check_may(tx: AsyncConnection, by: Caller) -> None:
    """Admins, and people of the service desk."""
    if by.scope is Scope.ADMIN:
        return
    user = (await get_users(tx, [by.user_id])).get(by.user_id) if by.user_id else None
    if user is None or OrgRole.SERVICE_DESK not in user.org_roles:
        raise MayNotFile("Categories are edited by admins and by people with the org role `service_desk`; this key is of neither.")
