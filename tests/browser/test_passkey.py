"""A passkey from its making to the session it opens, with the authenticator that Chromium simulates (WebDriver's)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from .conftest import DESK
from .product import Product

EMAIL, PASSWORD = "hugo@demo.example", "sample-password-2026"
FORGET = "from allauth.mfa.models import Authenticator as A; A.objects.filter(user__email__startswith='hugo').delete()"
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@dataclass(frozen=True)
class Device:
    """A page, and the authenticator of the machine that shows it."""

    page: Page
    session: CDPSession
    number: str

    def keys(self) -> list[Any]:
        found = self.session.send("WebAuthn.getCredentials", {"authenticatorId": self.number})
        return list(found["credentials"])

    def verify(self, willing: bool) -> None:
        """Whether the person shows the right finger from now on."""
        sent = {"authenticatorId": self.number, "isUserVerified": willing}
        self.session.send("WebAuthn.setUserVerified", sent)


@pytest.fixture
def device(browser: Browser, sample: Product, scene: Any) -> Iterator[Device]:
    """Passkeys belong to a name: an address made of numbers can have none (Web Authentication Level 3, §5.1.2)."""
    address = sample.address.replace("127.0.0.1", "localhost")
    context = browser.new_context(base_url=address, locale="fr-FR", viewport=DESK)
    page = context.new_page()
    page.set_default_timeout(15_000)
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    yield Device(page, session, made["authenticatorId"])
    context.close()
    sample.run("-P", "-m", "etabli.project.cli", "manage", "shell", "-v", "0", "-c", FORGET)


def test_a_passkey_is_made_then_opens_a_session_by_itself(device: Device) -> None:
    page = device.page
    log_in(page)
    add_key(page, "Portable de Hugo")
    assert len(device.keys()) == 1
    page.goto("/compte/2fa/webauthn/")
    expect(page.locator("main li")).to_contain_text("Portable de Hugo")
    page.context.clear_cookies()
    page.goto("/compte/login/")
    page.locator("#passkey_login").click()
    expect(page.locator("h1")).to_contain_text("Ma journée")
    expect(page.locator(".side")).to_contain_text(EMAIL)


def test_without_the_right_finger_nothing_opens_and_a_sentence_says_so(device: Device) -> None:
    page = device.page
    log_in(page)
    add_key(page, "Portable de Hugo")
    page.context.clear_cookies()
    device.verify(False)
    page.goto("/compte/login/")
    page.locator("#passkey_login").click()
    expect(page.get_by_role("alert")).to_contain_text("n’a pas été lue")
    page.goto("/assets/")
    expect(page).to_have_url(re.compile("/compte/login/"))


def test_a_passkey_taken_off_the_account_opens_nothing(device: Device) -> None:
    page = device.page
    log_in(page)
    add_key(page, "Portable perdu")
    remove_key(page)
    page.context.clear_cookies()
    assert len(device.keys()) == 1, "the device still offers it"
    page.goto("/compte/login/")
    page.locator("#passkey_login").click()
    expect(page.locator(".alert")).to_contain_text("Code incorrect")
    page.goto("/assets/")
    expect(page).to_have_url(re.compile("/compte/login/"))


def test_a_key_that_is_no_passkey_comes_after_the_password(device: Device) -> None:
    page = device.page
    log_in(page)
    add_key(page, "Clé de Hugo", alone=False)
    page.context.clear_cookies()
    log_in(page)
    expect(page).to_have_url(re.compile("/compte/2fa/authenticate/"))
    page.locator("#mfa_webauthn_authenticate").click()
    expect(page.locator("h1")).to_contain_text("Ma journée")


def test_an_address_made_of_numbers_says_why_it_reads_no_key(browser: Browser, sample: Product) -> None:
    context = browser.new_context(base_url=sample.address, locale="fr-FR", viewport=DESK)
    page = context.new_page()
    page.goto("/compte/login/")
    page.locator("#passkey_login").click()
    expect(page.get_by_role("alert")).to_contain_text("une adresse qui a un nom")
    context.close()


def log_in(page: Page) -> None:
    page.goto("/compte/login/")
    page.locator("[name=login]").fill(EMAIL)
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Se connecter", exact=True).click()
    page.wait_for_url(lambda url: "/compte/login/" not in url)


def add_key(page: Page, name: str, *, alone: bool = True) -> None:
    """The password is asked again first."""
    page.goto("/compte/2fa/webauthn/add/")
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Confirmer").click()
    page.locator("[name=name]").fill(name)
    page.locator("[name=passwordless]").set_checked(alone)
    page.locator("#mfa_webauthn_add").click()
    expect(page.locator("h1")).to_contain_text("Codes de récupération")


def remove_key(page: Page) -> None:
    page.goto("/compte/2fa/webauthn/")
    page.locator("main li a.danger").click()
    page.get_by_role("button", name="Retirer").click()
    expect(page.locator("main li a.danger")).to_have_count(0)
