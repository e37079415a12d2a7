"""A server that speaks OpenAI's protocol over real sockets on 127.0.0.1, and answers what a test tells it to.

In an async test::

    async with serving(Said("Hello")) as server:
        client = AsyncOpenAI(base_url=server.url, api_key="any")
        ...
        server.requests[0].body, server.requests[0].headers["authorization"]

`POST /v1/chat/completions` and `POST /v1/responses` answer, streamed when the body says `"stream": true`; `GET /v1/models` and
`GET /v1/models/NAME` list and describe; any other path is OpenAI's 404. Connections are kept alive.
A request that OpenAI would refuse gets its 400 (checks.py), as for unknown parameters, calls without results and schemas that
are not strict; `Manners(strict=False)` takes anything. What it answers is

* a `Said` (said.py): text, calls, reasoning, a refusal, usage; `as_json(value)` for structured output;
* `(Said, Manners)`: the same, spoken as other servers do (manners.py); `serving(..., manners=)` sets it for all answers;
* a `Fault` (faults.py): `wrong_key()`, `unknown_model()`, `bad_request()`, `rate_limited(3)`, `server_error(503)`, `page(502)`,
  `no_json()`, `empty()`, `TruncatedJson()`, `Cut("amidst")`, `Stalls(after=3)`, `Endless("deltas")`, `ErrorInStream()`,
  `NoDone()`, `Huge()`, `Trickle()`;
* a `Script` (script.py): the bytes, waits and ends themselves;
* or a function of the request, sync or async, that gives one of these, called for every request that asks for an answer::

    def model(asked: Asked) -> Said:
        if asked.results:                        # tools have returned
            return Said(f"Done: {asked.newest}")
        return Said(calls=(Called("refund", {"order_id": "7"}),))

`Asked` (asked.py) reads the request for both APIs alike: `.instructions`, `.newest`, `.results`, `.tools`, `.schema`, `.items`.
`in_turn(a, b, c)` gives one after the other; `Faults(rate_limited(), times=2, then=Said("ok"))` fails first and answers then.

`server.requests` is every request that came, `server.left` those whose client left before the answer ended, and
`server.connections` how many connections were ever opened. `await server.until(lambda: server.left)` waits for such a thing
without polling. When the function raises, the client gets a 500 that must not be retried, and the exception leaves the
`async with`.

`with served(...) as server` is the same in a thread, for sync tests (`server.wait(lambda: ...)` waits), and
`python -m tests.servers --port 0 --script NAME` in a process, which prints its URL (`process.running(NAME)` does it).
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Iterable, Sequence
from typing import Any, TypeVar, assert_never

import h11

from tests.servers import speech
from tests.servers.asked import PATHS, Asked
from tests.servers.checks import refused
from tests.servers.faults import Answer, Fault, Refuses, Reply, bad_request, unknown_model, wrong_key, wrong_path
from tests.servers.line import Line
from tests.servers.makes import complaint
from tests.servers.manners import PLAIN, Manners
from tests.servers.said import Said
from tests.servers.script import Script, Step, json_bytes, whole_response

T = TypeVar("T")

MODELS = ("gpt-test",)


class Server:
    """A running server.

    Attributes:
        url: what a client takes as its base URL.
        requests: every request that came, in order.
        left: the requests whose client left before the answer ended.
        connections: how many connections were ever opened.
    """

    def __init__(self, answer: Answer, manners: Manners, key: str | None, models: Sequence[str]) -> None:
        self.url = ""
        self.requests: list[Asked] = []
        self.left: list[Asked] = []
        self.connections = 0
        self._answer = answer
        self._manners = manners
        self._key = key
        self._models = models
        self._tasks: set[asyncio.Task[None]] = set()
        self._errors: list[BaseException] = []
        self._pulse = asyncio.Event()
        self._changes = threading.Condition()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait, in the server's own loop, until the condition holds; it is looked at whenever something happened here."""
        while not condition():
            await self._pulse.wait()

    def wait(self, condition: Callable[[], object], seconds: float = 5) -> None:
        """Wait, in another thread than the server's, until the condition holds.

        Raises:
            TimeoutError: it did not.
        """
        with self._changes:
            if not self._changes.wait_for(condition, seconds):
                raise TimeoutError(f"Nothing of the kind in {seconds} s; the server had {len(self.requests)} requests.")

    def _changed(self) -> None:
        self._pulse.set()
        self._pulse = asyncio.Event()
        with self._changes:
            self._changes.notify_all()

    async def open(self, port: int) -> asyncio.Server:
        """Listen on a port."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", port)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        return server

    async def close(self) -> None:
        """Leave every connection."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def complain(self) -> None:
        """Raise the first exception of the answering function, if there was one."""
        if self._errors:
            raise self._errors[0]

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Not a coroutine: the task is known from the first moment, so that closing misses none.
        task = asyncio.ensure_future(self._converse(Line(reader, writer)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        self._changed()

    async def _converse(self, line: Line) -> None:
        """All requests of one connection."""
        try:
            while not line.ended and (asked := await line.listen()) is not None:
                self.requests.append(asked)
                self._changed()
                if not await line.unless_left(self._reply(asked, line)):
                    self.left.append(asked)
                    self._changed()
                    return
            await line.close()
        except (ConnectionError, h11.RemoteProtocolError):
            pass
        except Exception as error:
            # An answer that cannot be written, as its arguments are no JSON; the client sees the connection end.
            self._errors.append(error)
        finally:
            await line.abort()

    async def _reply(self, asked: Asked, line: Line) -> None:
        await line.play(await self._steps(asked))

    async def _steps(self, asked: Asked) -> Iterable[Step]:
        """What goes over the socket in answer to a request."""
        try:
            reply = self._routed(asked) or (self._answer(asked) if callable(self._answer) else self._answer)
            reply = await reply if inspect.isawaitable(reply) else reply
        except Exception as error:
            self._errors.append(error)
            message = f"The test's own answer failed: {error!r}"
            reply = Refuses(500, message, type="server_error", headers={"x-should-retry": "false"})
        match reply:
            case Said():
                return speech.speak(asked, reply, self._manners)
            case (said, manners):
                return speech.speak(asked, said, manners)
            case Fault():
                return reply.script(asked, self._manners)
            case Script():
                return reply.steps
            case _:
                assert_never(reply)

    def _routed(self, asked: Asked) -> Fault | Script | None:
        """What the server says by itself; None is for the answer to say."""
        if self._key is not None and asked.headers.get("authorization") != f"Bearer {self._key}":
            return wrong_key(asked.headers.get("authorization", "").removeprefix("Bearer "))
        if asked.method == "GET" and asked.path.startswith("/v1/models"):
            return self._list(asked.path.removeprefix("/v1/models").removeprefix("/"))
        if asked.method != "POST" or asked.path not in PATHS:
            return wrong_path(asked.method, asked.path)
        if not asked.body:
            return bad_request("We could not parse the JSON body of your request.", param=None)
        manners = self._manners
        refusal = refused(asked) if manners.strict else None
        if refusal is not None:
            return refusal
        wrong = complaint(manners.make, asked)
        return None if wrong is None else Refuses(400, wrong)

    def _list(self, name: str) -> Fault | Script:
        models = {model: {"id": model, "object": "model", "created": 1_700_000_000, "owned_by": "us"} for model in self._models}
        if name and name not in models:
            return unknown_model(name)
        given = models[name] if name else {"object": "list", "data": list(models.values())}
        return Script([whole_response(200, json_bytes(given))])


@contextlib.asynccontextmanager
async def serving(
    answer: Answer,
    manners: Manners = PLAIN,
    *,
    key: str | None = None,
    models: Sequence[str] = MODELS,
    port: int = 0,
) -> AsyncGenerator[Server]:
    """Run the server in this loop, as long as the `async with` lasts.

    Args:
        answer: what it answers, or a function of the request that gives it (see above).
        manners: how it speaks.
        key: the only key that it takes; None takes any.
        models: what `GET /v1/models` lists. Any name is answered.
        port: 0 is a free one.

    Yields:
        The running server.

    Raises:
        Exception: what the answering function raised; what the client made of it is its context.
    """
    server = Server(answer, manners, key, models)
    sockets = await server.open(port)
    try:
        yield server
    except Exception:
        # What failed in the answer is why the client failed.
        server.complain()
        raise
    finally:
        sockets.close()
        await server.close()
    server.complain()


@contextlib.contextmanager
def served(
    answer: Answer, manners: Manners = PLAIN, *, key: str | None = None, models: Sequence[str] = MODELS
) -> Generator[Server]:
    """Run the server in a thread with a loop of its own, as long as the `with` lasts.

    Args and what is raised are those of `serving`; the answering function is called in that thread.

    Yields:
        The running server; `wait` waits for what happens there.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="server")
    thread.start()

    def there(doing: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(doing, loop).result()

    serving_there = serving(answer, manners, key=key, models=models)
    try:
        server = there(serving_there.__aenter__())
        try:
            yield server
        except BaseException as error:
            there(serving_there.__aexit__(type(error), error, error.__traceback__))
            raise
        there(serving_there.__aexit__(None, None, None))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def in_turn(*replies: Reply) -> Callable[[Asked], Reply]:
    """Answers given one after the other; one more request than answers is an error that says so."""
    left = list(replies)

    def answer(asked: Asked) -> Reply:
        if not left:
            raise AssertionError(f"All {len(replies)} answers are given, and now this was asked: {asked.newest[:200]!r}")
        return left.pop(0)

    return answer
