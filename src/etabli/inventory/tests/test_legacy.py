import json
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.inventory.legacy import read_request, sections
from etabli.inventory.messages import Inventory, NetworkResult, Prolog, Unknown, read
from etabli.inventory.snmp import Device
from etabli.inventory.wire import TooLarge, Unreadable, open_body


def inventory(content: str) -> Inventory:
    text = f"<REQUEST><CONTENT>{content}</CONTENT><DEVICEID>pc-1</DEVICEID><QUERY>INVENTORY</QUERY></REQUEST>"
    message = read(open_body(text.encode(), "application/xml"), headers={})
    assert isinstance(message, Inventory)
    return message


def result(content: str, query: str = "SNMPQUERY") -> NetworkResult:
    text = f"<REQUEST><CONTENT>{content}</CONTENT><DEVICEID>agent</DEVICEID><QUERY>{query}</QUERY></REQUEST>"
    message = read(open_body(text.encode(), "application/xml"), headers={})
    assert isinstance(message, NetworkResult)
    return message


@pytest.mark.parametrize(
    ("xml", "section", "native"),
    [
        (
            "<SOFTWARES><NAME>a</NAME><INSTALLDATE>31/12/2020</INSTALLDATE></SOFTWARES>",
            "softwares",
            [{"name": "a", "install_date": "2020-12-31"}],
        ),
        (
            "<STORAGES><NAME>sda</NAME><SERIALNUMBER>S1</SERIALNUMBER><DISKSIZE>274877.906944</DISKSIZE></STORAGES>",
            "storages",
            [{"name": "sda", "serial": "S1", "disksize": 274878}],
        ),
        (
            "<STORAGES><SERIAL>S2</SERIAL><SERIALNUMBER>S1</SERIALNUMBER><INTERFACE>Serial-ATA</INTERFACE></STORAGES>",
            "storages",
            [{"serial": "S2", "interface": "SATA"}],
        ),
        ("<FIREWALL><STATUS>off</STATUS></FIREWALL>", "firewalls", [{"status": "off"}]),
        (
            "<NETWORKS><MACADDR>AA:BB</MACADDR><STATUS>Up</STATUS><TYPE>Local</TYPE><VIRTUALDEV>1</VIRTUALDEV></NETWORKS>",
            "networks",
            [{"mac": "AA:BB", "status": "up", "type": "loopback", "virtualdev": True}],
        ),
        (
            "<NETWORKS><IPADDRESS>fe80::1</IPADDRESS><IPMASK>ffff::</IPMASK></NETWORKS>",
            "networks",
            [{"ipaddress6": "fe80::1", "ipmask6": "ffff::"}],
        ),
        (
            "<LOCAL_GROUPS><NAME>g</NAME><ID>5</ID><MEMBER>a</MEMBER><MEMBER>b</MEMBER></LOCAL_GROUPS>",
            "local_groups",
            [{"name": "g", "id": "5", "members": ["a", "b"]}],
        ),
        (
            "<LOCAL_GROUPS><ID_GROUP>5</ID_GROUP><MEMBER>a,b</MEMBER></LOCAL_GROUPS>",
            "local_groups",
            [{"id": "5", "members": ["a", "b"]}],
        ),
        (
            "<CONTROLLERS><NAME>c</NAME><PCIID>8086:0d57</PCIID></CONTROLLERS>",
            "controllers",
            [{"name": "c", "vendorid": "8086", "productid": "0d57"}],
        ),
        ("<SLOTS><STATUS>In Use</STATUS></SLOTS>", "slots", [{"status": "used"}]),
        ("<VIDEOS><NAME>v</NAME><PCIID>1:2</PCIID></VIDEOS>", "videos", [{"name": "v"}]),
        ("<LICENSEINFOS><NAME>n</NAME><OEM>1</OEM></LICENSEINFOS>", "licenseinfos", [{"name": "n"}]),
        (
            "<ANTIVIRUS><ENABLED>1</ENABLED><UPTODATE>0</UPTODATE></ANTIVIRUS>",
            "antivirus",
            [{"enabled": True, "uptodate": False}],
        ),
        (
            "<BATTERIES><CAPACITY>43.7456 Wh</CAPACITY><VOLTAGE>8.614 V</VOLTAGE></BATTERIES>",
            "batteries",
            [{"capacity": 43746, "voltage": 8614}],
        ),
        (
            "<VIRTUALMACHINES><MEMORY>4194MB</MEMORY><STATUS>stopped</STATUS></VIRTUALMACHINES>",
            "virtualmachines",
            [{"memory": 4194, "status": "off"}],
        ),
        ("<USER><LOGIN>dpi</LOGIN></USER>", "users", [{"login": "dpi"}]),
        ("<SIMCARDS><LINE_NUMBER>06</LINE_NUMBER></SIMCARDS>", "simcards", [{"phone_number": "06"}]),
        ("<BIOS><BDATE>08/24/2010</BDATE><TYPE>x</TYPE></BIOS>", "bios", {"bdate": "2010-08-24"}),
        (
            "<OPERATINGSYSTEM><NAME>A</NAME><TIMEZONE><NAME>t</NAME><OFFSET>+02</OFFSET></TIMEZONE></OPERATINGSYSTEM>",
            "operatingsystem",
            {"name": "A", "timezone": {"name": "t", "offset": "+0200"}},
        ),
        (
            "<CPUS><CORES>2</CORES><CPUARCH>x86_64</CPUARCH><TYPE>AMD EPYC</TYPE></CPUS>",
            "cpus",
            [{"core": 2, "arch": "x86_64", "name": "AMD EPYC"}],
        ),
    ],
)
def test_each_xml_section_becomes_native(xml: str, section: str, native: object) -> None:
    assert inventory(xml).sections == {section: native}


