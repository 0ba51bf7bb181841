"""Lists: the same few queries whatever the rows, every filter and order offered works, nothing typed breaks them."""

import re

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from etabli.assets.models import Asset
from etabli.kernel.actors import actor_of
from etabli.kernel.screens import registry
from etabli.kernel.screens.filters import BadFilter
from etabli.kernel.screens.listing import Listing
from etabli.kernel.tenancy import scope
from etabli.people.models import Person, Site

SCREENS = {screen.noun: screen for screen in registry.values()}
MOST_QUERIES = 12
LOGGING_IN = (
    'FROM "django_session"|"usersessions_usersession"|FROM "kernel_account" WHERE "kernel_account"."id"'
)


@pytest.fixture
def made(firm, maker):
    return maker(firm.acme)


@pytest.fixture
def browser(firm, client_of):
    return client_of(firm.acme.administrator)


def text(response) -> str:
    return response.content.decode()


def tags(html: str) -> int:
    return len(re.findall(r"<tr\b", html))


def listing(firm, query: str = "", noun: str = "asset") -> Listing:
    return Listing(SCREENS[noun], actor_of(firm.acme.administrator), QueryDict(query))


def rows_shown(browser, path: str) -> tuple[int, int]:
    """Rows of the table, and queries of the list itself (what the shell of a page asks is apart: htmx region)."""
    browser.get(path, headers={"HX-Request": "true"})
    with CaptureQueriesContext(connection) as queries:
        response = browser.get(path, headers={"HX-Request": "true"})
    assert response.status_code == 200, text(response)[:300]
    wanted = [
        q["sql"]
        for q in queries
        if not re.search(r"^(SAVEPOINT|RELEASE|SELECT coalesce\(current_s)|" + LOGGING_IN, q["sql"])
    ]
    assert len(wanted) <= MOST_QUERIES, "\n".join(wanted)
    return tags(text(response)), len(wanted)


@pytest.mark.parametrize("noun", SCREENS)
def test_a_list_asks_no_more_for_sixty_rows_than_for_ten(noun, made, browser, firm):
    screen = SCREENS[noun]
    if noun == "organisation":
        pytest.skip("an organisation's administrator sees its own")
    if noun == "prioritymatrix":
        pytest.skip("an organisation has one")
    for _number in range(10):
        made.new(screen.model)
    few, queries_few = rows_shown(browser, screen.list_url)
    for _number in range(50):
        made.new(screen.model)
    many, queries_many = rows_shown(browser, screen.list_url)
    assert many > few
    assert queries_many <= queries_few


def asked(values: dict) -> QueryDict:
    query = QueryDict(mutable=True)
    for name, value in values.items():
        query.setlist(name, value if isinstance(value, list) else [value])
    return query


@pytest.mark.parametrize("noun", SCREENS)
def test_every_order_and_filter_offered_works(noun, made, firm):
    screen, actor = SCREENS[noun], actor_of(firm.acme.administrator)
    made.get(screen.model)

    def context(values: dict) -> dict:
        return Listing(screen, actor, asked(values)).context()

    with scope(firm.acme.id):
        for column in (c for c in screen.table if c.sort):
            assert (
                context({"sort": column.name})["count"] == context({"sort": f"-{column.name}"})["count"] > 0
            )
        for one in screen.narrowing:
            options = [str(value) for value, _label in one.options()] if one.options else ["zorglub"]
            if one.kind in {"number", "pick"}:
                options = ["5"] if one.kind == "number" else ["none"]
            if one.kind == "date":
                options = ["2026-01-01..2026-12-31", "2026-01-01..", "..2026-01-01", "..", "2026-01-01"]
            for value in options[:6]:
                assert context({one.name: value})["chips"], (one.name, value)
            context({one.name: options})


@pytest.mark.parametrize(
    "value", ["²", "x", "-1", "9" * 40, "\0", "1;drop", "0000-99-99", "..x", "١", "\ufffe"]
)
def test_a_value_no_filter_understands_is_told_and_never_breaks_a_list(value, firm):
    actor, told = actor_of(firm.acme.administrator), 0
    with scope(firm.acme.id):
        for screen in SCREENS.values():
            names = [*(one.name for one in screen.narrowing), "page", "sort", "q", "columns"]
            for name in names:
                try:
                    Listing(screen, actor, asked({name: value})).context()
                except BadFilter as error:
                    told += bool(str(error))
    assert told > len(SCREENS)


@pytest.mark.parametrize(
    "query", ["kind=x", "state=melted", "bought_on=soon", "page=²", "page=x", "sort=price;drop"]
)
def test_a_bad_value_is_answered_by_a_sentence_and_the_whole_list(query, browser, firm):
    response = browser.get(f"/assets/?{query}", follow=True)
    assert response.redirect_chain == [("/assets/", 302)]
    assert "“" in text(response) or "«" in text(response)


@pytest.mark.parametrize(
    ("noun", "query"), [("asset", "kind=x"), ("membership", "denied=maybe"), ("room", "technical=²")]
)
def test_the_listing_itself_refuses_a_bad_value(firm, noun, query):
    with scope(firm.acme.id), pytest.raises(BadFilter):
        listing(firm, query, noun).count  # noqa: B018


def test_filters_narrow_together_and_several_values_of_one_widen(firm, made):
    for state, name in [("in_service", "a"), ("lost", "b"), ("stolen", "c")]:
        made.new(Asset, state=state, name=name, site=made.get(Site))
    with scope(firm.acme.id):
        assert listing(firm, "state=lost").count == 1
        assert listing(firm, "state=lost&state=stolen").count == 2
        assert listing(firm, f"state=lost&state=stolen&site={made.get(Site).pk}").count == 2
        assert listing(firm, "state=lost&site=none").count == 0


