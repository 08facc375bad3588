"""Who tries the seeds of a sweep.

Crew       processes of this machine
DaskCrew   the workers of a Dask cluster, each with such a process

A crew takes seeds as it has hands free and gives Outcomes as they come, in any order. A seed under which a process dies
or hangs is an Outcome like any other, and the rest goes on in a new process.
"""

from __future__ import annotations

import importlib
import json
import os
import selectors
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..help.timing import monoTime
from .checking import roots
from .failing import SimError
from .trying import Outcome

Take = Callable[[int], list[int]]  # called with the most seeds wanted; returns none when there are no more

#: Seconds of work that a worker is given at once: long beside the way to it and back, short beside people's patience.
PORTION = 0.25
#: Most seeds that it is given at once.
LARGEST = 1000
#: Seconds that one seed may take before its process is ended. The watchdog of a run ends it far earlier.
TYMEOUT = 600.0
#: Seconds of work for a worker of a cluster: long beside the start of a process there.
DASK_PORTION = 5.0

WORK = "from hio.sim.trying import work; work()"


class Worker:
    """A process that tries seeds.

    Parameters:
        path, name: of the scenario.

    Attributes:
        seeds (deque): those that it was given and has not answered.
        ready (bool): whether it has found the scenario.
        since (float): when it was last given seeds or gave an answer, in seconds of the machine.
        pace (float): seconds that a seed takes, smoothed; 0.0 unknown.
    """

    def __init__(self, path: str, name: str) -> None:
        settings = {"PYTHONPATH": os.pathsep.join(roots()), "PYTHONIOENCODING": "utf-8"}
        self.errors = tempfile.TemporaryFile("a+b")  # to be told when it dies; a: what is cut off is not left as a hole
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORK],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env=os.environ | settings,
            start_new_session=True,  # Ctrl-C is for the sweep, which then ends its workers
        )
        self.seeds: deque[int] = deque()
        self.ready = False
        self.since = monoTime()
        self.pace = 0.0
        self._raw = bytearray()
        self._tell([path, name])

    def __repr__(self) -> str:
        return f"<Worker pid={self.process.pid} ready={self.ready} seeds={len(self.seeds)}>"

    def give(self, seeds: list[int]) -> None:
        """Have it try seeds."""
        self.errors.truncate(0)
        self.seeds.extend(seeds)
        self.since = monoTime()
        self._tell(seeds)

    def hear(self) -> tuple[list[Outcome], bool]:
        """Return the Outcomes that have come, and whether it lives."""
        assert self.process.stdout is not None
        data = os.read(self.process.stdout.fileno(), 1 << 16)
        self._raw += data
        *lines, rest = self._raw.split(b"\n")
        self._raw = rest
        outcomes = []
        for line in lines:
            answer = json.loads(line)
            if self.ready:
                outcomes.append(Outcome(*answer))
                self.seeds.popleft()
            self.ready = True
        if lines:
            self._pace(len(outcomes))
        return outcomes, bool(data)

    def _pace(self, count: int) -> None:
        """Learn how long seeds take, after count more of them."""
        now = monoTime()
        if count:
            each = (now - self.since) / count
            self.pace = each if not self.pace else 0.7 * self.pace + 0.3 * each
        self.since = now

    def _tell(self, what: list[Any]) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(what).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it died; hear() will tell

    def last(self) -> str:
        """Return the last line that it wrote to stderr."""
        self.errors.seek(max(0, self.errors.seek(0, os.SEEK_END) - 2000))
        lines = self.errors.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1].strip() if lines else ""

    def end(self) -> int:
        """End the process; return its status."""
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass
        self.process.kill()
        return self.process.wait()


