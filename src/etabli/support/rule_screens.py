"""What people see of what works by itself: macros, quick tickets, rules, recurring tickets; and approvals."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, pgettext_lazy

from etabli.assets.models import Asset
from etabli.kernel.actors import Actor, can, require
from etabli.kernel.events import publish
from etabli.kernel.screens import Act, Column, Filter, Panel, Screen, register
from etabli.kernel.screens.acts import ActForm
from etabli.kernel.screens.columns import link_to, show
from etabli.kernel.screens.filters import named
from etabli.kernel.screens.forms import NounForm
from etabli.kernel.screens.history import name_act
from etabli.kernel.screens.writing import count_edit
from etabli.web import markup

from . import conditions, groups, rule_pages, steps, work_forms
from .approving import Approval, decide, may_decide, withdraw
from .macros import Macro, QuickTicket
from .recurring import Recurrence, next_days, pause, resume, set_asset
from .rules import VERBS, Rule, RuleFiring
from .work_screens import SETTINGS

for verb, words in {
    "rule.paused": gettext_noop("Rule paused"),
    "rule.resumed": gettext_noop("Rule resumed"),
    "recurrence.opened": gettext_noop("Ticket opened by itself"),
    "recurrence.refused": gettext_noop("Ticket not opened"),
    "recurrence.paused": gettext_noop("Paused"),
    "recurrence.resumed": gettext_noop("Resumed"),
    "recurrence.asset_added": gettext_noop("Asset added"),
    "recurrence.asset_removed": gettext_noop("Asset removed"),
}.items():
    name_act(verb, words)


class StepsForm(NounForm):
    """What steps, and conditions, may name: rows of the organisation and of those above it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        place = self.organisation_id
        if "steps" in self.fields:
            _offer(self.fields["steps"], "with", steps.offered(place))
        for name in ("all_of", "any_of"):
            if name in self.fields:
                _offer(self.fields[name], "value", conditions.offered(place))


def _offer(field: Any, column: str, groups: Any) -> None:
    chosen: Any = field.columns[column]
    chosen.choices = [("", "—"), *groups]


def _numbered(texts: list[str]) -> list[tuple[int, str]]:
    return list(enumerate(texts, 1))


@register
class MacroScreen(Screen):
    about = gettext_lazy(
        "Several steps in one click, on one ticket or on many: answer, assign, log time, solve."
    )
    model = Macro
    icon, group = "player-play", SETTINGS
    columns = ["name", "archived"]
    filters = ["archived"]
    fields = ["name", "steps", "archived"]
    form = StepsForm
    importable = False

    def panels(self, obj: Macro, request: HttpRequest) -> list[Panel]:
        rows = _numbered(steps.spoken(obj.steps, obj.organisation_id))
        return [
            Panel(_("Steps"), rows=rows),
            Panel(self.singular, rows=self.facts(obj, ["name", "archived"]), side=True),
        ]


@register
class QuickTicketScreen(Screen):
    about = gettext_lazy(
        "Requests opened, and dealt with, in one click: password reset, paper jam, locked account."
    )
    model = QuickTicket
    slug = "quick-tickets"
    area, group, icon = "support", groups.READY, "bolt"
    columns = ["name", "title", "category", "macro"]
    filters = ["category", "archived"]
    fields = [
        "name", "title", "text", "kind", "channel", "category", "service", "impact", "urgency", "macro",
        "archived",
    ]  # fmt: skip
    sections = [(gettext_lazy("Sorting"), ["category", "service", "impact", "urgency"])]
    importable = False

    def actions(self, obj: QuickTicket, actor: Actor) -> list[dict[str, Any]]:
        if obj.archived or not can(actor, "ticket.add"):
            return []
        return [{"label": _("Open it for…"), "url": self.url(obj, "open"), "icon": "bolt", "primary": True}]

    def more_urls(self) -> list[Any]:
        return rule_pages.quick_urls


@transaction.atomic
def pause_rule(rule: Rule, *, actor: Actor, paused: bool) -> Rule:
    """Stop asking a rule, or ask it again."""
    require(actor, "rule.change", rule)
    if bool(rule.paused_at) == paused:
        raise ValidationError(_("It is paused already.") if paused else _("It is not paused."))
    rule.paused_at = timezone.now() if paused else None
    count_edit(rule)
    rule.save(update_fields=["paused_at", "updated_at"])
    publish(rule, "rule.paused" if paused else "rule.resumed", actor=actor)
    return rule


def _paused(obj: Any) -> str:
    return _("It is paused already.") if obj.paused_at else ""


