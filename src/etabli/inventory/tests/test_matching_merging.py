"""Two assets made one by hand, one made two: nothing is lost, it is taken back, and inventories respect it."""

from dataclasses import replace
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from etabli.assets import merging
from etabli.assets.models import Asset, AssetKind, Distinction, Merge, NetworkCard, Peripheral
from etabli.inventory import actions, splitting
from etabli.inventory.models import Agent, Document, Section
from etabli.kernel import attachments
from etabli.kernel.actors import SYSTEM, Actor
from etabli.kernel.attachments import Attachment, Link, Note, Tag, Tagging
from etabli.kernel.events import Event
from etabli.kernel.screens import registry
from etabli.kernel.screens.pages import events_of
from etabli.kernel.screens.undoing import undo
from etabli.kernel.tenancy import scope

from .machines import Fleet, Machine, computer

ONE = computer(1, agent="a", deviceid="one")
TWO = computer(2, agent="b", deviceid="two")


def anne(fleet: Fleet, *verbs: str) -> Actor:
    return Actor(1, "Anne", "screen", grants={fleet.acme.pk: frozenset(verbs or {"*"})})


def typed(fleet: Fleet, **columns: Any) -> Asset:
    kind = AssetKind.objects.get(organisation=None, key="laptop")
    return Asset.objects.create(organisation=fleet.acme, kind=kind, **columns)


def both(fleet: Fleet, one: Machine = ONE, two: Machine = TWO) -> tuple[Asset, Asset]:
    return fleet.send(one).asset, fleet.send(two).asset


def told(asset: Asset) -> dict[str, Any]:
    """What the database holds of an asset and of all that hangs on it, but for dates of writing and counters."""
    columns = Asset.objects.filter(pk=asset.pk).values().get()
    left_out = {"updated_at", "version"}
    on = attachments.on(asset)
    return {
        "columns": {name: value for name, value in columns.items() if name not in left_out},
        "sections": sorted((s.name, bytes(s.digest)) for s in Section.objects.filter(asset=asset)),
        "cards": sorted(NetworkCard.objects.filter(asset=asset).values_list("pk", "mac")),
        "agents": sorted(Agent.objects.filter(asset=asset).values_list("deviceid", flat=True)),
        "documents": sorted(Document.objects.filter(asset=asset).values_list("pk", flat=True)),
        "notes": sorted(Note.objects.filter(**on).values_list("text", flat=True)),
        "files": sorted(Attachment.objects.filter(**on).values_list("pk", flat=True)),
        "tags": sorted(Tagging.objects.filter(**on).values_list("tag__name", flat=True)),
        "links": sorted(Link.objects.filter(**on).values_list("other_id", flat=True)),
        "parts": sorted(asset.parts.values_list("pk", flat=True)),
        "aliases": sorted(asset.aliases.values_list("serial", "uuid")),
    }


def adorn(fleet: Fleet, asset: Asset, word: str) -> None:
    """A note, a file, tags (one that both assets have) and a link."""
    attachments.note(asset, f"note {word}", actor=SYSTEM)
    attachments.attach(asset, word.encode(), name=f"{word}.txt", actor=SYSTEM)
    for name in ("both", word):
        tag, _new = Tag.objects.get_or_create(organisation=fleet.acme, name=name)
        attachments.tag(asset, tag, actor=SYSTEM)
    attachments.link(asset, typed(fleet, name=f"linked {word}"), actor=SYSTEM)
    typed(fleet, name=f"screen of {word}", parent=asset)


def test_a_merge_loses_nothing_and_its_undo_gives_both_assets_back_as_they_were(fleet: Fleet) -> None:
    kept, gone = both(fleet)
    with scope(fleet.acme.pk):
        adorn(fleet, kept, "kept")
        adorn(fleet, gone, "gone")
        Asset.objects.filter(pk=gone.pk).update(tag="A-2", supplier="Grossiste", remarks="Scratched")
        before = told(kept), told(gone)
        merged = merging.merge(kept, gone, actor=anne(fleet), taken=["tag", "name"], sure=True)
        after = told(merged)
        assert (merged.name, merged.tag, merged.supplier) == (TWO.name, "A-2", "Grossiste")
        assert after["columns"]["remarks"] == "Scratched"
        assert after["agents"] == ["one", "two"]
        for what in ("documents", "notes", "files", "links", "parts"):
            assert after[what] == sorted(before[0][what] + before[1][what]), what
        assert after["tags"] == ["both", "gone", "kept"]
        assert not Asset.objects.filter(pk=gone.pk).exists()
        event = Event.objects.filter(verb="asset.merged").get()
        undo(event, anne(fleet))
        assert (told(kept), told(gone)) == before
        assert not Merge.objects.exists()


