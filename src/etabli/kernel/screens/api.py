"""The REST API of every screen: list, one, create, create many, change, delete; the same rules as its pages.

Answers are written straight from the rows; the pydantic models below only describe them in the OpenAPI
document.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson
from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ObjectDoesNotExist, PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import BinaryField
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from ninja import NinjaAPI, Router
from ninja.errors import HttpError
from ninja.errors import ValidationError as UnreadableBody
from ninja.utils import check_csrf
from pydantic import BaseModel, create_model

from ..actors import require
from ..events import together
from .filters import BadFilter
from .forms import CUSTOM, OWNED, STALE, defaults_of, form_class, values_of
from .listing import Listing
from .memory import once, remembering

if TYPE_CHECKING:
    from .screen import Screen

MOST_ROWS = 500
MOST_CREATED = 500
# Secrets, and what a job was given: it may hold anything, the text of a mail among others.
OMITTED = {"password", "ciphertext", "hash", "arguments"}


class Problem(BaseModel):
    """An error: one sentence, and for a refused body the messages of each field."""

    detail: str
    errors: dict[str, list[str]] | None = None


def authenticate(request: Any) -> Any:
    """The actor of the request: an API token, or the session of a page (then the CSRF token is required
    too).
    """
    actor = getattr(request, "actor", None)
    if actor is None or actor.account_id is None:
        return None
    if actor.source == "screen" and request.method not in {"GET", "HEAD", "OPTIONS"} and check_csrf(request):
        raise HttpError(403, _("The CSRF token is missing: use an API token, or send X-CSRFToken."))
    return actor


def build(screens: list["Screen"], version: str, more: Mapping[str, Router] | None = None) -> NinjaAPI:
    """The API with a router for each screen; ``more`` are operations of no screen, by the tag in their
    address.
    """
    api = NinjaAPI(
        title="Établi",
        version=version,
        auth=authenticate,
        urls_namespace="api",
        docs_url=None,
        description="Every noun of the product, with the rights of the token or of the session.",
    )
    _explain_errors(api)
    for screen in screens:
        api.add_router(f"/{screen.slug}", router_of(screen), tags=[screen.noun])
    for tag, router in (more or {}).items():
        api.add_router(f"/{tag}", router, tags=[tag])
    _built.append(api)
    return api


def serialise(screen: "Screen", obj: Any) -> dict[str, Any]:
    """An object as JSON: plain values, ``{"id", "name"}`` for a relation."""
    made: dict[str, Any] = {"id": obj.pk}
    for field in told_fields(screen):
        if field.name == "organisation":
            made["organisation"] = obj.organisation_id
        elif field.is_relation:
            made[field.name] = _reference(obj, field.name)
        else:
            made[field.name] = field.value_from_object(obj)
    return made


def told_fields(screen: "Screen") -> list[Any]:
    """The fields the API gives: neither the key (``id`` first), nor digests and passwords, nor raw bytes."""
    fields = screen.model._meta.concrete_fields
    return [
        f
        for f in fields
        if not (f.name in OMITTED or f.primary_key or f.generated or isinstance(f, BinaryField))
    ]


def _reference(obj: Any, name: str) -> dict[str, Any] | None:
    try:
        related = getattr(obj, name)
    except ObjectDoesNotExist:  # outside the scope: as if there were none
        return None
    return None if related is None else {"id": related.pk, "name": str(related)}


def full(screen: "Screen", rows: Any) -> Any:
    """With the joins that :func:`serialise` reads: the number of queries does not depend on the rows."""
    joins = [f.name for f in screen.model._meta.concrete_fields if f.is_relation and f.name != "organisation"]
    deeper = [j for j in screen.related if j not in joins]
    raw = [f.name for f in screen.model._meta.concrete_fields if isinstance(f, BinaryField)]
    rows = rows.defer(*raw) if raw else rows
    return rows.select_related(*joins, *deeper) if joins or deeper else rows


PROBLEMS: dict[int, Any] = dict.fromkeys((400, 401, 403, 404, 409, 422, 429), Problem)


def router_of(screen: "Screen") -> Router:
    """The operations of a screen. What a screen does not allow (``adds = False``…) has no operation."""
    from . import api_acts

    router, out = Router(), described(screen)
    _add_reading(router, screen, out)
    if screen.adds:
        _add_creating(router, screen, out)
    if screen.changes:
        _add_changing(router, screen, out)
    if screen.deletes:
        _add_deleting(router, screen)
    for act in screen.acts:
        if act.one:
            api_acts.add(router, screen, act, out)
    return router


def operation(
    router: Router, screen: "Screen", name: str, verb: str, path: str, view: Any, answers: dict[int, Any]
) -> None:
    """Add an operation under the names that clients are generated from: ``asset_list``, ``asset_create``…"""
    router.add_api_operation(
        path,
        [verb],
        view,
        response={**answers, **PROBLEMS},
        operation_id=f"{screen.noun}_{name.replace('-', '_')}",
        summary=f"{name.replace('_', ' ').capitalize()}: {screen.noun}",
    )


def _add_reading(router: Router, screen: "Screen", out: Any) -> None:
    many = create_model(f"{screen.model.__name__}Page", count=(int, ...), items=(list[out], ...))

    def rows(request: Any, q: str = "", sort: str = "", offset: int = 0, limit: int = 50) -> HttpResponse:
        return _list(screen, request, offset, limit)

    def one(request: Any, key: int) -> HttpResponse:
        return answer(serialise(screen, find(screen, request, key)))

    operation(router, screen, "list", "GET", "", rows, {200: many})
    operation(router, screen, "get", "GET", "/{int:key}", one, {200: out})


def _add_creating(router: Router, screen: "Screen", out: Any) -> None:
    def create(request: Any, body: Any) -> HttpResponse:
        return answer(_create(screen, request, _sent(body)), 201)

    def create_many(request: Any, body: Any) -> HttpResponse:
        return answer(_create_many(screen, request, body), 201)

    body: Any = body_of(screen, partial=False)
    typed(create, body=body)
    typed(create_many, body=list[body])
    operation(router, screen, "create", "POST", "", create, {201: out})
    operation(router, screen, "create_many", "POST", "/many", create_many, {201: list[out]})


def _add_changing(router: Router, screen: "Screen", out: Any) -> None:
    def change(request: Any, key: int, body: Any) -> HttpResponse:
        return answer(_change(screen, request, key, _sent(body)))

    typed(change, body=body_of(screen, partial=True))
    operation(router, screen, "change", "PATCH", "/{int:key}", change, {200: out})


def _add_deleting(router: Router, screen: "Screen") -> None:
    def delete(request: Any, key: int) -> HttpResponse:
        screen.delete(find(screen, request, key, "delete"), request.actor)
        return HttpResponse(status=204)

    operation(router, screen, "delete", "DELETE", "/{int:key}", delete, {204: None})


def answer(content: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(orjson.dumps(content, default=_plain), content_type="application/json", status=status)


def _list(screen: "Screen", request: Any, offset: int, limit: int) -> HttpResponse:
    require(request.actor, screen.verb("view"))
    if not (0 <= offset < 2**31 and 0 < limit <= MOST_ROWS):
        raise HttpError(
            400, _("offset must be 0 or more, and limit between 1 and %(most)s.") % {"most": MOST_ROWS}
        )
    listing = Listing(screen, request.actor, request.GET)
    keys = list(listing.ordered().values_list("pk", flat=True)[offset : offset + limit])
    found = {o.pk: o for o in full(screen, screen.model._default_manager.filter(pk__in=keys))}
    return answer(
        {"count": listing.count, "items": [serialise(screen, found[k]) for k in keys if k in found]}
    )


def find(screen: "Screen", request: Any, key: int, act: str = "view") -> Any:
    """The object of an address, that the actor may see and do ``act`` to; else 404, or 403."""
    require(request.actor, screen.verb("view"))
    obj = full(screen, screen.rows(request.actor)).filter(pk=key).first() if 0 < key < 2**63 else None
    if obj is None:
        raise Http404
    require(request.actor, screen.verb(act), obj)
    return obj


def _create(screen: "Screen", request: Any, sent: dict[str, Any]) -> dict[str, Any]:
    require(request.actor, screen.verb("add"))
    made = form_class(screen)
    defaults = once((made, "defaults"), lambda: defaults_of(made(None, actor=request.actor)))
    form = made({**defaults, **flat(sent)}, actor=request.actor)
    return serialise(screen, _saved(screen, form, request.actor))


def _create_many(screen: "Screen", request: Any, bodies: list[Any]) -> list[dict[str, Any]]:
    if len(bodies) > MOST_CREATED:
        raise HttpError(400, _("At most %(most)s objects a call.") % {"most": MOST_CREATED})
    made = []
    with transaction.atomic(), together(), remembering():
        for number, body in enumerate(bodies):
            try:
                made.append(_create(screen, request, _sent(body)))
            except Invalid as error:
                raise Invalid({f"{number}.{name}": messages for name, messages in error.errors.items()})
    return made


def _change(screen: "Screen", request: Any, key: int, sent: dict[str, Any]) -> dict[str, Any]:
    obj = find(screen, request, key, "change")
    data = {**values_of(screen, obj), **flat(sent)}
    form = form_class(screen)(data, instance=obj, actor=request.actor)
    saved = _saved(screen, form, request.actor)
    return serialise(screen, saved)


def _saved(screen: "Screen", form: Any, actor: Any) -> Any:
    if not form.is_valid():
        if form.has_error(NON_FIELD_ERRORS, "stale"):
            raise ValidationError(STALE, code="stale")
        raise Invalid({n: [str(m) for m in messages] for n, messages in form.errors.items()})
    return screen.save(form, actor)


class Invalid(Exception):
    """The body was refused by the form: ``errors`` has the messages of each field."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__("invalid")
        self.errors = errors