def test_a_page_beyond_the_end_shows_the_last_one(firm, made, browser):
    for number in range(55):
        made.new(Site, name=f"Site {number:02}")
    page = text(browser.get("/sites/", {"page": "999", "sort": "name"}))
    assert "Site 54" in page
    assert "Site 00" not in page


def test_pages_follow_each_other_without_gap_nor_double(firm, made):
    for _number in range(120):
        made.new(Site, name="Same", code="")
    with scope(firm.acme.id):
        seen = [s.pk for n in (1, 2, 3) for s in listing(firm, f"page={n}&sort=name", "site").objects()]
        assert len(seen) == len(set(seen)) == 120
        down = [s.pk for n in (1, 2, 3) for s in listing(firm, f"page={n}&sort=-name", "site").objects()]
        assert down == seen[::-1]


@pytest.fixture(autouse=True)
def several_may_share_a_name(request, django_db_setup, django_db_blocker):
    """The site's own rule is lifted for the test of pages only, inside its transaction."""
    if "without_gap" in request.node.name:
        request.getfixturevalue("db")
        with connection.cursor() as cursor:
            cursor.execute("DROP INDEX IF EXISTS site_name_once")


def test_empty_values_come_last_both_ways(firm, made):
    made.new(Asset, name="none", warranty_end=None)
    made.new(Asset, name="soon", warranty_end="2026-01-01")
    made.new(Asset, name="late", warranty_end="2030-01-01")
    with scope(firm.acme.id):
        assert [a.name for a in listing(firm, "sort=warranty_end").objects()] == ["soon", "late", "none"]
        assert [a.name for a in listing(firm, "sort=-warranty_end").objects()] == ["late", "soon", "none"]


def test_the_search_finds_a_new_row_at_once_by_any_word_of_it(firm, browser):
    browser.post("/sites/add/", {"name": "Entrepôt Élan", "city": "Saint-Étienne", "country": "FR"})
    for words in ("elan", "ÉLAN entrepot", "etienne", "saint-etienne"):
        assert "Entrepôt Élan" in text(browser.get("/sites/", {"q": words})), words
    for words in ("elan lyon", "100%", "_", "\\"):
        assert "Entrepôt Élan" not in text(browser.get("/sites/", {"q": words})), words


def test_a_changed_row_is_found_by_its_new_words_only(firm, browser, made):
    site = made.new(Site, name="Lyons", code="", city="")
    browser.post(f"/sites/{site.pk}/edit/", {"name": "Lille", "country": "FR", "version": "1"})
    assert "Lille" in text(browser.get("/sites/", {"q": "lille"}))
    assert "Lille" not in text(browser.get("/sites/", {"q": "lyons"}))


def test_chosen_columns_are_those_of_the_address(firm, made, browser):
    made.new(Asset, name="PC", serial="SERIAL9")
    assert "SERIAL9" not in text(browser.get("/assets/"))
    assert "SERIAL9" in text(browser.get("/assets/", {"columns": "name,serial"}))
    moved = browser.post(
        "/assets/columns/", {"columns": ["name", "serial", "no-such"], "next": "/assets/?q=pc&page=3"}
    )
    assert "columns=name%2Cserial" in moved.headers["Location"]
    assert "q=pc" in moved.headers["Location"]
    assert browser.get("/assets/", {"columns": "no-such"}).status_code == 200


def test_somebody_with_rights_in_one_organisation_sees_only_its_rows(firm, maker):
    """Rights are looked at organisation by organisation, not once for all."""
    from etabli.kernel.organisations import Membership, Role
    from etabli.kernel.tenancy import opening

    with opening():
        nothing = Role.objects.get(organisation=None, key="requester")
        Membership.objects.create(
            account=firm.acme.auditor, organisation=firm.globex.organisation, role=nothing
        )
    for staff, name in ((firm.acme, "mine"), (firm.globex, "theirs")):
        maker(staff).new(Person, name=name)
    actor = actor_of(firm.acme.auditor)
    with scope(*actor.places):
        found = Listing(SCREENS["person"], actor, QueryDict(""))
        assert [p.name for p in found.objects()] == ["mine"]
        assert found.count == 1


def test_what_a_list_may_be_narrowed_by_is_fetched_when_asked(browser, made):
    site = made.new(Site, name="Atelier du Port")
    page = text(browser.get("/assets/", {"state": "lost", "not": "state", "sort": "name"}))
    panel = page[page.index('id="filter-panel"') :]
    assert '<input type="hidden" form="filters" name="state" value="lost">' in panel
    assert '<input type="hidden" form="filters" name="not" value="state">' in panel
    assert "Atelier du Port" not in panel
    fields = text(browser.get("/assets/filters/", {"state": "lost"}, headers={"HX-Request": "true"}))
    assert re.search(rf'name="site" value="{site.pk}"><span>Atelier du Port', fields)
    assert "<html" not in fields


def test_without_a_script_the_filters_are_a_page_that_leads_back_to_the_list(browser):
    page = text(browser.get("/assets/filters/", {"q": "pc", "columns": "name", "state": "lost"}))
    assert '<form id="filters" method="get" action="/assets/">' in page
    assert '<input type="hidden" name="q" value="pc">' in page
    assert '<input type="hidden" name="columns" value="name">' in page
    assert '<input type="hidden" name="state"' not in page
