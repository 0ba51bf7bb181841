"""Deadlines as people and programs see them; the matrix typed as a grid; the vectors through the models."""

import json
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from etabli.kernel.calendars import Calendar, Holiday, add_public_holidays
from etabli.kernel.organisations import Organisation
from etabli.kernel.tenancy import scope
from etabli.support.clocks.policies import Clock
from etabli.support.deadlines_page import deadlines_panel
from etabli.support.levels import Promise, make_default, set_targets
from etabli.support.matrices import PriorityMatrix
from etabli.support.moving import move
from etabli.support.opening import Caller, Words
from etabli.support.promises import Deadline, ServiceLevel
from etabli.support.talking import answer, receive
from etabli.support.ticket_panels import sorting
from etabli.support.tickets import Ticket

from .promised import HOUR, MINUTE, MONDAY, level, opened
from .test_cases import corpus

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


def test_each_deadline_is_told_line_by_line(provider_desk: Any, client_of: Any) -> None:
    firm, actor = provider_desk
    level(firm, actor, take_charge=60, solve=480)
    ticket = opened(firm, actor)
    move(ticket, "take", actor=actor, assignee=firm.provider.technician, at=MONDAY + 5 * MINUTE)
    move(ticket, "wait", actor=actor, waiting="supplier", reason="A part", at=MONDAY + HOUR)
    move(ticket, "resume", actor=actor, at=MONDAY + 2 * HOUR)
    browser = client_of(firm.provider.technician)
    page = browser.get(f"/tickets/{ticket.pk}/deadlines/").text
    assert "waiting for a supplier, nothing is counted." in page
    assert "Deadline: Tue 1 December 2026 11:00 (Europe/Paris)." in page
    told = browser.get(f"/api/v1/tickets/{ticket.pk}/deadlines").json()
    assert [(one["clock"], one["minutes"]) for one in told] == [("take_charge", 60), ("solve", 480)]
    assert told[1]["due_at"].startswith("2026-12-01T10:00:00")
    assert len(told[1]["lines"]) >= 5
    assert client_of(firm.globex.administrator).get(f"/tickets/{ticket.pk}/deadlines/").status_code == 404
    assert (
        client_of(firm.globex.administrator).get(f"/api/v1/tickets/{ticket.pk}/deadlines").status_code == 404
    )
    assert client_of(firm.acme.requester).get(f"/api/v1/tickets/{ticket.pk}/deadlines").status_code == 403


def test_a_ticket_to_which_nothing_is_promised_says_so(provider_desk: Any, client_of: Any) -> None:
    firm, actor = provider_desk
    ticket = opened(firm, actor)
    page = client_of(firm.provider.technician).get(f"/tickets/{ticket.pk}/deadlines/").text
    assert "nothing is promised" in page
    assert (
        "Nothing is promised for this ticket."
        in client_of(firm.provider.technician).get(f"/tickets/{ticket.pk}/").text
    )


def test_a_calendar_that_never_opens_is_told_and_breaks_nothing(provider_desk: Any, client_of: Any) -> None:
    firm, actor = provider_desk
    made = level(firm, actor, solve=480)
    closed = Calendar.objects.create(organisation=firm.provider.organisation, name="Never", week=[[]] * 7)
    made.calendar = closed
    made.save()
    ticket = opened(firm, actor)
    assert Deadline.objects.get(ticket=ticket).due_at is None
    page = client_of(firm.provider.technician).get(f"/tickets/{ticket.pk}/deadlines/")
    assert "no opening hours" in page.text


def test_the_panels_cost_one_query(provider_desk: Any, rf: Any) -> None:
    firm, actor = provider_desk
    level(firm, actor, take_charge=60, first_answer=120, next_answer=120, solve=480)
    ticket = opened(firm, actor)
    for n in range(1, 6):
        answer(ticket, Words("Yes"), actor=actor, at=MONDAY + 2 * n * MINUTE)
        receive(ticket, Words("And?"), Caller(person=ticket.requester), actor=actor, channel="mail",
                at=MONDAY + (2 * n + 1) * MINUTE)  # fmt: skip
    seen = Ticket.objects.get(pk=ticket.pk)
    with CaptureQueriesContext(connection) as captured:
        panel = deadlines_panel(seen, rf.get("/"))
        reason = sorting(seen).context["priority"].reason
    assert len(captured) == 1
    assert len(panel.context["others"]) == Deadline.objects.filter(ticket=ticket).count() - 1
    assert panel.context["next"]["what"]
    assert reason.startswith("Priority 4: impact (one person)")


def test_the_matrix_is_typed_as_a_grid(provider_desk: Any, client_of: Any) -> None:
    firm, _actor = provider_desk
    browser = client_of(firm.provider.administrator)
    page = browser.get(f"/prioritymatrices/add/?organisation={firm.provider.id}").text
    assert 'name="cells__4_3"' in page
    sent = {f"cells__{i}_{u}": cell for i, line in enumerate(((5, 4, 3), (4, 3, 2), (3, 2, 1), (2, 1, 1)), 1)
            for u, cell in enumerate(line, 1)}  # fmt: skip
    sent |= {
        "shifts__1": 1,
        "shifts__2": 0,
        "shifts__3": -1,
        "shifts__4": -2,
        "organisation": firm.provider.id,
    }
    sent |= {"asset_times": 2, "person_times": 3, "category_times": 10, "vip": "on"}
    upside_down = browser.post("/prioritymatrices/add/", {**sent, "cells__1_3": 5, "cells__1_1": 1})
    assert upside_down.status_code == 422
    assert "A wider impact or a greater urgency cannot make a ticket less pressing." in upside_down.text
    wrong = browser.post("/prioritymatrices/add/", {**sent, "shifts__1": -4})
    assert "Each criticality has a shift" in wrong.text
    assert browser.post("/prioritymatrices/add/", {**sent, "cells__1_1": 4}).status_code == 302
    assert PriorityMatrix.objects.get().cells[0] == [4, 4, 3]
    again = browser.post("/prioritymatrices/add/", sent)
    assert again.status_code == 422  # one an organisation


