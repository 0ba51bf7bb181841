"""What people type after ``etabli fleet``: words of the pages, in French or English, and who types them.

Nothing of Django is imported before the command has set it up.
"""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from .language import _, chosen
from .outcome import USAGE, Failure

# What one may type instead of the names of filters and fields; accents and capitals do not count.
FRENCH = {
    "nom": "name",
    "type": "kind",
    "etat": "state",
    "local": "room",
    "salle": "room",
    "baie": "rack",
    "personne": "person",
    "affecte": "person",
    "constructeur": "manufacturer",
    "modele": "model",
    "etiquette": "tagged",
    "numero": "tag",
    "serie": "serial",
    "garantie": "warranty",
    "contact": "seen",
    "emplacement": "place",
    "systeme": "system",
    "memoire-sous": "memory_under",
    "disque-sous": "free_under",
    "age-plus": "age_over",
    "criticite": "criticality",
    "propriete": "ownership",
    "achete": "bought_on",
    "fournisseur": "supplier",
    "prix": "price",
    "fin-garantie": "warranty_end",
    "remarques": "remarks",
    "hauteur": "height",
    "position": "position",
    "face": "face",
    "etage": "floor",
}
FLAGS = {
    "sans-garantie": [("warranty", "ended"), ("warranty", "unknown")],
    "no-warranty": [("warranty", "ended"), ("warranty", "unknown")],
    "vu-ailleurs": [("place", "elsewhere")],
    "seen-elsewhere": [("place", "elsewhere")],
}


class Usage(Failure):
    """What was typed cannot be understood; the sentence says what can."""

    code = USAGE


@contextmanager
def acting(email: str, within: str, *, trial: bool = False) -> Iterator[Any]:
    """The actor, in the scope of its organisations; a trial writes nothing."""
    from django.core.exceptions import PermissionDenied, ValidationError
    from django.db import transaction
    from django.utils import translation

    from etabli.kernel.screens.filters import BadFilter
    from etabli.kernel.tenancy import scope

    actor = _actor(email)
    places = _places(actor, within)
    try:
        with translation.override(chosen()), scope(*places):
            yield actor
            if trial:
                transaction.set_rollback(True)
    except ValidationError as error:
        raise Failure(" ".join(error.messages)) from None
    except (BadFilter, PermissionDenied) as error:
        raise (Usage if isinstance(error, BadFilter) else Failure)(str(error)) from None


def _actor(email: str) -> Any:
    """The account named, or whoever may run commands on this server: an administrator of all of it."""
    from django.urls import get_resolver

    from etabli.kernel.accounts import Account
    from etabli.kernel.actors import Actor, Place, actor_of
    from etabli.kernel.organisations import Organisation
    from etabli.kernel.tenancy import opening

    _loaded = get_resolver().url_patterns
    if email:
        account = Account.objects.filter(email__iexact=email, is_active=True).first()
        if account is None:
            raise Usage(_("There is no account “{email}”.").format(email=email))
        return actor_of(account, source="command")
    with opening():
        found = list(Organisation.objects.filter(archived_at=None).order_by("path"))
    places = {o.pk: Place(o.pk, o.name, o.kind, o.parent_id, tuple(o.path), o.colour, o.demo) for o in found}
    grants = dict.fromkeys(places, frozenset({"*"}))
    return Actor(None, _("Command line"), source="command", grants=grants, places=places)


def _places(actor: Any, within: str) -> list[int]:
    from etabli.kernel.text import plain

    if not within:
        return list(actor.places)
    wanted = [p.id for p in actor.places.values() if plain(p.name) == plain(within)]
    if not wanted:
        names = ", ".join(p.name for p in actor.places.values())
        raise Usage(_("There is no organisation “{name}” here: {names}.").format(name=within, names=names))
    return wanted


def screen() -> Any:
    from etabli.kernel.screens import by_slug

    return by_slug("assets")


def pairs(arguments: Sequence[str]) -> list[tuple[str, str]]:
    """``--site Rouen --tag=A --sans-garantie`` as names and values, in the names of the product."""
    made: list[tuple[str, str]] = []
    left = list(arguments)
    while left:
        word = left.pop(0)
        if not word.startswith("--"):
            raise Usage(_("“{word}” stands alone: write --name value.").format(word=word))
        name, equals, value = word[2:].partition("=")
        if name in FLAGS:
            made += FLAGS[name]
            continue
        if not equals:
            if not left:
                raise Usage(_("--{name} needs a value.").format(name=name))
            value = left.pop(0)
        made.append((_known(name), value))
    return made