@pytest.mark.parametrize("name", ["REGISTRY", "RUDDER", "JVMS"])
def test_sections_the_format_gave_up_are_dropped(name: str) -> None:
    assert inventory(f"<{name}><A>1</A></{name}><BIOS><SSN>1</SSN></BIOS>").sections == {"bios": {"ssn": "1"}}


def test_a_section_nobody_knows_is_kept() -> None:
    assert inventory("<REPOSITORY><NAME>main</NAME></REPOSITORY>").sections == {
        "repository": {"name": "main"}
    }


def test_the_tag_is_read_among_the_account_information() -> None:
    accounts = (
        "<ACCOUNTINFO><KEYNAME>SITE</KEYNAME><KEYVALUE>Lyon</KEYVALUE></ACCOUNTINFO>"
        "<ACCOUNTINFO><KEYNAME>TAG</KEYNAME><KEYVALUE>CLIENT-A</KEYVALUE></ACCOUNTINFO>"
    )
    assert inventory(accounts + "<BIOS><SSN>1</SSN></BIOS>").tag == "CLIENT-A"


def test_what_old_agents_say_only_in_hardware_fills_the_missing_sections() -> None:
    message = inventory(
        "<HARDWARE><NAME>pc</NAME><OSNAME>Windows XP</OSNAME><OSVERSION>5.1</OSVERSION><ETIME>4</ETIME>"
        "<PROCESSORT>Pentium</PROCESSORT><PROCESSORS>1700</PROCESSORS><PROCESSORN>2</PROCESSORN>"
        "<USERID>anne</USERID></HARDWARE>"
    )
    assert message.sections == {
        "hardware": {"name": "pc", "lastloggeduser": "anne"},
        "operatingsystem": {"name": "Windows XP", "full_name": "Windows XP", "version": "5.1"},
        "cpus": [{"name": "Pentium", "speed": 1700}] * 2,
        "versionprovider": {"etime": 4},
    }


def test_an_absurd_count_of_processors_is_not_believed() -> None:
    message = inventory("<HARDWARE><PROCESSORT>P</PROCESSORT><PROCESSORN>999999999</PROCESSORN></HARDWARE>")
    assert len(message.sections["cpus"]) == 64


def test_a_missing_query_is_an_inventory_unless_it_speaks_of_a_device() -> None:
    assert read_request(b"<REQUEST><CONTENT><A>1</A></CONTENT></REQUEST>").query == "INVENTORY"
    assert (
        read_request(b"<REQUEST><CONTENT><DEVICE><A>1</A></DEVICE></CONTENT></REQUEST>").query == "SNMPQUERY"
    )


