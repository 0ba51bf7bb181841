"""Serial numbers and UUIDs that identify nothing: what makers leave when they fill in nothing.

Gathered from SMBIOS tables seen in the field and from the blacklists inventory tools publish. Two machines
that share one of these are not the same machine.
"""

import re
from uuid import UUID

_WORDS = frozenset(
    {
        *(
            "",
            "0",
            "1",
            "2",
            "na",
            "none",
            "null",
            "nullstring",
            "nil",
            "empty",
            "unknown",
            "unknow",
            "undefined",
        ),
        *(
            "invalid",
            "default",
            "defaultstring",
            "notspecified",
            "notavailable",
            "notapplicable",
            "notpresent",
        ),
        *(
            "notsettable",
            "notdefined",
            "tobefilledbyoem",
            "tobefilled",
            "tobefilledbyoemo",
            "oem",
            "oemdefault",
        ),
        *("systemserialnumber", "chassisserialnumber", "baseboardserialnumber", "boardserialnumber"),
        *(
            "serialnumber",
            "serial",
            "sn",
            "systemversion",
            "system",
            "systemproductname",
            "systemmanufacturer",
        ),
        *(
            "systemname",
            "productname",
            "allseries",
            "typecproductname",
            "noassettag",
            "assettag",
            "noassetinformation",
        ),
        *(
            "assettagnumber",
            "nosn",
            "noserial",
            "noserialnumber",
            "notaserial",
            "eval",
            "iatpass",
            "testsn",
            "test",
        ),
        *(
            "tulipcomputers",
            "sernum",
            "sernum0",
            "modulo",
            "string",
            "sku",
            "skunumber",
            "oemserial",
            "standard",
        ),
        *("quantacomputers", "genuine", "chassisassettag", "chassismanufacturer", "chassisversion", "fill"),
        *(
            "partnum0",
            "releasekeys",
            "testkeys",
            "standarddiskdrives",
            "assettagnum0",
            "manufacturer0",
            "sn123456fvgv3i0b8o5n6n7k",
        ),
    }
)
_PREFIXED = re.compile(r"(?:sys|sn|mb|asset|serialnumber)(x+|n+|[0-9]+)")
_RUNS = ("01234567890123456789012345678901234567890", "98765432109876543210", "abcdefghijklmnopqrstuvwxyz")
_UUIDS = frozenset(
    UUID(text)
    for text in (
        "03000200-0400-0500-0006-000700080009",
        "00020003-0004-0005-0006-000700080009",
        "02000300-0400-0500-0006-000700080009",
        "6ab5b300-538d-1014-9fb5-b0684d007b53",
        "4c4c4544-0000-2010-8020-80c04f202020",
        "44454c4c-0000-1020-8020-80c04f202020",
        "12345678-1234-5678-90ab-cddeefaabbcc",
        "12345678-1234-1234-1234-123456789abc",
        "11111111-2222-3333-4444-555555555555",
        "00112233-4455-6677-8899-aabbccddeeff",
        "fedcba98-7654-3210-fedc-ba9876543210",
        "00000000-0000-0000-0000-000000000001",
    )
)
_BLANKS = re.compile(r"[\W_]+")


def junk_serial(value: str) -> bool:
    """Whether a serial number, asset tag, maker or model says nothing of this machine."""
    bare = _BLANKS.sub("", value).lower()
    if bare in _WORDS or len(set(bare)) < 2 or bare.startswith("tobefilled"):
        return True
    return any(bare in run for run in _RUNS if len(bare) > 3) or bool(_counted(bare))


def _counted(bare: str) -> bool:
    """`SYS-1234567890`, `SN-12345`, `Asset-1234567890`, `Serial Number xxxxxx`."""
    match = _PREFIXED.fullmatch(bare)
    if match is None:
        return False
    tail = match[1]
    return len(set(tail)) < 2 or (len(tail) > 3 and any(tail in run for run in _RUNS))


def genuine(*values: str) -> str:
    """The first of these values that says something, empty when none does."""
    return next((value for value in values if value and not junk_serial(value)), "")


def junk_uuid(value: str) -> bool:
    """Whether a hardware UUID is empty, a maker's default, or one pattern repeated.

    Not every identity is a UUID: Android gives 16 hexadecimal digits, and those are accepted.
    """
    try:
        uuid = UUID(value.strip())
    except ValueError:
        return junk_serial(value)
    return uuid in _UUIDS or len(set(uuid.bytes)) == 1
