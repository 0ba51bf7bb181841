"""The equipment of the sample companies: models on sale in these years, with prices excluding tax and warranties."""

# ruff: noqa: E501 - tables read better unfolded

from dataclasses import dataclass


@dataclass(frozen=True)
class Product:
    """A model. ``serial`` is a pattern: ``#`` a digit, ``?`` a letter or digit. Years of warranty; price in euros.

    For computers: ``processor`` (name, cores, threads, MHz), choices of memory in GiB and of disks (model, GB).
    """

    kind: str
    maker: str
    name: str
    price: float
    warranty: int
    serial: str
    since: int = 2020
    processor: tuple[str, int, int, int] | None = None
    memory: tuple[int, ...] = ()
    disks: tuple[tuple[str, int], ...] = ()
    mac: str = "00:1b:21"
    companies: tuple[str, ...] = ()


NVME = (
    ("SAMSUNG MZVL2512HCJQ-00BH1", 512),
    ("KXG80ZNV512G KIOXIA", 512),
    ("WDC PC SN740 SDDPNQD-256G", 256),
    ("Micron MTFDKBA512TFK", 512),
)
SATA = (("Samsung SSD 870 EVO 500GB", 500), ("CT500MX500SSD1", 500))
RAID = (("PERC H755 SSD Volume", 1920), ("LOGICAL VOLUME", 2400))

