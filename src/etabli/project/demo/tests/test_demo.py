"""The sample companies: what they hold, that they come once, and that nothing of them stays behind."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from etabli.assets.models import Asset, AssetKind, Booking, KitItem, Loan, Slip
from etabli.inventory.models import Agent, Document
from etabli.kernel import files
from etabli.kernel.accounts import Account
from etabli.kernel.actors import SYSTEM, Actor, actor_of
from etabli.kernel.attachments import Note
from etabli.kernel.events import Event
from etabli.kernel.organisations import Organisation
from etabli.kernel.search import SearchEntry
from etabli.kernel.tenancy import everywhere, scope
from etabli.people.actions import create_administrator, start_organisation
from etabli.people.models import Person, Site
from etabli.project.demo import actions

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@dataclass
class Sample:
    real: Organisation
    admin: Account
    rows: dict[str, int]
    loaded: actions.Loaded

    @property
    def ids(self) -> list[int]:
        return [o.pk for o in actions.sample_organisations()]


@pytest.fixture(scope="module")
def sample(django_db_setup: None, django_db_blocker) -> Iterator[Sample]:
    """Loaded once beside a real provider, as loading takes seconds; what a test changes is rolled back after it."""
    with django_db_blocker.unblock(), transaction.atomic():
        real = start_organisation(name="Infogérance réelle", kind="provider", actor=SYSTEM)
        admin = create_administrator(
            email="real@real.example", name="Real", password="x" * 14, organisation=real
        )
        with scope(real.pk):
            Asset.objects.create(name="REAL-1", kind=AssetKind.objects.get(key="laptop"))
        rows = rows_by_table()
        yield Sample(real, admin, rows, actions.load(now=timezone.now(), password="a-password-for-tests"))
        transaction.set_rollback(True)


def rows_by_table() -> dict[str, int]:
    with everywhere(because="a test counts every row"), connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        counts = {}
        for table in tables:
            cursor.execute(f'SELECT count(*) FROM "{table}"')
            counts[table] = cursor.fetchone()[0]
        return counts


def test_there_are_four_companies_and_412_assets_and_90_people(sample: Sample) -> None:
    with scope(*sample.ids):
        assert len(sample.ids) == 4
        assert Asset.objects.count() == 412
        assert Person.objects.count() == 90
        assert all(site.latitude for site in Site.objects.all())


def test_the_clients_hang_under_the_sample_provider_and_it_under_the_installation_s(sample: Sample) -> None:
    provider, *clients = actions.sample_organisations()
    assert provider.parent_id == sample.real.pk
    assert {one.parent_id for one in clients} == {provider.pk}
    assert set(sample.ids) <= set(actor_of(sample.admin).places)


def test_most_machines_spoke_within_a_day_and_some_are_forgotten(sample: Sample) -> None:
    now = timezone.now()
    with scope(*sample.ids):
        seen = Agent.objects.exclude(asset=None)
        assert seen.filter(seen_at__gt=now - timedelta(days=1)).count() > 0.75 * seen.count()
        assert Asset.objects.filter(seen_at__lt=now - timedelta(days=30)).exists()
        assert not Agent.objects.filter(seen_at__gt=now).exists()


def test_one_inventory_waits_for_a_person_and_one_is_refused_with_warnings(sample: Sample) -> None:
    with scope(*sample.ids):
        assert Document.objects.filter(decision="suggested").count() == 1
        assert Document.objects.get(decision="refused").warnings
        assert not Document.objects.filter(state="received").exists()


def test_events_follow_their_dates_over_twelve_months(sample: Sample) -> None:
    with scope(*sample.ids):
        dates = list(Event.objects.order_by("id").values_list("at", flat=True))
    assert dates == sorted(dates)
    assert dates[-1] - dates[0] > timedelta(days=350)
    assert len({d.date().replace(day=1) for d in dates}) >= 12


def test_every_asset_can_be_found_by_its_serial_number(sample: Sample) -> None:
    with scope(*sample.ids):
        found = SearchEntry.objects.filter(noun="asset").count()
        one = Asset.objects.exclude(serial="").first()
        assert found == 412
        assert SearchEntry.objects.filter(
            noun="asset", object_id=one.pk, text__contains=one.serial.lower()
        ).exists()


def test_somebody_of_the_samples_can_log_in_with_the_rights_of_a_technician(sample: Sample) -> None:
    lea = Account.objects.get(email="lea@demo.example")
    actor = actor_of(lea)
    assert lea.check_password("a-password-for-tests")
    assert set(actor.places) == set(sample.ids)
    assert actor.may("asset.change", sample.ids[0])
    assert not actor.may("organisation.delete", sample.ids[0])


def test_loading_twice_does_nothing_more(sample: Sample) -> None:
    before = rows_by_table()
    assert actions.load(now=timezone.now()) == actions.Loaded()
    assert rows_by_table() == before


def test_removing_leaves_every_table_as_it_was(sample: Sample) -> None:
    actions.remove()
    connection.check_constraints()
    assert rows_by_table() == sample.rows


def test_removing_twice_does_nothing_more(sample: Sample) -> None:
    actions.remove()
    assert actions.remove() == {}


def test_a_real_organisation_that_somebody_hung_under_a_sample_one_stays(sample: Sample) -> None:
    with scope(*sample.ids):
        top = Organisation.objects.get(pk=sample.ids[0])
    child = start_organisation(name="Vraie cliente", kind="client", actor=SYSTEM, parent=top)
    actions.remove()
    connection.check_constraints()
    with scope(child.pk):
        kept = Organisation.objects.get(pk=child.pk)
    assert kept.parent_id is None
    assert kept.path == [child.pk]


def test_what_a_sample_account_wrote_elsewhere_stays_under_its_name(sample: Sample) -> None:
    lea = Account.objects.get(email="lea@demo.example")
    with scope(sample.real.pk):
        note = Note.objects.create(noun="asset", object_id=1, text="seen", account=lea, author=lea.name)
    actions.remove()
    with scope(sample.real.pk):
        note.refresh_from_db()
    assert (note.account_id, note.author) == (None, "Léa Morin")


def test_a_file_kept_only_by_the_samples_leaves_the_storage(sample: Sample) -> None:
    nobody = Actor(None, "x")
    with scope(sample.ids[0]):
        theirs = files.store(b"only theirs", name="a.txt", actor=nobody)
        shared = files.store(b"shared", name="b.txt", actor=nobody)
    with scope(sample.real.pk):
        files.store(b"shared", name="b.txt", actor=nobody)
    actions.remove()
    with pytest.raises(files.ContentMissing):
        files.open_file(theirs)
    assert files.open_file(shared).read() == b"shared"


def test_things_are_lent_booked_packed_and_signed_for(sample: Sample) -> None:
    with scope(*sample.ids):
        assert Loan.objects.filter(returned_on=None).count() >= 8
        assert {loan.organisation_id for loan in Loan.objects.all() if loan.late} == set(sample.ids)
        assert Slip.objects.exclude(number=None).exclude(document=None).exists()
        assert Slip.objects.filter(signed_at=None).exists()
        assert Booking.objects.filter(ends_at__gt=timezone.now()).exists()
        assert KitItem.objects.exists()
        lent = Event.objects.filter(verb="asset.lent")
        assert all(event.at.date().isoformat() == event.extra["on"] for event in lent)
        assert not Asset.objects.filter(criticality__gte=3, criticality_reason="").exists()
