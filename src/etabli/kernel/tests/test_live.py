import asyncio
from collections.abc import AsyncIterator

import pytest
from asgiref.sync import sync_to_async
from django.core.exceptions import PermissionDenied
from django.db import connections, transaction
from django.test import RequestFactory

from etabli.kernel import live
from etabli.kernel.calendars import Calendar
from etabli.kernel.live import message, sse, stream, tell
from etabli.kernel.tenancy import scope


async def following(pieces: AsyncIterator[bytes]) -> bytes:
    """The next event of a stream, heart-beats left aside."""
    async with asyncio.timeout(10):
        async for piece in pieces:
            if piece.startswith(b"data"):
                return piece
    raise AssertionError("the stream ended")


async def elsewhere(function, *args):
    """Run in a thread whose connection is then closed, as another process would."""

    def run():
        try:
            return function(*args)
        finally:
            connections.close_all()

    return await sync_to_async(run, thread_sensitive=False)()


def names(_request) -> str:
    return ",".join(Calendar.objects.order_by("pk").values_list("name", flat=True))


def open_stream(world, topic="calendars", render=names) -> AsyncIterator[bytes]:
    with scope(world.acme.pk):
        return stream(RequestFactory().get("/"), topic, render)


def add(world, name, topic="calendars"):
    with scope(world.acme.pk):
        Calendar.objects.create(name=name)
        tell(topic)


def run(world, scenario):
    """Run an asynchronous scenario, then close what its threads opened."""

    async def whole():
        try:
            await scenario()
        finally:
            await asyncio.gather(
                *[
                    asyncio.get_running_loop().run_in_executor(live._threads, connections.close_all)
                    for _n in range(8)
                ]
            )

    asyncio.run(whole())


def test_a_page_gets_the_present_state_then_each_change(committed_world):
    async def scenario() -> None:
        await elsewhere(add, committed_world, "One")
        pieces = await elsewhere(open_stream, committed_world)
        assert await anext(pieces) == b"retry: 2000\n\n"
        assert await following(pieces) == b"data: One\n\n"
        await elsewhere(add, committed_world, "Two")
        assert await following(pieces) == b"data: One,Two\n\n"
        await pieces.aclose()

    run(committed_world, scenario)


def test_a_change_that_is_rolled_back_wakes_nobody(committed_world, monkeypatch):
    monkeypatch.setattr(live, "HEARTBEAT", 0.5)
    rendered = []

    def render(request) -> str:
        rendered.append(names(request))
        return str(len(rendered))

    def fail() -> None:
        with transaction.atomic():
            add(committed_world, "Never")
            transaction.set_rollback(True)

    async def scenario() -> None:
        pieces = await elsewhere(open_stream, committed_world, "calendars", render)
        await following(pieces)
        await elsewhere(fail)
        assert await anext(pieces) == b": still here\n\n"
        assert rendered == [""]
        await pieces.aclose()

    run(committed_world, scenario)


def test_rendering_sees_only_the_organisations_of_the_request(committed_world):
    async def scenario() -> None:
        def foreign() -> None:
            with scope(committed_world.globex.pk):
                Calendar.objects.create(name="Foreign")

        await elsewhere(foreign)
        pieces = await elsewhere(open_stream, committed_world)
        assert await following(pieces) == b"data: \n\n"
        await pieces.aclose()

    run(committed_world, scenario)


def test_two_pages_share_one_listening_connection_that_closes_with_the_last(committed_world):
    async def scenario() -> None:
        one, two = [await elsewhere(open_stream, committed_world) for _n in range(2)]
        await following(one)
        task = live.hub().task
        await following(two)
        assert live.hub().task is task
        await elsewhere(add, committed_world, "New")
        assert await following(one) == await following(two) == b"data: New\n\n"
        await one.aclose()
        assert not task.cancelling()
        await two.aclose()
        assert task.cancelling()
        assert not live.hub().followers

    run(committed_world, scenario)


def test_a_page_that_leaves_while_waiting_is_forgotten(committed_world):
    async def scenario() -> None:
        pieces = await elsewhere(open_stream, committed_world)
        await following(pieces)
        waiting = asyncio.ensure_future(anext(pieces))
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert not live.hub().followers

    run(committed_world, scenario)


def test_the_listening_connection_comes_back_and_what_was_missed_is_shown(committed_world):
    def cut() -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN etabli_live%'"
            )

    async def scenario() -> None:
        pieces = await elsewhere(open_stream, committed_world)
        await following(pieces)
        await elsewhere(cut)
        await elsewhere(add, committed_world, "Missed")
        assert await following(pieces) == b"data: Missed\n\n"
        await pieces.aclose()

    run(committed_world, scenario)


def test_a_right_taken_away_ends_the_stream(committed_world):
    def render(_request) -> str:
        raise PermissionDenied

    async def scenario() -> None:
        pieces = await elsewhere(open_stream, committed_world, "calendars", render)
        assert [piece async for piece in pieces] == [b"retry: 2000\n\n"]

    run(committed_world, scenario)


def test_a_stream_ends_after_a_while_so_that_rights_are_read_again(committed_world, monkeypatch):
    monkeypatch.setattr(live, "LONGEST", 0.0)

    async def scenario() -> None:
        pieces = await elsewhere(open_stream, committed_world)
        assert [piece async for piece in pieces] == [b"retry: 2000\n\n"]

    run(committed_world, scenario)


def test_the_view_names_its_topic_from_the_address(committed_world, settings):
    settings.INTERFACE = "asgi"
    view = sse(lambda _request, pk: f"calendar:{pk}", lambda _request, pk: f"<b>{pk}</b>\nend")

    async def scenario() -> None:
        response = await view(RequestFactory().get("/"), pk=7)
        assert response["Content-Type"] == "text/event-stream"
        assert response["Cache-Control"] == "no-store"
        pieces = aiter(response.streaming_content)
        assert await following(pieces) == b"data: <b>7</b>\ndata: end\n\n"
        assert set(live.hub().followers) == {"calendar:7"}
        await pieces.aclose()

    run(committed_world, scenario)


def test_every_line_of_an_event_is_data():
    assert message("a\r\nb\rc") == b"data: a\ndata: b\ndata: c\n\n"
    assert message("") == b"data: \n\n"


def test_a_server_with_threads_gets_the_same_stream(committed_world):
    """What granian's WSGI server does: a plain iterator, in a thread that holds no database connection meanwhile."""
    add(committed_world, "Office")
    pieces = live.in_thread(open_stream(committed_world))
    try:
        first = next(piece for piece in pieces if piece.startswith(b"data"))
        assert first == message("Office")
        add(committed_world, "Night")
        second = next(piece for piece in pieces if piece.startswith(b"data"))
        assert second == message("Office,Night")
    finally:
        pieces.close()
        asyncio.run_coroutine_threadsafe(close_threads(), live._loop_beside()).result(10)


async def close_threads():
    """Close what the rendering threads opened, so that the test database can be dropped."""
    loop = asyncio.get_running_loop()
    await asyncio.gather(
        *[loop.run_in_executor(live._threads, connections.close_all) for _thread in range(4)]
    )
