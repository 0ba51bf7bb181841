"""The lists that say which front-end files are served, and the tool that gathers them."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from etabli.web import stylesheets

WEB = stylesheets.HERE
ROOT = WEB.parents[2]
ICON = re.compile(r'{% icon "([a-z0-9-]+)"|(?<!:)\b(?:icon|picture)="([a-z0-9-]+)"')


@pytest.fixture(scope="module")
def collect_assets() -> ModuleType:
    path = ROOT / "tools/collect_assets.py"
    if not path.exists():
        pytest.skip("tools/ is part of the checkout, not of the installed package")
    spec = importlib.util.spec_from_file_location("collect_assets", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def listed_icons() -> list[str]:
    return (WEB / "icons.txt").read_text("utf-8").split()


def test_every_icon_named_by_a_template_is_in_the_sprite() -> None:
    templates = WEB.parent.glob("*/templates/**/*.html")
    named = {
        name for path in templates for pair in ICON.findall(path.read_text("utf-8")) for name in pair if name
    }
    assert named - set(listed_icons()) == set()


def test_icons_are_listed_once_in_order() -> None:
    assert listed_icons() == sorted(set(listed_icons()))


def test_every_style_sheet_is_listed() -> None:
    listed = (WEB / "stylesheets.txt").read_text("utf-8").split()
    assert sorted(listed) == sorted(path.name for path in stylesheets.SOURCES.glob("*.css"))


def test_the_joined_styles_open_with_the_digest_that_the_pages_look_for(collect_assets: ModuleType) -> None:
    assert collect_assets.joined_styles(WEB).startswith(f"/* {stylesheets.digest()} */\n")


def test_a_sprite_keeps_the_shapes_and_drops_the_empty_frame(
    collect_assets: ModuleType, tmp_path: Path
) -> None:
    frame = '<path stroke="none" d="M0 0h24v24H0z" fill="none" />'
    (tmp_path / "bell.svg").write_text(f'<svg class="x">\n  {frame}\n  <path d="M10 5" />\n</svg>')
    sprite = collect_assets.sprite(["bell"], tmp_path)
    assert '<symbol id="bell"' in sprite
    assert '<path d="M10 5" />' in sprite
    assert "M0 0h24" not in sprite


def test_an_icon_that_does_not_exist_is_named_in_the_error(
    collect_assets: ModuleType, tmp_path: Path
) -> None:
    with pytest.raises(collect_assets.AssetMissing, match="no-such-icon"):
        collect_assets.sprite(["no-such-icon"], tmp_path)
