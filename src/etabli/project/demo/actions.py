"""Loading the sample companies, and taking them away."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.db import transaction

from etabli.kernel.accounts import Account
from etabli.kernel.organisations import Membership, Organisation, Role
from etabli.kernel.tenancy import opening, scope
from etabli.kernel.text import plain
from etabli.people.actions import show_samples
from etabli.people.models import Person

from . import build, desk, erasing, history

DOMAIN = "@demo.example"
ROLES = {"nora": "administrator", "hugo": "manager", "lea": "technician"}
# The others of the provider's desk, who work on tickets and cannot log in.
COLLEAGUES = ("Karim Ouali", "Jade Fauvel", "Théo Grandin", "Marc Lesage", "Anouk Vidal")


@dataclass(frozen=True)
class Loaded:
    """What was loaded: numbers by noun, the accounts made and their password (empty when nothing was to
    do).
    """

    counts: dict[str, int] = field(default_factory=dict)
    accounts: list[str] = field(default_factory=list)
    password: str = ""


@transaction.atomic
def load(*, now: datetime, password: str = "", tell: Callable[[str], None] = lambda _text: None) -> Loaded:
    """Build the sample companies: a provider (under the installation's, if it is one), its clients under it.

    The installation's administrators see them; ``password`` (drawn when empty) opens the accounts made for
    them.
    """
    if sample_organisations():
        show_samples()
        return Loaded()
    made = build.build(_parent(), now=now, tell=tell)
    ids = [o.pk for o in made]
    password = password or secrets.token_urlsafe(9)
    with scope(*ids):
        accounts = _accounts(made, password)
        desk.fill(made, _colleagues(made), now=now)
        history.put_in_order(ids, began=now, start=now - build.YEAR)
        counts = build.counted(ids)
    show_samples()
    return Loaded(counts, accounts, password)


@transaction.atomic
def remove() -> dict[str, int]:
    """Erase the sample companies and all that hangs on them; returns the number of rows by table."""
    ids = [o.pk for o in sample_organisations()]
    if not ids:
        return {}
    with scope(*ids):
        return erasing.erase(ids, Account.objects.filter(email__endswith=DOMAIN))


def sample_organisations() -> list[Organisation]:
    """The sample organisations there are."""
    with opening():
        return list(Organisation.objects.filter(demo=True).order_by("pk"))


def _parent() -> Organisation | None:
    with opening():
        first = Organisation.objects.filter(demo=False).order_by("pk").first()
    return first if first is not None and first.kind == Organisation.Kind.PROVIDER else None


def _accounts(made: list[Organisation], password: str) -> list[str]:
    """Somebody of each role at the provider, with its rights at the clients."""
    encoded = make_password(password)
    emails = []
    with opening():
        for name, key in ROLES.items():
            person = Person.objects.get(email=name + DOMAIN)
            account = Account.objects.create(email=person.email, name=person.name, password=encoded)
            role = Role.objects.get(organisation=None, key=key)
            for organisation in _tops(made):
                Membership.objects.create(organisation=organisation, account=account, role=role)
            Person.objects.filter(pk=person.pk).update(account=account)
            emails.append(account.email)
    return emails


def _colleagues(made: list[Organisation]) -> dict[str, Account]:
    """Everybody of the provider's desk with an account, by first name."""
    provider = made[0]
    with opening():
        role = Role.objects.get(organisation=None, key="technician")
        for name in COLLEAGUES:
            email = plain(name.split()[0]) + DOMAIN
            account = Account.objects.create(email=email, name=name, password=make_password(None))
            Membership.objects.create(organisation=provider, account=account, role=role)
            Person.objects.filter(organisation=provider, name=name).update(account=account)
    people = Person.objects.filter(organisation=provider).exclude(account=None).select_related("account")
    return {one.name.split()[0]: one.account for one in people if one.account is not None}


def _tops(made: list[Organisation]) -> list[Organisation]:
    ids = {o.pk for o in made}
    return [o for o in made if o.parent_id not in ids]
