"""What people see of the agents: who reports, since when, how often and why, and what is wrong."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.db.models import Avg, Count, Max, Q, QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from etabli.assets import groups
from etabli.kernel import preferences
from etabli.kernel.actors import Actor, can
from etabli.kernel.screens import Act, Column, Figure, Filter, Panel, Screen, register
from etabli.kernel.screens.acts import ActForm
from etabli.kernel.screens.columns import DASH, link_to, show
from etabli.kernel.screens.counting import remembered, scope_of
from etabli.kernel.screens.filters import named
from etabli.kernel.screens.history import name_act
from etabli.kernel.tenancy import visible
from etabli.web import markup

from . import agents, cadences, versions, watching
from .models import Agent
from .separating import SEPARATE

name_act("agent.asked", gettext_noop("Inventory asked soon"))
KINDS = {"contact": gettext_noop("contact"), "inventory": gettext_noop("inventory")}
LATEST = 20


class CadenceForm(ActForm):
    """How often this agent sends an inventory."""

    hours = forms.IntegerField(
        label=gettext_lazy("Hours between two inventories"),
        min_value=1,
        max_value=720,
        required=False,
        help_text=gettext_lazy("Empty: as its enrolment key or its organisation says."),
    )


ACTS = [
    Act(
        "soon",
        gettext_lazy("Inventory soon"),
        "clock",
        "agent.change",
        lambda agent, _cleaned, actor: agents.ask_soon(agent, actor=actor) and None,
        text=gettext_lazy(
            "Agents come by themselves: the next contact sends an inventory, whenever the last one was."
        ),
        why_not=lambda agent: _("An inventory was already asked.") if agent.soon_at else "",
        primary=True,
    ),
    Act(
        "cadence",
        gettext_lazy("Set the cadence"),
        "calendar",
        "agent.change",
        lambda agent, cleaned, actor: (
            agents.set_cadence(agent, hours=cleaned.get("hours"), actor=actor) and None
        ),
        form=CadenceForm,
        text=gettext_lazy("It holds from the next contact."),
    ),
    Act(
        "forget",
        gettext_lazy("Forget"),
        "trash",
        "agent.delete",
        lambda agent, _cleaned, actor: agents.forget(agent, actor=actor) or reverse("agent-list"),
        text=gettext_lazy(
            "The agent leaves the list; its inventories and its asset stay. It comes back if it "
            "reports again."
        ),
        danger=True,
    ),
]


def seen_cell(agent: Agent) -> str:
    now = timezone.now()
    label = _("%(time)s ago") % {"time": timesince(agent.seen_at, now, depth=1)}
    late = agent.expected_at is not None and agent.expected_at < now
    return markup.state(label, "warn" if late else "ok", plain=True)


def doubt_cell(agent: Agent) -> str:
    return markup.state(agent.get_doubt_display(), "warn") if agent.doubt else DASH


@register
class AgentScreen(Screen):
    """The programs that report for the machines, and how well they do."""

    about = gettext_lazy("The programs that report for the machines.")
    model = Agent
    annexed = False
    area, icon = "fleet", "robot"
    group = groups.AUTOMATIC
    columns = [
        Column("deviceid", gettext_lazy("Agent"), lambda a: format_html("<b>{}</b>", a.deviceid)),
        Column("asset", gettext_lazy("Asset"), lambda a: link_to(a.asset), related=("asset",), css="q"),
        Column("name", gettext_lazy("Program"), lambda a: markup.joined([a.name, a.version]), css="m"),
        Column("seen_at", gettext_lazy("Last contact"), seen_cell, sort=("seen_at",)),
        Column(
            "expected_at",
            gettext_lazy("Expected before"),
            lambda a: show(a.expected_at),
            sort=("expected_at",),
            css="m p-hide",
            shown=False,
        ),
        Column("doubt", gettext_lazy("Doubt"), doubt_cell, css="p-hide"),
        Column(
            "enrolment",
            gettext_lazy("Enrolment key"),
            lambda a: show(a.enrolment),
            related=("enrolment",),
            css="m p-hide",
        ),
        Column("tag", gettext_lazy("Tag"), lambda a: show(a.tag), css="m p-hide"),
        Column("address", gettext_lazy("Address"), lambda a: show(a.address), css="m p-hide"),
    ]
    filters = [
        Filter(
            "contact",
            gettext_lazy("Contact"),
            named(
                silent=lambda: watching.silent(visible(), timezone.now()),
                late=lambda: Q(expected_at__lt=timezone.now()),
                asked=lambda: Q(soon_at__isnull=False),
            ),
            lambda: [
                ("silent", _("silent for too long")),
                ("late", _("later than expected")),
                ("asked", _("inventory asked")),
            ],
        ),
        "doubt",
        Filter(
            "age",
            gettext_lazy("Version"),
            named(outdated=lambda: versions.condition(visible())),
            lambda: [("outdated", _("out of date"))],
        ),
        "enrolment",
        "name",
        "version",
        "tag",
    ]
    order = ["-seen_at"]
    search = ["deviceid", "uuid", "tag", "address", "asset__name"]
    fields = ["deviceid", "uuid", "name", "version", "user_agent", "tag", "address", "proxies"]
    acts = [*ACTS, SEPARATE]
    adds = changes = deletes = importable = searchable = False

    def list_actions(self, actor: Actor) -> list[dict[str, Any]]:
        if not can(actor, "ruleorder.view"):
            return []
        return [{"label": _("Recognition rules"), "url": reverse("recognition"), "icon": "list-details"}]

    def figures(self, rows: QuerySet[Any], actor: Actor) -> Sequence[Figure]:
        """Silent, out of date, doubtful: a count each, by its index; of many agents some seconds old."""
        counts = remembered(
            ("agents", *scope_of(actor)), lambda: _counts(rows), rows=lambda found: found["total"]
        )
        url, days = (
            self.list_url,
            {int(str(d)) for d in versions.settings_of(watching.SILENT, visible()).values()},
        )
        longer = _("more than %(days)s days") % {"days": days.pop()} if len(days) == 1 else ""
        figures = [
            (_("Agents"), "total", url, "", ""),
            (_("Silent"), "silent", f"{url}?contact=silent", "warn", longer),
            (_("Versions out of date"), "outdated", f"{url}?age=outdated", "warn", ""),
            (_("To look at"), "doubtful", f"{url}?{_doubts()}", "warn", _("replaced or copied")),
        ]
        return [
            Figure(label, counts[key], address, tone if counts[key] else "", detail)
            for label, key, address, tone, detail in figures
        ]

    def heading(self, obj: Agent) -> dict[str, Any]:
        now = timezone.now()
        quiet = Agent.objects.filter(watching.silent([obj.organisation_id], now), pk=obj.pk).exists()
        late = obj.expected_at is not None and obj.expected_at < now
        label = _("silent") if quiet else _("late") if late else _("in contact")
        alerts = [{"tone": "warn", "text": obj.doubt_reason}] if obj.doubt else []
        told = versions.minimums(str(preferences.get(versions.SETTING, obj.organisation_id)))
        if old := versions.outdated(obj.name, obj.version, told):
            alerts.append({"tone": "warn", "text": old})
        return {"state": {"label": label, "tone": "warn" if quiet or late else "ok"}, "alerts": alerts}

    def panels(self, obj: Agent, request: HttpRequest) -> list[Panel]:
        contact = [
            (_("Cadence"), cadences.why(obj, timezone.now())),
            (_("Last contact"), show(obj.seen_at)),
            (_("Expected before"), show(obj.expected_at)),
            (_("Last inventory"), show(obj.inventoried_at)),
            (_("Inventory asked on"), show(obj.soon_at)),
        ]
        facts = [
            *self.facts(obj, self.fields),
            (_("Asset"), link_to(obj.asset)),
            (_("Enrolment key"), link_to(obj.enrolment)),
            (_("First contact"), show(obj.first_seen_at)),
            (_("Tasks"), show(obj.tasks)),
        ]
        return [
            Panel(_("Contacts"), rows=contact),
            *_documents(obj),
            Panel(_("Latest contacts"), template="assets/_table.html", context=_contacts(obj)),
            Panel(self.singular, rows=facts, side=True),
        ]


def _counts(rows: QuerySet[Any]) -> dict[str, int]:
    places, now = visible(), timezone.now()
    return rows.aggregate(
        total=Count("pk"),
        silent=Count("pk", filter=watching.silent(places, now)),
        outdated=Count("pk", filter=versions.condition(places)),
        doubtful=Count("pk", filter=~Q(doubt="")),
    )


def _doubts() -> str:
    return "&".join(f"doubt={value}" for value in Agent.Doubt.values)


def _documents(agent: Agent) -> list[Panel]:
    """The last inventories with their decision, size, reading time and warnings; two queries."""
    latest = agent.documents.order_by("-pk")
    rows = [
        (
            show(one.received_at),
            format_html(
                '<a href="{}">{}</a> · {}{}',
                reverse("document-detail", args=[one.pk]),
                one.get_decision_display() or one.get_state_display(),
                one.reason,
                _warned(one.warnings),
            ),
        )
        for one in latest.defer("content", "headers")[:LATEST]
    ]
    told = agent.documents.filter(pk__in=latest.values("pk")[:LATEST]).aggregate(
        size=Avg("size"), took=Avg("took_ms"), longest=Max("took_ms")
    )
    last = latest.values_list("size", "took_ms").first()
    sizes = [
        (_("Last document"), filesizeformat(last[0]) if last else ""),
        (_("On average"), filesizeformat(told["size"]) if told["size"] else ""),
        (_("Reading time of the last"), _ms(last[1] if last else None)),
        (_("On average"), _ms(told["took"])),
        (_("The longest"), _ms(told["longest"])),
    ]
    title = _("Sizes and times of the last %(n)s") % {"n": LATEST}
    return [Panel(_("Last inventories"), rows=rows), Panel(title, rows=sizes, side=True)]


def _warned(warnings: list[dict[str, str]]) -> str:
    """The first warnings of a document, in words."""
    told = list(dict.fromkeys(f"{one['path']} : {_(one['reason'])}" for one in warnings))
    if not told:
        return ""
    more = f" (+{len(told) - 2})" if len(told) > 2 else ""
    return format_html('<br><small class="mute">{}{}</small>', " · ".join(told[:2]), more)


def _ms(value: float | None) -> str:
    return _("%(n)s ms") % {"n": round(value)} if value is not None else ""


def _contacts(agent: Agent) -> dict[str, Any]:
    told = (one.split(" ", 2) for one in agent.contacts)
    rows = [
        [show(datetime.fromtimestamp(int(seconds), UTC)), _(KINDS.get(kind, kind)), show(address.strip("-"))]
        for seconds, kind, address in told
    ]
    return {"header": [_("When"), _("What"), _("From")], "rows": rows}