def test_the_inventories_of_both_agents_go_to_the_kept_asset_also_after_a_reinstallation(
    fleet: Fleet,
) -> None:
    kept, gone = both(fleet)
    with scope(fleet.acme.pk):
        merging.merge(kept, gone, actor=anne(fleet), sure=True)
    stories = [ONE, TWO, TWO.reinstalled(), ONE.reinstalled(), replace(TWO, name="RENAMED")]
    for machine in stories:
        assert fleet.send(machine).asset.pk == kept.pk
    assert [a.pk for a in fleet.assets()] == [kept.pk]


def test_what_the_machine_is_made_of_is_that_of_the_latest_inventory(fleet: Fleet) -> None:
    kept, gone = both(fleet)
    with scope(fleet.acme.pk):
        merged = merging.merge(kept, gone, actor=anne(fleet), sure=True)
        assert list(merged.networkcards.values_list("mac", flat=True)) == list(TWO.macs)
        assert Section.objects.filter(asset=merged, name="bios").count() == 1


def test_an_undo_keeps_what_somebody_wrote_since_and_what_came_since(fleet: Fleet) -> None:
    kept, gone = both(fleet)
    with scope(fleet.acme.pk):
        Asset.objects.filter(pk=gone.pk).update(supplier="Grossiste", order_number="C-1")
        merged = merging.merge(kept, gone, actor=anne(fleet), sure=True)
        merged.supplier = "Other"
        merged.save()
        attachments.note(merged, "later", actor=SYSTEM)
        undo(Event.objects.get(verb="asset.merged"), anne(fleet))
        kept.refresh_from_db()
        assert (kept.supplier, kept.order_number) == ("Other", "")
        assert told(kept)["notes"] == ["later"]
    assert fleet.send(ONE).asset.pk == kept.pk
    assert fleet.send(TWO).asset.pk == gone.pk


def test_what_would_be_a_wrong_merge_is_refused_with_a_sentence(fleet: Fleet) -> None:
    kept, gone = both(fleet)
    theirs = fleet.send(ONE, organisation=fleet.globex).asset
    with scope(fleet.acme.pk, fleet.globex.pk):
        everywhere = Actor(1, "Anne", grants={o.pk: frozenset("*") for o in (fleet.acme, fleet.globex)})
        for other, words in ((kept, "itself"), (theirs, "another organisation"), (gone, "within 7 days")):
            with pytest.raises(ValidationError, match=words):
                merging.merge(kept, other, actor=everywhere)
        with pytest.raises(ValidationError, match="another organisation"):
            merging.merge(kept, theirs, actor=everywhere, sure=True)
        splitting.remember_apart(kept, gone, actor=everywhere)
        with pytest.raises(ValidationError, match=r"Anne said on .* that these are two machines"):
            merging.merge(kept, gone, actor=everywhere)
        with pytest.raises(PermissionDenied):
            merging.merge(kept, gone, actor=anne(fleet, "asset.change"), sure=True)
    assert len(fleet.assets()) == 2


def test_merges_of_merges_are_taken_back_one_by_one(fleet: Fleet) -> None:
    kept, gone = both(fleet)
    last = fleet.send(computer(3, agent="c", deviceid="three")).asset
    with scope(fleet.acme.pk):
        before = [told(a) for a in (kept, gone, last)]
        merging.merge(gone, last, actor=anne(fleet), sure=True)
        merging.merge(kept, Asset.objects.get(pk=gone.pk), actor=anne(fleet), sure=True)
        assert told(kept)["agents"] == ["one", "three", "two"]
        screen = registry[Asset]
        assert [screen.successor(a.pk) for a in (gone, last)] == [kept.pk, kept.pk]
        for event in Event.objects.filter(verb="asset.merged").order_by("-pk"):
            undo(event, anne(fleet))
        assert [told(a) for a in (kept, gone, last)] == before


def test_the_history_of_the_asset_that_is_gone_is_read_on_the_kept_one(fleet: Fleet) -> None:
    kept, gone = both(fleet)
    with scope(fleet.acme.pk):
        merging.merge(kept, gone, actor=anne(fleet), sure=True)
        verbs = sorted(events_of(registry[Asset], kept).values_list("object_id", "verb"))
    assert (gone.pk, "asset.created") in verbs
    assert (kept.pk, "asset.merged") in verbs