COMPUTERS = (
    Product("laptop", "Dell Inc.", "Latitude 5450", 1184, 3, "???????", 2024, ("Intel(R) Core(TM) Ultra 5 135U", 12, 14, 1600), (16, 32), NVME, "c8:4b:d6"),
    Product("laptop", "Dell Inc.", "Latitude 5530", 1096, 3, "???????", 2022, ("12th Gen Intel(R) Core(TM) i5-1245U", 10, 12, 1600), (16,), NVME, "8c:47:be"),
    Product("laptop", "Dell Inc.", "Latitude 5400", 987, 3, "???????", 2020, ("Intel(R) Core(TM) i5-8365U CPU @ 1.60GHz", 4, 8, 1600), (8, 16), NVME, "54:bf:64"),
    Product("laptop", "HP", "EliteBook 840 14 inch G10 Notebook PC", 1249, 3, "5CG####???", 2023, ("13th Gen Intel(R) Core(TM) i5-1340P", 12, 16, 1900), (16, 32), NVME, "5c:60:ba"),
    Product("laptop", "HP", "ProBook 450 G8 Notebook PC", 829, 1, "5CD####???", 2021, ("11th Gen Intel(R) Core(TM) i5-1135G7 @ 2.40GHz", 4, 8, 2400), (8, 16), NVME, "84:a9:3e"),
    Product("laptop", "LENOVO", "ThinkPad T14 Gen 4", 1312, 3, "PF#?####", 2023, ("13th Gen Intel(R) Core(TM) i5-1335U", 10, 12, 1300), (16, 32), NVME, "9c:2d:cd"),
    Product("laptop", "LENOVO", "ThinkPad E14 Gen 3", 742, 1, "PF#?####", 2021, ("AMD Ryzen 5 5500U with Radeon Graphics", 6, 12, 2100), (8, 16), NVME, "e8:80:88"),
    Product("laptop", "Apple Inc.", "MacBook Air (13-inch, M3, 2024)", 1166, 1, "??????????", 2024, ("Apple M3", 8, 8, 4050), (16,), (("APPLE SSD AP0512Z", 500),), "a4:fc:14", ("vauquelin",)),
    Product("desktop", "Dell Inc.", "OptiPlex SFF 7010", 796, 3, "???????", 2023, ("13th Gen Intel(R) Core(TM) i5-13500", 14, 20, 2500), (16,), NVME, "cc:96:e5", ("clinique", "saint-aubin", "normandie")),
    Product("desktop", "Dell Inc.", "OptiPlex 3080", 612, 3, "???????", 2020, ("Intel(R) Core(TM) i3-10105 CPU @ 3.70GHz", 4, 8, 3700), (8,), SATA, "b0:7b:25", ("clinique", "saint-aubin")),
    Product("desktop", "HP", "HP Elite Mini 600 G9 Desktop PC", 748, 3, "CZC####???", 2022, ("12th Gen Intel(R) Core(TM) i5-12500T", 6, 12, 2000), (8, 16), NVME, "30:13:8b"),
    Product("desktop", "LENOVO", "ThinkCentre M70q Gen 4", 689, 3, "MJ0?####", 2023, ("13th Gen Intel(R) Core(TM) i5-13400T", 10, 16, 1300), (16,), NVME, "88:a4:c2", ("saint-aubin", "clinique")),
    Product("desktop", "HP", "HP Z2 Tower G9 Workstation Desktop PC", 2135, 3, "CZC####???", 2022, ("13th Gen Intel(R) Core(TM) i7-13700", 16, 24, 2100), (32, 64), (("SAMSUNG MZVL21T0HCLR-00BH1", 1024),), "64:4e:d7", ("vauquelin",)),
    Product("server", "Dell Inc.", "PowerEdge R450", 5480, 5, "???????", 2022, ("Intel(R) Xeon(R) Silver 4310 CPU @ 2.10GHz", 12, 24, 2100), (128, 192), RAID, "b0:4f:13"),
    Product("server", "HPE", "ProLiant DL380 Gen10", 6210, 5, "CZJ#####??", 2020, ("Intel(R) Xeon(R) Silver 4208 CPU @ 2.10GHz", 8, 16, 2100), (96, 128), RAID, "20:67:7c"),
    Product("server", "Dell Inc.", "PowerEdge T350", 2890, 3, "???????", 2023, ("Intel(R) Xeon(R) E-2334 CPU @ 3.40GHz", 4, 8, 3400), (32, 64), RAID, "90:8d:6e"),
    Product("vm", "VMware, Inc.", "VMware20,1", 0, 0, "VMware-56 4d", 2022, ("Intel(R) Xeon(R) Silver 4310 CPU @ 2.10GHz", 2, 2, 2100), (4, 8, 16), (("VMware Virtual disk SCSI Disk Device", 120),), "00:50:56", ("clinique",)),
    Product("vm", "QEMU", "Standard PC (Q35 + ICH9, 2009)", 0, 0, "", 2022, ("Common KVM processor", 2, 2, 2100), (4, 8), (("QEMU HARDDISK", 80),), "bc:24:11", ("vauquelin", "normandie")),
    Product("vm", "Microsoft Corporation", "Virtual Machine", 0, 0, "", 2022, ("Intel(R) Xeon(R) E-2334 CPU @ 3.40GHz", 4, 4, 3400), (8, 16), (("Microsoft Virtual Disk", 120),), "00:15:5d", ("saint-aubin",)),
)  # fmt: skip

