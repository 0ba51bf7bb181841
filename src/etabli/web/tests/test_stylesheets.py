from pathlib import Path

import pytest

from etabli.web import stylesheets


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small web folder of its own, with two sources and no joined file."""
    sources = tmp_path / "static/web/css"
    sources.mkdir(parents=True)
    (tmp_path / "stylesheets.txt").write_text("a.css\nb.css\n")
    (sources / "a.css").write_text("a {}\n")
    (sources / "b.css").write_text("b {}\n")
    monkeypatch.setattr(stylesheets, "HERE", tmp_path)
    monkeypatch.setattr(stylesheets, "SOURCES", sources)
    monkeypatch.setattr(stylesheets, "JOINED", tmp_path / "etabli.css")
    return tmp_path


def join(web: Path) -> None:
    (web / "etabli.css").write_text(f"/* {stylesheets.digest()} */\na {{}}\n\nb {{}}\n")


def test_the_joined_file_is_asked_for_when_it_is_current(web: Path) -> None:
    join(web)
    assert stylesheets.current_paths() == ("vendor/css/etabli.css",)


def test_without_the_joined_file_the_sources_are_asked_for_in_order(web: Path) -> None:
    assert stylesheets.current_paths() == ("web/css/a.css", "web/css/b.css")


def test_an_edited_source_is_seen_at_once(web: Path) -> None:
    join(web)
    (web / "static/web/css/b.css").write_text("b { color: red }\n")
    assert stylesheets.current_paths() == ("web/css/a.css", "web/css/b.css")
