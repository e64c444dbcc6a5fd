"""The tree of categories: where one may be, by what path it is found, and what lies below it. Pure."""

from collections.abc import Collection, Mapping

from oncall.desk.values import CategoryId
from oncall.desk.values.categories import DEEPEST, MOST_CATEGORIES, Branch, Category, TooManyCategories, WrongParent

Tree = Mapping[CategoryId, Category]


def path_of(tree: Tree, id: CategoryId) -> tuple[str, ...]:
    """The names from the top down to it."""
    names: list[str] = []
    at: CategoryId | None = id
    while at is not None:
        names.append(tree[at].name)
        at = tree[at].parent_id
    return tuple(reversed(names))


def grown(categories: Collection[Category]) -> tuple[Branch, ...]:
    """The whole tree, those of one level by their names."""
    below: dict[CategoryId | None, list[Category]] = {}
    for category in sorted(categories, key=lambda category: (category.name.casefold(), category.id)):
        below.setdefault(category.parent_id, []).append(category)

    def branches(parent: CategoryId | None) -> tuple[Branch, ...]:
        return tuple(Branch(category, branches(category.id)) for category in below.get(parent, ()))

    return branches(None)


def check_room(tree: Tree) -> None:
    if len(tree) >= MOST_CATEGORIES:
        raise TooManyCategories(f"There are {MOST_CATEGORIES} categories, and nobody can choose among more: delete or reuse some.")


def check_place(tree: Tree, category: Category) -> None:
    """Refuse a category a parent that does not exist, that is below itself, or below which there is no level left for all of it.

    `tree` is as it is now; the category may be in it, elsewhere.
    """
    if category.parent_id is None:
        return
    if category.parent_id not in tree:
        raise WrongParent("There is no category with this parent_id.", field="parent_id")
    above = _above(tree, category.parent_id)
    if category.id in above:
        raise WrongParent(
            f"{tree[category.parent_id].name} is {category.name} itself or below it: choose a parent elsewhere.", field="parent_id"
        )
    levels = len(above) + _height(tree, category.id)
    if levels > DEEPEST:
        raise WrongParent(
            f"The tree has {DEEPEST} levels at most, and this would need {levels}: choose a parent higher up.", field="parent_id"
        )


def _above(tree: Tree, id: CategoryId) -> list[CategoryId]:
    """It, and whatever it is below."""
    found: list[CategoryId] = []
    at: CategoryId | None = id
    while at is not None:
        found.append(at)
        at = tree[at].parent_id
    return found


def _height(tree: Tree, id: CategoryId) -> int:
    """How many levels it and what is below it take."""
    level, height = [id], 0
    while level:
        height += 1
        level = [category.id for category in tree.values() if category.parent_id in level]
    return height
