"""What the walk over every address stands on: the addresses, and a world with an object of every noun at Acme."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pytest
from django.db import transaction
from django.test import override_settings
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from etabli.conftest import Firm, Maker, make_firm
from etabli.kernel.actors import SYSTEM
from etabli.kernel.attachments import Attachment, Link, Tag
from etabli.kernel.events import batching, publish
from etabli.kernel.files import File
from etabli.kernel.notifications import Notification
from etabli.kernel.screens import Screen, acts, registry
from etabli.kernel.tenancy import scope
from etabli.support.satisfaction import Survey, token_of

WORD = "zorglub"
BY_SLUG = {screen.slug: screen for screen in registry.values()}
SCREENS = {screen.noun: screen for screen in registry.values()}
VERB_OF = {
    "list": "view",
    "detail": "view",
    "history": "view",
    "columns": "view",
    "filters": "view",
    "export": "export",
    "add": "add",
    "edit": "change",
    "delete": "delete",
    "import": "import",
    "compare": "view",
}
STREAMS = {"job-live", "enrolment-live", "asset-live", "ticket-live", "stocktake-live"}
# What hangs on one ticket has two numbers in its address: walked in the desk's own test of its page.
OF_A_TICKET = {"message-accept", "message-formatted", "message-file", "mail-back"}
# Where the number in an address is not that of an object of a screen: the model it is of.
NUMBERED = {
    "annex-detach": Attachment,
    "annex-unlink": Link,
    "file": File,
    "notification-detail": Notification,
}


@dataclass(frozen=True)
class Address:
    """A page of the product: the name of its address, and the names of what stands in it."""

    name: str
    route: str
    arguments: tuple[str, ...]
    chosen: str = "none"  # the act in the address of an act, the field in that of a cell

    @property
    def screen(self) -> Screen | None:
        if self.name in OF_A_TICKET:
            return None
        return SCREENS.get(self.name.partition("-")[0]) or BY_SLUG.get(self.route.partition("/")[0])

    @property
    def act(self) -> str:
        return self.name.partition("-")[2]

    @property
    def verb(self) -> str:
        return VERB_OF.get(self.act, "") if self.screen else ""


def addresses(patterns: Any = None, before: str = "") -> Iterator[Address]:
    for one in get_resolver().url_patterns if patterns is None else patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from addresses(one.url_patterns, route)
        elif isinstance(one, URLPattern):
            yield Address(one.name or "", route, tuple(one.pattern.converters))


PAGES = [a for a in addresses() if not a.route.startswith(("api/v1/", "compte/"))]


def each_act(address: Address) -> Iterator[Address]:
    """The address of acts once for each act, that of a cell for the first field; any other as it is."""
    screen = address.screen
    if screen and address.act == "cell":
        yield replace(address, chosen=screen.form_fields[0])
        return
    found = acts.all_of(screen) if screen and "name" in address.arguments else []
    names = [a.name for a in found if (a.many if address.act == "bulk" else a.one)]
    yield from [replace(address, chosen=name) for name in names] or [address]


OF_SCREENS = [a for page in PAGES if page.screen for a in each_act(page)]
OTHERS = [a for a in PAGES if not a.screen]


def pages_of(screen: Screen) -> list[Address]:
    """Its pages, but the live regions: those answer without end, and are asked apart."""
    return [a for a in OF_SCREENS if a.screen is screen and a.name not in STREAMS]


class World:
    """The firm, with one object of every noun at Acme, all of whose texts hold the word."""

    def __init__(self, firm: Firm) -> None:
        self.firm = firm
        self.maker = Maker(firm.acme, WORD)
        with scope(firm.acme.id):
            self.firm.acme.organisation.name = f"Acme {WORD}"
            type(firm.acme.organisation).objects.filter(pk=firm.acme.id).update(name=f"Acme {WORD}")
            type(firm.acme.technician).objects.filter(email__endswith="@acme.example").update(
                name=f"Somebody {WORD}"
            )

    @cached_property
    def batch(self) -> uuid.UUID:
        """What an act at Acme left behind, to be taken back."""
        made, site = uuid.uuid4(), self.maker.get(SCREENS["site"].model)
        with scope(self.firm.acme.id), batching(made):
            publish(site, "site.changed", actor=SYSTEM, changes={"city": ["", site.city]})
        return made

    @cached_property
    def token(self) -> str:
        """The link of a satisfaction question."""
        return token_of(self.maker.get(Survey))

    def object_of(self, screen: Screen) -> Any:
        return self.maker.get(screen.model)

    def arguments(self, address: Address) -> dict[str, Any]:
        """What to put in an address: raw ids of Acme's objects."""
        found = self._beside(address)
        if address.screen:
            found = {"pk": self.object_of(address.screen).pk, "name": address.chosen}
        return {name: found[name] for name in address.arguments}

    def _beside(self, address: Address) -> dict[str, Any]:
        model = NUMBERED.get(address.name, SCREENS["site"].model)
        acme = self.firm.acme.id
        return {
            "noun": "site",
            "organisation": acme,
            "tag": self.maker.get(Tag).pk,
            "slug": "sites",
            "section": "mail",
            "batch": self.batch,
            "token": self.token,
            "pk": acme if address.name == "switch" else self.maker.get(model).pk,
        }

    def url(self, address: Address) -> str:
        return reverse(address.name, kwargs=self.arguments(address))

    def rows_of(self, screen: Screen) -> list[Any]:
        """Everything Acme has of a noun."""
        rows = screen.model._default_manager
        with scope(self.firm.acme.id):
            if screen.noun == "organisation":  # its own row: every act leaves a trace in it
                return list(rows.values("pk", "name", "kind", "parent"))
            return list(rows.filter(organisation=self.firm.acme.id).order_by("pk").values())

    @contextmanager
    def unchanged(self, screen: Screen) -> Iterator[Any]:
        """Acme's object of a noun, all of whose rows are the same after the block."""
        obj = self.object_of(screen)
        before = self.rows_of(screen)
        yield obj
        assert self.rows_of(screen) == before


@pytest.fixture(scope="module")
def acme_and_globex(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[World]:
    """Made once: each test works in its own savepoint above it."""
    with (
        django_db_blocker.unblock(),
        override_settings(HOME=tmp_path_factory.mktemp("home")),
        transaction.atomic(),
    ):
        made = World(make_firm())
        for screen in SCREENS.values():
            made.object_of(screen)
        assert made.batch  # made now: within a test it would be a change
        assert made.token
        yield made
        transaction.set_rollback(True)


@pytest.fixture
def world(acme_and_globex: World, db: None) -> World:
    return acme_and_globex


def body(response: Any) -> str:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return content.decode("utf-8", "replace")
