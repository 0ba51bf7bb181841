"""The command that imports: what it prints, where, and how it ends."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from etabli.assets.models import Asset
from etabli.inventory.models import Document
from etabli.kernel.events import Event
from etabli.kernel.screens.importing.models import Import
from etabli.kernel.tenancy import scope
from etabli.project.commands import importing

SNIPE = "Name,Asset Tag,Category,Serial\nPC 1,T1,Laptops,S1\nPC 2,T2,Laptops,S2\n"
OCS = "<?xml version='1.0'?><REQUEST><DEVICEID>pc-1</DEVICEID><QUERY>INVENTORY</QUERY><CONTENT><HARDWARE><NAME>pc-1</NAME></HARDWARE><BIOS><SSN>OCS-1</SSN></BIOS></CONTENT></REQUEST>"


def bring(*files: Path, **options) -> bool:
    return importing.import_files(list(files), **{"organisation": "Acme", **options})


def written(folder: Path, text: str, name: str = "snipe.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_each_line_is_an_object_on_stdout_and_progress_is_elsewhere(firm, tmp_path, capsys):
    assert bring(written(tmp_path, SNIPE), explain=True)
    told = capsys.readouterr()
    lines = [json.loads(line) for line in told.out.splitlines()]
    assert [(one["row"], one["noun"], one["outcome"], one["label"], one["source"]) for one in lines] == [
        (2, "asset", "create", "PC 1", "snipe"), (3, "asset", "create", "PC 2", "snipe"),
    ]  # fmt: skip
    assert "2 create" in told.err
    with scope(firm.acme.id):
        assert Asset.objects.count() == 2
        event = Event.objects.filter(noun="asset").first()
        assert (event.source, event.batch) == ("command", Import.objects.get().batch)


def test_an_attempt_leaves_nothing_behind(firm, tmp_path, capsys):
    assert bring(written(tmp_path, SNIPE), written(tmp_path, OCS, "pc.xml"), attempt=True, explain=True)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["outcome"] for one in lines] == ["create", "create", "created"]
    with scope(firm.acme.id):
        assert not any(model.objects.exists() for model in (Asset, Import, Event, Document))


def test_a_line_in_error_is_told_and_nothing_is_written_unless_told(firm, tmp_path, capsys):
    file = written(tmp_path, SNIPE.replace("S2", "6.37702E+15"))
    assert not bring(file)
    assert "6.37702E+15" in capsys.readouterr().err
    with scope(firm.acme.id):
        assert not Asset.objects.exists()
    assert bring(file, leave_out=True)
    with scope(firm.acme.id):
        assert [asset.name for asset in Asset.objects.all()] == ["PC 1"]


def test_what_cannot_be_read_is_told_and_the_others_go_in(firm, tmp_path, capsys):
    broken = written(tmp_path, "nothing", "x.csv")
    assert not bring(broken, tmp_path / "absent.csv", written(tmp_path, SNIPE))
    assert "absent.csv" in capsys.readouterr().err
    with scope(firm.acme.id):
        assert Asset.objects.count() == 2


def test_the_organisation_must_be_told_and_known(firm, tmp_path):
    file = written(tmp_path, SNIPE)
    for name in ("", "Nobody"):
        with pytest.raises(importing.Misused, match="Acme"):
            bring(file, organisation=name)
    with pytest.raises(importing.Misused, match="oracle"):
        bring(file, source="oracle")
    with pytest.raises(importing.Misused, match="planets"):
        bring(file, into="planets")


def test_the_command_exists_in_both_languages():
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), "LANG": "en_US.UTF-8"}
    for word in ("import", "importer"):
        done = subprocess.run(
            [sys.executable, "-m", "etabli.project.cli", word, "--help"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0
        for option in ("--organisation", "--source", "--try", "--essai", "--explain"):
            assert option in done.stdout
