"""Two records of one person become one, and can be taken apart again.

Whatever names the person that goes names the one that is kept, in whatever domain: foreign keys are found
from the models, notes, files, tags and links by the noun they name. What cannot stand twice (the same team)
is written down. The event of the merge holds all that its undo needs.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.apps import apps
from django.core import serializers
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from etabli.kernel import attachments, search
from etabli.kernel.actors import Actor, require
from etabli.kernel.attachments import Link, OnObject
from etabli.kernel.events import Event, difference, publish, snapshot
from etabli.kernel.externalids import ExternalId
from etabli.kernel.screens.undoing import undoes
from etabli.kernel.screens.writing import count_edit

from .models import Person

NOUN = "person"
FILLED = ("email", "phone", "mobile", "title", "unit_id", "manager_id", "employee_number", "arrived_on")
"""What the kept record takes from the other when it says nothing itself."""
UNIQUE = "23505"  # PostgreSQL: unique_violation


def refusal(kept: Person, gone: Person) -> str:
    """Why these two cannot be one person, in a sentence, or an empty text."""
    if kept.pk == gone.pk:
        return _("A person cannot be merged with themselves: choose another record.")
    if kept.organisation_id != gone.organisation_id:
        return _("“%(name)s” belongs to another organisation: only people of the same one are merged.") % {
            "name": gone
        }
    if kept.account_id and gone.account_id:
        return _("Both have an account: say which one stays by taking the access of the other away first.")
    return ""


@transaction.atomic
def merge_people(kept: Person, gone: Person, *, actor: Actor) -> Person:
    """Make ``gone`` a part of ``kept``. Raises ``ValidationError`` with a sentence: then nothing changed.

    Signed documents are never changed: whoever signed one keeps their record.
    """
    require(actor, "person.merge", kept)
    rows = Person.objects.select_for_update(of=("self",)).in_bulk(sorted([kept.pk, gone.pk]))
    kept, gone = rows[kept.pk], rows[gone.pk]
    if problem := refusal(kept, gone):
        raise ValidationError(problem)
    before, account, key, label = snapshot(kept), gone.account_id, gone.pk, str(gone)
    content: dict[str, Any] = {"gone": _written([gone]), "moved": [], "dropped": []}
    Person.objects.filter(pk=gone.pk).update(account=None)
    for model, old, new in list(_belongings(gone, kept)):
        _move(model, old, new, content)
    about = {"id": kept.pk, "text": str(kept)}
    publish(gone, "person.merged_into", actor=actor, extra={"about": about})
    search.forget(gone)
    Person.objects.filter(pk=key).delete()
    _fill(kept, gone, account)
    if gone.email and gone.email.lower() != kept.email.lower():  # it would be forgotten: mails come from it
        attachments.note(kept, _("Also known by the e-mail %(email)s.") % {"email": gone.email}, actor=actor)
    extra = {"merge": content, "about": {"id": key, "text": label}}
    publish(kept, "person.merged", actor=actor, changes=difference(before, snapshot(kept)), extra=extra)
    return kept


def _belongings(gone: Person, kept: Person) -> Iterator[tuple[type[models.Model], Any, Any]]:
    """Each model that names people, with the filter of what names this one and what it is to say instead."""
    for relation in Person._meta.get_fields(include_hidden=True):
        field: Any = getattr(relation, "field", None)
        if relation.auto_created and not relation.concrete and field is not None:
            yield field.model, {field.attname: gone.pk}, {field.attname: kept.pk}
    named: list[type[models.Model]] = [m for m in apps.get_models() if issubclass(m, OnObject)]
    for model in [*named, ExternalId]:
        yield model, {"noun": NOUN, "object_id": gone.pk}, {"noun": NOUN, "object_id": kept.pk}
    yield Link, {"other_noun": NOUN, "other_id": gone.pk}, {"other_noun": NOUN, "other_id": kept.pk}


def _move(
    model: type[models.Model], old: dict[str, Any], new: dict[str, Any], content: dict[str, Any]
) -> None:
    """Move the rows at once; one by one when the kept person has some of them already."""
    keys = list(model._default_manager.filter(**old).order_by("pk").values_list("pk", flat=True))
    if not keys:
        return
    moved = keys
    if _refused(model, keys, new):
        moved = [key for key in keys if not (code := _refused(model, [key], new)) or _check(model, code)]
    left = model._default_manager.filter(pk__in=set(keys) - set(moved))
    content["dropped"] += _written(left)
    left.delete()
    content["moved"].append([model._meta.label, old, new, moved])


def _check(model: type[models.Model], code: str) -> bool:
    """A row that stands twice is dropped; one that nobody may change ends the merge."""
    if code != UNIQUE:
        told = _("%(what)s of this person can no longer be changed: this record stays. Merge the other one.")
        raise ValidationError(told % {"what": str(model._meta.verbose_name_plural).capitalize()})
    return False


def _refused(model: type[models.Model], keys: list[Any], new: dict[str, Any]) -> str:
    """The code of the database's refusal, or an empty text."""
    try:
        with transaction.atomic():
            model._default_manager.filter(pk__in=keys).update(**new)
    except IntegrityError as error:
        return str(getattr(error.__cause__, "sqlstate", "") or "?")
    return ""


