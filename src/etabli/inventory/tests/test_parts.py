"""Facts of the parts, of what is plugged in and of what lives on a machine."""

import base64
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.inventory import plugged, resident
from etabli.inventory.families import FAMILIES, RAW
from etabli.inventory.layout import SECTIONS
from etabli.inventory.messages import Inventory, NetworkResult
from etabli.inventory.sections import clean, unwrap
from etabli.inventory.tests.strategies import CONTENT, NAMES
from etabli.inventory.tests.test_corpus import documents

# Sections of the examples that the format does not know: kept as they came.
UNKNOWN = {"repository"}


def rows(family: str, **sections: Any) -> list[dict[str, Any]]:
    """The components of a family, out of sections as an agent would send them."""
    return FAMILIES[family].rows({name: clean(name, content)[0] for name, content in sections.items()})


def display(maker: str, *, serial: bool = True, year: int = 2019, size: tuple[int, int] = (53, 30)) -> str:
    """An EDID block, as agents send it: base64."""
    letters = sum((ord(letter) - 64) << shift for letter, shift in zip(maker, (10, 5, 0), strict=True))
    block = bytearray(128)
    block[:8] = b"\x00\xff\xff\xff\xff\xff\xff\x00"
    block[8:10] = letters.to_bytes(2, "big")
    block[17], block[21], block[22] = year - 1990, *size
    if serial:
        block[54:59] = b"\x00\x00\x00\xff\x00"
    return base64.b64encode(bytes(block)).decode()


def test_every_section_of_the_format_is_a_component_or_stays_raw_with_a_reason() -> None:
    read = {name for family in FAMILIES.values() for name in family.sections}
    assert read | set(RAW) == set(SECTIONS)
    assert all(RAW.values())


def test_every_section_of_the_examples_is_a_component_a_raw_section_or_listed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    read = {name for family in FAMILIES.values() for name in family.sections}
    counts: dict[str, int] = {}
    for _name, message in documents():
        assert isinstance(message, Inventory | NetworkResult)
        for machine in message.devices if isinstance(message, NetworkResult) else (message,):
            for name in unwrap(machine):
                counts[name] = counts.get(name, 0) + 1
    with capsys.disabled():
        told = {n: "component" if n in read else "raw" if n in RAW else "unknown" for n in sorted(counts)}
        print("\nsections of the examples:", ", ".join(f"{n} {counts[n]} {k}" for n, k in told.items()))
    assert {name for name, kind in told.items() if kind == "unknown"} <= UNKNOWN


@given(st.dictionaries(NAMES, CONTENT, max_size=5))
@settings(max_examples=300, deadline=None)
def test_components_of_any_document_fit_their_columns(sent: dict[str, Any]) -> None:
    cleaned = {name: clean(name, content)[0] for name, content in sent.items()}
    for family in FAMILIES.values():
        for values in family.rows(cleaned):
            for name, value in values.items():
                family.model._meta.get_field(name).run_validators(value)


@given(st.dictionaries(st.sampled_from(sorted(SECTIONS)), CONTENT, max_size=4))
@settings(max_examples=200, deadline=None)
def test_components_never_fail_on_what_was_not_cleaned(sent: dict[str, Any]) -> None:
    for family in FAMILIES.values():
        assert isinstance(family.rows(sent), list)


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_an_edid_or_none(content: bytes) -> None:
    assert plugged.edid(content) is None
    block = b"\x00\xff\xff\xff\xff\xff\xff\x00" + content.ljust(120, b"\x00")
    told = plugged.edid(block)
    assert told is not None
    assert len(told.maker) == 3


def test_battery_wear_is_told_by_two_capacities_and_not_by_the_percentage_of_a_phone() -> None:
    worn = {"name": "DELL", "capacity": "57570", "real_capacity": 43000, "chemistry": "LION"}
    phone = {"chemistry": "Li-ION", "capacity": 93, "health": "Good"}
    first, second = rows("batteries", batteries=[worn, phone])
    assert (first["capacity_mwh"], first["left_mwh"]) == (57570, 43000)
    assert FAMILIES["batteries"].model(**first).left_percent == 75
    assert (second["capacity_mwh"], second["health"]) == (None, "Good")


def test_the_bios_is_the_first_firmware() -> None:
    bios = {
        "bmanufacturer": "Dell Inc.",
        "bversion": "1.4.3",
        "bdate": "01/07/2016",
        "secure_boot": "Enabled",
    }
    (found,) = rows("firmwares", bios=bios)
    assert found == {
        "name": "BIOS",
        "kind": "bios",
        "manufacturer": "Dell Inc.",
        "release": "1.4.3",
        "released_on": date(2016, 1, 7),
        "secure_boot": "Enabled",
    }


def test_a_licence_key_is_never_kept_whole() -> None:
    key = "V33KV-CMD8V-6JXQ9-YJP62-7FTGD"
    section, _warnings = clean("licenseinfos", [{"name": "Office", "key": key, "fullname": "Office 2010"}])
    assert section[0]["key"] == "•••••-7FTGD"
    hardware, _warnings = clean("hardware", {"winprodkey": "BCDEF", "winprodid": "ID-1"})
    assert hardware["winprodkey"] == "•••••"
    office = resident.licences({"licenseinfos": section})[0]
    assert (office.key_end, office.edition) == ("7FTGD", "Office 2010")
    windows = resident.licences({"hardware": hardware})[0]
    assert (windows.name, windows.key_end, windows.product_number) == ("Windows", "", "ID-1")