def _explain_errors(api: NinjaAPI) -> None:
    """Each refusal in one sentence; none of them is a server error."""

    def refuse(kind: Any, status: int, told: Callable[[Any], dict[str, Any]]) -> None:
        api.add_exception_handler(kind, lambda request, error: answer(told(error), status))

    values = gettext_lazy("Some values are refused.")
    refuse(UnreadableBody, 422, lambda error: {"detail": values, "errors": _by_field(error.errors)})
    refuse(Invalid, 422, lambda error: {"detail": values, "errors": error.errors})
    refuse(ValidationError, 409, lambda error: {"detail": " ".join(error.messages)})
    refuse(BadFilter, 400, lambda error: {"detail": str(error)})
    refuse(PermissionDenied, 403, lambda error: {"detail": str(error) or _("Not allowed.")})
    refuse(Http404, 404, lambda error: {"detail": _("Not found.")})


def _by_field(problems: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Pydantic's list of problems as messages by field: ``body.0.name`` for a field of the first object of
    several.
    """
    found: dict[str, list[str]] = {}
    for one in problems:
        place = [str(part) for part in one.get("loc", ())]
        found.setdefault(".".join(place[2:] if place[:2] == ["body", "body"] else place), []).append(
            str(one.get("msg", ""))
        )
    return found


def _sent(body: Any) -> dict[str, Any]:
    return dict(body.model_dump(exclude_unset=True))


def flat(sent: dict[str, Any]) -> dict[str, Any]:
    """The body as form data: custom fields under their own prefix, NUL characters (refused by PostgreSQL)
    left out.
    """
    custom = sent.pop("custom", None) or {}
    flat = {**sent, **{CUSTOM + str(k): v for k, v in custom.items()}}
    return {k: _acceptable(v) for k, v in flat.items()}


def _acceptable(value: Any) -> Any:
    """A moment in UTC, since PostgreSQL refuses offsets of more than 15 h 59; a text without NUL."""
    if isinstance(value, datetime) and value.tzinfo:
        try:
            return value.astimezone(UTC)
        except OverflowError:  # beyond the first or the last year: the form says that it is no date
            return f"{value.isoformat()} ?"
    return value.replace("\0", "") if isinstance(value, str) else value


def body_of(screen: "Screen", *, partial: bool) -> type[BaseModel]:
    """The pydantic model of a body, from the form: what the form requires is required (nothing when
    ``partial``).
    """
    fields: dict[str, Any] = {"organisation": (int | None, None)} if issubclass(screen.model, OWNED) else {}
    for name, field in form_class(screen).base_fields.items():
        kind = kind_of(field)
        required = field.required and field.initial is None and not partial
        fields[name] = (kind, ...) if required else (kind | None, None)
    if screen.has_custom_fields:
        fields["custom"] = (dict[str, Any] | None, None)
        fields["version"] = (int | None, None)
    return create_model(f"{screen.model.__name__}{'Change' if partial else 'Body'}", **fields)


def described(screen: "Screen") -> type[BaseModel]:
    """The pydantic model that describes an object in the OpenAPI document."""
    fields: dict[str, Any] = {"id": (int, ...)}
    fields |= {field.name: (Any, None) for field in told_fields(screen)}
    return create_model(f"{screen.model.__name__}", **fields)


KINDS: list[tuple[type[forms.Field], Any]] = [
    (forms.ModelChoiceField, int),
    (forms.BooleanField, bool),
    (forms.DecimalField, Decimal),
    (forms.FloatField, float),
    (forms.IntegerField, int),
    (forms.DateTimeField, datetime),
    (forms.DateField, date),
    (forms.JSONField, Any),
]


def kind_of(field: forms.Field) -> Any:
    """The type that a form field reads from JSON."""
    from django.contrib.postgres.forms import SimpleArrayField

    if isinstance(field, SimpleArrayField):
        return list[str] | str
    if isinstance(field, forms.MultipleChoiceField):
        return list[str]
    if isinstance(field, forms.TypedChoiceField) and not isinstance(
        field.coerce(field.empty_value or "0"), str
    ):
        return int | str
    return next((made for kind, made in KINDS if isinstance(field, kind)), str)


def typed(function: Any, **annotations: Any) -> None:
    """Give a view made at run time the annotations that django-ninja reads."""
    function.__annotations__ = {**function.__annotations__, **annotations}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    return str(value)


_built: list[NinjaAPI] = []


def built() -> NinjaAPI:
    """The API of the running product."""
    return _built[-1]
