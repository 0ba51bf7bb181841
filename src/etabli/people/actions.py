"""Verbs about people, accounts and organisations."""

import secrets
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from etabli.kernel import calendars
from etabli.kernel.accounts import Account
from etabli.kernel.actors import Actor, require
from etabli.kernel.events import publish
from etabli.kernel.installation import require_installation
from etabli.kernel.organisations import Membership, Organisation, Role
from etabli.kernel.tenancy import opening, scope, the_organisation, visible

from . import communes
from .models import Person, Site

MAKER = Actor(account_id=None, label="Établi", source="system")


@transaction.atomic
def start_organisation(
    *, name: str, kind: str, actor: Actor, parent: Organisation | None = None, demo: bool = False, **more: Any
) -> Organisation:
    """Create an organisation with its working calendar and this year's and next year's public holidays."""
    if parent is None:
        require_installation(actor, "organisation.add")
    else:
        require(actor, "organisation.add", parent.pk)
    with opening():
        made = Organisation(name=name.strip(), kind=kind, parent=parent, demo=demo, **more)
        made.full_clean(exclude=["slug", "path"])
        made.save()
    with scope(*visible(), made.pk):
        calendar = calendars.default_calendar(made.pk)
        year = timezone.localdate().year
        calendars.add_public_holidays(calendar, [year, year + 1], actor=MAKER)
        publish(made, "organisation.created", actor=actor)
    return made


@transaction.atomic
def create_administrator(*, email: str, name: str, password: str, organisation: Organisation) -> Account:
    """An account with every right on an organisation and those under it, and the person behind it."""
    with opening():
        role = Role.objects.get(organisation=None, key="administrator")
        account = Account.objects.create_user(email=email, password=password, name=name)
        Membership.objects.create(organisation=organisation, account=account, role=role)
    with scope(organisation.pk):
        person = Person.objects.filter(email__iexact=email).first() or Person(
            organisation=organisation, email=email
        )
        person.name, person.account = name, account
        person.save()
        publish(person, "person.created", actor=MAKER)
    show_samples()
    return account


def show_samples() -> None:
    """Whoever administers the installation's own organisation may look at the samples, wherever they hang."""
    with opening():
        first = Organisation.objects.filter(demo=False).order_by("pk").first()
        samples = list(Organisation.objects.filter(demo=True))
        if first is None or not samples or first.pk in samples[0].path:
            return
        made = {one.pk for one in samples}
        role = Role.objects.get(organisation=None, key="administrator")
        own = Membership.objects.filter(organisation=first, role=role, denied=False)
        for account_id in own.values_list("account_id", flat=True):
            for top in (one for one in samples if one.parent_id not in made):
                Membership.objects.get_or_create(organisation=top, account_id=account_id, role=role)


@transaction.atomic
def invite(*, person: Person, role: Role, actor: Actor) -> tuple[Account, str]:
    """Give a person an account and a role; returns the account and a first password to hand over."""
    require(actor, "membership.add", person)
    if not person.email:
        raise ValidationError(_("This person has no e-mail address: add one first."))
    account = Account.objects.filter(email__iexact=person.email).first()
    password = ""
    if account is None:
        password = secrets.token_urlsafe(12)
        account = Account.objects.create_user(email=person.email, password=password, name=person.name)
    Membership.objects.get_or_create(organisation_id=person.organisation_id, account=account, role=role)
    show_samples()
    person.account = account
    person.save(update_fields=["account", "updated_at"])
    publish(person, "person.invited", actor=actor, extra={"text": str(role)})
    return account, password


@transaction.atomic
def move_organisation(
    *, organisation: Organisation, parent: Organisation | None, actor: Actor
) -> Organisation:
    """Hang an organisation, with everything under it, elsewhere in the tree."""
    require(actor, "organisation.change", organisation.pk)
    if parent is not None and organisation.pk in parent.path:
        raise ValidationError(_("An organisation cannot be moved under itself."))
    with opening():
        old, new = organisation.path, [*(parent.path if parent else []), organisation.pk]
        organisation.parent = parent
        organisation.save()
        for one in Organisation.objects.filter(path__contains=[organisation.pk]).exclude(pk=organisation.pk):
            one.path = [*new, *one.path[len(old) :]]
            one.save()
    publish(organisation, "organisation.moved", actor=actor, extra={"text": str(parent or "—")})
    return organisation


def locate(site: Site) -> None:
    """Fill the coordinates and INSEE code of a French site from its postcode and town, when they are not
    given.
    """
    if site.latitude is not None or site.country != "FR" or not (site.postcode or site.city):
        return
    found = communes.by_postcode(site.postcode) if site.postcode else []
    named = [c for c in found if communes.plain(c.name) == communes.plain(site.city)] if site.city else []
    best = next(iter(named or found or communes.search(site.city, limit=1)), None)
    if best is None or best.latitude is None or best.longitude is None:
        return
    site.latitude, site.longitude = Decimal(str(best.latitude)), Decimal(str(best.longitude))
    site.insee = best.insee
    site.city = site.city or best.name


def organisation_or_error() -> int:
    """The organisation in scope; ``ValidationError`` when there are several."""
    chosen = the_organisation()
    if chosen is None:
        raise ValidationError(_("Choose one organisation first."))
    return chosen
