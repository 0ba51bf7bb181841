"""Agents, enrolment keys, and the inventories received with the reason of each decision."""

from dataclasses import replace
from typing import Any

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.assets.locks import give_told
from etabli.assets.pages import give_recognition, give_sections
from etabli.kernel.actors import Actor, can
from etabli.kernel.screens import Act, Column, Panel, Screen, register
from etabli.kernel.screens.acts import ActForm
from etabli.kernel.screens.columns import link_to, show
from etabli.web import markup

from . import enrolments, held, identity_pages, pages, splitting, uploads
from .models import Agent, Document, Enrolment

DECISION_TONES = {
    "created": "ok",
    "updated": "info",
    "unchanged": "off",
    "suggested": "warn",
    "refused": "bad",
}

give_sections(pages.section_list, pages.section_content)
give_recognition(identity_pages.panels)
give_told(held.told)


class SeparateForm(ActForm):
    """How the asset that is made is called; as the machine calls itself when nothing is written."""

    name = forms.CharField(label=gettext_lazy("Name of the new asset"), max_length=120, required=False)


def _separate(source: Agent | Document, cleaned: dict[str, Any], actor: Actor) -> str:
    new = splitting.separate(source, actor=actor, now=timezone.now(), name=cleaned.get("name") or "")
    return reverse("asset-detail", args=[new.pk])


def _no_asset(agent: Agent) -> str:
    return "" if agent.asset_id else _("This agent reports for no asset.")


def _not_alone(document: Document) -> str:
    if document.agent_id:
        return _("This inventory came from an agent: separate the agent from its asset.")
    return "" if document.asset_id and document.state == "read" else _("This inventory made no asset.")


SEPARATE = Act(
    "separate",
    gettext_lazy("Separate from its asset"),
    "git-branch",
    "asset.change",
    _separate,
    SeparateForm,
    why_not=_no_asset,
    text=gettext_lazy(
        "The machine becomes an asset of its own, with what it sent. No inventory makes the two one again. "
        "It can be undone."
    ),
    many=False,
)


