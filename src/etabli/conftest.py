"""What every test may ask for: a provider with two clients, people in each role, ways in, objects of any
noun.
"""

import datetime
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from django.db import models
from django.test import Client
from django.utils import timezone, translation

from etabli.kernel import files, webhooks
from etabli.kernel.accounts import Account
from etabli.kernel.actors import SYSTEM, Actor
from etabli.kernel.actors import actor_of as rights_of
from etabli.kernel.organisations import Membership, Organisation, Role
from etabli.kernel.tenancy import SharedModel, opening, scope

ROLES = ("administrator", "technician", "auditor", "requester")


@dataclass(frozen=True)
class Staff:
    """An organisation, and an account of each role that works there and nowhere else."""

    organisation: Organisation
    administrator: Account
    technician: Account
    auditor: Account
    requester: Account

    @property
    def id(self) -> int:
        return int(self.organisation.pk)


@dataclass(frozen=True)
class Firm:
    """A provider above two clients that know nothing of each other."""

    provider: Staff
    acme: Staff
    globex: Staff


def make_firm() -> Firm:
    with opening():
        roles = {role.key: role for role in Role.objects.filter(organisation=None, key__in=ROLES)}
        provider = Organisation.objects.create(name="Provider", kind=Organisation.Kind.PROVIDER)
        clients = [Organisation.objects.create(name=name, parent=provider) for name in ("Acme", "Globex")]
        return Firm(*(make_staff(one, roles) for one in (provider, *clients)))


def make_staff(organisation: Organisation, roles: dict[str, Role]) -> Staff:
    accounts = {}
    for key in ROLES:
        email = f"{key}@{organisation.slug}.example"
        accounts[key] = Account.objects.create_user(email, name=f"{organisation.name} {key}", language="en")
        Membership.objects.create(organisation=organisation, account=accounts[key], role=roles[key])
    return Staff(organisation, **accounts)


@pytest.fixture
def firm(db: None, settings: Any, tmp_path: Any) -> Firm:
    settings.HOME = tmp_path / "home"
    webhooks.forget_wanted()
    return make_firm()


@pytest.fixture
def committed_firm(transactional_db: None, settings: Any, tmp_path: Any) -> Firm:
    """The same for tests whose other processes or connections must see the rows."""
    settings.HOME = tmp_path / "home"
    webhooks.forget_wanted()
    return make_firm()


@pytest.fixture
def client_of() -> Callable[[Account | None], Client]:
    """A browser where the account is logged in; nobody when there is none."""

    def browser(account: Account | None) -> Client:
        client = Client(raise_request_exception=False)
        if account is not None:
            client.force_login(account)
        return client

    return browser


@pytest.fixture
def actor_of() -> Callable[[Account], Actor]:
    """The rights of an account, read afresh."""
    return rights_of


class Maker:
    """Makes an object of any model from the types of its fields: a new noun is covered the day it is
    declared.

    Every text holds ``word``. ``special`` (by model name) is for the few whose rules no type tells.
    """

    def __init__(
        self, staff: Staff, word: str = "zorglub", special: dict[str, Callable[["Maker"], Any]] | None = None
    ) -> None:
        self.staff, self.word = staff, word
        self.special = {**SPECIAL, **(special or {})}
        self.numbers = itertools.count(1)
        self.made: dict[type[models.Model], Any] = {}

    def get(self, model: type[models.Model]) -> Any:
        """The object of this model, made at first need."""
        if model not in self.made:
            self.made[model] = self.new(model)
        return self.made[model]

    def new(self, model: type[models.Model], /, **given: Any) -> Any:
        """One more object; ``given`` fields replace the made ones."""
        with scope(self.staff.id):
            if model is Organisation:
                return self.staff.organisation
            if issubclass(model, files.File):
                return files.store(
                    f"{self.word} {next(self.numbers)}".encode(), name=f"{self.word}.txt", actor=SYSTEM
                )
            told = {**self.special.get(model.__name__, lambda _maker: {})(self), **given}
            rest = [
                f
                for f in model._meta.concrete_fields
                if self.wanted(f) and not {f.name, f.attname} & told.keys()
            ]
            return model._default_manager.create(**{f.name: self.value(f) for f in rest}, **told)

    def wanted(self, field: Any) -> bool:
        text = isinstance(field, models.CharField | models.TextField) and not field.choices
        return (
            not field.primary_key
            and not field.generated
            and field.name not in {"custom", "version"}
            and (text or self.required(field))
        )

    def required(self, field: Any) -> bool:
        automatic = getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
        return field.name == "organisation" or not (field.null or field.has_default() or automatic)

    def value(self, field: Any) -> Any:
        if field.is_relation:
            return self.related(field.related_model)
        if field.choices:
            return field.choices[0][0]
        return next((make(self, field) for kind, make in BY_TYPE if isinstance(field, kind)), None)

    def related(self, model: type[models.Model]) -> Any:
        if model is Account:
            return self.staff.technician
        if issubclass(model, SharedModel):
            return model._default_manager.filter(organisation=None).order_by("pk").first()
        return self.get(model)

    def two(self, model: type[models.Model]) -> list[Any]:
        """Two objects, the older first."""
        return [self.new(model), self.new(model)]

    def text(self, field: Any) -> str:
        number = next(self.numbers)
        return f"{self.word}{number}"[: field.max_length or 200]


