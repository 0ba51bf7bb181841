"""The mails that leave as people see them: the list, a mail, what may be done, and My day."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from etabli.support.messages import Message
from etabli.support.outbox import OutgoingMail

from .outgoing import answered, opened

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
State = OutgoingMail.State


def count(browser: Any, url: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert browser.get(url).status_code == 200
    return len(queries)


def test_the_list_costs_the_same_for_one_or_many(provider: Any, client_of: Any) -> None:
    firm, actor = provider
    ticket = opened(firm, actor)
    answered(ticket, actor)
    browser, url = client_of(firm.provider.technician), reverse("outgoingmail-list")
    browser.get(url)
    few = count(browser, url)
    for n in range(30):
        answered(ticket, actor, str(n))
    assert count(browser, url) == few
    assert count(browser, f"{url}?is=stuck&q=claire") <= few


def test_a_refused_mail_is_sent_again_by_its_page(provider: Any, client_of: Any) -> None:
    firm, actor = provider
    mail = answered(opened(firm, actor), actor)
    OutgoingMail.objects.update(
        state=State.FAILED, problem="550 5.1.1 unknown", refused={"claire@acme.example": "550 5.1.1 unknown"}
    )
    browser = client_of(firm.acme.technician)
    page = browser.get(reverse("outgoingmail-detail", args=[mail.pk])).content.decode()
    assert "550 5.1.1 unknown" in page
    assert "We look into it." in page
    url = reverse("outgoingmail-act", args=[mail.pk, "resend"])
    assert "claire@acme.example" in browser.get(url).content.decode()
    assert browser.post(url, {"to": "nobody", "cc": ""}).status_code == 422
    browser.post(url, {"to": "claire.m@acme.example", "cc": ""})
    mail.refresh_from_db()
    assert (mail.state, mail.to) == (State.QUEUED, ["claire.m@acme.example"])


def test_taking_back_later_now_and_giving_up_by_the_page(provider: Any, client_of: Any) -> None:
    firm, actor = provider
    ticket = opened(firm, actor)
    browser = client_of(firm.acme.technician)

    def post(mail: OutgoingMail, name: str, **given: str) -> Any:
        return browser.post(reverse("outgoingmail-act", args=[mail.pk, name]), given)

    first, second, third = (answered(ticket, actor, str(n)) for n in range(3))
    post(first, "takeback", confirmed="1")
    assert not Message.objects.filter(pk=first.message_id).exists()
    tomorrow = timezone.localtime() + timedelta(days=1)
    post(second, "later", send_at=tomorrow.strftime("%Y-%m-%dT%H:%M"))
    second.refresh_from_db()
    assert second.send_at > timezone.now() + timedelta(hours=23)
    post(second, "now")
    second.refresh_from_db()
    assert second.send_at <= timezone.now()
    post(third, "giveup", confirmed="1")
    third.refresh_from_db()
    assert (third.state, third.message is not None) == (State.CANCELLED, True)
    assert post(third, "now").status_code == 409


def test_my_day_tells_what_could_not_leave(provider: Any, client_of: Any) -> None:
    firm, actor = provider
    mail = answered(opened(firm, actor), actor)
    browser = client_of(firm.provider.technician)
    assert "could not leave" not in browser.get("/").content.decode()
    OutgoingMail.objects.update(state=State.DEFERRED, tries=1)
    assert "could not leave" not in browser.get("/").content.decode(), "greylisted for a minute is no news"
    OutgoingMail.objects.update(state=State.FAILED)
    page = browser.get("/").content.decode()
    assert "Mails that could not leave" in page
    assert reverse("outgoingmail-detail", args=[mail.pk]) in page
    assert "could not leave" not in client_of(firm.globex.technician).get("/").content.decode()