def _known(name: str) -> str:
    from etabli.kernel.text import plain

    return FRENCH.get(plain(name), name.replace("-", "_") if not name.startswith("custom.") else name)


def listing(actor: Any, arguments: Sequence[str], but: Sequence[str], rest: dict[str, str]) -> Any:
    """The list that the page would show for these filters."""
    from django.http import QueryDict

    from etabli.kernel.actors import require
    from etabli.kernel.screens.listing import Listing

    require(actor, screen().verb("view"))
    query = QueryDict(mutable=True)
    made = Listing(screen(), actor, query)
    filters = {one.name: one for one in made.filters}
    for name, value in pairs(arguments):
        if name not in filters:
            known = ", ".join(f"--{n}" for n in filters)
            raise Usage(
                _("There is no filter --{name}. The filters are: {known}.").format(name=name, known=known)
            )
        for one in _values(filters[name], value):
            query.appendlist(name, one)
    for name in but:
        query.appendlist("not", _known(name))
    for name, value in rest.items():
        if value:
            query[name] = value
    return made


def _values(one: Any, text: str) -> list[str]:
    """A value of the filter from what a person would read on the page: its label, its name, its number."""
    from etabli.kernel.text import plain

    if one.picks is not None:
        if text in ("none", "aucun") or text.isdecimal():
            return ["none" if text == "aucun" else text]
        found = [
            str(pk) for pk in _named(one.picks._default_manager.all(), text).values_list("pk", flat=True)
        ]
        if not found:
            raise Usage(_("Nothing is named “{text}” for --{name}.").format(text=text, name=one.name))
        return found
    if one.options is None:
        return [text]
    options = [(str(value), str(label)) for value, label in one.options()]
    found = [v for v, label in options if text == v or plain(label) == plain(text)]
    found = found or [v for v, label in options if plain(text) in plain(label)]  # “Rouen”: “Agence de Rouen”
    if not found and text not in ("none",):
        told = ", ".join(label for _value, label in options[:20])
        raise Usage(_("--{name} has no “{text}”: {options}.").format(name=one.name, text=text, options=told))
    return found or [text]


def _named(rows: Any, text: str) -> Any:
    from etabli.kernel.text import Plain, plain

    if not any(f.name == "name" for f in rows.model._meta.concrete_fields):
        return rows.none()
    return rows.annotate(plain_name=Plain("name")).filter(plain_name=plain(text))


def find(actor: Any, text: str) -> Any:
    """The asset of this number, tag, serial number or name. Raises a sentence when it is none or several."""
    from django.db.models import Q

    from etabli.kernel.actors import require
    from etabli.kernel.text import Plain, plain

    require(actor, screen().verb("view"))
    rows = screen().rows(actor).select_related("kind", "model", "person", "site", "room", "rack", "parent")
    if text.isdecimal() and len(text) < 19 and (obj := rows.filter(pk=int(text)).first()):
        return obj
    named = rows.annotate(plain_name=Plain("name"))
    found = list(named.filter(Q(tag=text) | Q(serial=text) | Q(plain_name=plain(text)))[:6])
    if len(found) == 1:
        return found[0]
    if not found:
        raise Failure(_("There is no asset “{text}”: see fleet list -q.").format(text=text))
    told = ", ".join(f"{o} ({o.pk})" for o in found[:5])
    raise Failure(
        _("Several assets answer to “{text}”: {found}. Give the number.").format(text=text, found=told)
    )


def save(actor: Any, obj: Any, given: list[tuple[str, str]]) -> Any:
    """Write by the form of the page."""
    from django.core.exceptions import ValidationError

    from etabli.kernel.actors import require
    from etabli.kernel.screens.forms import defaults_of, form_class, values_of

    one, wanted = screen(), dict(given)
    require(actor, one.verb("change" if obj else "add"), obj)
    empty = form_class(one)(None, instance=obj, actor=actor)
    base = values_of(one, obj) if obj else defaults_of(empty)
    data = {**base, **_raw(empty, wanted)}
    form = form_class(one)(data, instance=obj, actor=actor)
    if not form.is_valid():
        raise ValidationError(_told(form))
    return one.save(form, actor)


