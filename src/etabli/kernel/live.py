"""Live regions: pages follow a topic (``job:12``, ``account:3``) and are told when it changes.

:func:`tell` notifies PostgreSQL's channel ``etabli_live`` in the transaction of the change. Each web process
listens with one connection, whatever the number of pages, and wakes the pages of the topic, which render
their region again.
"""

import asyncio
import logging
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import close_old_connections, connection
from django.http import Http404, HttpRequest, StreamingHttpResponse

from . import tenancy

CHANNEL = "etabli_live"
HEARTBEAT = 15.0
LONGEST = 600.0
"""Seconds after which a stream ends; the browser asks again at once, and its rights are read again."""
log = logging.getLogger(__name__)
# Rendering needs a database connection: two threads a process, not one for each open page.
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="live")

Render = Callable[..., str]
watched: set[str] = set()
"""The nouns whose pages follow the changes of their object, under the topic ``noun:id``."""


def tell(topic: str) -> None:
    """Wake the pages that follow the topic, once the current transaction is committed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, topic])


class Hub:
    """The process's listening connection: open while somebody follows, opened again when it breaks."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.followers: dict[str, set[asyncio.Event]] = defaultdict(set)
        self.listening = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    def follow(self, topic: str) -> asyncio.Event:
        """An event that is set at each change of the topic; :meth:`leave` must be called with it."""
        woken = asyncio.Event()
        self.followers[topic].add(woken)
        if self.task is None or self.task.done():
            self.task = asyncio.get_running_loop().create_task(self._listen())
        return woken

    def leave(self, topic: str, woken: asyncio.Event) -> None:
        self.followers[topic].discard(woken)
        if not self.followers[topic]:
            del self.followers[topic]
        if not self.followers and self.task is not None:
            self.task.cancel()
            self.task = None
            self.listening.clear()

    async def _listen(self) -> None:
        wait = 0.5
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    **self.settings, autocommit=True
                ) as listener:
                    await listener.execute(f"LISTEN {CHANNEL}")
                    wait = 0.5
                    self.listening.set()
                    self._wake_all()  # What happened while nobody listened is in the state they read again.
                    async for notice in listener.notifies():
                        for woken in self.followers.get(notice.payload, ()):
                            woken.set()
            except (psycopg.Error, OSError) as error:
                log.warning("live pages lost the database and try again in %s s: %s", wait, error)
            self.listening.clear()
            await asyncio.sleep(wait)
            wait = min(wait * 2, 30.0)

    def _wake_all(self) -> None:
        for group in self.followers.values():
            for woken in group:
                woken.set()


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub(_connection_settings())
    return _hubs[loop]


def sse(topic: str | Callable[..., str], render: Render) -> Callable[..., Any]:
    """A view that follows a topic, fixed or made from the address's arguments.

    ``render(request, **arguments)`` returns the HTML of the region; it may raise ``PermissionDenied`` or
    ``Http404``,
    which end the stream: the check is made at each rendering.
    """

    def pieces(request: HttpRequest, arguments: dict[str, Any]) -> AsyncIterator[bytes]:
        name = topic if isinstance(topic, str) else topic(request, **arguments)
        return stream(request, name, lambda asking: render(asking, **arguments))

    async def view(request: HttpRequest, **arguments: Any) -> StreamingHttpResponse:
        return _response(pieces(request, arguments))

    def threaded_view(request: HttpRequest, **arguments: Any) -> StreamingHttpResponse:
        return _response(in_thread(pieces(request, arguments)))

    return view if settings.INTERFACE == "asgi" else threaded_view


def _response(content: Any) -> StreamingHttpResponse:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(content, content_type="text/event-stream", headers=headers)


def in_thread(pieces: AsyncIterator[bytes]) -> Iterator[bytes]:
    """The same stream for a server that gives a thread to each request (WSGI): its events come from one loop
    beside.

    Each open stream holds a thread: beyond :data:`MOST_THREADS` a page is given its present state, and asks
    again.
    """
    connection.close()  # back to the pool: the page's own transaction is over
    loop = _loop_beside()
    alone = _open.acquire(blocking=False)

    async def step() -> bytes:
        return await anext(pieces)

    try:
        while True:
            try:
                piece = asyncio.run_coroutine_threadsafe(step(), loop).result()
            except StopAsyncIteration:
                return
            yield piece
            if not alone and piece.startswith(b"data"):
                return
    finally:
        asyncio.run_coroutine_threadsafe(pieces.aclose(), loop)  # type: ignore[attr-defined]
        if alone:
            _open.release()


MOST_THREADS = 32
_open = threading.BoundedSemaphore(MOST_THREADS)


@cache
def _loop_beside() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="live-loop", daemon=True).start()
    return loop


def stream(request: HttpRequest, topic: str, render: Callable[[HttpRequest], str]) -> AsyncIterator[bytes]:
    """The server-sent events of a region: its present state first, then again each time it differs.

    Rendering sees the organisations that are in scope at this call. Ends when the page leaves.
    """
    return _stream(request, topic, render, tenancy.visible())


async def _stream(
    request: HttpRequest, topic: str, render: Callable[[HttpRequest], str], places: tuple[int, ...]
) -> AsyncIterator[bytes]:
    loop, here, shown = asyncio.get_running_loop(), hub(), None
    await _release_connection()
    woken = here.follow(topic)
    ends = loop.time() + LONGEST
    try:
        yield b"retry: 2000\n\n"
        await _listening(here)
        woken.set()
        while loop.time() < ends:
            if not await _woken(woken):
                yield b": still here\n\n"
                continue
            woken.clear()
            try:
                html = await loop.run_in_executor(
                    _threads, copy_context().run, _render, request, render, places
                )
            except (PermissionDenied, Http404):
                return
            if html != shown:
                shown = html
                yield message(html)
    finally:
        here.leave(topic, woken)


def message(html: str) -> bytes:
    """One server-sent event (HTML Living Standard, 9.2.6): a ``data:`` line for each line."""
    return "".join(f"data: {line}\n" for line in html.splitlines() or [""]).encode() + b"\n"


async def _listening(here: Hub) -> None:
    """Wait for the LISTEN, so that no change falls between the first state and it; not for ever, though."""
    try:
        await asyncio.wait_for(here.listening.wait(), 5)
    except TimeoutError:
        log.warning("live pages start without being told of changes")


async def _woken(woken: asyncio.Event) -> bool:
    try:
        await asyncio.wait_for(woken.wait(), HEARTBEAT)
    except TimeoutError:
        return False
    return True


def _render(request: HttpRequest, render: Callable[[HttpRequest], str], places: tuple[int, ...]) -> str:
    close_old_connections()
    try:
        with tenancy.scope(*places):
            return render(request)
    finally:
        close_old_connections()


async def _release_connection() -> None:
    """A stream lasts minutes: the connection that served the start of the request is not kept for it."""

    def close() -> None:
        if not connection.in_atomic_block:
            connection.close()

    await sync_to_async(close)()


def _connection_settings() -> dict[str, Any]:
    wanted = connection.get_connection_params()
    return {
        k: v for k, v in wanted.items() if k not in ("cursor_factory", "context", "pool") and v is not None
    }
