"""An event loop whose time is counted, not waited for, and whose threads are turns of the same loop.

Code that runs here needs nothing changed: ``asyncio.sleep``, time-outs, ``asyncio.to_thread`` and executors
go through the loop. What a computer runs carries its ``Machine`` in the context: a machine that is dead takes
no further step, whatever its tasks were about to do.
"""

from __future__ import annotations

import asyncio
import contextvars
import random
import selectors
from collections.abc import Callable, Coroutine
from typing import Any

MACHINE: contextvars.ContextVar[Machine | None] = contextvars.ContextVar("machine", default=None)
"""The simulated computer on whose behalf the code runs; None for the world around."""


class PowerCutError(BaseException):
    """The machine stops in the middle of a call; nothing of its code may catch this."""


class StuckError(Exception):
    """Nothing is left to happen, and the history is not over."""


class Machine:
    """One run of a program on a simulated computer, from its start to its death."""

    def __init__(self, loop: VirtualLoop, on_death: Callable[[], None]) -> None:
        self.loop = loop
        self.is_dead = False
        self.tasks: dict[asyncio.Task[Any], None] = {}
        self._on_death = on_death
        self._context = contextvars.copy_context()
        self._context.run(MACHINE.set, self)

    def call(self, function: Callable[..., Any], *args: Any) -> Any:
        """Run a function as the machine's; a power cut inside ends the machine and returns None."""
        try:
            return self._context.copy().run(function, *args)
        except PowerCutError:
            self.die()
            return None

    def task(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start a task of the machine."""
        return self.loop.create_task(coroutine, context=self._context.copy())

    def die(self) -> None:
        """End everything the machine does, at once."""
        if self.is_dead:
            return
        self.is_dead = True
        for task in tuple(self.tasks):
            task.cancel()
        self._on_death()


class _NoWaiting(selectors.SelectSelector):
    """A selector that never waits: it moves the loop's time instead."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[Any]:
        """Return no events; the time asked for has passed."""
        if timeout is None:
            raise StuckError
        self.loop.seconds += max(timeout, 0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """See the module; ``dice`` decide how long a turn of a thread takes."""

    def __init__(self, dice: random.Random) -> None:
        self.seconds = 0.0
        self.dice = dice
        self.failures: list[str] = []
        selector = _NoWaiting()
        selector.loop = self
        super().__init__(selector)
        self.set_task_factory(self._made)
        self.set_exception_handler(self._noted)

    def time(self) -> float:
        """Return the counted seconds."""
        return self.seconds

    def _made(
        self, loop: asyncio.AbstractEventLoop, coroutine: Any, context: contextvars.Context | None = None
    ) -> asyncio.Task[Any]:
        machine = (context or contextvars.copy_context()).get(MACHINE)
        if machine is not None:
            coroutine = _guarded(machine, coroutine)
        task: asyncio.Task[Any] = asyncio.Task(coroutine, loop=loop, context=context)
        if machine is not None:
            machine.tasks[task] = None
            task.add_done_callback(lambda done: machine.tasks.pop(done, None))
            if machine.is_dead:
                task.cancel()
        return task

    def _noted(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        machine = MACHINE.get()
        if machine is None or not machine.is_dead:
            self.failures.append(f"{context.get('message')}: {context.get('exception')!r}")

    def run_in_executor(  # type: ignore[override]
        self,
        executor: Any,  # noqa: ARG002
        func: Callable[..., Any],
        *args: Any,
    ) -> Any:
        """Run the function a moment later, as a turn of this loop; a dead machine's never runs."""
        machine = MACHINE.get()
        future: asyncio.Future[Any] = self.create_future()
        if machine is not None and machine.is_dead:
            future.cancel()
            return future

        def turn() -> None:
            if future.done() or (machine is not None and machine.is_dead):
                future.cancel()
                return
            try:
                answer = func(*args)
            except PowerCutError:
                assert machine is not None
                machine.die()
                future.cancel()
            except Exception as error:  # handed over to who waits
                future.set_exception(error)
            else:
                if machine is not None and machine.is_dead:
                    future.cancel()
                elif not future.done():
                    future.set_result(answer)

        self.call_later(self.dice.expovariate(1 / 0.003), turn)
        return future


async def _guarded(machine: Machine, coroutine: Any) -> Any:
    """Run a coroutine of the machine's; a power cut inside ends the machine."""
    try:
        return await coroutine
    except PowerCutError:
        machine.die()
        raise asyncio.CancelledError from None
