"""Clients on a thread of their own, while the test does harm."""
from __future__ import annotations

import asyncio
import threading
import time

from clients import Clients
from history import History, Subscriber, Trader, faults, read_truth, summary


class Load:
    """`with Load(cluster, ...) as load: ...` then load.check(journal)."""

    def __init__(self, cluster, *, seed: int, subscribers: int = 8, per_second: float = 200.0) -> None:
        self.cluster, self.seed = cluster, seed
        self.history = History()
        self.clients = Clients(cluster.client_urls, seed)
        for i in range(subscribers):
            self.history.subscribers.append(Subscriber(f"subscriber {i}", cluster.symbols[i % len(cluster.symbols)],
                                                       begin=1 if i % 5 == 0 else 0))
        for i, _ in enumerate(cluster.keys):
            self.history.traders.append(Trader(i + 1))
        self.per_trader = per_second / len(cluster.keys)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._tasks: list[asyncio.Task] = []

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._all())

    async def _all(self) -> None:
        subscribers = [asyncio.create_task(self.clients.subscribe(s)) for s in self.history.subscribers]
        traders = [asyncio.create_task(self.clients.trade(t, key, self.cluster.symbols, self.per_trader))
                   for t, key in zip(self.history.traders, self.cluster.keys)]
        self._tasks = [*subscribers, *traders, asyncio.create_task(self.clients.leave_who_is_gone())]
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(0)

    @property
    def told(self) -> int:
        return self.clients.told

    def wait_for(self, more: int, seconds: float = 60) -> float:
        """Until so many more orders have been acknowledged; how long it took."""
        begin, wanted = time.monotonic(), self.told + more
        while self.told < wanted:
            if time.monotonic() - begin > seconds:
                raise AssertionError(f"{more} more acknowledgements did not come within {seconds} s\n{self.cluster.outputs()}")
            time.sleep(0.01)
        return time.monotonic() - begin

    def stop(self, grace: float = 2.0) -> None:
        """No new orders; what is under way may be answered; then everybody goes."""
        if not self._thread.is_alive():
            return
        self.clients.is_over = True
        time.sleep(grace)

        def end() -> None:
            for task in self._tasks:
                task.cancel()
        self._loop.call_soon_threadsafe(end)
        self._thread.join(20)

    def check(self, journal) -> str:
        """Against this journal. Raises with all faults."""
        truth = read_truth(str(journal))
        found = faults(self.history, truth)
        if found:
            raise AssertionError(f"seed {self.seed}: {len(found)} faults\n" + "\n".join(found[:60]) + "\n" + self.cluster.outputs())
        return summary(self.history, truth)