def test_an_asset_typed_from_an_invoice_takes_the_machine_that_came_meanwhile(fleet: Fleet) -> None:
    machine = fleet.send(ONE).asset
    with scope(fleet.acme.pk):
        bought = typed(fleet, name="Invoice 17", serial="TYPO", order_number="C-17", price="900.00")
        merging.merge(bought, machine, actor=anne(fleet), taken=["serial"])
    again = fleet.send(ONE.reinstalled())
    (asset,) = fleet.assets()
    assert (again.asset.pk, asset.pk) == (bought.pk, bought.pk)
    assert (asset.serial, asset.order_number, asset.uuid) == (ONE.serial, "C-17", ONE.uuid)


def test_two_entries_of_one_monitor_become_one_and_the_machine_keeps_what_is_plugged_into_it(
    fleet: Fleet,
) -> None:
    machine = fleet.send(ONE).asset
    with scope(fleet.acme.pk):
        kept, gone = typed(fleet, name="Screen on the invoice"), typed(fleet, name="Screen", parent=machine)
        row = Peripheral.objects.create(
            organisation=fleet.acme, asset=machine, kind="monitor", name="P2422H", device=gone
        )
        merged = merging.merge(kept, gone, actor=anne(fleet))
        assert merged.parent == machine
        assert Peripheral.objects.get(pk=row.pk).device == kept
        undo(Event.objects.get(verb="asset.merged"), anne(fleet))
        assert Peripheral.objects.get(pk=row.pk).device == gone
        assert Peripheral.objects.get(pk=row.pk).asset == machine


def merged_by_the_rules(fleet: Fleet) -> tuple[Machine, Machine]:
    """Two machines that repeat the same numbers under one name: the rules cannot know."""
    one = computer(1, name="PC-COPY", agent="a", deviceid="one")
    two = replace(one, macs=computer(2).macs, agent="b", deviceid="two")
    fleet.send(one)
    fleet.send(two)
    assert len(fleet.assets()) == 1
    return one, two


def test_a_machine_separated_by_hand_stays_apart_whatever_it_sends(fleet: Fleet) -> None:
    one, two = merged_by_the_rules(fleet)
    (asset,) = fleet.assets()
    with scope(fleet.acme.pk):
        agent = Agent.objects.get(deviceid="two")
        new = splitting.separate(agent, actor=anne(fleet), now=agent.seen_at)
        assert (new.name, new.serial, new.uuid) == ("PC-COPY", one.serial, one.uuid)
        assert list(new.networkcards.values_list("mac", flat=True)) == list(two.macs)
        asset.refresh_from_db()
        assert list(asset.networkcards.values_list("mac", flat=True)) == list(one.macs)
        assert told(new)["documents"] == list(
            Document.objects.filter(agent=agent).values_list("pk", flat=True)
        )
        assert Distinction.objects.count() == 1
    for _round in range(2):
        for machine, expected in ((two, new), (one, asset)):
            for sent in (machine, replace(machine, sections={"cpus": [{"name": f"x{_round}"}]})):
                assert fleet.send(sent).asset.pk == expected.pk
            assert fleet.send(machine.reinstalled()).asset.pk == expected.pk
    assert len(fleet.assets()) == 2


def test_one_agent_for_two_machines_goes_to_the_right_one_after_a_separation(fleet: Fleet) -> None:
    """A cloned virtual machine that kept everything but its addresses: agent, name and numbers are the same."""
    one = computer(1, name="SRV", vmsystem="VMware", maker="VMware, Inc.", agent="a", deviceid="srv")
    two = replace(one, macs=("02:99:00:00:00:09",))
    fleet.send(one)
    asset = fleet.assets()[0]
    fleet.send(two)
    with scope(fleet.acme.pk):
        new = splitting.separate(Agent.objects.get(), actor=anne(fleet), now=asset.seen_at)
        NetworkCard.objects.create(asset=asset, organisation=fleet.acme, name="eth0", mac=one.macs[0])
    changed = replace(two, sections={"cpus": [{"name": "Xeon"}]})
    for machine, expected in ((two, new), (one, asset), (changed, new)):
        document = fleet.send(machine)
        assert document.asset.pk == expected.pk
    assert "a person said that these are two machines" in document.reason
    assert len(fleet.assets()) == 2


