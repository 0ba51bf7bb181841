"""The sections of a native inventory and the kind of value each leaf holds.

Written from the JSON schema of the GLPI inventory format (`inventory.schema.json`, draft-07). A section
is one object or many rows. Keys that are not listed here are kept as they come: agents add some in
every version.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a leaf holds, with the unit of its number where there is one."""

    TEXT = "text"
    LONG = "long"
    TEXTS = "texts"
    HIDDEN = "hidden"
    FLAG = "flag"
    COUNT = "count"
    MIB = "mib"
    MHZ = "mhz"
    MWH = "mwh"
    MV = "mv"
    DATE = "date"
    US_DATE = "us_date"
    MOMENT = "moment"


@dataclass(frozen=True, slots=True)
class Section:
    """One object (`many` false) or a list of rows, with the kinds of the known keys."""

    many: bool
    kinds: Mapping[str, "Kind | Section"]


def _kinds(nested: Mapping[str, Section] | None, by_kind: Mapping[str, str]) -> dict[str, Kind | Section]:
    kinds: dict[str, Kind | Section] = {
        key: Kind(kind) for kind, keys in by_kind.items() for key in keys.split()
    }
    return kinds | dict(nested or {})


def _one(nested: Mapping[str, Section] | None = None, **by_kind: str) -> Section:
    return Section(many=False, kinds=_kinds(nested, by_kind))


def _many(nested: Mapping[str, Section] | None = None, **by_kind: str) -> Section:
    return Section(many=True, kinds=_kinds(nested, by_kind))