def _told(form: Any) -> list[str]:
    """The refusals of a form, each with its field."""
    labels = {name: str(field.label) for name, field in form.fields.items()}
    return [
        f"{labels[name]}: {message}" if name in labels else str(message)
        for name, told in form.errors.items()
        for message in told
    ]


def _raw(form: Any, given: dict[str, str]) -> dict[str, Any]:
    """Texts as the form reads them: a relation by its name or key, a choice by its label."""
    made: dict[str, Any] = {}
    for name, text in given.items():
        field = form.fields.get(name) or form.fields.get(f"custom_{name.removeprefix('custom.')}")
        key = name if name in form.fields else f"custom_{name.removeprefix('custom.')}"
        if field is None:
            known = ", ".join(f"--{n}" for n in form.fields if n != "version")
            raise Usage(
                _("There is no field --{name}. The fields are: {known}.").format(name=name, known=known)
            )
        made[key] = _value_of(field, text)
    return made


def _value_of(field: Any, text: str) -> Any:
    from etabli.kernel.text import plain

    rows = getattr(field, "queryset", None)
    if rows is not None:
        return _related(rows, text)
    choices = getattr(field, "choices", None) or ()
    return next((v for v, label in choices if text != v and plain(str(label)) == plain(text)), text)


def _related(rows: Any, text: str) -> str:
    """The number of the object: given as such, or by its name, its key or its words."""
    from etabli.kernel.text import plain

    if text == "" or (text.isdecimal() and rows.filter(pk=int(text)).exists()):
        return text
    found = list(_named(rows, text)[:2])
    if len(found) != 1 and rows.count() <= 300:
        found = [o for o in rows if plain(str(o)) == plain(text) or getattr(o, "key", None) == text]
    if len(found) == 1:
        return str(found[0].pk)
    word = _("Several are named “{text}”: give the number.") if found else _("Nothing is named “{text}”.")
    raise Usage(word.format(text=text))


def act_named(text: str) -> Any:
    """The act of this name, or whose label reads so (``retirer-de-la-baie``)."""
    from django.utils.text import slugify

    from etabli.kernel.screens import acts

    return next((a for a in acts.all_of(screen()) if text in (a.name, slugify(str(a.label)))), None)


def acts_told(actor: Any, wrong: str) -> str:
    from etabli.kernel.actors import can
    from etabli.kernel.screens import acts

    known = ", ".join(f"{a.name} ({a.label})" for a in acts.all_of(screen()) if can(actor, a.verb))
    first = _("There is no act “{name}”. ").format(name=wrong) if wrong else _("Name assets, then the act. ")
    return first + _("The acts are: {known}.").format(known=known)


def perform(
    actor: Any, act: Any, keys: list[int], given: list[tuple[str, str]]
) -> tuple[int, list[str], str]:
    """Do the act on each asset; returns how many were done, what was refused, and the batch to undo."""
    from django.core.exceptions import ValidationError

    from etabli.kernel.events import batching
    from etabli.kernel.screens import acts

    rows, wanted = screen().model._default_manager.filter(pk__in=keys), dict(given)
    form = acts.form_of(screen(), act, actor, rows, None)
    if form is None and wanted:
        raise Usage(_("“{act}” asks nothing: leave the options out.").format(act=act.name))
    cleaned: dict[str, Any] = {}
    if form is not None:
        first = {n: form.get_initial_for_field(f, n) for n, f in form.fields.items()}
        sent = {n: v for n, v in first.items() if v is not None} | _raw(form, wanted)
        form = acts.form_of(screen(), act, actor, rows, sent)
        if not form.is_valid():
            raise ValidationError(_told(form))
        cleaned = form.cleaned_data
    batch = uuid.uuid4()
    with batching(batch):
        done, problems = acts.apply(screen(), act, keys, cleaned, actor)
    return done, problems, str(batch)


def serialised(obj: Any) -> dict[str, Any]:
    """The asset as the API gives it."""
    from etabli.kernel.screens import api

    fresh = api.full(screen(), screen().model._default_manager.filter(pk=obj.pk)).get()
    return api.serialise(screen(), fresh)


def plain_text(cell: Any) -> str:
    """The words of a cell."""
    from html import unescape

    from django.utils.html import strip_tags

    text = str(cell).replace("<small>", " · <small>").replace("<br>", " ")
    return " ".join(unescape(strip_tags(text)).split()).removesuffix(" ·")
