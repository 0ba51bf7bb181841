"""Journeys of the desk: from a mail to a rated solution, two agents, a merge undone, an escalation, a deadline."""

import email
import email.policy
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from etabli.support.tests.dovecot import Dovecot, mail, refusal
from etabli.support.tests.sink import Sink, listening

from .conftest import Opener
from .product import Product

PATIENCE = 100.0  # a mailbox is read each minute when nothing wakes its reader before


def desk(sample: Product, *words: str) -> Any:
    return json.loads(sample.run("tests/browser/desk_scene.py", *words))


def until(answer: Callable[[], Any], what: str) -> Any:
    late = time.monotonic() + PATIENCE
    while time.monotonic() < late:
        if found := answer():
            return found
        time.sleep(0.5)
    raise AssertionError(f"It did not come: {what}")


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[Dovecot, Sink]]:
    """The mail servers of the journey: one that is read, one that takes what leaves."""
    made = Dovecot().start()
    made.add("support@etabli.example")
    try:
        with listening(tmp_path) as sink:
            yield made, sink
    finally:
        made.close()


def letter(sink: Sink, word: str) -> Any:
    """The mail that left with this word in its subject or text."""
    for one in sink.mails:
        read = email.message_from_bytes(one["content"].encode("latin-1"), policy=email.policy.default)
        text = read.get_body(("plain",)).get_content()
        if word in f"{read['Subject']} {text}":
            return read
    return None


def shown(page: Page, text: str) -> bool:
    page.reload()
    return page.get_by_text(text).count() > 0


@pytest.mark.component("dovecot")
@pytest.mark.skipif(bool(refusal()), reason=refusal() or "-")
def test_from_a_mail_to_a_rated_solution(
    sample: Product, open_as: Opener, servers: tuple[Dovecot, Sink]
) -> None:
    dovecot, sink = servers
    who = desk(sample, "mailbox", str(dovecot.imap), str(sink.port), sample.address)
    sender = f"{who['name']} <{who['email']}>"
    dovecot.deliver("support@etabli.example", mail(9001, sender=sender, subject="Panne du parcours"))
    page = open_as("technician", "/tickets/?q=parcours")
    until(lambda: shown(page, "Panne du parcours"), "the ticket of the mail")
    page.get_by_role("link", name=re.compile("Panne du parcours")).first.click()
    expect(page.locator("h1")).to_contain_text("Panne du parcours")
    expect(page.locator(".caller")).to_contain_text(who["name"])
    number = int(re.search(r"/tickets/(\d+)/", page.url)[1])  # type: ignore[index]

    page.locator("#reply-text").fill("Le câble est-il branché ?")
    button = page.locator(".composer.reply button.primary")
    expect(button).to_contain_text(who["email"])
    button.click()
    expect(page.locator(".msg.mine")).to_contain_text("Le câble est-il branché ?")
    answer = until(lambda: letter(sink, "Le câble est-il branché"), "our answer")
    assert who["email"] in answer["To"]

    headers = [f"In-Reply-To: {answer['Message-ID']}", f"References: {answer['Message-ID']}"]
    reply = mail(
        9002, sender=sender, subject=f"Re: {answer['Subject']}", text="Non, merci !", headers=headers
    )
    dovecot.deliver("support@etabli.example", reply)
    until(lambda: shown(page, "Non, merci !"), "the answer of the user")

    page.get_by_role("link", name="Résoudre", exact=True).first.click()
    page.locator("textarea[name=solution]").fill("Câble rebranché.")
    page.locator("form button.primary").last.click()
    expect(page.locator(".page-head .state")).to_contain_text("Résolu")

    link = desk(sample, "ask", str(number))["link"]
    question = until(lambda: letter(sink, link), "the question of satisfaction")
    assert question["Auto-Submitted"] == "auto-replied"
    visitor = open_as("stranger", link)
    visitor.locator("form button.primary").click()
    expect(visitor.get_by_role("status")).to_be_visible()
    page.reload()
    expect(page.locator("main")).to_contain_text("Très satisfait")


def test_two_agents_on_one_ticket_see_each_other(sample: Product, open_as: Opener) -> None:
    [number] = desk(sample, "tickets", "1")["tickets"]
    mine, theirs = (open_as(who, f"/tickets/{number}/") for who in ("technician", "administrator"))
    theirs.locator(".composer.aside summary").first.click()
    theirs.locator("#note-text").fill("Je l’ai au téléphone")
    expect(theirs.locator(".composer.aside [data-state]")).to_contain_text("Brouillon gardé")
    mine.reload()
    expect(mine.locator("#present")).to_contain_text("écrit…")
    mine.locator("#reply-text").fill("Bonjour, je regarde.")
    theirs.locator(".note-button").click()
    expect(theirs.locator(".msg.aside")).to_contain_text("Je l’ai au téléphone")

    mine.locator(".composer.reply button.primary").click()
    expect(mine.locator("e-composer [role=alert]")).to_contain_text("Je l’ai au téléphone")
    expect(mine.locator("#reply-text")).to_have_value("Bonjour, je regarde.")
    mine.locator(".composer.reply button.primary").click()
    expect(mine.locator(".msg.mine")).to_contain_text("Bonjour, je regarde.")


def test_an_answer_is_taken_back(sample: Product, open_as: Opener) -> None:
    [number] = desk(sample, "tickets", "1")["tickets"]
    page = open_as("technician", f"/tickets/{number}/")
    page.locator("#reply-text").fill("Trop vite")
    page.locator(".composer.reply button.primary").click()
    expect(page.locator(".msg.mine")).to_have_count(1)
    page.locator(".toast form button").click()
    expect(page.locator(".msg.mine")).to_have_count(0)
    expect(page.locator("#reply-text")).to_have_value("Trop vite")


def test_a_merge_is_undone(sample: Product, open_as: Opener) -> None:
    kept, gone = desk(sample, "tickets", "2")["tickets"]
    page = open_as("technician", f"/tickets/{gone}/act/merge/")
    page.locator("[name=into], [name=kept]").first.evaluate(
        "(field, value) => { field.value = value }", str(kept)
    )
    page.locator("form button.primary, form button.danger").last.click()
    page.goto(f"/tickets/{kept}/")
    expect(page.locator(".msg")).to_have_count(2)
    page.locator("form[action$='unmerge/'] button").click()
    page.goto(f"/tickets/{kept}/")
    expect(page.locator(".msg")).to_have_count(1)
    page.goto(f"/tickets/{gone}/")
    expect(page.locator(".page-head .state")).to_contain_text("Nouveau")


def test_an_escalation_needs_its_form(sample: Product, open_as: Opener) -> None:
    [number] = desk(sample, "tickets", "1")["tickets"]
    page = open_as("technician", f"/tickets/{number}/act/escalate/")
    page.locator("select[name=team]").select_option(index=1)
    for name, text in (
        ("observed", "Plus de lien"),
        ("tried", "Câble changé : rien"),
        ("asked", "Voir le port"),
    ):
        page.locator(f"textarea[name={name}]").fill(text)
    page.locator("form button.primary, form button.danger").last.click()
    expect(page.locator(".msg.aside")).to_contain_text("Câble changé : rien")


def test_a_deadline_is_explained(sample: Product, open_as: Opener) -> None:
    [number] = desk(sample, "tickets", "1")["tickets"]
    page = open_as("technician", f"/tickets/{number}/")
    page.get_by_role("link", name=re.compile("Pourquoi")).first.click()
    expect(page.locator("main table").first).to_be_visible()
    expect(page.locator("main")).to_contain_text("Échéance")
