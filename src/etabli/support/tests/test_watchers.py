"""Following a ticket: oneself, and people or addresses in copy."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from etabli.people.models import Person
from etabli.support.tickets import Watcher
from etabli.support.watchers import copy, remove, unwatch, watch, watchers_panel

from .outgoing import opened

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


def test_one_follows_and_no_longer(provider: Any) -> None:
    firm, actor = provider
    ticket = opened(firm, actor)
    watch(ticket, actor=actor)
    with pytest.raises(ValidationError, match="already"):
        watch(ticket, actor=actor)
    unwatch(ticket, actor=actor)
    with pytest.raises(ValidationError, match="do not follow"):
        unwatch(ticket, actor=actor)


def test_people_and_addresses_get_copies_once(provider: Any, actor_of: Any) -> None:
    firm, actor = provider
    ticket = opened(firm, actor)
    paul = Person.objects.create(
        organisation=firm.acme.organisation, name="Paul Petit", email="paul@acme.example"
    )
    copy(ticket, actor=actor, person=paul)
    for given, told in (
        ({"email": "PAUL@acme.example"}, "already"),
        ({"email": "claire@acme.example"}, "gets the answers already"),
        ({"email": "paul"}, "not an e-mail address"),
        (
            {"person": Person.objects.create(organisation=firm.acme.organisation, name="No mail")},
            "Give the e-mail",
        ),
        (
            {
                "person": Person.objects.create(
                    organisation=firm.globex.organisation, name="X", email="x@g.example"
                )
            },
            "another",
        ),
    ):
        with pytest.raises(ValidationError, match=told):
            copy(ticket, actor=actor, **given)  # type: ignore[arg-type]
    reader = actor_of(firm.provider.auditor)
    with pytest.raises(PermissionDenied):
        remove(Watcher.objects.get(), actor=reader)
    remove(Watcher.objects.get(), actor=actor)
    assert not Watcher.objects.exists()


def test_the_panel_is_one_query(provider: Any, django_assert_num_queries: Any) -> None:
    firm, actor = provider
    ticket = opened(firm, actor)
    watch(ticket, actor=actor)
    for n in range(20):
        copy(ticket, actor=actor, email=f"p{n}@acme.example")
    with django_assert_num_queries(1):
        panel = watchers_panel(ticket, actor)
    assert panel.context["mine"]
    assert len(panel.context["watchers"]) == 21


def test_the_pages_of_watchers(firm: Any, provider: Any, client_of: Any) -> None:
    _firm, actor = provider
    ticket = opened(firm, actor)
    browser = client_of(firm.provider.technician)
    browser.post(reverse("ticket-act", args=[ticket.pk, "follow"]))
    browser.post(reverse("ticket-act", args=[ticket.pk, "copy"]), {"email": "paul@acme.example"})
    assert {row.email for row in Watcher.objects.all()} == {"", "paul@acme.example"}
    both = browser.post(reverse("ticket-act", args=[ticket.pk, "copy"]), {})
    assert both.status_code == 422
    row = Watcher.objects.get(email="paul@acme.example")
    url, sent = reverse("ticket-act", args=[ticket.pk, "uncopy"]), {"watcher": row.pk}
    assert client_of(firm.globex.administrator).post(url, sent).status_code == 404
    assert client_of(firm.acme.auditor).post(url, sent).status_code == 403
    other = opened(firm, actor, "paul@acme.example")
    assert browser.post(reverse("ticket-act", args=[other.pk, "uncopy"]), sent).status_code == 422
    assert Watcher.objects.count() == 2
    browser.post(url, sent)
    assert Watcher.objects.count() == 1