def test_a_database_service_tells_its_databases_and_its_last_backup() -> None:
    service = {
        "name": "MariaDB",
        "type": "mysql",
        "version": "10.11",
        "port": 3306,
        "is_active": "true",
        "last_backup_date": "2026-03-01 02:00:00",
        "databases": [{"name": "stock"}, {"name": "compta"}, {"size": 3}],
    }
    (found,) = rows("databases", databases_services=[service])
    assert (found["databases"], found["port"], found["active"]) == (["compta", "stock"], 3306, True)
    assert found["backed_up_at"] == datetime(2026, 3, 1, 2, tzinfo=UTC)


def test_a_phone_tells_its_sim_card_and_its_cameras() -> None:
    (sim,) = rows(
        "sims", simcards=[{"serial": "8933150319050352521", "operator_name": "Free", "country": "fr"}]
    )
    assert (sim["serial"], sim["operator"]) == ("8933150319050352521", "Free")
    (camera,) = rows(
        "cameras",
        cameras=[
            {"designation": "Camera 0", "lensfacing": "BACK", "resolution": ["176x144", "8000x6000", "x"]}
        ],
    )
    assert (camera["facing"], camera["resolution"]) == ("back", "8000 × 6000")


@pytest.mark.parametrize(
    ("serial", "kept"),
    [
        ("C975661HAB2R", "C975661HAB2R"),
        ("00000000", ""),
        ("16843009", ""),
        ("123", ""),
        ("", ""),
        ("To be filled by O.E.M.", ""),
    ],
)
def test_a_junk_serial_of_a_monitor_names_no_monitor(serial: str, kept: str) -> None:
    (found,) = rows("monitors", monitors=[{"caption": "DELL 1707FP", "serial": serial}])
    assert found["serial"] == kept


def test_two_monitors_of_one_machine_with_the_same_serial_have_none() -> None:
    found = rows("monitors", monitors=[{"caption": name, "serial": "ABCDEF1"} for name in ("one", "two")])
    assert [row["serial"] for row in found] == ["", ""]


def test_the_panel_of_a_laptop_is_built_in_and_a_monitor_is_not() -> None:
    panel = {"caption": "DJCP6", "serial": "ABH55D", "base64": display("SHP", serial=False)}
    monitor = {"caption": "DELL", "serial": "C975661HAB2R", "base64": display("DEL", year=2006)}
    inside, outside = rows("monitors", monitors=[panel, monitor])
    assert (inside["built_in"], outside["built_in"]) == (True, False)
    assert (outside["vendor_code"], outside["detail"]) == ("DEL", '24" · 2006')


@pytest.mark.parametrize(
    ("printer", "virtual"),
    [
        ({"name": "Microsoft XPS Document Writer", "port": "PORTPROMPT:"}, True),
        ({"name": "Fax", "driver": "Microsoft Shared Fax Driver", "port": "SHRFAX:"}, True),
        ({"name": "Imprimante PDF Sage v4", "driver": "Amyuni Document Converter 450", "port": "nul:"}, True),
        ({"name": "HP Color LaserJet Pro MFP M476 PCL 6", "port": "10.253.6.117"}, False),
        ({"name": "Deskjet-2540", "driver": "HP Deskjet 2540 Series, hpcups 3.16.11"}, False),
    ],
)
def test_a_printer_that_prints_on_nothing_is_no_object(printer: dict[str, Any], virtual: bool) -> None:
    (found,) = rows("printers", printers=[printer])
    assert found["built_in"] is virtual


def test_usb_devices_leave_out_root_hubs_and_series_numbers() -> None:
    devices = [
        {"caption": "3.0 root hub", "vendorid": "1d6b", "productid": "0003"},
        {"name": "USB Composite Device", "vendorid": "04F2", "productid": "B163", "serial": "SN0001"},
        {
            "caption": "VFS451 Fingerprint Reader",
            "vendorid": "138A",
            "productid": "ffff",
            "serial": "00B0FE47AC85",
        },
    ]
    found = rows("usb", usbdevices=devices)
    assert [row["serial"] for row in found] == ["", "00B0FE47AC85"]
    assert found[1]["product_code"] == "ffff"


@pytest.mark.parametrize(
    ("kind", "number", "link"),
    [
        ("TeamViewer", "123 456 789", "teamviewer10://control?device=123456789"),
        ("anydesk", "407026896", "anydesk:407026896"),
        ("rustdesk", "407026896", "rustdesk://407026896"),
        ("anydesk", "1; rm -rf", ""),
        ("anydesk", "javascript:alert(1)", ""),
        ("litemanager", "12345", ""),
    ],
)
def test_a_remote_control_link_is_of_a_known_program_and_a_plain_number(
    kind: str, number: str, link: str
) -> None:
    (found,) = rows("remote", remote_mgmt=[{"type": kind, "id": number}])
    assert FAMILIES["remote"].model(**found).link == link