def _running(obj: Any) -> str:
    return "" if obj.paused_at else _("It is not paused.")


def _active(obj: Any) -> str:
    return markup.state(_("paused"), "off") if obj.paused_at else markup.state(_("in use"), "ok")


PAUSED = Filter(
    "paused",
    gettext_lazy("State"),
    named(no=lambda: Q(paused_at=None), yes=lambda: Q(paused_at__isnull=False)),
    lambda: [("no", _("in use")), ("yes", _("paused"))],
)


@register
class RuleScreen(Screen):
    about = gettext_lazy("What is done by itself when something happens to a ticket, or when time goes by.")
    model = Rule
    icon, group = "settings", SETTINGS
    columns = [
        "name",
        "when",
        Column("position", pgettext_lazy("sequence", "Order"), lambda r: show(r.position),
               sort=("position",), css="num"),
        Column("paused_at", gettext_lazy("State"), _active, sort=("paused_at",),
               value=lambda r: "paused" if r.paused_at else "in use"),
        "looked_at",
    ]  # fmt: skip
    filters = ["when", PAUSED]
    fields = ["name", "when", "events", "every", "again", "all_of", "any_of", "steps", "position", "stops"]
    sections = [
        (gettext_lazy("When"), ["when", "events", "every", "again"]),
        (gettext_lazy("Conditions"), ["all_of", "any_of"]),
        (gettext_lazy("What is done"), ["steps"]),
        (pgettext_lazy("sequence", "Order"), ["position", "stops"]),
    ]
    order = ("position", "id")
    form = StepsForm
    importable = False
    acts = [
        Act("pause", gettext_lazy("Pause"), "player-pause", "rule.change",
            lambda r, c, a: pause_rule(r, actor=a, paused=True) and None, why_not=_paused),
        Act("resume", gettext_lazy("Resume"), "player-play", "rule.change",
            lambda r, c, a: pause_rule(r, actor=a, paused=False) and None, why_not=_running),
    ]  # fmt: skip

    def actions(self, obj: Rule, actor: Actor) -> list[dict[str, Any]]:
        return [{"label": _("Try it"), "url": self.url(obj, "trial"), "icon": "eye"}]

    def heading(self, obj: Rule) -> dict[str, Any]:
        return {"state": {"label": _("paused") if obj.paused_at else _("in use"),
                          "tone": "off" if obj.paused_at else "ok"}}  # fmt: skip

    def panels(self, obj: Rule, request: HttpRequest) -> list[Panel]:
        place = obj.organisation_id
        events = ", ".join(str(VERBS.get(verb, verb)) for verb in obj.events)
        every = _("every %(n)s minutes") % {"n": obj.every}
        rows = [(_("Asked when"), events if obj.when == Rule.When.EVENT else every)]
        rows += [(_("All of this"), text) for text in conditions.spoken(obj.all_of, place)]
        rows += [(_("And one of this"), text) for text in conditions.spoken(obj.any_of, place)]
        rows += [(_("Step %(n)s") % {"n": n}, text) for n, text in _numbered(steps.spoken(obj.steps, place))]
        firings = RuleFiring.objects.filter(rule=obj).select_related("ticket").order_by("-id")[:20]
        context = {"firings": list(firings), "of_ticket": False}
        return [
            Panel(self.singular, rows=rows),
            Panel(_("When it fired"), template="support/_firings.html", context=context),
        ]

    def more_urls(self) -> list[Any]:
        return rule_pages.rule_urls


class AssetForm(ActForm):
    asset = forms.ModelChoiceField(Asset.objects.order_by("name"), label=gettext_lazy("Asset"))