class Crew:
    """Processes that try seeds.

    Parameters:
        path, name: of the scenario. jobs: processes; fewer than 1 raise SimError.
        tymeout: seconds that one seed may take before its process is ended.
    """

    def __init__(self, path: str, name: str, jobs: int = 1, *, tymeout: float = TYMEOUT) -> None:
        if jobs < 1:
            raise SimError(f"a sweep needs at least 1 process, got {jobs!r}")
        self.path = path
        self.name = name
        self.jobs = jobs
        self.tymeout = tymeout

    def __repr__(self) -> str:
        return f"<Crew of {self.name} jobs={self.jobs}>"

    def run(self, take: Take) -> Iterator[list[Outcome]]:
        """Yield Outcomes as they come, [] when a while has passed without one, until take has no more.

        Raises SimError when a process does not even find the scenario. Ends its processes in any case.
        """
        left: deque[int] = deque()  # seeds of processes that died
        workers: list[Worker] = []

        def more(most: int) -> list[int]:
            seeds = [left.popleft() for _ in range(min(most, len(left)))]
            return seeds or take(most)

        with selectors.DefaultSelector() as selector:
            try:
                while self._employ(workers, selector, more):
                    yield self._hear(workers, selector, left)
            finally:
                for worker in workers:
                    worker.end()
                    worker.errors.close()

    def _hear(self, workers: list[Worker], selector: selectors.BaseSelector, left: deque[int]) -> list[Outcome]:
        """Return what workers answer within half a second, those who died or hang too; what they had goes to left."""
        outcomes: list[Outcome] = []
        for key, _ in selector.select(0.5):
            worker = key.data
            came, alive = worker.hear()
            outcomes += came
            if not alive:
                outcomes += self._bury(worker, workers, selector, left, "died")
        for worker in [each for each in workers if self._hangs(each)]:
            outcomes += self._bury(worker, workers, selector, left, "hung")
        return outcomes

    def _employ(self, workers: list[Worker], selector: selectors.BaseSelector, more: Take) -> bool:
        """Give seeds to workers that have none, hire while there are seeds, let go who gets none; whether any work."""
        for worker in workers[:]:
            if not worker.seeds:
                most = int(PORTION / worker.pace) if worker.pace else 1
                seeds = more(min(max(1, most), LARGEST))
                if seeds:
                    worker.give(seeds)
                else:
                    self._dismiss(worker, workers, selector)
        while len(workers) < self.jobs and (seeds := more(1)):
            worker = Worker(self.path, self.name)
            worker.give(seeds)
            workers.append(worker)
            selector.register(worker.process.stdout, selectors.EVENT_READ, worker)  # type: ignore[arg-type]
        return bool(workers)

    def _hangs(self, worker: Worker) -> bool:
        return bool(worker.seeds) and monoTime() - worker.since > self.tymeout

    def _bury(
        self, worker: Worker, workers: list[Worker], selector: selectors.BaseSelector, left: deque[int], cause: str
    ) -> list[Outcome]:
        """Return the Outcome of the seed under which worker died or hung; the rest is left for others."""
        selector.unregister(worker.process.stdout)  # type: ignore[arg-type]
        workers.remove(worker)
        if cause == "died":
            try:
                worker.process.wait(5.0)  # has closed its output, so it is about to end: by itself, to tell its status
            except subprocess.TimeoutExpired:
                pass
        status = worker.end()
        last = worker.last()
        worker.errors.close()
        if not worker.ready:
            raise SimError(f"a worker ended with status {status} before it was ready: {last}")
        if not worker.seeds:
            return []
        seed = worker.seeds.popleft()
        left.extend(worker.seeds)
        if cause == "hung":
            return [Outcome(seed, cause, f"no answer within {self.tymeout} s")]
        return [Outcome(seed, cause, f"its process ended with status {status}" + (f": {last}" if last else ""))]

    def _dismiss(self, worker: Worker, workers: list[Worker], selector: selectors.BaseSelector) -> None:
        """Let worker go."""
        selector.unregister(worker.process.stdout)  # type: ignore[arg-type]
        workers.remove(worker)
        worker.end()
        worker.errors.close()


class DaskCrew:
    """Workers of a Dask cluster that try seeds.

    Needs the package distributed here, and there hio and the file of the scenario under the same path.

    Parameters:
        path, name: of the scenario. address: of the scheduler, as tcp://host:8786.
        tymeout: as for Crew.
    """

    def __init__(self, path: str, name: str, address: str, *, tymeout: float = TYMEOUT) -> None:
        self.path = os.path.abspath(path)
        self.name = name
        self.address = address
        self.tymeout = tymeout

    def __repr__(self) -> str:
        return f"<DaskCrew of {self.name} at {self.address}>"

    def run(self, take: Take) -> Iterator[list[Outcome]]:
        """Yield Outcomes as they come, as Crew does, for the seeds that take gives.

        take(most) returns up to most seeds more, none when all are given out. Raises SimError when there is no
        cluster, or it cannot.
        """
        try:
            distributed: Any = importlib.import_module("distributed")
        except ImportError as ex:
            raise SimError("a sweep on a Dask cluster needs distributed: pip install 'hio[sim]'") from ex
        try:
            client = distributed.Client(self.address, timeout="10s", set_as_default=False)
        except (OSError, ValueError, TypeError) as ex:
            raise SimError(f"no Dask scheduler answers at {self.address}: {ex}") from ex
        with client:
            hands = sum(client.nthreads().values())
            if not hands:
                raise SimError(f"the Dask cluster at {self.address} has no workers")
            try:
                coming = distributed.as_completed(loop=client.loop, with_results=True)
                yield from self._run(client, coming, take, 2 * hands)
            except (SimError, OSError, ImportError, AttributeError) as ex:
                raise SimError(f"the Dask cluster at {self.address} cannot: {ex}") from ex

    def _run(self, client: Any, coming: Any, take: Take, most: int) -> Iterator[list[Outcome]]:
        """Keep most portions of seeds on the way."""
        size = 1
        flying: dict[Any, None] = {}  # an ordered set of futures
        try:
            while True:
                while len(flying) < most and (seeds := take(size)):
                    future = client.submit(portion, self.path, self.name, seeds, self.tymeout, pure=False, retries=1)
                    flying[future] = None
                    coming.add(future)
                if not flying:
                    return
                future, (pace, outcomes) = next(coming)
                del flying[future]
                size = max(1, min(int(DASK_PORTION / pace) if pace else LARGEST, 4 * size, LARGEST))
                yield [Outcome(*each) for each in outcomes]
        finally:
            client.cancel(list(flying), force=True)


def portion(path: str, name: str, seeds: Sequence[int], tymeout: float) -> tuple[float, list[Outcome]]:
    """Try seeds in a process of its own; return seconds for each, and the Outcomes. Runs on a worker of the cluster.

    path, name: of the scenario. seeds: at least one. tymeout: seconds that one may take, as for Crew.
    """
    rest = list(seeds)

    def take(most: int) -> list[int]:
        taken = rest[:most]
        del rest[:most]
        return taken

    start = monoTime()
    outcomes = [outcome for batch in Crew(path, name, tymeout=tymeout).run(take) for outcome in batch]
    return (monoTime() - start) / len(seeds), outcomes
