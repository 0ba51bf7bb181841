"""The changes of assets are kept for ever, or for the months an organisation says."""

from datetime import date, datetime, timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from etabli.assets import forgetting, jobs
from etabli.assets.models import Asset, AssetChange, AssetKind
from etabli.kernel import preferences
from etabli.kernel.actors import SYSTEM
from etabli.kernel.tenancy import scope

NAME = "inventory.changes_months"


def noted(organisation: int, *moments: datetime) -> None:
    with scope(organisation):
        asset = Asset.objects.create(name="PC", kind=AssetKind.objects.get(key="laptop"))
        AssetChange.objects.bulk_create(
            AssetChange(
                organisation_id=organisation, asset=asset, at=at, family="disks", what="added", label="sda"
            )
            for at in moments
        )


def left(organisation: int) -> list[datetime]:
    with scope(organisation):
        return list(AssetChange.objects.order_by("at").values_list("at", flat=True))


def keep_for(months: int, organisation: int) -> None:
    with scope(organisation):
        preferences.set_value(NAME, months, organisation=organisation, actor=SYSTEM)


def test_nothing_is_forgotten_unless_an_organisation_says_so(firm):
    long_ago = timezone.now() - timedelta(days=9000)
    noted(firm.acme.id, long_ago)
    jobs.forget_old_changes.function()
    assert left(firm.acme.id) == [long_ago]


def test_an_organisation_forgets_what_is_older_than_its_months_and_no_other_one_does(firm):
    zone, today = timezone.get_current_timezone(), date(2026, 11, 30)
    on_the_day, before = datetime(2026, 8, 30, tzinfo=zone), datetime(2026, 8, 29, 23, 59, tzinfo=zone)
    for staff in (firm.acme, firm.globex):
        noted(staff.id, before, on_the_day)
    keep_for(3, firm.acme.id)
    assert [forgetting.forget_changes(one.id, today=today) for one in (firm.acme, firm.globex)] == [1, 0]
    assert left(firm.acme.id) == [on_the_day]
    assert left(firm.globex.id) == [before, on_the_day]


def test_it_goes_slice_by_slice_and_twice_is_once(firm, monkeypatch):
    monkeypatch.setattr(forgetting, "SLICE", 2)
    noted(firm.acme.id, *(timezone.now() - timedelta(days=400 + n) for n in range(5)), timezone.now())
    keep_for(12, firm.acme.id)
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert forgetting.forget_changes(firm.acme.id) == 5
    assert sum("DELETE" in one["sql"] for one in seen) == 4, "two, two, one, none"
    jobs.forget_old_changes.function()
    assert len(left(firm.acme.id)) == 1