def _fill(kept: Person, gone: Person, account: int | None) -> None:
    for name in FILLED:
        if not getattr(kept, name):
            setattr(kept, name, getattr(gone, name))
    if not kept.site_id:
        kept.site_id, kept.room_id = gone.site_id, gone.room_id
    if kept.manager_id in {kept.pk, gone.pk}:
        kept.manager_id = None
    if kept.left_on and not gone.left_on:
        kept.left_on = None  # one of the two is still there
    kept.vip = kept.vip or gone.vip
    kept.account_id = kept.account_id or account
    kept.custom = {**gone.custom, **kept.custom}
    count_edit(kept)
    kept.save()


def _written(rows: Iterable[models.Model]) -> list[Any]:
    return list(json.loads(json.dumps(serializers.serialize("python", rows), cls=_Exact)))


class _Exact(DjangoJSONEncoder):
    """Moments to the microsecond: what is given back is what was there."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if isinstance(o, datetime) else super().default(o)


@undoes("person.merged")
def _undo(event: Event, actor: Actor) -> Person:
    """Take two merged people apart, as they were; what came since stays with the kept one."""
    require(actor, "person.merge", event.organisation_id)
    kept = Person.objects.select_for_update(of=("self",)).filter(pk=event.object_id).first()
    content = event.extra["merge"]
    (written,) = content["gone"]
    if kept is None or Person.objects.filter(pk=written["pk"]).exists():
        raise ValidationError(_("These people were already taken apart."))
    _put_back(kept, event)
    gone = _restored([written])[0]
    for label, old, new, keys in reversed(content["moved"]):
        model = apps.get_model(label)
        model._default_manager.filter(pk__in=keys, **new).update(**old)
    _restored(content["dropped"])
    publish(gone, "person.unmerged", actor=actor, extra={"about": {"id": kept.pk, "text": str(kept)}})
    publish(kept, "person.unmerged", actor=actor, extra={"about": {"id": gone.pk, "text": str(gone)}})
    return kept


@undoes("person.merged_into")
def _undone_with_the_other(event: Event, actor: Actor) -> None:
    """The event of the kept person holds all: a batch that undoes both does it once."""
    if not Person.objects.filter(pk=event.object_id).exists():
        merged = Event.objects.filter(
            noun=NOUN,
            verb="person.merged",
            object_id=event.extra["about"]["id"],
            organisation=event.organisation_id,
        )
        for one in merged.order_by("-id"):
            if one.extra["about"]["id"] == event.object_id:
                _undo(one, actor)
                return


def _put_back(kept: Person, event: Event) -> None:
    """Fields that the merge filled are emptied again, but for those somebody wrote since."""
    now = json.loads(json.dumps(snapshot(kept), cls=DjangoJSONEncoder))
    for name, (old, new) in event.changes.items():
        field: Any = Person._meta.get_field(name)
        if now.get(name) == new or (
            isinstance(new, dict) and (now.get(name) or {}).get("id") == new.get("id")
        ):
            raw = old["id"] if isinstance(old, dict) and field.is_relation else old
            setattr(kept, field.attname, None if raw is None else field.to_python(raw))
    count_edit(kept)
    kept.save()


def _restored(written: list[Any]) -> list[Any]:
    """Insert rows again, under their own numbers."""
    made = []
    for one in written:
        fields = {f.name for f in apps.get_model(one["model"])._meta.concrete_fields if not f.generated}
        one = {**one, "fields": {name: value for name, value in one["fields"].items() if name in fields}}
        (found,) = serializers.deserialize("json", json.dumps([one]))
        found.save(force_insert=True)
        made.append(found.object)
    return made


def successor(pk: int) -> int | None:
    """The person that a merged one is part of now."""
    rows = Event.objects.filter(noun=NOUN, object_id=pk, verb="person.merged_into").order_by("-id")
    told = rows.values_list("extra", flat=True).first()
    return int(told["about"]["id"]) if told else None
