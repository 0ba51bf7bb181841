"""Bookings and loans as calendar files, and the secret address that a calendar program reads."""

from datetime import UTC, date, datetime, timedelta

import icalendar
import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from etabli.assets import agenda, feeds, holding
from etabli.assets.models import Booking, CalendarFeed, Pool
from etabli.kernel import ical
from etabli.kernel.actors import actor_of
from etabli.kernel.tenancy import scope
from etabli.people.models import Person

BASE = "https://parc.example.com"
PARIS = datetime(2027, 3, 1, 9, 30, tzinfo=UTC)


def read(content: bytes) -> dict[str, icalendar.Event]:
    """The events of a calendar by their identifier, as the programs of others read it."""
    return {str(one["uid"]): one for one in icalendar.Calendar.from_ical(content).walk("VEVENT")}


@pytest.fixture
def booking(fleet):
    pool = Pool.objects.create(name="Lending")
    thing = fleet.asset("Projector; large, heavy", pool=pool)
    return Booking.objects.create(
        asset=thing,
        person=fleet.claire,
        starts_at=PARIS,
        ends_at=PARIS + timedelta(hours=2),
        purpose="Réunion\nd’équipe",
    )


@pytest.fixture
def loan(fleet):
    laptop = fleet.asset("PC-9")
    return holding.lend(
        laptop, person=fleet.claire, due_on=timezone.localdate() + timedelta(days=7), actor=fleet.actor
    )


# -- the file
def test_a_booking_is_an_event_with_its_hours(booking, fleet):
    (event,) = read(ical.written("x", [agenda.of_booking(booking, BASE)])).values()
    assert (event["dtstart"].dt, event["dtend"].dt) == (PARIS, PARIS + timedelta(hours=2))
    assert str(event["summary"]) == "Booked: Projector; large, heavy"
    assert str(event["description"]) == "Claire Moreau\nRéunion\nd’équipe"
    assert str(event["url"]) == f"{BASE}/bookings/{booking.pk}/"
    assert str(event["uid"]) == f"booking-{booking.pk}@parc.example.com"


def test_a_day_ends_the_day_after_as_the_format_wants_it():
    entry = ical.Entry("a@b", "Day", date(2027, 3, 1), date(2027, 3, 2), PARIS)
    (event,) = read(ical.written("x", [entry])).values()
    assert (event["dtstart"].dt, event["dtend"].dt) == (date(2027, 3, 1), date(2027, 3, 3))
    assert event["transp"] == "TRANSPARENT"


def test_lines_are_folded_at_75_bytes_and_end_as_the_format_says():
    text = ical.written("Calendrier", [ical.Entry("a@b", "é" * 200, PARIS, PARIS, PARIS)])
    lines = text.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert b"\n" not in text.replace(b"\r\n", b"")
    assert str(next(iter(read(text).values()))["summary"]) == "é" * 200


def test_an_edit_moves_the_sequence_and_keeps_the_identifier(booking):
    before = agenda.of_booking(booking, BASE)
    booking.version += 1
    booking.ends_at += timedelta(hours=1)
    booking.save()
    after = agenda.of_booking(Booking.objects.get(), BASE)
    assert (after.uid, after.edits) == (before.uid, before.edits + 1)
    assert after.changed > before.changed


def test_a_loan_is_the_day_it_must_come_back(loan):
    entry = agenda.of_loan(loan, BASE)
    assert (entry.title, entry.start, entry.end) == ("Give back: PC-9", loan.due_on, loan.due_on)


def test_the_files_of_a_booking_and_a_loan(booking, loan, fleet, client_of):
    browser = client_of(fleet.firm.acme.auditor)
    for url in (f"/bookings/{booking.pk}/", f"/loans/{loan.pk}/"):
        assert f"{url}calendar.ics" in browser.get(url).content.decode()
        answer = browser.get(f"{url}calendar.ics")
        assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
        assert len(read(answer.content)) == 1
    assert (
        client_of(fleet.firm.globex.administrator).get(f"/bookings/{booking.pk}/calendar.ics").status_code
        == 404
    )
    assert client_of(fleet.firm.acme.requester).get(f"/bookings/{booking.pk}/calendar.ics").status_code == 404


# -- the address
def told(secret: str, **headers: str):
    return Client().get(f"/agenda/{secret}.ics", headers=headers)


def test_the_address_gives_what_one_person_booked_must_give_back_or_waits_for(booking, loan, fleet):
    fleet.asset(
        "PC-2", state="maintenance", person=fleet.claire, state_since=timezone.localdate() - timedelta(days=3)
    )
    other = fleet.asset("PC-3")
    holding.lend(other, person=fleet.paul, due_on=timezone.localdate(), actor=fleet.actor)
    feed, secret = feeds.subscribe(fleet.claire, actor=fleet.actor)
    answer = told(secret)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    titles = sorted(str(one["summary"]) for one in read(answer.content).values())
    assert titles == ["Booked: Projector; large, heavy", "Give back: PC-9", "PC-2 · in maintenance"]
    assert not answer.cookies
    feed.refresh_from_db()
    assert feed.read_at is not None
    assert secret not in feed.hash


def test_a_program_that_has_the_latest_gets_nothing_again(loan, fleet):
    _feed, secret = feeds.subscribe(fleet.claire, actor=fleet.actor)
    etag = told(secret).headers["ETag"]
    assert told(secret, if_none_match=etag).status_code == 304
    holding.give_back(loan.asset, actor=fleet.actor)
    assert told(secret, if_none_match=etag).status_code == 200


@pytest.mark.parametrize("secret", ["x" * 43, "short", "../etc", "%00" * 43])
def test_an_unknown_address_is_not_found(db, secret):
    assert told(secret).status_code == 404


def test_an_address_that_is_revoked_or_whose_person_has_left_is_not_found(fleet):
    feed, secret = feeds.subscribe(fleet.claire, actor=fleet.actor)
    _other, left = feeds.subscribe(fleet.paul, actor=fleet.actor)
    Person.objects.filter(pk=fleet.paul.pk).update(left_on=timezone.localdate() - timedelta(days=1))
    assert [told(one).status_code for one in (secret, left)] == [200, 404]
    feeds.revoke(feed, actor=fleet.actor)
    assert told(secret).status_code == 404


def test_the_page_gives_the_address_once_and_the_person_page_tells_of_it(fleet, client_of):
    browser, url = client_of(fleet.firm.acme.technician), f"/people/{fleet.claire.pk}/calendar/"
    assert browser.get(url).status_code == 200
    page = browser.post(url).content.decode()
    secret = page.split("/agenda/")[1].split(".ics")[0]
    assert told(secret).status_code == 200
    person = browser.get(f"/people/{fleet.claire.pk}/").content.decode()
    assert "/calendar-feeds/" in person
    assert secret not in person
    feed = CalendarFeed.objects.get()
    assert browser.post(f"/calendar-feeds/{feed.pk}/act/revoke/").status_code == 302
    assert told(secret).status_code == 404


def test_everybody_has_their_own_calendar_and_no_one_else_s(fleet, client_of):
    requester = fleet.firm.acme.requester
    Person.objects.filter(pk=fleet.claire.pk).update(account=requester)
    browser = client_of(requester)
    assert browser.post(f"/people/{fleet.claire.pk}/calendar/").status_code == 200
    assert browser.post(f"/people/{fleet.paul.pk}/calendar/").status_code == 403
    with scope(fleet.firm.acme.id), pytest.raises(PermissionDenied):
        feeds.subscribe(fleet.paul, actor=actor_of(requester))
    assert CalendarFeed.objects.count() == 1
