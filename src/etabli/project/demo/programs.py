"""Programs found on the sample machines, with an older and a newer version: machines are updated as the year goes."""

# ruff: noqa: E501, SIM905 - tables read better unfolded

from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any


@dataclass(frozen=True)
class Program:
    """A program: its name, publisher, the version of a year ago and today's."""

    name: str
    publisher: str
    before: str
    after: str


def _listed(text: str) -> tuple[Program, ...]:
    made = []
    for line in text.strip().splitlines():
        name, publisher, versions = line.split("|")
        before, _arrow, after = versions.partition(">")
        made.append(Program(name, publisher, before, after or before))
    return tuple(made)


COMMON = _listed("""
7-Zip 24.09 (x64)|Igor Pavlov|24.09
Adobe Acrobat (64-bit)|Adobe|24.005.20320>26.001.20142
Dell Command Update|Dell Inc.|5.4.0>5.5.0
FileZilla 3.68.1|Tim Kosse|3.68.1
Firefox ESR (x64 fr)|Mozilla|128.5.0>140.5.0
GIMP 2.10.38|The GIMP Team|2.10.38
GLPI Agent 1.15|Teclib'|1.12>1.15
Google Chrome|Google LLC|131.0.6778.86>142.0.7444.176
HP Support Assistant|HP Inc.|9.36.22.0>9.47.41.0
Intel(R) Chipset Device Software|Intel(R) Corporation|10.1.19468.8385
Intel(R) Graphics Driver|Intel Corporation|31.0.101.5590>32.0.101.6881
Intel(R) Management Engine Components|Intel Corporation|2406.5.5.0
Intel(R) Wireless Bluetooth(R)|Intel Corporation|23.80.0.4>24.0.1.1
Keepass Password Safe 2.57|Dominik Reichl|2.57.1
LibreOffice 24.8|The Document Foundation|24.8.3.2>25.8.3.2
Microsoft 365 Apps for business - fr-fr|Microsoft Corporation|16.0.18129.20158>16.0.19426.20170
Microsoft ASP.NET Core 8.0 Shared Framework (x64)|Microsoft Corporation|8.0.11>8.0.22
Microsoft Edge|Microsoft Corporation|131.0.2903.70>142.0.3595.94
Microsoft Edge WebView2 Runtime|Microsoft Corporation|131.0.2903.70>142.0.3595.94
Microsoft OneDrive|Microsoft Corporation|24.216.1027.0001>25.206.1021.0003
Microsoft Teams|Microsoft Corporation|24295.605.3225.8804>25306.804.4102.7193
Microsoft Update Health Tools|Microsoft Corporation|5.72.0.0
Microsoft Visual C++ 2013 Redistributable (x64)|Microsoft Corporation|12.0.40664.0
Microsoft Visual C++ 2015-2022 Redistributable (x64)|Microsoft Corporation|14.40.33810.0>14.44.35211.0
Microsoft Visual C++ 2015-2022 Redistributable (x86)|Microsoft Corporation|14.40.33810.0>14.44.35211.0
Microsoft .NET Runtime 8.0 (x64)|Microsoft Corporation|8.0.11>8.0.22
Microsoft Windows Desktop Runtime 8.0 (x64)|Microsoft Corporation|8.0.11>8.0.22
Mozilla Maintenance Service|Mozilla|128.5.0>140.5.0
Mozilla Thunderbird ESR (x64 fr)|Mozilla|128.5.0>140.5.0
Notepad++ (64-bit x64)|Notepad++ Team|8.7.1>8.8.8
PDFsam Basic|Sober Lemur S.r.l.|5.2.9>5.4.1
PDF24 Creator|geek software GmbH|11.21.0>11.28.2
Python 3.12.7 (64-bit)|Python Software Foundation|3.12.7150.0
Realtek Audio Driver|Realtek Semiconductor Corp.|6.0.9652.1>6.0.9757.1
RustDesk|RustDesk|1.3.3>1.4.4
VLC media player|VideoLAN|3.0.21
VeraCrypt|AM Crypto|1.26.15>1.26.24
WinSCP 6.3|Martin Prikryl|6.3.6>6.5.4
Zoom Workplace (64-bit)|Zoom|6.2.50939>6.6.19875
Bitwarden|Bitwarden Inc.|2024.11.1>2026.10.0
""")