def today(_maker: Maker, _field: Any) -> datetime.date:
    return timezone.localdate()


BY_TYPE: list[tuple[Any, Callable[[Maker, Any], Any]]] = [
    (models.EmailField, lambda m, f: f"{m.text(f)}@example.com"),
    (models.URLField, lambda m, f: f"https://{m.text(f)}.example.com/"),
    (models.CharField | models.TextField, Maker.text),
    (models.DateTimeField, lambda m, f: timezone.now()),
    (models.DateField, today),
    (models.BooleanField, lambda m, f: False),
    (models.DecimalField, lambda m, f: Decimal(1)),
    (models.IntegerField, lambda m, f: next(m.numbers)),
    (models.JSONField, lambda m, f: {}),
    (models.BinaryField, lambda m, f: b"x"),
    (models.Field, Maker.text),
]
SPECIAL: dict[str, Callable[[Maker], dict[str, Any]]] = {
    "Calendar": lambda m: {"timezone": "Europe/Paris"},
    "CustomField": lambda m: {"noun": "asset", "key": f"{m.word}_{next(m.numbers)}", "kind": "text"},
    "Site": lambda m: {"country": "FR"},
    "Subnet": lambda m: {"network": f"10.{next(m.numbers) % 256}.0.0/16"},
    "Position": lambda m: {"asset": m.new(_model("assets.Asset"))},
    "RackPlacement": lambda m: {
        "asset": m.new(_model("assets.Asset")),
        "rack": m.new(_model("people.Rack")),
        "position": 1,
    },
    "SavedView": lambda m: {"screen": "assets", "query": "q=x"},
    "Import": lambda m: {
        "slug": "assets",
        "parts": [
            {"slug": "assets", "title": m.word, "header": [m.word], "samples": [[m.word]], "mapping": [""]}
            | {"words": {}, "days": "", "total": 1}
        ],
    },
    "ApiToken": lambda m: {"scopes": ["asset.view"], "hash": "0" * 64},
    "Webhook": lambda m: {"verbs": ["asset.*"]},
    "Event": lambda m: {"noun": "asset", "verb": "asset.noted", "object_id": 1},
    "Note": lambda m: {"noun": "site", "object_id": m.get(_model("people.Site")).pk},
    "Attachment": lambda m: {"noun": "site", "object_id": m.get(_model("people.Site")).pk},
    "Tagging": lambda m: {"noun": "site", "object_id": m.get(_model("people.Site")).pk},
    "Link": lambda m: {
        "noun": "site",
        "object_id": m.get(_model("people.Site")).pk,
        "relation": "related",
        "other_noun": "site",
        "other_id": m.new(_model("people.Site")).pk,
    },
    "Membership": lambda m: {"role": m.new(Role)},
    "Role": lambda m: {"organisation": m.staff.organisation, "verbs": ["asset.view"]},
    "AssetKind": lambda m: {"organisation": m.staff.organisation, "key": f"{m.word}-{next(m.numbers)}"},
    "Holiday": lambda m: {"day": timezone.localdate() + datetime.timedelta(days=next(m.numbers))},
    "WebhookDelivery": lambda m: {"event": m.new(_model("kernel.Event"))},
    "NetworkCard": lambda m: {"mac": "00:11:22:33:44:55"},
    "SshTarget": lambda m: {"password": m.word},
    "SearchEntry": lambda m: {"noun": "asset"},
    "KitItem": lambda m: {"asset": m.new(_model("assets.Asset"))},
    "Loan": lambda m: {"asset": m.new(_model("assets.Asset"))},
    "Assignment": lambda m: {
        "asset": m.new(_model("assets.Asset")),
        "since": timezone.localdate(),
        "until": timezone.localdate(),
    },
    "Mailbox": lambda m: {"password": m.word},
    "TicketLink": lambda m: dict(zip(("ticket", "other"), m.two(_model("support.Ticket")), strict=True)),
    "Watcher": lambda m: {"account": m.staff.technician, "ticket": m.new(_model("support.Ticket"))},
    "ServiceTarget": lambda m: {"priority": 1, "level": m.new(_model("support.ServiceLevel"))},
    "Stocktake": lambda m: {"room": m.new(_model("people.Room"))},
    "Distinction": lambda m: dict(zip(("one", "other"), m.two(_model("assets.Asset")), strict=True)),
    "Hold": lambda m: {
        "asset": m.new(_model("assets.Asset")),
        "period": (timezone.now(), timezone.now() + datetime.timedelta(hours=1)),
    },
    "RuleOrder": lambda m: {"rules": ["serial"]},
    "Booking": lambda m: {
        "asset": m.new(_model("assets.Asset")),
        "starts_at": timezone.now(),
        "ends_at": timezone.now() + datetime.timedelta(hours=1),
    },
}


def _model(label: str) -> type[models.Model]:
    from django.apps import apps

    return apps.get_model(label)


@pytest.fixture
def in_english() -> Iterator[None]:
    """For tests that read the sentences of code called without a request."""
    with translation.override("en"):
        yield


@pytest.fixture
def maker() -> type[Maker]:
    return Maker