def test_an_asset_whose_only_agent_is_separated_keeps_what_people_wrote(fleet: Fleet) -> None:
    with scope(fleet.acme.pk):
        bought = typed(fleet, name="Reception", serial=ONE.serial, order_number="C-17")
    fleet.send(ONE)
    with scope(fleet.acme.pk):
        new = splitting.separate(Agent.objects.get(), actor=anne(fleet), now=fleet.last().received_at)
        bought.refresh_from_db()
        assert (bought.name, bought.serial, bought.order_number) == ("Reception", ONE.serial, "C-17")
        assert (bought.uuid, bought.system, bought.seen_at) == ("", "", None)
        assert not Section.objects.filter(asset=bought).exists()
        assert (new.name, new.uuid) == (ONE.name, ONE.uuid)
        assert new.seen_at is not None
    for machine in (ONE, ONE.reinstalled()):
        assert fleet.send(machine).asset.pk == new.pk


def test_a_separation_is_taken_back_from_either_asset(fleet: Fleet) -> None:
    merged_by_the_rules(fleet)
    (asset,) = fleet.assets()
    with scope(fleet.acme.pk):
        before = told(asset)
        for verb in ("asset.split", "asset.separated"):
            splitting.separate(
                Agent.objects.get(deviceid="two"), actor=anne(fleet), now=fleet.last().received_at
            )
            undo(Event.objects.filter(verb=verb).latest("pk"), anne(fleet))
            after = told(asset)
            for what in ("sections", "agents", "documents"):
                assert after[what] == before[what], what
            assert after["columns"] == before["columns"] | {"locked": []}
            assert not Distinction.objects.exists()


def test_a_document_without_agent_is_separated_too(fleet: Fleet) -> None:
    fleet.send(ONE)
    document = fleet.last()
    with scope(fleet.acme.pk):
        Document.objects.filter(pk=document.pk).update(agent=None)
        Agent.objects.all().delete()
        bought = fleet.assets()[0]
        new = splitting.separate(
            Document.objects.get(pk=document.pk), actor=anne(fleet), now=document.received_at, name="Mine"
        )
        assert (new.name, new.serial) == ("Mine", ONE.serial)
        assert Document.objects.get(pk=document.pk).asset == new
        assert bought.pk != new.pk


def test_what_reports_for_no_asset_has_nothing_to_be_separated_from(fleet: Fleet) -> None:
    fleet.send(ONE)
    with scope(fleet.acme.pk):
        Agent.objects.update(asset=None)
        with pytest.raises(ValidationError, match="nothing to separate"):
            splitting.separate(Agent.objects.get(), actor=anne(fleet), now=fleet.last().received_at)


def test_somebody_who_said_no_is_not_asked_again_and_the_pair_is_remembered(fleet: Fleet) -> None:
    with scope(fleet.acme.pk):
        other = typed(fleet, name=ONE.name)
    document = fleet.send(ONE)
    with scope(fleet.acme.pk):
        settled = actions.settle_suggestion(
            document=document, asset=None, actor=anne(fleet), now=document.received_at
        )
        pair = Distinction.objects.get()
        assert {pair.one, pair.other} == {other, settled.asset}
    assert fleet.send(ONE.reinstalled()).asset == settled.asset


def test_the_page_of_the_asset_that_is_gone_leads_to_the_kept_one(firm, maker, client_of) -> None:
    made = maker(firm.acme)
    kept, gone = made.new(Asset, name="Kept"), made.new(Asset, name="Gone", serial="", tag="")
    browser = client_of(firm.acme.administrator)
    answer = browser.post(f"/assets/{kept.pk}/act/merge/", {"other": gone.pk})
    assert answer.status_code == 302, answer.content.decode()[:2000]
    assert browser.get(f"/assets/{gone.pk}/").headers["Location"] == f"/assets/{kept.pk}/"
    assert client_of(firm.globex.administrator).get(f"/assets/{gone.pk}/").status_code == 404
    assert "Gone" in browser.get(f"/assets/{kept.pk}/history/").content.decode()


def test_the_api_merges_and_refuses_with_a_sentence(firm, maker, client_of) -> None:
    made = maker(firm.acme)
    kept, gone = made.new(Asset, name="Kept"), made.new(Asset, name="Gone")
    theirs = maker(firm.globex).new(Asset, name="Theirs")
    browser = client_of(firm.acme.administrator)

    def post(other: Asset) -> Any:
        return browser.post(
            f"/api/v1/assets/{kept.pk}/merge",
            {"other": other.pk, "taken": ["name"]},
            content_type="application/json",
        )

    assert post(theirs).status_code == 422
    assert post(kept).status_code == 422
    answer = post(gone)
    assert answer.status_code == 200, answer.content
    assert answer.json()["name"] == "Gone"