BY_COMPANY = {
    "clinique": _listed("""
Dossier patient – poste de soins|Logiciels de Santé Réunis|9.4.1>9.6.3
Lecteur CPS – Cryptolib CPS|GIE SESAM-Vitale|5.2.5>5.2.8
Galss|GIE SESAM-Vitale|3.46.05
MicroDicom DICOM viewer|MicroDicom|2024.2>2025.3
Weasis|Weasis Team|4.5.1>4.6.5
Dictée Médicale Pro|Voix Claires|6.1>6.3
Gestion des lits|Logiciels de Santé Réunis|3.2.0>3.4.1
Zebra Setup Utilities|Zebra Technologies|1.1.9.1344
"""),
    "vauquelin": _listed("""
SketchUp 2024|Trimble, Inc.|24.0.594
TopSolid Wood 7.18|TopSolid|7.18.300>7.19.210
AutoCAD LT 2025 – Français|Autodesk|25.0.58.0>25.1.61.0
Autodesk Desktop Licensing Service|Autodesk|14.4.0.10152
NVIDIA Graphics Driver 552.86|NVIDIA Corporation|552.86
3Dconnexion 3DxWare 10|3Dconnexion|10.9.3>10.9.7
Gestion commerciale Atelier|Ligne de Crête|12.1>12.4
Inkscape|Inkscape project|1.4.0>1.4.2
"""),
    "saint-aubin": _listed("""
Berger État civil|Éditions Communales|8.2.0>8.5.2
Urbanisme – instruction|Éditions Communales|6.4.3>6.6.0
Hélios – Xemelios|DGFiP|5.1.8
QGIS 3.34 LTR|QGIS.ORG|3.34.12>3.40.12
Certinomis – outils de signature|Certinomis|4.1
Listes électorales|Éditions Communales|5.9>6.0
Portail famille – connecteur|Kidéo|2.7.1>2.9.0
"""),
    "normandie": _listed("""
Visual Studio Code|Microsoft Corporation|1.95.3>1.106.2
PuTTY release 0.81 (64-bit)|Simon Tatham|0.81.0.0>0.83.0.0
Wireshark 4.4 x64|The Wireshark developer community|4.4.1>4.6.1
Advanced IP Scanner 2.5.1|Famatech|2.5.4594.1
Git|The Git Development Community|2.47.0>2.52.0
Remote Desktop Manager|Devolutions inc.|2024.3.19.0>2025.3.19.0
mRemoteNG|Next Generation Software|1.77.3.1784
"""),
}

PACKAGES = """
adduser apt base-files base-passwd bash bind9-dnsutils bsdutils bzip2 ca-certificates chrony coreutils cron curl dash dbus
debconf debian-archive-keyring dpkg e2fsprogs fail2ban findutils gcc-12-base gettext-base gnupg gpgv grep grub-common
gzip hostname ifupdown init iproute2 iptables iputils-ping isc-dhcp-client kmod less libacl1 libapparmor1 libapt-pkg6.0
libaudit1 libblkid1 libbpf1 libbz2-1.0 libc-bin libc6 libcap2 libcom-err2 libcrypt1 libcurl4 libdb5.3 libexpat1 libffi8
libgcc-s1 libgcrypt20 libgmp10 libgnutls30 libgssapi-krb5-2 libicu72 libkrb5-3 liblz4-1 liblzma5 libmount1 libncursesw6
libnftables1 libpam-modules libpcre2-8-0 libperl5.36 libpython3.11 libreadline8 libseccomp2 libselinux1 libsqlite3-0
libssh2-1 libssl3 libstdc++6 libsystemd0 libudev1 libuuid1 libxml2 libzstd1 linux-image-amd64 login logrotate lsb-release
man-db mawk nano ncurses-base netbase nftables openssh-server openssl passwd perl procps python3 qemu-guest-agent
rsync rsyslog sed ssl-cert sudo systemd systemd-timesyncd tar tzdata ucf udev unattended-upgrades util-linux vim-tiny
wget whiptail xz-utils zlib1g glpi-agent borgbackup nginx postgresql-15 zabbix-agent2
""".split()


OFFICE = (
    "Zoom",
    "Microsoft Teams",
    "Microsoft 365",
    "Mozilla Thunderbird",
    "GIMP",
    "PDF",
    "VLC",
    "HP Support",
    "Intel(R) W",
    "Intel(R) G",
    "Dell",
)


def windows(
    rng: Random, company: str, maker: str, *, server: bool, newer: float, day: date
) -> list[dict[str, Any]]:
    """Rows of a ``softwares`` section; ``newer`` is the share of programs already brought up to date."""
    common = [p for p in COMMON if not (server and p.name.startswith(OFFICE)) and not _foreign(p, maker)]
    chosen = [p for p in common if rng.random() < 0.86] + [
        p for p in BY_COMPANY[company] if rng.random() < 0.75
    ]
    return [
        _row(
            p.name, p.publisher, p.after if rng.random() < newer else p.before, "registry", "x86_64", rng, day
        )
        for p in chosen
    ]


def _foreign(program: Program, maker: str) -> bool:
    """A maker's own tool is not on another maker's machines."""
    return (program.publisher == "Dell Inc." and maker != "Dell Inc.") or (
        program.publisher == "HP Inc." and maker != "HP"
    )


def debian(rng: Random, *, newer: float, day: date) -> list[dict[str, Any]]:
    """The same for a Debian server."""
    chosen = [name for name in PACKAGES if rng.random() < 0.95]
    return [
        _row(name, "Debian", f"12.{rng.randint(1, 4)}-{1 + (rng.random() < newer)}", "deb", "amd64", rng, day)
        for name in chosen
    ]


def _row(
    name: str, publisher: str, version: str, source: str, arch: str, rng: Random, day: date
) -> dict[str, Any]:
    installed = date.fromordinal(day.toordinal() - rng.randint(3, 700))
    return {
        "name": name,
        "publisher": publisher,
        "version": version,
        "from": source,
        "arch": arch,
        "install_date": installed.isoformat(),
    }
