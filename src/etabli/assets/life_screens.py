"""What people see of loans, bookings, kits and slips."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel.actors import Actor, can
from etabli.kernel.screens import Act, Column, Filter, Panel, Screen, register, registry
from etabli.kernel.screens.beside import beside
from etabli.kernel.screens.columns import link_to, show
from etabli.kernel.screens.filters import named
from etabli.people.models import Person
from etabli.web import markup

from . import booking_pages, groups, holding, kitting, life_forms, life_pages, slip_pages
from .life_acts import KIT_ACTS, LOAN_ACTS, SLIP_ACTS, slip_waiting
from .models import Assignment, Booking, Kit, KitItem, Loan, Pool, Slip


def loan_state(loan: Loan) -> str:
    if loan.returned_on:
        return markup.state(loan.get_outcome_display() or _("returned"), "off")
    return markup.state(_("late"), "bad") if loan.late else markup.state(_("on loan"), "info")


@register
class LoanScreen(Screen):
    about = gettext_lazy(
        "What is lent, to whom, until when. A loan begins on the page of an asset or of a kit."
    )
    model = Loan
    area, icon = "fleet", "calendar-event"
    group = groups.LOANS
    columns = [
        Column(
            "asset", gettext_lazy("Asset"), lambda x: markup.titled(x.asset, x.purpose), related=("asset",)
        ),
        Column("person", gettext_lazy("Borrower"), lambda x: show(x.person), related=("person",)),
        Column(
            "lent_on", gettext_lazy("Lent on"), lambda x: show(x.lent_on), sort=("lent_on",), css="m p-hide"
        ),
        Column("due_on", gettext_lazy("Due on"), lambda x: show(x.due_on), sort=("due_on",), css="m p-label"),
        Column("outcome", gettext_lazy("State"), loan_state, css="p-end"),
        Column("returned_on", gettext_lazy("Returned on"), lambda x: show(x.returned_on), css="m p-hide"),
    ]
    filters = [
        Filter(
            "state",
            gettext_lazy("State"),
            named(
                open=lambda: Q(returned_on=None),
                late=lambda: Q(returned_on=None, due_on__lt=timezone.localdate()),
                over=lambda: Q(returned_on__isnull=False),
            ),
            lambda: [("open", _("on loan")), ("late", _("late")), ("over", _("over"))],
        ),
        "due_on",
    ]
    fields = [
        "asset", "person", "kit", "lent_on", "due_on", "returned_on", "outcome", "purpose", "accessories",
        "condition_out", "condition_back", "lender",
    ]  # fmt: skip
    order = ["-id"]
    acts = LOAN_ACTS
    adds = changes = deletes = importable = searchable = annexed = False
    related = ["asset", "person"]

    def actions(self, obj: Loan, actor: Actor) -> list[dict[str, Any]]:
        return [{"label": _("Calendar file"), "url": reverse("loan-file", args=[obj.pk]), "icon": "calendar"}]

    def heading(self, obj: Loan) -> dict[str, Any]:
        if obj.late:
            return {"state": {"label": _("late"), "tone": "bad"}}
        label, tone = (_("returned"), "off") if obj.returned_on else (_("on loan"), "info")
        return {"state": {"label": obj.get_outcome_display() or label, "tone": tone}}


@register
class AssignmentScreen(Screen):
    about = gettext_lazy("Who and where each asset was, and when: written by itself as assets change hands.")
    model = Assignment
    area, icon = "fleet", "history"
    columns = ["asset", "person", "site", "room", "since", "until", "by", "reason"]
    filters = ["since", "until"]
    fields = ["asset", "person", "site", "room", "parent", "since", "until", "by", "reason"]
    order = ["-id"]
    adds = changes = deletes = importable = searchable = annexed = listed = undoable = False


@register
class PoolScreen(Screen):
    about = gettext_lazy("Sets of assets and kits that are lent: laptops on loan, projectors.")
    model = Pool
    area, icon = "fleet", "stack-2"
    group = groups.LOANS
    columns = ["name", "site"]

    def panels(self, obj: Pool, request: HttpRequest) -> list[Panel]:
        assets = obj.assets.select_related("kind").order_by("name")[:100]
        rows: list[tuple[Any, Any]] = [
            (link_to(a), markup.joined([a.kind, a.get_state_display()])) for a in assets
        ]
        rows += [(link_to(kit), _("Kit")) for kit in obj.kits.order_by("name")[:50]]
        month = f"{reverse('booking-calendar')}?pool={obj.pk}"
        return [
            Panel(_("In this pool"), rows=rows, more_url=month),
            Panel(self.singular, rows=self.facts(obj, self.form_fields), side=True),
        ]


@register
class KitScreen(Screen):
    about = gettext_lazy(
        "Things that go together, handed over in one act: a laptop, its dock and its screen."
    )
    model = Kit
    area, icon = "fleet", "basket"
    group = groups.LOANS
    columns = ["name", "pool"]
    filters = ["pool"]
    acts = KIT_ACTS

    def heading(self, obj: Kit) -> dict[str, Any]:
        found = kitting.parts(obj)
        missing = [part.missing for part in found if part.missing]
        if not found:
            return {"state": {"label": _("empty"), "tone": "off"}}
        if missing:
            text = _("The kit is incomplete. Missing: %(missing)s.") % {"missing": " ; ".join(missing)}
            return {
                "state": {"label": _("incomplete"), "tone": "warn"},
                "alerts": [{"tone": "warn", "text": text}],
            }
        return {"state": {"label": _("complete"), "tone": "ok"}}

    def panels(self, obj: Kit, request: HttpRequest) -> list[Panel]:
        rows = [(self._item(part.item), link_to(part.asset)) for part in kitting.parts(obj)]
        add = f"{reverse('kititem-add')}?kit={obj.pk}&organisation={obj.organisation_id}"
        may_add = can(request.actor, "kititem.add", obj)  # type: ignore[attr-defined]
        return [
            Panel(_("Items"), rows=rows, more_url=add if may_add else "", more_label=_("Add an item")),
            Panel(self.singular, rows=self.facts(obj, self.form_fields), side=True),
        ]

    def _item(self, item: KitItem) -> str:
        label = item.asset.kind if item.asset else _("any %(model)s") % {"model": item.model}
        return format_html('<a href="{}">{}</a>', reverse("kititem-detail", args=[item.pk]), label)


@register
class KitItemScreen(Screen):
    about = gettext_lazy("What a kit is made of.")
    model = KitItem
    slug = "kit-items"
    area, icon = "fleet", "basket"
    columns = ["kit", "asset", "model"]
    filters = ["kit"]
    listed = searchable = annexed = importable = False


@register
class BookingScreen(Screen):
    about = gettext_lazy("Assets and kits of a loan pool kept for somebody; two bookings never overlap.")
    model = Booking
    area, icon = "fleet", "calendar"
    group = groups.LOANS
    columns = [
        Column(
            "asset",
            gettext_lazy("Booked"),
            lambda b: markup.titled(b.asset or b.kit, b.purpose),
            related=("asset", "kit"),
        ),
        Column("person", gettext_lazy("For"), lambda b: show(b.person), related=("person",)),
        Column(
            "starts_at",
            gettext_lazy("Start"),
            lambda b: show(b.starts_at),
            sort=("starts_at",),
            css="m p-label",
        ),
        Column("ends_at", gettext_lazy("End"), lambda b: show(b.ends_at), sort=("ends_at",), css="m p-label"),
    ]
    filters = [
        Filter(
            "when",
            gettext_lazy("When"),
            named(
                now=lambda: Q(starts_at__lte=timezone.now(), ends_at__gt=timezone.now()),
                coming=lambda: Q(ends_at__gt=timezone.now()),
                past=lambda: Q(ends_at__lte=timezone.now()),
            ),
            lambda: [("now", _("now")), ("coming", _("now and to come")), ("past", _("past"))],
        )
    ]
    fields = ["asset", "kit", "person", "starts_at", "ends_at", "purpose"]
    order = ["-starts_at", "-pk"]
    related = ["asset", "kit", "person"]
    importable = searchable = False

    def list_actions(self, actor: Actor) -> list[dict[str, Any]]:
        return [{"label": _("Month"), "url": reverse("booking-calendar"), "icon": "calendar"}]

    def actions(self, obj: Booking, actor: Actor) -> list[dict[str, Any]]:
        url = reverse("booking-file", args=[obj.pk])
        return [{"label": _("Calendar file"), "url": url, "icon": "calendar"}]

    def more_urls(self) -> list[Any]:
        return [path("bookings/calendar/", booking_pages.month, name="booking-calendar")]


def slip_state(slip: Slip) -> str:
    if slip.signed_at:
        return markup.state(_("signed"), "ok")
    return markup.state(_("to be signed"), "warn")


@register
class SlipScreen(Screen):
    about = gettext_lazy(
        "Hand-over and return slips: they begin with what changes hands, and never change once signed."
    )
    model = Slip
    area, icon = "fleet", "file-description"
    group = groups.LOANS
    columns = [
        Column(
            "person",
            gettext_lazy("Slip"),
            lambda s: markup.titled(s.person, markup.joined([s.get_kind_display(), s.reference])),
            related=("person",),
        ),
        Column("day", gettext_lazy("Date"), lambda s: show(s.day), sort=("day",), css="m p-hide"),
        Column("lines", gettext_lazy("Items"), lambda s: show([x["name"] for x in s.lines]), css="m q"),
        Column("signed_at", gettext_lazy("State"), slip_state, css="p-end"),
    ]
    filters = [
        "kind",
        Filter(
            "state",
            gettext_lazy("State"),
            named(signed=lambda: Q(signed_at__isnull=False), waiting=lambda: Q(signed_at=None)),
            lambda: [("waiting", _("to be signed")), ("signed", _("signed"))],
        ),
    ]
    fields = [
        "kind",
        "number",
        "person",
        "day",
        "due_on",
        "rules",
        "issued_by",
        "signed_at",
        "signed_name",
        "method",
    ]
    order = ["-id"]
    acts = SLIP_ACTS
    related = ["person"]
    adds = changes = deletes = importable = annexed = searchable = undoable = False

    def heading(self, obj: Slip) -> dict[str, Any]:
        label, tone = (_("signed"), "ok") if obj.signed_at else (_("to be signed"), "warn")
        return {"state": {"label": label, "tone": tone}}

    def actions(self, obj: Slip, actor: Actor) -> list[dict[str, Any]]:
        return [{"label": _("PDF"), "url": reverse("slip-pdf", args=[obj.pk]), "icon": "printer"}]

    def panels(self, obj: Slip, request: HttpRequest) -> list[Panel]:
        return slip_pages.panels(self, obj, request)

    def more_urls(self) -> list[Any]:
        return [path("slips/<int:pk>/pdf/", slip_pages.pdf_page, {"screen": self}, name="slip-pdf")]


# -- on the page of a person
def _holds_nothing(person: Person) -> str:
    return "" if holding.held_by(person).exists() else _("Nothing is in the hands of this person.")


def _take_all(person: Person, cleaned: dict[str, Any], actor: Actor) -> str | None:
    told = {name: cleaned[name] for name in ("on", "condition") if cleaned.get(name)}
    kitting.take_all(person, actor=actor, slip=bool(cleaned.get("slip")), **told)
    return slip_waiting(person.organisation_id, person, "return") if cleaned.get("slip") else None


registry[Person].acts = [
    *registry[Person].acts,
    Act(
        "take-back-all",
        gettext_lazy("Take everything back"),
        "arrow-back-up",
        "asset.take_back",
        _take_all,
        life_forms.ReturnForm,
        why_not=_holds_nothing,
        text=gettext_lazy("All that this person has goes back into stock; loans end; one slip lists it all."),
    ),
]
beside("person")(life_pages.person_panels)
