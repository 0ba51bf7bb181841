"""The recognition rules of an organisation for programs: read, change, try on the past.

They are no object of a list: an organisation that chose nothing has the order shipped, and no row.
"""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from ninja import Router
from pydantic import BaseModel

from etabli.kernel.actors import require
from etabli.kernel.screens.api import PROBLEMS, Invalid, answer

from . import matching, rules, trials

router = Router()


class Rule(BaseModel):
    """A rule, whether it is used, and what it does in words."""

    key: str
    label: str
    text: str
    used: bool


class Order(BaseModel):
    """``rules``: the keys in force, first to last; ``known``: all there are, ``shipped``: the usual order."""

    organisation: int
    rules: list[str]
    shipped: list[str]
    known: list[Rule]


class Proposed(BaseModel):
    """Keys of rules, first to last; those that are left out are not used."""

    rules: list[str]


class Trial(BaseModel):
    """Of the machines ``read``, how many would be decided differently and what they would become; the first
    ``rows``. When they are many it is a ``job`` to come back for, whose result holds the same.
    """

    read: int | None = None
    different: int | None = None
    same: int | None = None
    other: int | None = None
    asked: int | None = None
    new: int | None = None
    rows: list[dict[str, Any]] | None = None
    job: int | None = None


def read_rules(request: Any, organisation: int) -> HttpResponse:
    _allowed(request, organisation, "view")
    return _told(organisation)


def change_rules(request: Any, organisation: int, body: Proposed) -> HttpResponse:
    _allowed(request, organisation, "change")
    rules.reorder(_checked(body.rules), organisation_id=organisation, actor=request.actor)
    return _told(organisation)


def try_rules(request: Any, organisation: int, body: Proposed) -> HttpResponse:
    """Nothing is written: what each known machine would become if its agent were installed again."""
    _allowed(request, organisation, "change")
    chosen = _checked(body.rules)
    if trials.machines_of(organisation) <= trials.AT_ONCE:
        return answer(trials.replay(organisation, chosen))
    return answer({"job": trials.follow(organisation, chosen, actor=request.actor).pk}, 202)


def _allowed(request: Any, organisation: int, act: str) -> None:
    if organisation not in request.actor.places:
        raise Http404
    require(request.actor, f"ruleorder.{act}", organisation)


def _checked(keys: Sequence[str]) -> list[str]:
    try:
        return rules.checked(keys)
    except ValidationError as error:
        raise Invalid({"rules": error.messages})


def _told(organisation: int) -> HttpResponse:
    used = rules.order_of(organisation)
    known = [
        {"key": rule.key, "label": _(rule.label), "text": _(rule.text), "used": rule.key in used}
        for rule in rules.WORDS
    ]
    shipped = list(matching.SHIPPED)
    return answer({"organisation": organisation, "rules": list(used), "shipped": shipped, "known": known})


for path, method, view, answers, name, summary in (
    ("/{int:organisation}", "GET", read_rules, {200: Order}, "recognition_get", "Rules in force"),
    ("/{int:organisation}", "PUT", change_rules, {200: Order}, "recognition_change", "Change the rules"),
    ("/{int:organisation}/try", "POST", try_rules, {200: Trial, 202: Trial}, "recognition_try", "Try rules"),
):
    router.add_api_operation(
        path, [method], view, response={**answers, **PROBLEMS}, operation_id=name, summary=summary
    )
