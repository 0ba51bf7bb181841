"""Two records of a person become one, and are taken apart again."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from etabli.assets.models import Asset, AssetKind
from etabli.kernel.attachments import Note, note
from etabli.kernel.events import Event
from etabli.kernel.screens.undoing import undo
from etabli.kernel.tenancy import scope
from etabli.people.merging import merge_people
from etabli.people.models import Person, Team, TeamMember

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture
def pair(firm: Any, actor_of: Any) -> Any:
    """Two records of one person of Acme, and somebody who may merge them."""
    actor = actor_of(firm.provider.administrator)
    with scope(*actor.places):
        place = firm.acme.organisation
        kept = Person.objects.create(organisation=place, name="Claire Moreau", email="claire@acme.example")
        gone = Person.objects.create(
            organisation=place, name="Moreau Claire", email="c.moreau@acme.example", phone="0102030405",
            account=firm.acme.requester,
        )  # fmt: skip
        yield firm, actor, kept, gone


def rows() -> Any:
    people = Person.objects.order_by("pk").values()
    return [
        [{n: v for n, v in row.items() if n not in {"version", "updated_at"}} for row in people],
        list(TeamMember.objects.order_by("pk").values()),
        list(Asset.objects.order_by("pk").values("pk", "person")),
        list(Note.objects.order_by("pk").values("pk", "object_id")),
    ]


def test_all_that_named_one_names_the_other_and_is_given_back(pair: Any) -> None:
    firm, actor, kept, gone = pair
    kind = AssetKind.objects.filter(organisation=None).first()
    asset = Asset.objects.create(organisation=firm.acme.organisation, name="PC-1", kind=kind, person=gone)
    one, two = (Team.objects.create(organisation=firm.acme.organisation, name=n) for n in ("One", "Two"))
    for team, who in ((one, kept), (one, gone), (two, gone)):
        TeamMember.objects.create(organisation=firm.acme.organisation, team=team, person=who)
    note(gone, "Prefers the telephone", actor=actor)
    before = rows()
    merge_people(kept, gone, actor=actor)
    kept.refresh_from_db()
    asset.refresh_from_db()
    assert asset.person == kept
    assert (kept.phone, kept.account, kept.email) == (
        "0102030405",
        firm.acme.requester,
        "claire@acme.example",
    )
    assert {m.team for m in kept.teams.all()} == {one, two}
    assert "c.moreau@acme.example" in Note.objects.get(text__startswith="Also known").text
    assert not Person.objects.filter(pk=gone.pk).exists()
    undo(Event.objects.get(verb="person.merged"), actor)
    Note.objects.filter(text__startswith="Also known").delete()
    assert rows() == before
    with pytest.raises(ValidationError, match="already taken apart"):
        undo(Event.objects.get(verb="person.merged"), actor)


def test_what_was_written_since_stays(pair: Any) -> None:
    _firm, actor, kept, gone = pair
    merge_people(kept, gone, actor=actor)
    Person.objects.filter(pk=kept.pk).update(phone="0600000000")
    undo(Event.objects.get(verb="person.merged"), actor)
    kept.refresh_from_db()
    assert (kept.phone, kept.account) == ("0600000000", None)


def test_what_cannot_be_merged_is_told(pair: Any) -> None:
    firm, actor, kept, gone = pair
    with pytest.raises(ValidationError, match="with themselves"):
        merge_people(kept, kept, actor=actor)
    Person.objects.filter(pk=kept.pk).update(account=firm.acme.technician)
    kept.refresh_from_db()
    with pytest.raises(ValidationError, match="Both have an account"):
        merge_people(kept, gone, actor=actor)
    theirs = Person.objects.create(organisation=firm.globex.organisation, name="Claire")
    with pytest.raises(ValidationError, match="another organisation"):
        merge_people(theirs, gone, actor=actor)


def test_the_page_of_a_merged_person_leads_to_the_other(pair: Any, client_of: Any) -> None:
    firm, _actor, kept, gone = pair
    browser = client_of(firm.provider.administrator)
    done = browser.post(f"/people/{gone.pk}/act/merge/", {"kept": kept.pk})
    assert done.headers["Location"] == f"/people/{kept.pk}/"
    assert browser.get(f"/people/{gone.pk}/").headers["Location"] == f"/people/{kept.pk}/"
