"""The daily look: silences told once, agents replaced or copied marked with what to do, versions out of date."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from etabli.conftest import Firm
from etabli.inventory import agents, versions, watching
from etabli.inventory.models import Agent, Document
from etabli.inventory.screens import agent_screen
from etabli.kernel import preferences
from etabli.kernel.accounts import Account
from etabli.kernel.actors import SYSTEM, actor_of
from etabli.kernel.notifications import Notification
from etabli.kernel.organisations import Organisation
from etabli.kernel.screens import registry
from etabli.kernel.screens.counting import forget
from etabli.kernel.tenancy import scope

from .machines import Fleet, computer

NOW = timezone.now()
DAY = timedelta(days=1)


def agent(deviceid: str = "pc", **more: Any) -> Agent:
    usual: dict[str, Any] = {"deviceid": deviceid, "name": "GLPI-Agent", "version": "1.12", "seen_at": NOW}
    made = Agent.objects.create(**(usual | more))
    if "first_seen_at" in more:
        Agent.objects.filter(pk=made.pk).update(first_seen_at=more["first_seen_at"])
    return made


def told(organisation: Organisation) -> list[Notification]:
    with scope(organisation.pk):
        return list(Notification.objects.filter(kind=watching.KIND).order_by("pk"))


# --- silence ------------------------------------------------------------------------------------------------


def test_a_silence_is_told_once_to_those_who_look_after_agents(firm: Firm, in_english: None) -> None:
    acme = firm.acme.organisation
    with scope(acme.pk):
        agent("quiet", seen_at=NOW - 8 * DAY)
        agent("recent", seen_at=NOW - 6.5 * DAY)
        assert watching.tell_silence(acme, now=NOW) == 1
        assert watching.tell_silence(acme, now=NOW + DAY) == 1  # "recent" in its turn, "quiet" not again
        assert watching.tell_silence(acme, now=NOW + 1.1 * DAY) == 0
    found = told(acme)
    assert {n.account_id for n in found} == {
        firm.provider.administrator.pk, firm.provider.technician.pk,
        firm.acme.administrator.pk, firm.acme.technician.pk,
    }  # fmt: skip
    first = next(n for n in found if n.account_id == firm.acme.technician.pk)
    assert first.title == "1 agent silent for more than 7 days"
    assert first.text == "quiet"
    assert first.url == "/agents/?contact=silent"


def test_an_agent_that_came_back_is_told_again_when_it_goes_silent_again(fleet: Fleet) -> None:
    pc = computer(1)
    fleet.send(pc)
    with scope(fleet.acme.pk):
        later = NOW + 9 * DAY
        assert watching.tell_silence(fleet.acme, now=later) == 1
        assert watching.tell_silence(fleet.acme, now=later) == 0
    fleet.send(pc)
    with scope(fleet.acme.pk):
        assert watching.tell_silence(fleet.acme, now=later) == 1


def test_an_agent_expected_later_than_the_limit_is_not_silent(firm: Firm) -> None:
    with scope(firm.acme.id):
        agent(seen_at=NOW - 10 * DAY, expected_at=NOW + 5 * DAY)
        assert watching.tell_silence(firm.acme.organisation, now=NOW) == 0


def test_each_organisation_has_its_own_patience(firm: Firm) -> None:
    preferences.set_value(watching.SILENT, 3, organisation=firm.globex.id, actor=SYSTEM)
    for staff in (firm.acme, firm.globex):
        with scope(staff.id):
            agent(seen_at=NOW - 5 * DAY)
    with scope(firm.acme.id, firm.globex.id):
        rows = Agent.objects.filter(watching.silent([firm.acme.id, firm.globex.id], NOW))
        assert [a.organisation_id for a in rows] == [firm.globex.id]


# --- replaced, doubled, copied --------------------------------------------------------------------------------


def doubts(fleet: Fleet, now: datetime | None = None) -> dict[str, str]:
    with scope(fleet.acme.pk):
        watching.mark_doubts(fleet.acme.pk, now=now or timezone.now())
        return dict(Agent.objects.exclude(doubt="").values_list("deviceid", "doubt"))


def reason(fleet: Fleet, name: str) -> str:
    with scope(fleet.acme.pk):
        return str(Agent.objects.get(deviceid=name).doubt_reason)


def test_an_agent_installed_again_is_told_and_forgetting_the_old_one_ends_it(fleet: Fleet) -> None:
    pc = computer(1, deviceid="old")
    fleet.send(pc)
    fleet.send(computer(1, deviceid="new", agent="1f1c1111-0000-4000-8000-000000000001"))
    assert doubts(fleet) == {"old": "replaced"}
    assert reason(fleet, "old").startswith("“new” reports for PC-00001 since ")
    with scope(fleet.acme.pk):
        agents.forget(Agent.objects.get(deviceid="old"), actor=SYSTEM)
    assert doubts(fleet) == {}


def test_two_agents_that_report_in_turn_for_one_machine_are_both_told(fleet: Fleet) -> None:
    one = computer(1, deviceid="glpi")
    other = computer(1, deviceid="fusion", agent="1f1c1111-0000-4000-8000-000000000001")
    fleet.send(one)
    fleet.send(other)
    fleet.send(one)
    assert doubts(fleet) == {"glpi": "duplicated", "fusion": "duplicated"}
    assert "two agents are installed on it" in reason(fleet, "glpi")
    with scope(fleet.acme.pk):
        agents.forget(Agent.objects.get(deviceid="fusion"), actor=SYSTEM)
        assert Agent.objects.get().doubt == ""


def test_one_agent_id_on_two_machines_is_told_with_their_names(fleet: Fleet) -> None:
    same = {"deviceid": "copied", "agent": "1f1c1111-0000-4000-8000-000000000001"}
    for _ in range(2):
        fleet.send(computer(1, **same))
        fleet.send(computer(2, **same))
    assert doubts(fleet) == {"copied": "machines"}
    assert "PC-00001, PC-00002" in reason(fleet, "copied")


def test_one_agent_id_under_two_names_on_two_machines_is_told_on_both(fleet: Fleet) -> None:
    for number in (1, 2):
        fleet.send(computer(number, deviceid=f"pc-{number}", agent="1f1c1111-0000-4000-8000-000000000001"))
    fleet.send(computer(3))
    assert doubts(fleet) == {"pc-1": "machines", "pc-2": "machines"}
    assert "PC-00001, PC-00002" in reason(fleet, "pc-1")


def contacts(hours: list[float], addresses: list[str]) -> list[str]:
    """Kept contacts, the latest first, so many hours ago each."""
    stamps = [int((NOW - timedelta(hours=h)).timestamp()) for h in hours]
    return [f"{at} contact {where}" for at, where in zip(stamps, addresses, strict=True)]


def test_two_addresses_in_turn_more_often_than_one_agent_comes_are_told(fleet: Fleet) -> None:
    turns = ["10.0.0.1", "10.0.0.2"] * 4
    with scope(fleet.acme.pk):
        agent("clone", contacts=contacts([n * 8 for n in range(8)], turns))
        agent("traveller", contacts=contacts([n * 24 for n in range(8)], turns))
        agent("home", contacts=contacts([n * 8 for n in range(8)], ["10.0.0.1"] * 8))
        agent("moved", contacts=contacts([n * 8 for n in range(8)], ["10.0.0.2"] * 3 + ["10.0.0.1"] * 5))
        agent("new", contacts=[])
    assert doubts(fleet, NOW) == {"clone": "addresses"}
    assert "10.0.0.1 and 10.0.0.2" in reason(fleet, "clone")


def test_a_contact_and_the_inventory_after_it_are_one_coming() -> None:
    kept = contacts([0, 0.05, 8, 8.1], ["10.0.0.1"] * 4)
    assert len(watching.sessions(kept)) == 2


def test_a_doubt_that_is_settled_goes_away_and_one_that_stays_is_not_written_again(fleet: Fleet) -> None:
    with scope(fleet.acme.pk):
        agent("clone", contacts=contacts([n * 8 for n in range(8)], ["10.0.0.1", "10.0.0.2"] * 4))
    assert doubts(fleet, NOW) == {"clone": "addresses"}
    with scope(fleet.acme.pk):
        Agent.objects.update(contacts=[])
    assert doubts(fleet, NOW) == {}


# --- versions -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "version", "old"),
    [
        ("GLPI-Agent", "1.7.3", True),
        ("GLPI-Agent", "1.8", False),
        ("GLPI-Agent", "1.8.0", False),
        ("GLPI-Agent", "1.12-dev", False),
        ("GLPI-Agent", "1.10", False),
        ("GLPI-Agent", "", True),
        ("FusionInventory-Agent", "2.6", True),
        ("OCS-NG_unified_unix_agent", "2.4", False),
    ],
)
def test_versions_compare_by_their_numbers(name: str, version: str, old: bool) -> None:
    assert (versions.outdated(name, version, versions.minimums("")) is not None) is old


def test_an_organisation_asks_for_more_and_what_it_mistypes_counts_for_nothing(in_english: None) -> None:
    wanted = versions.minimums("GLPI-Agent 1.11; OCS-NG_unified_unix_agent 2.10, nonsense, x y z")
    assert set(wanted) == {"GLPI-Agent", "FusionInventory-Agent", "OCS-NG_unified_unix_agent"}
    reason = versions.outdated("GLPI-Agent", "1.10", wanted)
    assert reason == "GLPI-Agent 1.10 is older than 1.11. The setting of the organisation asks for it."


def test_the_list_tells_and_finds_what_is_wrong_in_a_constant_number_of_queries(
    firm: Firm, django_assert_max_num_queries: Any
) -> None:
    screen, account = registry[Agent], Account.objects.get(pk=firm.acme.technician.pk)
    with scope(firm.acme.id):
        agent("old", version="1.7")
        agent("fusion", name="FusionInventory-Agent", version="2.6")
        agent("fine")
        agent("quiet", seen_at=NOW - 30 * DAY)
        agent("copied", doubt="machines", doubt_reason="x")
        actor = actor_of(account)
        forget()
        with django_assert_max_num_queries(9):
            values = [figure.value for figure in screen.figures(screen.rows(actor), actor)]
        assert values == [5, 1, 2, 1]
        names = Agent.objects.filter(versions.condition([firm.acme.id])).values_list("deviceid", flat=True)
        assert sorted(names) == ["fusion", "old"]


def test_the_page_says_when_how_often_why_and_what_is_wrong(firm: Firm, client_of: Any) -> None:
    with scope(firm.acme.id):
        one = agent(
            "pc",
            version="1.7",
            doubt="machines",
            doubt_reason="copied",
            contacts=["1700000000 contact 10.0.0.9"],
        )
        for n in range(3):
            Document.objects.create(
                agent=one, received_at=NOW, source="pc", content=b"", sha256="0", state="read", decision="updated",
                size=2048 * (n + 1), took_ms=10 * (n + 1),
                warnings=[{"path": "bios.ssn", "value": "0", "reason": "a junk value"}],
            )  # fmt: skip
    page = client_of(firm.acme.technician).get(f"/agents/{one.pk}/").content.decode()
    for words in (
        "An inventory every 24 h: the setting of the installation.", "GLPI-Agent 1.7 is older than 1.8", "copied",
        "10.0.0.9", "30 ms", "20 ms", "bios.ssn : a junk value", "Inventory soon", "Forget",
    ):  # fmt: skip
        assert words in page, words
    assert agent_screen.LATEST == 20


def test_what_filters_find_is_what_the_chips_say(firm: Firm, client_of: Any) -> None:
    with scope(firm.acme.id):
        agent("quiet-one", seen_at=NOW - 30 * DAY)
        agent("old-one", version="1.0")
        agent("asked-one", soon_at=NOW)
        agent("doubtful-one", doubt="replaced")
    browser = client_of(firm.acme.technician)
    for query, name in (
        ("contact=silent", "quiet-one"), ("age=outdated", "old-one"), ("contact=asked", "asked-one"),
        ("doubt=replaced", "doubtful-one"),
    ):  # fmt: skip
        page = browser.get(f"/agents/?{query}").content.decode()
        found = [n for n in ("quiet-one", "old-one", "asked-one", "doubtful-one") if f"<b>{n}</b>" in page]
        assert found == [name], query