def test_a_wrong_value_stays_for_cleaning_to_explain() -> None:
    assert inventory("<DRIVES><FREE>lots</FREE></DRIVES>").sections == {"drives": [{"free": "lots"}]}


def test_a_discovered_device_prefers_the_name_told_by_snmp() -> None:
    found = result(
        "<DEVICE><DNSHOSTNAME>d</DNSHOSTNAME><NETBIOSNAME>n</NETBIOSNAME><SNMPHOSTNAME>s</SNMPHOSTNAME>"
        "<IP>10.0.0.1</IP><TYPE>NETWORKING</TYPE><ENTITY>3</ENTITY><AUTHSNMP>1</AUTHSNMP></DEVICE>"
        "<PROCESSNUMBER>101</PROCESSNUMBER>",
        "NETDISCOVERY",
    )
    device = {"name": "s", "ips": ["10.0.0.1"], "type": "Networking", "credentials": 1}
    assert (found.task, found.phase, found.job) == ("netdiscovery", "devices", 101)
    assert found.devices == (Device("NetworkEquipment", {"network_device": device}, entity="3"),)


def test_an_inventoried_device_gives_its_ports_in_native_form() -> None:
    found = result(
        "<DEVICE><INFO><ID>55</ID><TYPE>PRINTER</TYPE><NAME>imp</NAME><FIRMWARE>1.2</FIRMWARE></INFO><PORTS><PORT>"
        "<CONNECTIONS><CDP>1</CDP><CONNECTION><MAC>a</MAC><MAC>b</MAC></CONNECTION></CONNECTIONS>"
        "<IFINOCTETS>12</IFINOCTETS><IP>10.0.0.1</IP><TRUNK>0</TRUNK><AGGREGATE><PORT>3</PORT></AGGREGATE>"
        "<VLANS><VLAN><NUMBER>1</NUMBER></VLAN></VLANS></PORT></PORTS>"
        "<CARTRIDGES><TONERBLACK>71</TONERBLACK></CARTRIDGES></DEVICE>"
    )
    (device,) = found.devices
    assert (device.itemtype, device.reference) == ("Printer", "55")
    assert device.sections == {
        "network_device": {"type": "Printer", "name": "imp", "firmware": "1.2"},
        "network_ports": [
            {
                "connections": [{"mac": "a"}, {"mac": "b"}],
                "lldp": True,
                "ifinbytes": 12,
                "ips": ["10.0.0.1"],
                "trunk": False,
                "aggregate": [3],
                "vlans": [{"number": "1"}],
            }
        ],
        "cartridges": [{"tonerblack": "71"}],
        "firmwares": [{"name": "1.2", "version": "1.2"}],
    }


def test_a_device_that_did_not_answer_says_why() -> None:
    found = result(
        "<DEVICE><ERROR><ID>9</ID><TYPE>NETWORKING</TYPE><MESSAGE>timeout</MESSAGE></ERROR></DEVICE>"
    )
    assert found.devices == (Device("NetworkEquipment", reference="9", error="timeout"),)


@pytest.mark.parametrize(
    ("agent", "phase"),
    [
        ("<START>1</START>", "start"),
        ("<NBIP>254</NBIP>", "count"),
        ("<END>1</END>", "end"),
        ("<EXIT>1</EXIT>", "abort"),
    ],
)
def test_the_steps_of_a_task_are_told_apart(agent: str, phase: str) -> None:
    found = result(f"<AGENT>{agent}</AGENT><PROCESSNUMBER>5</PROCESSNUMBER>", "NETDISCOVERY")
    assert (found.phase, found.job, found.devices) == (phase, 5, ())
    assert found.count == (254 if phase == "count" else None)


