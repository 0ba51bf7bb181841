"""The acts of a screen in the API: ``POST /api/v1/<nouns>/<id>/<act>``, with the fields of the act's form."""

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from ninja import Router
from pydantic import BaseModel, create_model

from ..actors import require
from . import acts, api

if TYPE_CHECKING:
    from .screen import Act, Screen


def add(router: Router, screen: "Screen", act: "Act", out: Any) -> None:
    """Give the router the operation of an act; it answers with the object as it is afterwards."""

    def with_body(request: Any, key: int, body: Any) -> HttpResponse:
        return _perform(screen, act, request, key, body.model_dump(exclude_unset=True))

    def bare(request: Any, key: int) -> HttpResponse:
        return _perform(screen, act, request, key, {})

    if act.form is not None:
        api.typed(with_body, body=body_of(screen, act))
    view = with_body if act.form is not None else bare
    api.operation(router, screen, act.name, "POST", f"/{{int:key}}/{act.name}", view, {200: out, 204: None})


def body_of(screen: "Screen", act: "Act") -> type[BaseModel]:
    """The pydantic model of an act's body, from its form."""
    fields: dict[str, Any] = {}
    for name, field in (act.form.base_fields if act.form else {}).items():
        kind = api.kind_of(field)
        required = field.required and field.initial is None
        fields[name] = (kind, ...) if required else (kind | None, None)
    return create_model(f"{screen.model.__name__}{act.name.title().replace('-', '')}", **fields)


def _perform(screen: "Screen", act: "Act", request: Any, key: int, sent: dict[str, Any]) -> HttpResponse:
    obj = api.find(screen, request, key)
    require(request.actor, act.verb, obj)
    rows = screen.model._default_manager.filter(pk=obj.pk)
    form = acts.form_of(screen, act, request.actor, rows, api.flat(sent) if act.form else None)
    if form is not None:
        given = {n: form.get_initial_for_field(f, n) for n, f in form.fields.items() if n not in form.data}
        form.data = {**{n: v for n, v in given.items() if v is not None}, **form.data}
        if not form.is_valid():
            raise api.Invalid({n: [str(m) for m in told] for n, told in form.errors.items()})
    acts.perform(screen, act, obj, form.cleaned_data if form else {}, request.actor)
    left = api.full(screen, rows).first()
    if left is None:  # the act ended it
        return HttpResponse(status=204)
    return api.answer(api.serialise(screen, left))
