"""A spreadsheet of twenty machines with two mistakes: seen before anything is written, mended, imported, taken back."""

from pathlib import Path

from playwright.sync_api import Page, expect

from .conftest import Opener

HEADER = "Nom;Type;Numéro de série"
GOOD = [f"NEUF-{n:03};Ordinateur portable;NEUF{n:03}" for n in range(1, 21)]
WRONG = ["NEUF-004;Soucoupe volante;NEUF004" if n == 3 else line for n, line in enumerate(GOOD)]
WRONG[10] = ";Ordinateur portable;NEUF011"


def test_a_file_with_two_mistakes_is_mended_imported_and_undone(open_as: Opener, tmp_path: Path) -> None:
    page = open_as("administrator", "/assets/")
    page.get_by_role("link", name="Importer").click()
    give(page, tmp_path / "machines.csv", WRONG, create_missing=False)
    figures = page.locator(".figures")
    expect(figures).to_contain_text("En erreur")
    expect(page.locator("tr", has=page.locator(".state.bad")).first).to_contain_text("Soucoupe volante")
    expect(page.locator(".state.bad")).to_have_count(2)
    expect(page.locator("button[value=commit]")).to_have_count(0)
    page.get_by_role("link", name="Give the corrected file").or_(
        page.get_by_role("link", name="Donner le fichier corrigé")
    ).click()
    give(page, tmp_path / "machines.csv", GOOD)
    page.locator("button[value=commit]").click()
    expect(page.locator("main")).to_contain_text("Importation terminée")
    done = page.url
    assert found(page) == 20
    page.goto(done)
    page.locator("button[value=undo]").click()
    expect(page.locator(".toast")).to_be_visible()
    assert found(page) == 0


def give(page: Page, path: Path, lines: list[str], *, create_missing: bool = True) -> None:
    path.write_text("\n".join([HEADER, *lines]) + "\n", "utf-8")
    page.locator("[name=organisation]").select_option(label="Clinique des Tilleuls")
    page.locator("[name=file]").set_input_files(path)
    page.get_by_role("button", name="Continuer").click()
    expect(page.locator("select[name=column-0-0]")).to_have_value("name")
    expect(page.locator("select[name=column-0-2]")).to_have_value("serial")
    page.locator("[name=create_missing]").set_checked(create_missing)
    page.locator("button[value=check]").click()
    expect(page.locator(".figures")).to_be_visible()


def found(page: Page) -> int:
    page.goto("/assets/?q=NEUF-0")
    return page.locator("tbody tr").count()