@pytest.mark.parametrize(
    "document",
    [
        b'<!DOCTYPE a [<!ENTITY l "lol"><!ENTITY m "&l;&l;&l;&l;&l;">]><REQUEST><QUERY>&m;</QUERY></REQUEST>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><REQUEST><QUERY>&x;</QUERY></REQUEST>',
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd"><REQUEST/>',
    ],
)
def test_entities_and_dtd_are_refused(document: bytes) -> None:
    with pytest.raises(Unreadable, match="DTD"):
        read_request(document)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (b"<REQUEST><A></REQUEST>", "not valid XML"),
        (b"<html><body>Sign in</body></html>", "not a REQUEST"),
        (b"<REQUEST>" + b"<a>" * 100_000, "nested too deeply"),
        (b"<REQUEST", "not valid XML"),
        (b"<REQUEST/>", "empty"),
    ],
)
def test_what_is_not_a_request_is_refused_with_a_plain_sentence(document: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        read_request(document)


def test_bare_ampersands_and_control_references_are_mended() -> None:
    request = read_request(b"<REQUEST><DEVICEID>a &eacute; b&#x1;c &amp; d</DEVICEID></REQUEST>")
    assert request.deviceid == "a &eacute; bc & d"
    assert request.repairs


def test_the_declared_character_set_does_not_matter_once_decoded() -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?><REQUEST><QUERY>PROLOG</QUERY><DEVICEID>é</DEVICEID></REQUEST>'
    for encoding in ("utf-8", "iso-8859-1"):
        message = read(open_body(text.encode(encoding), "application/xml"), headers={})
        assert isinstance(message, Prolog)
        assert message.deviceid == "é"


def test_an_unknown_query_is_named() -> None:
    message = read(open_body(b"<REQUEST><QUERY>UPDATE</QUERY></REQUEST>", ""), headers={})
    assert isinstance(message, Unknown)
    assert message.action == "update"


NAMES = st.from_regex(r"[A-Z]", fullmatch=True) | st.sampled_from(
    [
        "HARDWARE",
        "BIOS",
        "CPUS",
        "NETWORKS",
        "SOFTWARES",
        "DEVICE",
        "INFO",
        "PORTS",
        "PORT",
        "IPS",
        "IP",
        "AGENT",
        "ERROR",
        "TIMEZONE",
        "VLANS",
        "CONNECTIONS",
        "CONNECTION",
        "MEMBER",
        "LOCAL_GROUPS",
        "OPERATINGSYSTEM",
        "PROCESSORN",
        "PROCESSORT",
        "ACCOUNTINFO",
        "KEYNAME",
        "VERSIONPROVIDER",
        "FIREWALL",
        "USER",
        "DRIVES",
        "FREE",
        "AGGREGATE",
        "CDP",
        "COMPONENTS",
        "COMPONENT",
        "CARTRIDGES",
        "CONTROLLERS",
        "PCIID",
        "X",
    ]
)
TREES = st.recursive(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8).map(escape),
    lambda inner: st.lists(
        st.tuples(NAMES, inner).map(lambda pair: f"<{pair[0]}>{pair[1]}</{pair[0]}>"), max_size=5
    ).map("".join),
    max_leaves=25,
)


@settings(deadline=None, max_examples=300)
@given(TREES, st.sampled_from(["INVENTORY", "SNMPQUERY", "NETDISCOVERY", "PROLOG", ""]))
def test_any_tree_of_elements_is_a_message(content: str, query: str) -> None:
    text = f"<REQUEST><CONTENT>{content}</CONTENT><QUERY>{query}</QUERY></REQUEST>"
    refusal, found = "", {}
    try:
        message = read(open_body(text.encode(), "application/xml"), headers={})
        found = message.sections if isinstance(message, Inventory) else {}
    except Unreadable as error:
        refusal = str(error)
    assert json.loads(json.dumps(found)) == found
    assert not refusal or "no section" in refusal or "empty one" in refusal


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=120), st.integers(0, 60))
def test_a_damaged_document_is_read_or_unreadable(noise: bytes, at: int) -> None:
    sound = b"<REQUEST><CONTENT><BIOS><SSN>1</SSN></BIOS></CONTENT><QUERY>INVENTORY</QUERY></REQUEST>"
    try:
        message = read(open_body(sound[:at] + noise + sound[at:], "application/xml"), headers={})
        told = f"{type(message).__name__}."
    except (Unreadable, TooLarge) as error:
        told = str(error)
    assert told.endswith(".")


def test_sections_leave_their_source_untouched() -> None:
    content = {"networks": {"ipaddress": "fe80::1", "macaddr": "a"}}
    sections(content)
    assert content == {"networks": {"ipaddress": "fe80::1", "macaddr": "a"}}
