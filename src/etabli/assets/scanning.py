"""From what a scanner reads to the asset; and the basket where somebody collects several of them."""

import re

from django.db import transaction
from django.db.models import Q, QuerySet

from etabli.kernel.actors import Actor, can, require
from etabli.kernel.externalids import ExternalId
from etabli.kernel.tenancy import visible

from . import codes
from .models import Asset, BasketItem

LONGEST = 200
MOST = 10
# What a scanner set to a US keyboard types on a French one, key by key (unshifted and shifted).
FRENCH = "&é\"'(-è_çà)aqzwAQZW;:!?,M§"
UNITED_STATES = "1234567890-qawzQAWZ,./Mm:?"
_as_us = str.maketrans(FRENCH, UNITED_STATES)
LENOVO = re.compile(r"^1S[A-Z0-9]{10}([A-Z0-9]{8})$")


def cleaned(code: str) -> str:
    """A code as a scanner sends it, without the separators around it."""
    return "".join(c for c in code if c.isprintable()).strip()[:LONGEST]


def readings(code: str) -> list[str]:
    """The texts a code may stand for, the likeliest first.

    Makers put an identifier before the serial number (ANSI MH10.8.2: “S”; Lenovo: “1S”, model, serial), and a
    scanner may be set to another keyboard than the computer's.
    """
    upper = code.upper()
    found = [code, upper]
    if lenovo := LENOVO.match(upper):
        found.append(lenovo[1])
    if len(upper) > 4 and upper.startswith("S"):
        found.append(upper[1:])
    found += [code.translate(_as_us), code.translate(_as_us).upper()]
    return [one for one in dict.fromkeys(found) if one]


def find(code: str, *, actor: Actor, host: str = "", organisation: int | None = None) -> list[Asset]:
    """The assets a code names, those of its likeliest reading only; several when it is ambiguous.

    Asked in order: the address in a QR code, the asset tag, the serial number, the UUID, the identifier that
    another tool gave it.
    """
    code = cleaned(code)
    rows = _rows(actor, organisation)
    number = codes.asset_in(code, host)
    if number is not None:
        return list(rows.filter(pk=number))
    texts = readings(code)
    if not texts or "://" in code:
        return []
    named = Q(tag__in=texts) & ~Q(tag="") | Q(serial__in=texts) | Q(uuid__in=[t.lower() for t in texts])
    found = list(rows.filter(named).order_by("pk")[: MOST * len(texts)])
    return (_likeliest(found, texts) or _called_elsewhere(rows, texts))[:MOST]


def _called_elsewhere(rows: QuerySet[Asset], texts: list[str]) -> list[Asset]:
    """Those that another tool, from which they were imported, calls so."""
    named = ExternalId.objects.filter(noun="asset", external__in=texts, organisation__in=visible())
    return list(rows.filter(pk__in=named.values("object_id")).order_by("pk")[:MOST])


def _rows(actor: Actor, organisation: int | None) -> QuerySet[Asset]:
    places = [o for o in visible() if can(actor, "asset.view", o) and organisation in (None, o)]
    rows = Asset.objects.filter(organisation__in=places)
    return rows.select_related("kind", "model", "person", "site", "room")


def _likeliest(found: list[Asset], texts: list[str]) -> list[Asset]:
    for text in texts:
        for name in ("tag", "serial", "uuid"):
            wanted = text.lower() if name == "uuid" else text
            if these := [a for a in found if getattr(a, name) == wanted]:
                return these
    return []


def basket_of(actor: Actor) -> QuerySet[BasketItem]:
    """What this person scanned and kept, the latest first."""
    places = [o for o in visible() if can(actor, "asset.view", o)]
    rows = BasketItem.objects.filter(account_id=actor.account_id or 0, organisation__in=places)
    return rows.select_related("asset__kind", "asset__model", "asset__site", "asset__room").order_by("-pk")


@transaction.atomic
def keep(asset: Asset, *, actor: Actor) -> bool:
    """Put an asset in one's basket; whether it was not there yet. One's own list: no event."""
    require(actor, "asset.view", asset)
    _item, new = BasketItem.objects.get_or_create(
        account_id=actor.account_id or 0,
        asset=asset,
        defaults={"organisation_id": asset.organisation_id},
    )
    return new


def drop(pks: list[int] | None, *, actor: Actor) -> int:
    """Take items (ids) out of one's basket, or all of them; how many went."""
    rows = BasketItem.objects.filter(account_id=actor.account_id or 0, organisation__in=visible())
    gone, _kinds = (rows if pks is None else rows.filter(pk__in=pks)).delete()
    return gone