@register
class RecurrenceScreen(Screen):
    about = gettext_lazy(
        "Tickets that open by themselves by the calendar: backups to test, filters to clean."
    )
    model = Recurrence
    slug = "recurring-tickets"
    area, group, icon = "support", groups.READY, "refresh"
    columns = [
        "title",
        "every",
        "starts_on",
        "team",
        Column("paused_at", gettext_lazy("State"), _active, sort=("paused_at",),
               value=lambda r: "paused" if r.paused_at else "in use"),
    ]  # fmt: skip
    filters = ["every", "team", "category", PAUSED]
    fields = [
        "title", "text", "kind", "requester", "team", "tasks", "category", "service", "impact", "urgency",
        "interval", "every", "weekdays", "nth", "day", "month", "shift", "starts_on", "ends_on",
    ]  # fmt: skip
    sections = [
        (gettext_lazy("Sorting"), ["category", "service", "impact", "urgency"]),
        (gettext_lazy("Calendar"),
         ["interval", "every", "weekdays", "nth", "day", "month", "shift", "starts_on", "ends_on"]),
    ]  # fmt: skip
    identity = ("title",)
    importable = False
    acts = [
        Act("pause", gettext_lazy("Pause"), "player-pause", "recurrence.change",
            lambda r, c, a: pause(r, actor=a) and None, why_not=_paused),
        Act("resume", gettext_lazy("Resume"), "player-play", "recurrence.change",
            lambda r, c, a: resume(r, actor=a) and None, why_not=_running),
        Act("add_asset", gettext_lazy("Add an asset"), "plus", "recurrence.change",
            lambda r, c, a: set_asset(r, c["asset"], actor=a), AssetForm, many=False),
        Act("remove_asset", gettext_lazy("Remove an asset"), "x", "recurrence.change",
            lambda r, c, a: set_asset(r, c["asset"], actor=a, there=False), AssetForm, many=False),
    ]  # fmt: skip

    def panels(self, obj: Recurrence, request: HttpRequest) -> list[Panel]:
        days = [] if obj.paused_at else next_days(obj)
        told = [(n, _day(one)) for n, one in enumerate(days, 1)]
        assets = [
            (_("Asset"), link_to(row.asset)) for row in obj.assets.select_related("asset").order_by("id")
        ]
        runs = obj.runs.select_related("ticket").order_by("-day")[:12]
        made = [(show(run.day), link_to(run.ticket)) for run in runs]
        return [
            Panel(self.singular, rows=[*self.facts(obj, self.form_fields), *assets]),
            Panel(_("Next days"), rows=told, side=True),
            Panel(_("Tickets opened"), rows=made, side=True),
        ]


def _day(one: Any) -> str:
    if one.day == one.nominal:
        return show(one.day)
    moved = _("instead of")
    return markup.joined([show(one.day), moved, show(one.nominal)], " ")


def _approve(approval: Approval, cleaned: dict[str, Any], actor: Actor) -> None:
    decide(approval, True, actor=actor, comment=cleaned["comment"])


def _refuse(approval: Approval, cleaned: dict[str, Any], actor: Actor) -> None:
    decide(approval, False, actor=actor, comment=cleaned["comment"])


def _withdraw(approval: Approval, cleaned: dict[str, Any], actor: Actor) -> None:
    withdraw(approval, actor=actor)


def _decided(approval: Approval) -> str:
    if approval.state == Approval.State.ASKED:
        return ""
    return _("It is decided already: %(state)s.") % {"state": approval.get_state_display()}


DECISIONS = {"asked": "warn", "approved": "ok", "refused": "bad", "withdrawn": "off"}


@register
class ApprovalScreen(Screen):
    about = gettext_lazy(
        "The approvals asked for requests and changes. They are asked on the page of a ticket."
    )
    model = Approval
    area, group, icon = "support", groups.WORK, "user-check"
    columns = [
        Column("ticket", gettext_lazy("Ticket"), lambda a: markup.titled(a.ticket.title, a.ticket.reference),
               related=("ticket",), value=lambda a: str(a.ticket)),
        "approver",
        Column("state", gettext_lazy("Decision"),
               lambda a: markup.state(a.get_state_display(), DECISIONS[a.state]), sort=("state",),
               value=lambda a: a.state),
        "asked_at",
        "decided_at",
    ]  # fmt: skip
    filters = ["state", "account", "asked_at"]
    search = ["approver", "question", "ticket__title"]
    fields = ["question"]
    identity = ("approver",)
    order = (F("asked_at").desc(), F("id").desc())
    related = ["ticket", "person"]
    adds = changes = deletes = importable = False
    annexed = searchable = False
    acts = [
        Act("approve", gettext_lazy("Approve"), "check", "approval.decide", _approve, work_forms.DecideForm,
            why_not=_decided, many=False, primary=True),
        Act("refuse", gettext_lazy("Refuse"), "x", "approval.decide", _refuse, work_forms.DecideForm,
            why_not=_decided, many=False),
        Act("withdraw", gettext_lazy("No longer ask"), "arrow-back-up", "ticket.approval", _withdraw,
            why_not=_decided, many=False),
    ]  # fmt: skip

    def panels(self, obj: Approval, request: HttpRequest) -> list[Panel]:
        names = ["ticket", "approver", "question", "state", "asked_by", "asked_at", "decided_at", "comment"]
        rows = self.facts(obj, names)
        if obj.state == Approval.State.ASKED and may_decide(obj, request.actor):  # type: ignore[attr-defined]
            rows.append((_("You"), _("This decision is yours.")))
        return [Panel(self.singular, rows=rows)]
