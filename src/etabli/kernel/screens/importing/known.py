"""Which object of ours a file means: by an identifier, else by a name, never against what is known of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import override

from ...secrets import KeyMissing, Sealed
from ...tenancy import OrganisationModel, SharedModel
from ...text import plain
from ..forms import unique_names

SURE = ("email", "employee_number", "tag", "serial", "code", "key")
"""Fields that identify by themselves, where a noun has them, in the order they are tried."""


class Ambiguous(ValueError):
    """Several objects answer to this name."""


class Known:
    """The objects of one noun in one organisation, by what files call them. Read once, then kept up to date.

    An object found by one field is refused when a stronger one says that it is another: two machines with
    the same junk serial number and different tags stay two machines.
    """

    def __init__(self, model: type[models.Model], organisation_id: int, identity: Sequence[str] = ()) -> None:
        self.model, self.organisation_id = model, organisation_id
        has = {f.name for f in model._meta.concrete_fields}
        self.sure = [n for n in (identity or SURE) if n in has and n != "name"]
        self.narrow = _narrowing(model)
        self.columns = {n: str(model._meta.get_field(n).attname) for n in self.narrow}  # type: ignore[union-attr]
        self.by: dict[str, dict[str, list[int]]] = {n: {} for n in (*self.sure, "name")}
        self.facts: dict[int, dict[str, Any]] = {}
        self._load(has)

    def _load(self, has: set[str]) -> None:
        rows: Any = self.model._default_manager.all()
        if issubclass(self.model, OrganisationModel):
            rows = rows.filter(organisation=self.organisation_id)
        elif issubclass(self.model, SharedModel):
            rows = rows.filter(models.Q(organisation=None) | models.Q(organisation=self.organisation_id))
            for obj in rows:
                self.add(obj)
            return
        if "name" not in has:
            for obj in rows:
                self.add(obj)
            return
        names = ["name", *self.sure, *self.columns.values()]
        for key, name, *rest in rows.order_by("pk").values_list("pk", *names).iterator(5000):
            self._note(key, [name], dict(zip(names[1:], rest, strict=True)))

    def add(self, obj: Any) -> None:
        """An object just written: later rows see it."""
        called = {str(obj), str(getattr(obj, "name", ""))}
        if isinstance(obj, SharedModel):
            for language in ("fr", "en"):
                with override(language):
                    called.add(str(obj))
        names = (*self.sure, *self.columns.values())
        self._note(obj.pk, called, {n: getattr(obj, n) for n in names})

    def _note(self, key: int, called: Any, values: Mapping[str, Any]) -> None:
        self.facts[key] = {
            n: compared(v) if n in self.by else v for n, v in values.items() if v not in (None, "")
        }
        for name, value in [*(("name", one) for one in called), *((n, values.get(n)) for n in self.sure)]:
            if value:
                keys = self.by[name].setdefault(compared(value), [])
                if key not in keys:
                    keys.append(key)

    def find(self, name: str, told: Mapping[str, Any]) -> int | None:
        """The id of the object: ``told`` holds identifying fields (text) and narrowing ones (``site_id``).

        Raises :class:`Ambiguous` when only a name is told and several have it.
        """
        told = {n: compared(v) if n in self.by else v for n, v in told.items() if v not in (None, "")}
        stronger: dict[str, Any] = {}
        for field in self.sure:
            found = [k for k in self.by[field].get(told.get(field, ""), ()) if self._agrees(k, stronger)]
            if found:
                return found[0]
            stronger |= {field: told[field]} if field in told else {}
        return self._by_name(plain(name), told) if name else None

    def inside(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What a form says of the narrowing fields, by column: ``{"site_id": 3}``."""
        return {column: values.get(name) for name, column in self.columns.items()}

    def free(self, field: str, value: Any, key: int | None) -> bool:
        """Whether nobody else has this value."""
        return set(self.by[field].get(compared(value), ())) <= {key}

    def vouched(self, values: Mapping[str, Any], key: int | None) -> frozenset[str]:
        """The fields whose uniqueness needs no question to the database, for an object with these values."""
        sure = {n for n in self.sure if self.free(n, values.get(n) or "", key)}
        alike = set(self.by["name"].get(plain(str(values.get("name") or "")), ())) - {key}
        same = self.inside(values)
        taken = any(all(self.facts[k].get(n) == v for n, v in same.items()) for k in alike)
        return frozenset(sure if taken else {*sure, "name", *self.narrow})

    def _agrees(self, key: int, told: Mapping[str, Any]) -> bool:
        facts = self.facts[key]
        return all(facts.get(n, value) == value for n, value in told.items())

    def _by_name(self, name: str, told: Mapping[str, Any]) -> int | None:
        found = [k for k in dict.fromkeys(self.by["name"].get(name, ())) if self._agrees(k, told)]
        if any(n in told for n in self.sure):
            # Somebody of whom only the name is known may be the one whose e-mail the file gives: if he is
            # alone.
            found = [k for k in found if not any(n in self.facts[k] for n in self.sure)]
            return found[0] if len(found) == 1 else None
        exact = [k for k in found if all(self.facts[k].get(n) == v for n, v in told.items())]
        found = exact or found
        if len(found) > 1:
            raise Ambiguous(
                _("several are called “%(name)s”: add a column that tells them apart") % {"name": name}
            )
        return found[0] if found else None


def compared(value: Any) -> str:
    """A value as it is compared: without case nor accents. A secret is read for that, in memory only."""
    try:
        return plain(value.unseal() if isinstance(value, Sealed) else str(value))
    except KeyMissing:
        return ""


def _narrowing(model: type[models.Model]) -> list[str]:
    """Inside what a name is unique, relations and choices: the site of a room, the family of an article."""
    for one in model._meta.constraints:
        names = unique_names(one) if isinstance(one, models.UniqueConstraint) else set()
        if "name" in names:
            others = sorted(names - {"name", "organisation"})
            fields: list[Any] = [model._meta.get_field(n) for n in others]
            return [f.name for f in fields if f.is_relation or f.choices]
    return []