def served(
    firm: Any, actor: Any, week: Any, zone: str = "metropole", timezone: str = "Europe/Paris"
) -> Calendar:
    """The client's own calendar, with the public holidays of a zone; a level of the provider counted in it."""
    Organisation.objects.filter(pk=firm.acme.id).update(holiday_zone=zone, timezone=timezone)
    made: Calendar = Calendar.objects.create(
        organisation_id=firm.acme.id, name="Office", timezone=timezone, week=week, is_default=True
    )
    add_public_holidays(made, range(2025, 2028), actor=actor)
    return made


LUNCH = [[["08:00", "12:00"], ["13:30", "17:30"]]] * 5 + [[], []]


def promised(firm: Any, actor: Any, start: datetime, minutes: int, pauses: Any = ()) -> Any:
    """The deadline of a solution, from a ticket opened then and put on hold meanwhile."""
    made = level(firm, actor, f"Level {ServiceLevel.objects.count()}", default=False, solve=1)
    set_targets(made, [Promise(Clock.SOLVE, n, minutes) for n in range(1, 6)], actor=actor)
    make_default(made, actor=actor)
    ticket = opened(firm, actor, start)
    move(ticket, "take", actor=actor, assignee=firm.provider.technician, at=start)
    for since, until in pauses:
        move(ticket, "wait", actor=actor, waiting="user", reason="?", at=since)
        move(ticket, "resume", actor=actor, at=until)
    return Deadline.objects.get(ticket=ticket, clock=Clock.SOLVE).due_at


def test_every_reference_vector_has_its_deadline_through_the_models(provider_desk: Any) -> None:
    firm, actor = provider_desk
    served(firm, actor, LUNCH)
    paris = ZoneInfo("Europe/Paris")
    for one in json.loads(corpus().read_text())["vectors"]:
        pauses = [[datetime.fromisoformat(at).replace(tzinfo=paris) for at in each] for each in one["pauses"]]
        start = datetime.fromisoformat(one["start"]).replace(tzinfo=paris)
        due = promised(firm, actor, start, one["minutes"], pauses)
        assert due == datetime.fromisoformat(one["deadline"]), one


@pytest.mark.parametrize(("zone", "ends"), [("metropole", "2026-04-03T11:30"), ("57", "2026-04-07T11:30")])
def test_alsace_and_moselle_rest_on_good_friday(provider_desk: Any, zone: str, ends: str) -> None:
    firm, actor = provider_desk
    served(firm, actor, LUNCH, zone)
    paris = ZoneInfo("Europe/Paris")
    due = promised(firm, actor, datetime(2026, 4, 2, 17, tzinfo=paris), 240)
    assert due == datetime.fromisoformat(ends).replace(tzinfo=paris)


def test_overseas_has_its_own_time_and_days(provider_desk: Any) -> None:
    firm, actor = provider_desk
    served(firm, actor, LUNCH, "974", "Indian/Reunion")
    reunion = ZoneInfo("Indian/Reunion")
    # 20 December, a Sunday in 2026; in 2027 it is a Monday.
    due = promised(firm, actor, datetime(2027, 12, 17, 16, 30, tzinfo=reunion), 120)
    assert due == datetime(2027, 12, 21, 9, 0, tzinfo=reunion)


def test_hours_closed_once_are_no_working_time(provider_desk: Any) -> None:
    firm, actor = provider_desk
    calendar = served(firm, actor, LUNCH)
    common = {
        "organisation_id": firm.acme.id,
        "calendar": calendar,
        "day": date(2026, 1, 5),
        "name": "Moving",
    }
    Holiday.objects.create(**common, closed_from=time(10, 30), closed_until=time(11))
    Holiday.objects.create(**common, closed_from=time(16), closed_until=time(0))
    paris = ZoneInfo("Europe/Paris")
    due = promised(firm, actor, datetime(2026, 1, 5, 10, tzinfo=paris), 240)
    assert due == datetime(2026, 1, 6, 8, 0, tzinfo=paris) - timedelta(days=1) + timedelta(hours=8)
    again = promised(firm, actor, datetime(2026, 1, 5, 10, tzinfo=paris), 241)
    assert again == datetime(2026, 1, 6, 8, 1, tzinfo=paris)
    for since, until in ((time(12), time(11)), (None, time(11))):
        with pytest.raises(ValidationError):
            Holiday(**common, closed_from=since, closed_until=until).full_clean()


def test_the_calendar_is_that_of_the_client_even_for_the_client_alone(
    provider_desk: Any, actor_of: Any
) -> None:
    firm, actor = provider_desk
    served(firm, actor, LUNCH)
    level(firm, actor, solve=480)
    own = actor_of(firm.acme.technician)
    with scope(*own.places):
        ticket = opened(firm, own, datetime(2026, 1, 5, 8, tzinfo=ZoneInfo("Europe/Paris")))
    assert ticket.due_at == datetime(2026, 1, 5, 17, 30, tzinfo=ZoneInfo("Europe/Paris"))
