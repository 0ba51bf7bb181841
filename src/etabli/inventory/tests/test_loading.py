"""Every real document and captured exchange ends as an asset or as a refusal that says why."""

from collections import Counter
from pathlib import Path

import pytest
from django.utils import timezone

from etabli.assets.models import Asset
from etabli.inventory import actions, jobs
from etabli.inventory.models import Document
from etabli.kernel.tenancy import scope

from .corpus import corpus, exchanges
from .machines import Fleet, computer, post

DOCUMENTED = {200, 400, 501}


def test_every_example_becomes_an_asset_or_says_why_not(fleet: Fleet) -> None:
    files = list(actions.files_of([corpus() / "inventory_format", corpus() / "agent", corpus() / "captures"]))
    assert len(files) > 40
    loaded = [actions.load(file, organisation_id=fleet.acme.pk, now=timezone.now()) for file in files]
    assert all(one.reason for one in loaded)
    assert [one for one in loaded if one.asset is None and one.decision != "refused"] == []
    assert Counter(one.decision for one in loaded)["created"] >= 25
    with scope(fleet.acme.pk):
        assert not Document.objects.filter(state="received").exists()
        names = list(Asset.objects.values_list("name", "serial", "uuid"))
    assert len(set(names)) == len(names)


def test_every_captured_exchange_is_answered_and_read(fleet: Fleet) -> None:
    replayed = [exchange for exchange in exchanges() if exchange.is_message]
    assert len(replayed) > 40
    for exchange in replayed:
        kept = {
            n: v
            for n, v in exchange.headers.items()
            if n.lower() in {"user-agent", "glpi-agent-id", "glpi-request-id"}
        }
        answer = post(
            fleet.url(), exchange.body, "application/xml", **{n.replace("-", "_"): v for n, v in kept.items()}
        )
        assert answer.status_code in DOCUMENTED, exchange.name
    jobs.drain_all(fleet.acme.pk)
    with scope(fleet.acme.pk):
        waiting = Document.objects.filter(state="received")
        unexplained = Document.objects.filter(reason="")
        assert not waiting.exists()
        assert not unexplained.exists()
        assert Asset.objects.exists()


def test_a_folder_is_read_in_the_order_of_its_names_and_other_files_left(tmp_path: Path) -> None:
    for name in ("b.json", "a.xml", "notes.txt", "sub/c.ocs"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    assert [f.name for f in actions.files_of([tmp_path])] == ["a.xml", "b.json", "c.ocs"]


def test_a_file_that_is_no_inventory_is_refused_with_its_reason(fleet: Fleet, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("hello")
    (tmp_path / "b.json").write_text('{"action":"contact","deviceid":"x"}')
    for file in (tmp_path / "a.json", tmp_path / "b.json", tmp_path / "absent.json", tmp_path):
        loaded = actions.load(file, organisation_id=fleet.acme.pk, now=timezone.now())
        assert (loaded.decision, loaded.asset) == ("refused", None)
        assert len(loaded.reason) > 20


@pytest.mark.parametrize("times", [1, 3])
def test_the_same_file_loaded_again_changes_nothing(fleet: Fleet, tmp_path: Path, times: int) -> None:
    file = tmp_path / "pc.json"
    file.write_bytes(computer(1).document())
    decisions = [
        actions.load(file, organisation_id=fleet.acme.pk, now=timezone.now()).decision for _t in range(times)
    ]
    assert decisions == ["created", *["unchanged"] * (times - 1)]
