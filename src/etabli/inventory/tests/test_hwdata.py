from pathlib import Path

from etabli.inventory import hwdata

LIST = """# a comment
0bda  Realtek Semiconductor Corp.
\t8153  RTL8153 Gigabit Ethernet Adapter
17ef  Lenovo
\t3082  ThinkPad Universal USB-C Dock
\t\t17ef 0001  a subsystem
\t8153  Something else

C 00  (Defined at Interface level)
c 0001 not a vendor
"""


def test_names_of_a_list(tmp_path: Path) -> None:
    (tmp_path / "usb.ids").write_text(LIST)
    names = hwdata.load("usb.ids", [tmp_path / "absent", tmp_path])
    assert names("17ef", "3082") == ("Lenovo", "ThinkPad Universal USB-C Dock")
    assert names("0bda", "8153") == ("Realtek Semiconductor Corp.", "RTL8153 Gigabit Ethernet Adapter")
    assert names("0bda", "3082") == ("Realtek Semiconductor Corp.", "")
    assert names("ffff", "0000") == ("", "")


def test_without_a_list_every_name_is_empty(tmp_path: Path) -> None:
    assert hwdata.load("usb.ids", [tmp_path])("17ef", "3082") == ("", "")


def test_what_is_no_identifier_has_no_name() -> None:
    assert hwdata.usb("17ef", ".*") == ("", "")
    assert hwdata.pci("", "") == ("", "")
