"""What stands at a site, in one of its rooms, perhaps in a rack of it: one place, never two that disagree.

The database holds it: composite keys (``migrations/0002_placed.py`` here and in the domains above) tie a room
to its site and a rack to its room. A form follows: what is given anew brings what is around it, what was left
as it was goes with the place it was in.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _

from etabli.kernel.actors import Actor
from etabli.kernel.events import difference, publish, snapshot
from etabli.kernel.screens.forms import NounForm
from etabli.kernel.screens.writing import count_edit

LEVELS = ("site", "room", "rack")
followers: dict[str, list[type[models.Model]]] = {"room": [], "rack": []}
"""The nouns that stand in a room, and in a rack: they go where it goes."""


class PlacedForm(NounForm):
    """The form of a noun with a site and a room: both agree, whatever was sent."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        names = [name for name in LEVELS if name in self.fields]
        if not self.errors.keys() & set(names):
            self._bring_around(names, cleaned)
            self._leave_behind(names, cleaned)
        return cleaned

    def _bring_around(self, names: list[str], cleaned: dict[str, Any]) -> None:
        """A rack given anew brings its room, and a room its site, unless another one is given with it."""
        for outer, inner in reversed(list(pairwise(names))):
            if self._anew(inner, cleaned) and not (cleaned.get(outer) and self._anew(outer, cleaned)):
                cleaned[outer] = getattr(cleaned[inner], outer)

    def _leave_behind(self, names: list[str], cleaned: dict[str, Any]) -> None:
        """A room that is not at the site is refused when given anew, and left when it is the former one."""
        for outer, inner in pairwise(names):
            place, around = cleaned.get(inner), cleaned.get(outer)
            if place is None or getattr(place, f"{outer}_id") == (around.pk if around else None):
                continue
            if self._anew(inner, cleaned):
                told = {"place": place, "around": around}
                self.add_error(inner, _("“%(place)s” is not in “%(around)s”: choose another one.") % told)
            else:
                cleaned[inner] = None

    def _anew(self, name: str, cleaned: dict[str, Any]) -> bool:
        """Whether this place is given and is not the one that was recorded."""
        place = cleaned.get(name)
        return place is not None and place.pk != getattr(self.instance, f"{name}_id")


@contextmanager
def carrying(place: Any, *, actor: Actor, batch: Any = None) -> Iterator[None]:
    """Inside, a room or a rack is written: what stands there goes with it by the database, and each tells it.

    ``place`` holds already what will be written; nothing is asked of what stands there unless it moves.
    """
    with transaction.atomic():
        rows = _standing_in(place) if _moves(place) else []
        before = [snapshot(one) for one in rows]
        yield
        for one, then in zip(rows, before, strict=True):
            one.refresh_from_db()
            changes = difference(then, snapshot(one))
            if changes:
                count_edit(one)
                publish(one, f"{one._meta.model_name}.changed", actor=actor, batch=batch, changes=changes)


def _moves(place: Any) -> bool:
    """Whether a room or a rack is about to be somewhere else than the database says."""
    around = f"{LEVELS[LEVELS.index(place._meta.model_name) - 1]}_id"
    rows = type(place)._default_manager.filter(pk=place.pk)
    return place.pk is not None and getattr(place, around) not in rows.values_list(around, flat=True)


def _standing_in(place: Any) -> list[Any]:
    """What stands there, with all that an event tells of it."""
    name, found = str(place._meta.model_name), list[Any]()
    for model in followers[name]:
        joins = [f.name for f in model._meta.concrete_fields if f.is_relation and f.name != "organisation"]
        found += model._default_manager.filter(**{name: place}).select_related(*joins)
    return found
