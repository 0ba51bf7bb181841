"""The life of an asset on its page, and what a person holds on theirs."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from etabli.kernel.actors import can
from etabli.kernel.events import Event
from etabli.kernel.screens import Filter, Panel
from etabli.kernel.screens.columns import link_to, show
from etabli.kernel.screens.filters import named
from etabli.kernel.screens.history import described_events, short_time
from etabli.people.models import Person
from etabli.web import markup

from . import holding
from .life import GUARDS, MOVES, state_words
from .models import Asset, Booking, Loan, Slip

SOON = timedelta(days=30)
MONEY = ("price", "supplier", "order_number", "bought_on", "commissioned_on", "warranty_end")
SHOWN = 100


def life(asset: Asset, request: HttpRequest) -> Iterable[Panel]:
    """States with how long each lasted, holders, loans, bookings, and what changed of its purchase."""
    events = list(
        Event.objects.filter(
            organisation=asset.organisation_id,
            noun="asset",
            object_id=asset.pk,
            changes__has_any_keys=["state", *MONEY],
        ).order_by("-id")[:SHOWN]
    )
    yield _table(
        _("States"),
        [_("State"), _("Start"), _("End"), _("Length"), _("By"), _("Reason")],
        _states(asset, [e for e in reversed(events) if "state" in e.changes]),
    )
    yield _table(
        _("Holders and places"),
        [_("Person"), _("Place"), _("Start"), _("End"), _("By"), _("Reason")],
        _holders(asset),
    )
    yield _table(
        _("Loans"),
        [_("Borrower"), _("Lent on"), _("Due on"), _("Returned on"), _("Condition")],
        _loans(asset),
    )
    yield _table(_("Bookings to come"), [_("For"), _("Start"), _("End"), _("Purpose")], _bookings(asset))
    money = [e for e in events if any(name in e.changes and e.changes[name][0] for name in MONEY)]
    if money:
        yield Panel(
            _("Purchase, warranty and cost: what changed"),
            template="screens/_history.html",
            context={"events": described_events(money)},
        )
    yield Panel(_("Rules of its life"), rows=_rules(asset), side=True)


def _table(title: str, header: list[str], rows: list[list[Any]]) -> Panel:
    return Panel(title, template="assets/_table.html", context={"header": header, "rows": rows})


def _states(asset: Asset, events: list[Event]) -> list[list[Any]]:
    """One row for each stretch, the latest first."""
    spans: list[list[Any]] = []
    for event in events:
        day = _day(event)
        if spans:
            spans[-1][2] = day
        spans.append([event.changes["state"][1], day, None, event.actor, event.extra.get("text", "")])
    if not spans:
        spans = [[asset.state, asset.state_since, None, "", ""]]
    today = timezone.localdate()
    return [
        [state_words(state), show(since), show(until), _length(since, until or today), show(by), show(why)]
        for state, since, until, by, why in reversed(spans)
    ]


def _day(event: Event) -> date:
    told = event.extra.get("on") or (event.changes.get("state_since") or [None, None])[1]
    return date.fromisoformat(told) if told else timezone.localtime(event.at).date()


def _length(since: date | None, until: date) -> str:
    if since is None:
        return markup.NOTHING
    days = (until - since).days
    return ngettext("%(n)s day", "%(n)s days", days) % {"n": days}


def _holders(asset: Asset) -> list[list[Any]]:
    rows = asset.assignments.select_related("person", "site", "room", "parent").order_by("-id")[:SHOWN]
    return [
        [
            link_to(row.person),
            markup.joined([row.site, row.room, row.parent]) or markup.NOTHING,
            show(row.since),
            show(row.until),
            show(row.by),
            show(row.reason),
        ]
        for row in rows
    ]


def _loans(asset: Asset) -> list[list[Any]]:
    rows = asset.loans.select_related("person").order_by("-id")[:SHOWN]
    return [
        [
            format_html('<a href="{}">{}</a>', reverse("loan-detail", args=[row.pk]), row.person),
            show(row.lent_on),
            markup.tinted(show(row.due_on), "bad" if row.late else ""),
            show(row.returned_on),
            show(row.condition_back),
        ]
        for row in rows
    ]


def _bookings(asset: Asset) -> list[list[Any]]:
    rows = Booking.objects.filter(holds__asset=asset, ends_at__gt=timezone.now()).select_related("person")
    return [
        [link_to(row.person), show(row.starts_at), show(row.ends_at), show(row.purpose)]
        for row in rows.order_by("starts_at")[:SHOWN]
    ]


def _rules(asset: Asset) -> list[tuple[Any, Any]]:
    """What may follow, and the rules asked before."""
    open_moves = [move for move in MOVES.values() if asset.state in move.sources]
    targets = dict.fromkeys(str(Asset.State(m.target).label) for m in open_moves)
    rows: list[tuple[Any, Any]] = [(_("May become"), ", ".join(targets) or _("nothing: its life is over"))]
    names = {move.name for move in open_moves}
    return rows + [(_("Rule"), guard.rule) for guard in GUARDS.values() if names & set(guard.moves)]


def alerts(asset: Asset) -> list[dict[str, Any]]:
    """What is wrong now in its life; one query, and only when it is on loan."""
    if asset.state == "stolen":
        text = _(
            "Stolen: assess whether personal data was on it. A breach is notified within 72 hours "
            "(GDPR, article 33)."
        )
        return [{"tone": "bad", "text": text, "url": ""}]
    loan = holding.open_loan(asset) if asset.state == "on_loan" else None
    if loan is None:
        return []
    told = {"person": loan.person, "day": formats.date_format(loan.due_on, "j F Y")}
    text = _("On loan to %(person)s: due back on %(day)s.") % told
    return [
        {"tone": "bad" if loan.late else "info", "text": text, "url": reverse("loan-detail", args=[loan.pk])}
    ]


def person_panels(person: Person, request: Any) -> list[Panel]:
    """What somebody has, what they must give back and why, and their slips."""
    if not can(request.actor, "asset.view", person):
        return []
    assets = list(holding.held_by(person).select_related("kind", "model", "parent").order_by("name")[:SHOWN])
    loans = {
        loan.asset_id: loan
        for loan in Loan.objects.filter(organisation=person.organisation_id, person=person, returned_on=None)
    }
    made = []
    owed = [(asset, why) for asset in assets if (why := to_give_back(asset, person, loans.get(asset.pk)))]
    if owed:
        rows = [(link_to(asset), markup.tinted(why, "warn")) for asset, why in owed]
        made.append(Panel(_("To give back"), rows=rows))
    rows = [
        (link_to(asset), markup.joined([asset.kind, asset.model, _due(loans.get(asset.pk))]))
        for asset in assets
    ]
    made.append(Panel(_("Equipment"), rows=rows))
    slips = Slip.objects.filter(organisation=person.organisation_id, person=person).order_by("-id")[:8]
    signed = [
        (link_to_slip(slip), short_time(slip.signed_at) if slip.signed_at else _("to be signed"))
        for slip in slips
    ]
    if signed:
        made.append(Panel(_("Slips"), rows=signed, side=True))
    return made


def to_give_back(asset: Asset, person: Person, loan: Loan | None) -> str:
    """Why an asset must come back, or an empty text."""
    soon = timezone.localdate() + SOON
    if loan is not None and loan.late:
        return _("loan due on %(day)s") % {"day": formats.date_format(loan.due_on)}
    if person.left_on is not None and person.left_on <= soon:
        return _("leaves on %(day)s") % {"day": formats.date_format(person.left_on)}
    if asset.parent is not None and asset.parent.person_id != person.pk:
        return _("goes with %(asset)s, which they no longer have") % {"asset": asset.parent}
    return ""


def link_to_slip(slip: Slip) -> str:
    label = markup.joined([slip.get_kind_display(), slip.reference])
    return format_html('<a href="{}">{}</a>', reverse("slip-detail", args=[slip.pk]), label)


def _due(loan: Loan | None) -> str:
    return _("due on %(day)s") % {"day": formats.date_format(loan.due_on)} if loan else ""


def _leaving() -> Q:
    return Q(person__left_on__lte=timezone.localdate() + SOON)


HOLDER: Filter = Filter(
    "holder",
    gettext_lazy("Holder"),
    named(leaving=_leaving, nobody=lambda: Q(person=None), somebody=lambda: Q(person__isnull=False)),
    lambda: [
        ("leaving", _("left, or leaves within 30 days")),
        ("somebody", _("somebody")),
        ("nobody", _("nobody")),
    ],
)
