from typing import Any

from django.utils.safestring import mark_safe

from etabli.web.templatetags.etabli import table_rows

COLUMNS = [{"name": "name", "css": ""}, {"name": "site", "label": "Site", "css": "soft p-label"}]


def row(**changes: Any) -> dict[str, Any]:
    return {"id": 7, "url": "/fleet/7/", "cells": ["PC-0417", "Rouen"], "selected": False} | changes


def test_the_first_cell_leads_to_the_row() -> None:
    assert '<a class="row-link" href="/fleet/7/">PC-0417</a>' in table_rows(COLUMNS, [row()])


def test_a_first_cell_that_holds_a_link_is_left_alone() -> None:
    own = mark_safe('<a href="/elsewhere/">PC-0417</a>')
    html = table_rows(COLUMNS, [row(cells=[own, "Rouen"])])
    assert own in html
    assert "row-link" not in html


def test_a_cell_that_is_not_marked_safe_is_escaped() -> None:
    assert "<script>" not in table_rows(COLUMNS, [row(cells=["<script>", "<script>"])])


def test_an_identifier_or_an_address_cannot_leave_its_attribute() -> None:
    html = table_rows(COLUMNS, [row(id='7"><script>', url='/"><script>')])
    assert "<script>" not in html


def test_each_cell_has_the_classes_of_its_column_and_its_label_for_the_phone() -> None:
    assert '<td class="soft p-label" data-label="Site">Rouen</td>' in table_rows(COLUMNS, [row()])


def test_a_selected_row_is_ticked() -> None:
    html = table_rows(COLUMNS, [row(), row(id=8, selected=True)])
    assert html.count(" checked") == 1
    assert 'value="8" aria-labelledby="pick-8 row-8" checked' in html


def test_without_choosing_there_is_no_box() -> None:
    assert "checkbox" not in table_rows(COLUMNS, [row()], choosing=False)
