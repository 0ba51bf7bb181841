"""Logging in through a real identity provider: the requests and redirections are those of a browser."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from django.core.cache import cache
from django.test import Client

from etabli.kernel.accounts import Account
from etabli.project.identity import providers

from .identity_provider import LIES, PASSWORD, SECRET, serving

OURS = "http://testserver"
LOGIN = "/compte/oidc/oidc/login/"


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("provider"), f"{OURS}{LOGIN}callback/") as address:
        yield address


@pytest.fixture
def joined(provider: str, settings: Any, firm: Any) -> Callable[..., None]:
    """Établi set up as the administrator's guide says, as one of the provider's clients."""
    cache.clear()

    def join(program: str = "honest", **changes: str) -> None:
        environment = {
            "ETABLI_OIDC_URL": provider,
            "ETABLI_OIDC_CLIENT": program,
            "ETABLI_OIDC_SECRET": SECRET,
            "ETABLI_OIDC_NAME": "Acme SSO",
        }
        settings.SOCIALACCOUNT_PROVIDERS = providers({**environment, **changes})

    join()
    return join


def log_in(client: Client, name: str, action: str = "grant") -> Any:
    """What Établi answers to somebody back from the provider's pages."""
    leaving = client.get(LOGIN)
    assert leaving.status_code == 302
    with requests.Session() as browser:
        address = through(browser, leaving.headers["Location"], name, action)
    back = urlsplit(address)
    return client.get(f"{back.path}?{back.query}")


def through(browser: requests.Session, address: str, name: str, action: str) -> str:
    """Log in at the provider, consent if asked; the address of ours it sends back to."""
    forms = {
        "/accounts/login/": {"login": name, "password": PASSWORD},
        "/identity/o/authorize": {"action": action, "scopes": ["openid", "profile", "email"]},
    }
    sent: Any = None
    for _step in range(8):
        answer = (
            browser.post(address, sent, allow_redirects=False)
            if sent
            else browser.get(address, allow_redirects=False)
        )
        if answer.is_redirect:
            address, sent = requests.compat.urljoin(address, answer.headers["Location"]), None
        else:
            sent = {**hidden(answer.text), **forms[urlsplit(address).path]}
        if address.startswith(OURS):
            return address
    raise AssertionError(f"The provider does not let go: {answer.status_code} {answer.text[:500]}")


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page."""
    from html.parser import HTMLParser

    found = {}

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: Any) -> None:
            values = dict(attrs)
            if tag == "input" and values.get("type") == "hidden":
                found[values["name"]] = values.get("value", "")

    Reader().feed(page)
    return found


def assert_refused(client: Client, answer: Any, sentence: str) -> None:
    assert (answer.status_code, answer.headers["Location"]) == (302, "/compte/login/")
    assert sentence in client.get("/compte/login/").content.decode()
    assert client.get("/assets/").status_code == 302
    assert not SocialAccount.objects.exists()


def test_without_settings_there_is_no_provider(client: Client, firm: Any) -> None:
    assert providers({}) == {}
    assert client.get(LOGIN).status_code == 404


def test_the_login_page_leads_to_the_provider_by_a_link(client: Client, joined: Any) -> None:
    page = client.get("/compte/login/").content.decode()
    assert f'<a class="btn" href="{LOGIN}?process=login">Log in with Acme SSO</a>' in page


def test_a_person_with_an_account_gets_in_and_is_known_by_their_number_afterwards(
    client: Client, joined: Any, firm: Any
) -> None:
    answer = log_in(client, "technician")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert client.get("/assets/").status_code == 200
    assert SocialAccount.objects.get().user == firm.acme.technician
    Account.objects.filter(pk=firm.acme.technician.pk).update(email="married@acme.example")
    again = Client()
    assert log_in(again, "technician").headers["Location"] == "/"
    assert again.get("/assets/").status_code == 200


def test_somebody_who_has_no_account_is_refused_and_gets_none(client: Client, joined: Any) -> None:
    before = Account.objects.count()
    assert_refused(client, log_in(client, "stranger"), "No account here has this verified address.")
    assert Account.objects.count() == before


def test_an_address_that_the_provider_did_not_verify_proves_nothing(client: Client, joined: Any) -> None:
    assert_refused(client, log_in(client, "auditor"), "No account here has this verified address.")


def test_a_closed_account_stays_closed(client: Client, joined: Any, firm: Any) -> None:
    Account.objects.filter(pk=firm.acme.technician.pk).update(is_active=False)
    assert_refused(client, log_in(client, "technician"), "No account here has this verified address.")


def test_an_account_closed_after_a_first_login_stays_closed(client: Client, joined: Any, firm: Any) -> None:
    log_in(Client(), "technician")
    Account.objects.filter(pk=firm.acme.technician.pk).update(is_active=False)
    log_in(client, "technician")
    assert client.get("/assets/").status_code == 302


@pytest.mark.parametrize("lie", sorted(LIES))
def test_a_provider_that_lies_is_not_believed(client: Client, joined: Any, lie: str) -> None:
    joined(lie)
    library = lie in {"wrong-issuer", "wrong-audience", "expired"}
    sentence = "Acme SSO did not confirm who you are." if library else "could not be trusted"
    assert_refused(client, log_in(client, "technician"), sentence)


def test_an_answer_to_a_login_that_was_not_begun_here_is_refused(client: Client, joined: Any) -> None:
    somebody = Client()
    leaving = somebody.get(LOGIN)
    with requests.Session() as browser:
        back = urlsplit(through(browser, leaving.headers["Location"], "technician", "grant"))
    assert_refused(client, client.get(f"{back.path}?{back.query}"), "Acme SSO did not confirm who you are.")


def test_a_code_cannot_be_used_without_the_verifier_of_its_login(client: Client, joined: Any) -> None:
    """A stolen code, put into another login of the same browser."""
    leaving = client.get(LOGIN).headers["Location"]
    other = urlsplit(client.get(LOGIN).headers["Location"])
    state = next(part for part in other.query.split("&") if part.startswith("state="))
    with requests.Session() as browser:
        back = urlsplit(through(browser, leaving, "technician", "grant"))
    code = next(part for part in back.query.split("&") if part.startswith("code="))
    assert_refused(client, client.get(f"{back.path}?{code}&{state}"), "Acme SSO did not confirm who you are.")


def test_whoever_cancels_at_the_provider_comes_back_with_a_sentence(client: Client, joined: Any) -> None:
    joined("asks")
    assert_refused(client, log_in(client, "technician", "cancel"), "The login was cancelled at Acme SSO.")


def test_a_wrong_secret_opens_nothing(client: Client, joined: Any) -> None:
    joined("honest", ETABLI_OIDC_SECRET="another")
    assert_refused(client, log_in(client, "technician"), "Acme SSO did not confirm who you are.")


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "{provider}/nowhere"])
def test_a_provider_that_does_not_answer_is_told(
    client: Client, joined: Any, provider: str, address: str
) -> None:
    joined("honest", ETABLI_OIDC_URL=address.format(provider=provider))
    assert_refused(client, client.get(LOGIN), "Acme SSO did not confirm who you are.")
