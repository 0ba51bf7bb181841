"""Logging in: password, code by e-mail, second factor, sessions; and what slows down whoever guesses."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.core.cache import cache

from etabli.kernel.organisations import Role
from etabli.kernel.tenancy import opening

PASSWORD = "un mot de passe long"


@pytest.fixture
def account(firm):
    cache.clear()
    account = firm.acme.technician
    account.set_password(PASSWORD)
    account.save()
    return account


def test_a_password_opens_the_pages(client, account):
    answer = client.post("/compte/login/", {"login": account.email, "password": PASSWORD})
    assert answer.status_code == 302
    assert client.get("/assets/").status_code == 200


def test_whoever_opens_a_page_without_a_session_is_led_to_log_in_and_back(client, account):
    answer = client.get("/assets/?q=rouen")
    assert (answer.status_code, answer.headers["Location"]) == (
        302,
        "/compte/login/?next=/assets/%3Fq%3Drouen",
    )
    answer = client.post(
        answer.headers["Location"], {"login": account.email, "password": PASSWORD, "next": "/assets/?q=rouen"}
    )
    assert answer.headers["Location"] == "/assets/?q=rouen"


@pytest.mark.parametrize("headers", [{"HX-Request": "true"}, {"Accept": "application/json"}])
def test_a_region_or_a_program_without_a_session_is_refused_where_it_asks(client, account, headers):
    assert client.get("/assets/", headers=headers).status_code == 403


def test_a_wrong_password_says_so_and_opens_nothing(client, account):
    answer = client.post("/compte/login/", {"login": account.email, "password": "wrong"})
    assert answer.status_code == 200
    assert client.get("/assets/").status_code in {302, 403}


def test_guessing_is_slowed_even_with_the_right_password_at_the_end(client, account):
    for _try in range(6):
        client.post("/compte/login/", {"login": account.email, "password": "wrong"})
    answer = client.post("/compte/login/", {"login": account.email, "password": PASSWORD})
    assert answer.status_code in {200, 429}
    assert client.get("/assets/").status_code in {302, 403}


def test_a_code_by_e_mail_opens_the_pages(client, account):
    client.post("/compte/login/code/", {"email": account.email})
    code = re.search(r"^\s*([A-Z0-9-]{6,12})\s*$", mail.outbox[-1].body, re.MULTILINE)
    assert code, mail.outbox[-1].body
    answer = client.post("/compte/login/code/confirm/", {"code": code[1]})
    assert answer.status_code == 302
    assert client.get("/assets/").status_code == 200


def test_nobody_signs_up_alone(client, account):
    before = type(account).objects.count()
    client.post("/compte/signup/", {"email": "x@example.com", "password1": PASSWORD, "password2": PASSWORD})
    assert type(account).objects.count() == before


def test_a_role_may_require_a_second_factor(client, account):
    with opening():
        Role.objects.filter(organisation=None, key="technician").update(totp_required=True)
    client.force_login(account)
    answer = client.get("/assets/")
    assert answer.status_code == 302
    assert answer.headers["Location"].endswith("/compte/2fa/totp/activate/")
    TOTP.activate(account, "ABCDEFGHIJKLMNOP")
    assert client.get("/assets/").status_code == 200


def test_the_second_factor_is_asked_after_the_password(client, account):
    secret = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    TOTP.activate(account, secret)
    assert Authenticator.objects.filter(user=account).exists()
    answer = client.post("/compte/login/", {"login": account.email, "password": PASSWORD})
    assert answer.headers["Location"].endswith("/compte/2fa/authenticate/")
    assert client.get("/assets/").status_code in {302, 403}
    counter = next(iter(yield_hotp_counters_from_time()))
    client.post("/compte/2fa/authenticate/", {"code": f"{hotp_value(secret, counter):06d}"})
    assert client.get("/assets/").status_code == 200


def test_open_sessions_are_listed_and_revoked(client, account, client_of):
    client.post("/compte/login/", {"login": account.email, "password": PASSWORD})
    other = type(client)()
    other.post("/compte/login/", {"login": account.email, "password": PASSWORD})
    assert other.get("/assets/").status_code == 200
    assert client.get("/compte/sessions/").status_code == 200
    client.post("/compte/sessions/")
    assert other.get("/assets/").status_code in {302, 403}
    assert client.get("/assets/").status_code == 200


def test_a_closed_account_is_out_at_once(client, account):
    client.force_login(account)
    assert client.get("/assets/").status_code == 200
    type(account).objects.filter(pk=account.pk).update(is_active=False)
    assert client.get("/assets/").status_code in {302, 403}
