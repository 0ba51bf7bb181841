"""The fleet from the command line: the filters, forms, acts and rights of the pages, and data on stdout."""

import csv
import io
import json
from contextlib import nullcontext
from typing import Any

import pytest

from etabli.assets.models import Asset, AssetKind
from etabli.kernel.events import Event
from etabli.kernel.tenancy import scope
from etabli.people.models import Room, Site
from etabli.project.commands import fleet, outcome


@pytest.fixture
def acme(firm):
    with scope(firm.acme.id):
        rouen, caen = Site.objects.create(name="Rouen"), Site.objects.create(name="Caen")
        Room.objects.create(site=rouen, name="Salle 2")
        kind = AssetKind.objects.get(organisation=None, key="laptop")
        Asset.objects.create(name="PC-1", kind=kind, site=rouen, warranty_end="2020-01-01", tag="INV-1")
        Asset.objects.create(name="PC-2", kind=kind, site=rouen, warranty_end="2099-01-01")
        Asset.objects.create(name="PC-3", kind=kind, site=caen, state="lost")
    with scope(firm.globex.id):
        Asset.objects.create(name="SECRET", kind=kind)
    return firm.acme


@pytest.fixture
def run(acme, monkeypatch, capfdbinary):
    """A command, as this process is already set up; gives the exit code, stdout and stderr."""
    monkeypatch.setattr(fleet, "working", nullcontext)
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    import typer

    command = typer.main.get_command(fleet.app)

    def call(*words: str, account: Any = acme.administrator) -> tuple[int, str, str]:
        from etabli.project.cli import exit_code

        extra = ["--as", account.email] if account else []
        capfdbinary.readouterr()
        try:
            command(args=[words[0], *extra, *words[1:]], prog_name="etabli fleet", standalone_mode=True)
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        except outcome.Failure as error:
            code = exit_code(error) or 0
            print(error, file=__import__("sys").stderr)
        out, err = capfdbinary.readouterr()
        return code, out.decode("utf-8-sig"), err.decode()

    return call


def names(out: str) -> list[str]:
    return [row["name"] for row in json.loads(out)]


def test_the_list_takes_every_filter_in_both_languages(run):
    code, out, err = run("liste", "--site", "rouen", "--sans-garantie", "-o", "json")
    assert (code, names(out)) == (0, ["PC-1"])
    assert "Assets: 1." in err
    assert names(run("list", "--etat", "lost", "-o", "json")[1]) == ["PC-3"]
    assert names(run("list", "--site", "roue", "-o", "json")[1]) == ["PC-1", "PC-2"]
    assert names(run("list", "--site", "Rouen", "--not", "site", "-o", "json")[1]) == ["PC-3"]
    assert names(run("list", "-q", "inv-1", "-o", "json")[1]) == []


def test_csv_and_table_say_the_same_rows(run):
    rows = list(csv.reader(io.StringIO(run("list", "-o", "csv")[1]), delimiter=";"))
    assert [row[1] for row in rows[1:]] == ["PC-1", "PC-2", "PC-3"]
    lines = run("list", "--columns", "name,site")[1].splitlines()
    assert [line.split("\t")[1] for line in lines] == ["Place", "Rouen", "Rouen", "Caen"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("list", "--colour", "red"), "There is no filter --colour"),
        (("list", "--site", "Paris"), "--site has no “Paris”: Rouen"),
        (("list", "--person", "Nobody"), "Nothing is named “Nobody”"),
        (("list", "-o", "xml"), "is not a format"),
        (("change", "PC-1", "--colour", "red"), "There is no field --colour"),
        (("act", "PC-1", "dance"), "There is no act “dance”"),
        (("act", "PC-1", "unplace", "--x", "3"), "asks nothing"),
    ],
)
def test_wrong_words_are_wrong_usage_with_what_may_be_written(run, words, told):
    code, out, err = run(*words)
    assert (code, out) == (outcome.USAGE, "")
    assert told in err


def test_an_asset_is_found_by_number_tag_serial_or_name(run):
    shown = json.loads(run("montrer", "inv-1".upper(), "-o", "json")[1])
    assert shown["name"] == "PC-1"
    assert json.loads(run("show", str(shown["id"]), "-o", "json")[1])["tag"] == "INV-1"
    assert run("show", "pc-2", "-o", "json")[0] == 0
    code, _out, err = run("show", "SECRET")
    assert code == outcome.FAILED
    assert "There is no asset" in err


def test_adding_and_changing_go_through_the_form_and_a_trial_writes_nothing(run, acme):
    words = ("ajouter", "--nom", "PC-9", "--type", "laptop", "--site", "caen")
    assert json.loads(run(*words, "--essai")[1])["name"] == "PC-9"
    with scope(acme.id):
        assert not Asset.objects.filter(name="PC-9").exists()
    assert run(*words)[0] == 0
    code, out, _err = run("modifier", "PC-9", "--site", "Rouen", "--tag", "INV-9")
    assert (code, json.loads(out)["site"]["name"]) == (0, "Rouen")
    code, _out, err = run("change", "PC-9", "--tag", "INV-1")
    assert code == outcome.FAILED
    assert "already has this tag" in err
    with scope(acme.id):
        event = Event.objects.filter(verb="asset.changed").latest("pk")
        assert (event.source, event.account_id) == ("command", acme.administrator.pk)


def test_any_act_of_the_screen_is_done_on_several_assets(run, acme):
    code, out, _err = run("agir", "PC-1", "PC-2", "seen", "--local", "Salle 2")
    assert code == 0
    told = json.loads(out)
    assert (told["done"], told["problems"]) == (2, [])
    with scope(acme.id):
        assert Event.objects.filter(batch=told["batch"], verb="asset.seen").count() == 2
    code, out, err = run("act", "PC-1", "unplace")
    assert code == 1
    assert "It is on no plan." in err


def test_an_account_only_does_what_its_role_allows(run, acme):
    code, _out, err = run("change", "PC-1", "--tag", "X", account=acme.auditor)
    assert code == outcome.FAILED
    assert "Your role does not allow this" in err
    assert run("list", account=acme.requester)[0] == outcome.FAILED


def test_without_an_account_the_administrator_of_the_server_sees_every_organisation(run, acme):
    assert "SECRET" in names(run("list", "-o", "json", account=None)[1])
    assert "SECRET" not in names(run("list", "-o", "json", "--organisation", "acme", account=None)[1])