@register
class AgentScreen(Screen):
    about = gettext_lazy("The programs that report for the machines.")
    model = Agent
    annexed = False
    area, icon = "fleet", "robot"
    columns = [
        Column("deviceid", gettext_lazy("Agent"), lambda a: format_html("<b>{}</b>", a.deviceid)),
        Column("asset", gettext_lazy("Asset"), lambda a: link_to(a.asset), related=("asset",), css="q"),
        Column("name", gettext_lazy("Program"), lambda a: markup.joined([a.name, a.version]), css="m"),
        Column(
            "seen_at",
            gettext_lazy("Last contact"),
            lambda a: markup.state(
                _("%(time)s ago") % {"time": timesince(a.seen_at, timezone.now(), depth=1)},
                "ok" if not a.expected_at or a.expected_at > timezone.now() else "warn",
                plain=True,
            ),
            sort=("seen_at",),
        ),
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
    filters = ["enrolment", "name", "tag"]
    order = ["-seen_at"]
    search = ["deviceid", "uuid", "tag", "address", "asset__name"]
    fields = ["deviceid", "uuid", "name", "version", "user_agent", "tag", "address", "proxies"]
    adds = changes = importable = searchable = False
    acts = [SEPARATE]

    def list_actions(self, actor: Actor) -> list[dict[str, Any]]:
        if not can(actor, "ruleorder.view"):
            return []
        return [{"label": _("Recognition rules"), "url": reverse("recognition"), "icon": "list-details"}]

    def panels(self, obj: Agent, request: HttpRequest) -> list[Panel]:
        latest = obj.documents.order_by("-id").select_related("asset")[:20]
        rows = [
            (
                show(d.received_at),
                format_html(
                    '<a href="{}">{}</a> · {}',
                    reverse("document-detail", args=[d.pk]),
                    d.get_decision_display() or d.get_state_display(),
                    d.reason,
                ),
            )
            for d in latest
        ]
        facts = [
            *self.facts(obj, self.fields),
            (_("Asset"), link_to(obj.asset)),
            (_("First contact"), show(obj.first_seen_at)),
            (_("Last contact"), show(obj.seen_at)),
            (_("Expected before"), show(obj.expected_at)),
            (_("Tasks"), show(obj.tasks)),
        ]
        return [Panel(_("Last inventories"), rows=rows), Panel(self.singular, rows=facts, side=True)]


@register
class EnrolmentScreen(Screen):
    about = gettext_lazy(
        "Keys that let machines report into an organisation, with the line to paste on them."
    )
    model = Enrolment
    area, icon = "fleet", "key"
    columns = ["name", "site", "expires_at", "revoked_at"]
    fields = ["name", "site", "expires_at"]
    template = "inventory/enrolment.html"
    importable = deletes = False

    def save(self, form: Any, actor: Actor, *, batch: Any = None) -> Any:
        if form.instance.pk:
            return super().save(form, actor, batch=batch)
        values = form.cleaned_data
        return enrolments.enrol(
            name=values["name"],
            organisation_id=form.organisation_id,
            site=values.get("site"),
            expires_at=values.get("expires_at"),
            actor=actor,
        )

    def heading(self, obj: Enrolment) -> dict[str, Any]:
        live = obj.revoked_at is None and (obj.expires_at is None or obj.expires_at > timezone.now())
        return {
            "state": {
                "label": _("live") if live else _("revoked or expired"),
                "tone": "ok" if live else "bad",
            },
            "live": live,
        }

    def actions(self, obj: Enrolment, actor: Actor) -> list[dict[str, Any]]:
        if obj.revoked_at or not can(actor, "enrolment.change", obj):
            return []
        return [
            {
                "label": _("Replace the key"),
                "url": reverse("enrolment-rotate", args=[obj.pk]),
                "icon": "refresh",
                "method": "post",
            },
            {
                "label": _("Revoke"),
                "url": reverse("enrolment-revoke", args=[obj.pk]),
                "icon": "ban",
                "method": "post",
                "danger": True,
            },
        ]

    def panels(self, obj: Enrolment, request: HttpRequest) -> list[Panel]:
        facts = [
            *self.facts(obj, self.fields),
            (_("OAuth2 client"), obj.client_id),
            (_("Machines"), show(obj.agents.count())),
        ]
        lines = pages.lines_to_paste(obj, request) if can(request.actor, "enrolment.change", obj) else []  # type: ignore[attr-defined]
        return [
            Panel(
                _("On a machine"),
                template="inventory/_lines.html",
                context={
                    "lines": lines,
                    "enrolment": obj,
                    "live_url": reverse("enrolment-live", args=[obj.pk]),
                    "count": obj.agents.count(),
                },
            ),
            Panel(self.singular, rows=facts, side=True),
        ]

    def more_urls(self) -> list[Any]:
        return pages.enrolment_urls


@register
class DocumentScreen(Screen):
    about = gettext_lazy("What machines sent, and what was understood of it.")
    model = Document
    annexed = False
    area, icon = "fleet", "file-description"
    columns = [
        Column(
            "received_at",
            gettext_lazy("Received on"),
            lambda d: format_html(
                "<b>{}</b>", timezone.localtime(d.received_at).strftime("%d/%m/%Y %H:%M:%S")
            ),
            sort=("received_at",),
        ),
        Column("source", gettext_lazy("From"), lambda d: show(d.source)),
        Column("asset", gettext_lazy("Asset"), lambda d: link_to(d.asset), related=("asset",)),
        Column(
            "decision",
            gettext_lazy("Decision"),
            lambda d: markup.state(
                d.get_decision_display() or d.get_state_display(), DECISION_TONES.get(d.decision, "off")
            ),
        ),
        Column("reason", gettext_lazy("Reason"), lambda d: show(d.reason), css="long p-hide"),
        Column(
            "warnings", gettext_lazy("Warnings"), lambda d: show(len(d.warnings) or None), css="num p-hide"
        ),
        Column("size", gettext_lazy("Size"), lambda d: show(d.size), css="num p-hide", shown=False),
    ]
    filters = ["state", "decision"]
    order = ["-id"]
    fields = ["source", "state", "decision", "reason", "size", "sha256", "partial", "attempts"]
    adds = changes = deletes = importable = searchable = False
    acts = [replace(SEPARATE, why_not=_not_alone)]
    template = "inventory/document.html"
    slug = "inventories"

    def heading(self, obj: Document) -> dict[str, Any]:
        return {
            "state": {
                "label": obj.get_decision_display() or obj.get_state_display(),
                "tone": DECISION_TONES.get(obj.decision, "off"),
            },
            "document": obj,
        }

    def panels(self, obj: Document, request: HttpRequest) -> list[Panel]:
        rows = [[show(w["path"]), show(w["value"]), show(_(w["reason"]))] for w in obj.warnings]
        header = [_("Where"), _("Value"), _("What was done")]
        return [
            Panel(
                _("Decision"),
                rows=[
                    (_("Asset"), link_to(obj.asset)),
                    (_("Why"), obj.reason),
                    (_("Agent"), link_to(obj.agent)),
                ],
            ),
            Panel(
                _("Warnings (%(n)s)") % {"n": len(rows)},
                template="assets/_table.html",
                context={"header": header, "rows": rows},
            ),
            Panel(self.singular, rows=self.facts(obj, self.fields), side=True),
        ]

    def list_actions(self, actor: Actor) -> list[dict[str, Any]]:
        if not can(actor, "document.add"):
            return []
        return [{"label": _("Bring documents"), "url": reverse("document-upload"), "icon": "upload"}]

    def more_urls(self) -> list[Any]:
        return [*pages.document_urls, *uploads.urls, *identity_pages.urls]