OTHERS = (
    Product("tablet", "Apple Inc.", "iPad (10e génération)", 415, 1, "??????????", 2022),
    Product("tablet", "Samsung", "Galaxy Tab Active5", 489, 3, "R92X#######", 2024),
    Product("phone", "Apple Inc.", "iPhone 14", 682, 1, "??????????", 2022),
    Product("phone", "Samsung", "Galaxy XCover6 Pro", 436, 3, "R5CT#######", 2022),
    Product("phone", "Samsung", "Galaxy A54 5G", 329, 2, "R5CW#######", 2023),
    Product("phone", "Yealink", "SIP-T46U", 118, 2, "80####C######", 2021),
    Product("monitor", "Dell Inc.", "P2423D", 214, 3, "CN0?????####", 2022),
    Product("monitor", "HP", "E24 G5", 169, 3, "CNK#######", 2023),
    Product("monitor", "Iiyama", "ProLite XUB2493HS-B5", 139, 3, "11######8####", 2020),
    Product("monitor", "LG Electronics", "27UP850N-W", 342, 2, "30#NTL######", 2023, companies=("vauquelin", "normandie")),
    Product("monitor", "EIZO", "RadiForce RX250", 2190, 5, "####1###", 2021, companies=("clinique",)),
    Product("printer", "HP", "LaserJet Pro MFP M428fdw", 379, 1, "VNB3?#####", 2020),
    Product("printer", "Brother", "MFC-L8900CDW", 512, 2, "E7####?#N######", 2021),
    Product("printer", "Kyocera", "ECOSYS M3655idn", 1148, 2, "VR9#######", 2021),
    Product("printer", "Zebra Technologies", "ZD421", 398, 2, "D8J##########", 2022, companies=("clinique", "vauquelin")),
    Product("switch", "HPE", "Aruba 6100 24G PoE 4SFP+ (JL677A)", 1390, 5, "SG##KN????", 2022, mac="64:e8:81"),
    Product("switch", "Cisco", "CBS350-24P-4G", 742, 5, "DNI##########", 2021, mac="a0:b4:39"),
    Product("switch", "Ubiquiti", "USW-Pro-24-PoE", 639, 2, "F492BF??????", 2022, mac="f4:92:bf"),
    Product("router", "Cisco", "ISR 1111-8P", 1065, 3, "FGL########", 2021, mac="a0:b4:39"),
    Product("firewall", "Stormshield", "SN310", 1420, 3, "SN310A########", 2021, mac="00:0d:b4"),
    Product("firewall", "Fortinet", "FortiGate 60F", 689, 3, "FGT60FTK########", 2022, mac="94:f3:92"),
    Product("access-point", "Ubiquiti", "U6-Pro", 149, 2, "784558??????", 2022, mac="78:45:58"),
    Product("access-point", "HPE", "Aruba AP-505", 412, 5, "CNM#K9????", 2021, mac="64:e8:81"),
    Product("nas", "Synology", "RS1221+", 1310, 3, "21#0SBR######", 2021, mac="00:11:32"),
    Product("nas", "Synology", "DS923+", 612, 3, "23#0TQR######", 2023, mac="90:09:d0"),
    Product("ups", "APC", "Smart-UPS 1500 (SMT1500RMI2UC)", 862, 3, "AS#######???", 2020),
    Product("ups", "Eaton", "5P 1550iR", 798, 3, "G1##L#####", 2022),
    Product("dock", "Dell Inc.", "WD19S 130W", 178, 3, "???????", 2021),
    Product("dock", "HP", "USB-C Dock G5", 152, 1, "5CG####???", 2021),
    Product("dock", "LENOVO", "ThinkPad Universal USB-C Dock", 189, 3, "ZKN#####", 2022),
    Product("peripheral", "Jabra", "Evolve2 65", 164, 2, "00#########", 2022),
    Product("peripheral", "Epson", "EB-FH52", 612, 2, "X8HK#######", 2021),
    Product("peripheral", "Wacom", "Intuos Pro L", 389, 2, "4##ZL######", 2021, companies=("vauquelin",)),
)  # fmt: skip

SUPPLIERS = ("Bureautique Normande", "Loire Matériel Pro", "Estuaire Informatique", "Comptoir du Poste")
TAGS = {
    "laptop": "PC", "desktop": "PC", "server": "SRV", "tablet": "TAB", "phone": "TEL", "monitor": "ECR", "printer": "IMP",
    "switch": "SW", "router": "RTR", "firewall": "FW", "access-point": "WIFI", "nas": "NAS", "ups": "OND", "dock": "STA",
    "peripheral": "PER",
}  # fmt: skip


def products(kind: str, company: str, year: int) -> list[Product]:
    """What this company could buy of a kind that year; the oldest model when nothing was sold yet."""
    sold = [
        p for p in (*COMPUTERS, *OTHERS) if p.kind == kind and (not p.companies or company in p.companies)
    ]
    return [p for p in sold if p.since <= year <= p.since + 3] or [min(sold, key=lambda p: p.since)]
