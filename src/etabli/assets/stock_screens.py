"""What people see of the stock and of the licences."""

from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from etabli.kernel.actors import Actor, require
from etabli.kernel.events import publish
from etabli.kernel.screens import Act, Column, Filter, Panel, Screen, register
from etabli.kernel.screens.acts import ActForm
from etabli.kernel.screens.columns import show
from etabli.kernel.screens.filters import named
from etabli.kernel.screens.forms import NounForm
from etabli.kernel.screens.history import name_act
from etabli.kernel.secrets import MASK
from etabli.people.placed import PlacedForm, followers
from etabli.web import markup

from .filters import SOON
from .life_forms import text
from .models import Licence, StockItem
from .stock import end_of

name_act("licence.key_read", gettext_noop("Product key read"), "warn")
followers["room"].append(StockItem)
PURCHASE = (gettext_lazy("Purchase"), ["supplier", "order_number", "bought_on", "price"])


def quantity_cell(item: StockItem) -> str:
    """Red when it is to be ordered again; the minimum beside it says why."""
    if not item.low:
        return show(item.quantity)
    return markup.tinted(
        _("%(n)s of at least %(least)s") % {"n": item.quantity, "least": item.minimum}, "bad"
    )


@register
class StockItemScreen(Screen):
    """Accessories, consumables and components."""

    about = gettext_lazy(
        "What is kept in number rather than one by one: accessories, consumables, components."
    )
    model = StockItem
    slug = "stock-items"
    area, icon = "fleet", "package"
    columns = [
        "name",
        "family",
        "category",
        Column("quantity", gettext_lazy("Quantity"), quantity_cell, sort=("quantity",), css="num"),
        Column(
            "site",
            gettext_lazy("Place"),
            lambda i: markup.joined([i.site, i.room]) if i.site_id else markup.NOTHING,
            related=("site", "room"),
            css="m p-hide",
        ),
        "manufacturer",
        "supplier",
    ]
    filters = [
        "family",
        Filter(
            "stock",
            gettext_lazy("Stock"),
            named(low=lambda: Q(quantity__lt=F("minimum")), none=lambda: Q(quantity=0)),
            lambda: [("low", _("under the minimum")), ("none", _("none left"))],
        ),
        "category",
        "manufacturer",
        "site",
    ]
    search = ["category", "manufacturer__name", "model_number", "item_number", "serial", "supplier"]
    fields = [
        "name", "family", "category", "manufacturer", "model_number", "item_number", "serial", "quantity",
        "minimum", "site", "room", "supplier", "order_number", "bought_on", "price", "remarks",
    ]  # fmt: skip
    sections = [
        (gettext_lazy("Where"), ["site", "room"]),
        PURCHASE,
        (gettext_lazy("Remarks"), ["remarks"]),
    ]
    identity = ("serial", "name")
    related = ["manufacturer", "site", "room"]
    form = PlacedForm

    def heading(self, obj: StockItem) -> dict[str, Any]:
        if not obj.low:
            return {}
        return {"state": {"label": _("to be ordered again"), "tone": "bad"}}


class LicenceForm(NounForm):
    """Keeps the end of a new key beside it."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        key = cleaned.get("product_key")
        if key and str(key) != MASK:
            self.instance.key_end = end_of(key)
        return cleaned


class KeyForm(ActForm):
    reason = text(gettext_lazy("Reason"), required=True)


@transaction.atomic
def read_key(licence: Licence, *, actor: Actor, reason: str) -> str:
    """The product key in clear; an event tells who read it and why. Raises ``KeyMissing``."""
    require(actor, "licence.read_key", licence)
    key = licence.product_key.unseal()
    publish(licence, "licence.key_read", actor=actor, extra={"reason": reason, "text": reason})
    return key


def _shown(licence: Licence, cleaned: dict[str, Any], actor: Actor) -> HttpResponse:
    """Alone in its answer, which nothing keeps."""
    key = read_key(licence, actor=actor, reason=cleaned["reason"])
    return HttpResponse(key, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"})


def expiry_cell(licence: Licence) -> str:
    day: date | None = licence.expires_on
    if day is None:
        return markup.NOTHING
    today = timezone.localdate()
    return markup.tinted(show(day), "bad" if day < today else "warn" if day < today + SOON else "")


@register
class LicenceScreen(Screen):
    """Licences of programs, with how many seats and until when."""

    about = gettext_lazy("Licences of programs: how many seats, until when, with the key kept encrypted.")
    model = Licence
    area, icon = "fleet", "certificate"
    columns = [
        "name",
        "manufacturer",
        Column("seats", gettext_lazy("Seats"), lambda x: show(x.seats), sort=("seats",), css="num"),
        Column("product_key", gettext_lazy("Product key"), lambda x: show(x.shown_key), css="mono p-hide"),
        Column("expires_on", gettext_lazy("Expires on"), expiry_cell, sort=("expires_on",)),
        "licensed_to",
    ]
    filters = ["manufacturer", "category", "expires_on", "reassignable", "maintained"]
    search = ["manufacturer__name", "category", "key_end", "licensed_to", "licensed_email", "supplier"]
    fields = [
        "name", "manufacturer", "category", "product_key", "seats", "reassignable", "expires_on",
        "maintained", "licensed_to", "licensed_email", "supplier", "order_number", "purchase_order",
        "bought_on", "price", "remarks",
    ]  # fmt: skip
    sections = [
        (gettext_lazy("In whose name"), ["licensed_to", "licensed_email"]),
        (PURCHASE[0], [*PURCHASE[1], "purchase_order"]),
        (gettext_lazy("Remarks"), ["remarks"]),
    ]
    identity = ("product_key", "name")
    related = ["manufacturer"]
    form = LicenceForm
    acts = [
        Act(
            "read-key",
            gettext_lazy("Read the product key"),
            "key",
            "licence.read_key",
            _shown,
            KeyForm,
            why_not=lambda licence: "" if licence.product_key else _("No product key is kept here."),
            text=gettext_lazy("The reading is written down, with its reason."),
            many=False,
        )
    ]

    def panels(self, obj: Licence, request: HttpRequest) -> list[Panel]:
        """Its facts, with as much of the key as may be seen."""
        names = [name for name in self.form_fields if name != "product_key"]
        facts = self.facts(obj, names)
        return [Panel(self.singular, rows=[*facts[:3], (_("Product key"), show(obj.shown_key)), *facts[3:]])]