SECTIONS: Mapping[str, Section] = {
    "hardware": _one(
        text="chassis_type datelastloggeduser defaultgateway dns lastloggeduser name uuid vmsystem workgroup "
        "type winprodid winowner wincompany winlang",
        hidden="winprodkey",
        long="description",
        mib="memory swap",
    ),
    "bios": _one(
        text="assettag bmanufacturer bversion mmanufacturer mmodel msn skunumber smanufacturer smodel ssn "
        "biosserial enclosureserial secure_boot",
        us_date="bdate",
    ),
    "operatingsystem": _one(
        {"timezone": _one(text="name offset")},
        text="arch dns_domain fqdn full_name hostid kernel_name kernel_version name service_pack version",
        long="ssh_key",
        moment="boot_time install_date",
    ),
    "network_device": _one(
        text="firmware location mac model name assettag serial type uptime manufacturer contact",
        long="description",
        texts="ips",
        count="cpu credentials",
        mib="memory ram",
    ),
    "cpus": _many(
        text="arch description familyname familynumber id manufacturer model name serial cache",
        count="core corecount external_clock stepping thread",
        mhz="speed",
    ),
    "memories": _many(
        text="caption description manufacturer memorycorrection serialnumber model speed type formfactor "
        "purpose",
        count="numslots",
        mib="capacity",
        flag="removable",
    ),
    "storages": _many(
        text="description firmware interface manufacturer model name scsi_coid scsi_lun scsi_unid scsi_chid "
        "serial type wwn encrypt_name encrypt_algo encrypt_status encrypt_type "
        "health smart_status",
        mib="disksize",
    ),
    "drives": _many(
        text="description letter filesystem serial type volumn createdate label encrypt_name encrypt_algo "
        "encrypt_status encrypt_type",
        mib="free total",
        flag="systemdrive",
    ),
    "networks": _many(
        text="description ipaddress ipaddress6 ipdhcp ipgateway ipmask ipmask6 ipsubnet ipsubnet6 mac pciid "
        "pnpdeviceid speed status type manufacturer model wwn driver firmware pcislot slaves base wifi_ssid "
        "wifi_bssid wifi_mode wifi_version",
        count="mtu",
        flag="management virtualdev",
    ),
    "network_ports": _many(
        text="ifdescr ifalias iflastchange ifname mac",
        texts="ips",
        count="ifinerrors ifinbytes ifinternalstatus ifmtu ifnumber ifouterrors ifoutbytes ifspeed "
        "ifportduplex ifstatus iftype",
        flag="lldp trunk",
    ),
    "network_components": _many(
        text="manufacturer model name serial type firmware mac ip",
        long="description",
        count="contained_index fru index stack_number",
    ),
    "softwares": _many(
        text="arch from guid name publisher system_category version release_type version_minor version_major "
        "username userid",
        long="comments folder helplink uninstall_string url_info_about",
        count="filesize",
        date="install_date",
        flag="no_remove",
    ),
    "antivirus": _many(
        text="company guid name version base_version",
        flag="enabled uptodate",
        date="expiration base_creation",
    ),
    "firewalls": _many(text="description ipaddress ipaddress6 profile status"),
    "licenseinfos": _many(
        text="name fullname update productid",
        hidden="key",
        long="components",
        flag="trial",
        moment="activation_date",
    ),
    "remote_mgmt": _many(text="id type version"),
    "batteries": _many(
        text="chemistry manufacturer name serial health status level temperature",
        mwh="capacity real_capacity",
        mv="voltage",
        date="date",
    ),
    "powersupplies": _many(
        text="name serialnumber manufacturer partnum model status location",
        count="power_max",
        flag="hotreplaceable plugged",
    ),
    "controllers": _many(
        text="caption driver manufacturer name pcisubsystemid pciclass pcislot productid rev type vendorid "
        "model serial"
    ),
    "videos": _many(text="name chipset resolution pcislot", mib="memory"),
    "sounds": _many(text="caption description manufacturer name"),
    "monitors": _many(
        text="caption description manufacturer serial altserial port name type", long="base64 uuencode"
    ),
    "inputs": _many(text="caption description type name manufacturer interface layout pointingtype"),
    "usbdevices": _many(text="caption class manufacturer name productid subclass vendorid serial"),
    "ports": _many(text="caption description name type"),
    "slots": _many(text="description designation name status"),
    "modems": _many(text="name description type model manufacturer serial imei"),
    "simcards": _many(
        text="serial phone_number iccid state country operator_code operator_name subscriber_id"
    ),
    "cameras": _many(
        text="lensfacing designation orientation focallength sensorsize manufacturer model",
        texts="resolution imageformats resolutionvideo supports",
        flag="flashunit",
    ),
    "sensors": _many(text="name manufacturer type version"),
    "firmwares": _many(text="name type version manufacturer", long="description", date="date"),
    "printers": _many(
        text="driver name port printprocessor resolution status errstatus servername sharename serial",
        long="description comment",
        flag="network shared",
    ),
    "cartridges": _many(text="name value"),
    "consumables": _many(text="type color value unit", count="max"),
    "pagecounters": _one(
        count="total black color rectoverso scanned printtotal printblack printcolor copytotal copyblack "
        "copyblack_a3 copycolor copycolor_a3 faxtotal duplex"
    ),
    "physical_volumes": _many(
        text="attr device format pv_uuid vg_uuid", count="pv_pe_count", mib="free pe_size size"
    ),
    "volume_groups": _many(
        text="attr vg_extent_size vg_name vg_uuid", count="lv_count pv_count", mib="free size"
    ),
    "logical_volumes": _many(text="attr lv_name lv_uuid vg_uuid vg_name", count="seg_count", mib="size"),
    "virtualmachines": _many(
        text="image ipaddress name operatingsystem status subsystem uuid vmtype mac owner serial",
        long="comment",
        count="vcpu",
        mib="memory",
    ),
    "databases_services": _many(
        {
            "databases": _many(
                text="name",
                mib="size",
                flag="is_active is_onbackup",
                moment="creation_date update_date last_backup_date",
            )
        },
        text="type name version manufacturer",
        long="path",
        count="port",
        mib="size",
        flag="is_active is_onbackup",
        moment="last_boot_date last_backup_date",
    ),
    "users": _many(text="domain login"),
    "local_users": _many(text="home id login name shell"),
    "local_groups": _many(text="id name", texts="members"),
    "processes": _many(text="cpuusage mem tty user", long="cmd", count="pid virtualmemory", moment="started"),
    "envs": _many(text="key", long="val"),
    "accesslog": _one(text="userid", moment="logdate"),
    "versionprovider": _one(
        text="name perl_exe perl_version version",
        long="perl_args perl_inc program",
        texts="comments perl_config perl_module",
        count="etime",
    ),
    "error": _one(text="type", long="message", count="id"),
}
