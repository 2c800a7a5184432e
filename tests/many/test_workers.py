"""Several processes on one machine: WORKERS."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple, Sequence

import httpx
import pytest
from redis_process import RedisServer
from service_process import Service, started_service, wait_until_healthy

from folderwijs.settings import PROJECT

SECRET = "gedeeld" * 5
_TICKS = os.sysconf("SC_CLK_TCK")


class Measured(NamedTuple):
    """What a load took.

    Attributes:
        messages: handled.
        seconds: from begin to end.
        busy: seconds of processor of each worker.
        others: processors, on average, that other programs than ours had.
    """

    messages: int
    seconds: float
    busy: list[float]
    others: float

    @property
    def throughput(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds

    @property
    def capacity(self) -> float:
        """Messages a second that the busiest worker's share allows, were each to have a processor of its own."""
        return self.messages / max(self.busy)


def workers_of(service: Service) -> list[int]:
    """The processes that serve: children of the service that listen, or the service itself."""
    children = [int(child) for child in Path(f"/proc/{service.process.pid}/task/{service.process.pid}/children").read_text().split()]
    return [child for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()] or [service.process.pid]


def busy(pid: int) -> float:
    """Seconds of processor that a process had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def busy_machine() -> float:
    """Seconds of processor that anything had."""
    user, nice, system, _, _, interrupts, soft = map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:8])
    return (user + nice + system + interrupts + soft) / _TICKS


def load(service: Service, redis: RedisServer, users: int, conversations: int) -> Measured:
    """Have visitors talk, and measure."""
    workers = workers_of(service)
    before, machine, stored, started = [busy(pid) for pid in workers], busy_machine(), busy(redis.pid), time.monotonic()
    command = [sys.executable, str(PROJECT / "tests" / "load_client.py"), str(users), str(conversations), "60", service.url]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=90).stdout)
    whole = time.monotonic() - started
    ours = [busy(pid) - was for pid, was in zip(workers, before)]
    others = max(0.0, busy_machine() - machine - sum(ours) - told["cpu"] - (busy(redis.pid) - stored)) / whole
    assert (told.get("forgotten"), told.get("errors"), told.get("out of context")) == (0, 0, 0)
    return Measured(told["messages"], told["seconds"], ours, others)


ROUNDS = 4  # of one worker and of two, in turns: the machine itself is now faster, now slower


def in_turns(services: Sequence[Service], redis: RedisServer) -> list[Measured]:
    """What each service did under a few loads each."""
    loads = [[load(service, redis, 16, 20) for service in services] for _ in range(ROUNDS)]
    return [
        Measured(
            sum(each.messages for each in of_one), sum(each.seconds for each in of_one), [sum(shares) for shares in zip(*(each.busy for each in of_one))],
            sum(each.others for each in of_one) / ROUNDS,
        )
        for of_one in zip(*loads)
    ]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc: what each process takes cannot be measured")
def test_two_workers_do_at_least_1_6_times_the_work_of_one(model: Path, redis_server: RedisServer, tmp_path: Path) -> None:
    """Measured up to four times: what else the machine does is a matter of luck."""
    with ExitStack() as stack:
        services = []
        for workers in (1, 2):
            service = stack.enter_context(started_service(tmp_path / f"log{workers}", WORKERS=str(workers), REDIS_URL=redis_server.url, SECRET=SECRET, METRICS_PORT="0"))
            wait_until_healthy(service)
            wait_for_workers(service, workers)
            load(service, redis_server, 16, 6)
            services.append(service)
        for _ in range(4):
            one, two = in_turns(services, redis_server)
            print(f"{one}\n{two}\nthroughput x{two.throughput / one.throughput:.2f}, capacity x{two.capacity / one.capacity:.2f}")
            problems = missed(one, two, worth := processors())
            print(f"{worth:.2f} processors: {problems}")
            if not problems:
                break
        for service, measured in zip(services, (one, two)):
            told = counted_replies(service)
            assert httpx.post(f"{service.url}/api/chat", content='{"message": "mag ik fietsen?"}', timeout=30).is_success
            assert measured.messages < counted_replies(service) == told + 1, "the metrics are those of all workers together"
        survives_the_death_of_a_worker(services[1])
    assert problems == []


WORK = """
import random, time
numbers = {str(number): number for number in range(300_000)}
names = random.Random(1).choices(list(numbers), k=1_500_000)
started = time.process_time()
sum(numbers[name] for name in names)
print(time.process_time() - started)
"""
"""Looks up words all over the memory, as understanding a message does."""


def processors() -> float:
    """How many processors' worth of work two programs do at once that have nothing to do with each other: two, less what they take from each other here and now."""

    def seconds(programs: int) -> float:
        running = [subprocess.Popen([sys.executable, "-c", WORK], stdout=subprocess.PIPE) for _ in range(programs)]
        return max(float(program.communicate(timeout=60)[0]) for program in running)

    return min(2.0, 2 * seconds(1) / seconds(2))


def missed(one: Measured, two: Measured, processors: float) -> list[str]:
    """What two workers did not do as they should, beside one, on so many processors' worth of machine."""
    slowed = 2 / processors
    promises = [
        (sum(two.busy) / two.messages < 1.25 * slowed * sum(one.busy) / one.messages, "a message costs much more"),
        (min(two.busy) > 0.2 * sum(two.busy), "one worker does nearly everything"),
        # where other programs decided which worker got to work, neither the clock nor the shares say anything
        (max(one.others, two.others) > 0.2 or two.capacity >= 1.6 / slowed * one.capacity, "the work is not shared"),
        (max(one.others, two.others) > 0.2 or two.throughput >= 1.6 / slowed * one.throughput, "it is not faster"),
    ]
    return [problem for kept, problem in promises if not kept]


def counted_replies(service: Service) -> int:
    """The replies that Prometheus would read, whichever worker gave them."""
    found = re.search(r"Metrics: (http://[\w.:/]+)", service.log.read_text("utf8"))
    assert found
    lines = httpx.get(found.group(1)).text.splitlines()
    return int(sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("folderwijs_replies_total")))


def wait_for_workers(service: Service, number: int) -> None:
    """Wait until so many workers have loaded the model, which shows in the memory they take."""
    until = time.monotonic() + 90
    while time.monotonic() < until:
        pids = workers_of(service)
        if len(pids) == number and all(memory(pid) > 250_000 for pid in pids):
            before = [busy(pid) for pid in pids]
            time.sleep(1)
            if all(busy(pid) - was < 0.2 for pid, was in zip(pids, before)):  # and they rest
                return
        time.sleep(0.2)
    pytest.fail("the workers did not start")


def memory(pid: int) -> int:
    """KiB in memory."""
    return next(int(line.split()[1]) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))


def survives_the_death_of_a_worker(service: Service) -> None:
    """A conversation goes on, and a new worker comes, where one is killed."""
    with httpx.Client(base_url=service.url, timeout=30) as client:
        body = client.post("/api/chat", content='{"message": "mag ik fietsen?"}').json()
    dead, living = workers_of(service)
    os.kill(dead, signal.SIGKILL)
    with httpx.Client(base_url=service.url, timeout=30, transport=httpx.HTTPTransport(retries=3)) as client:
        body = client.post("/api/chat", content=json.dumps({"message": "waar staat dat?", "session": body["session"]})).json()
    assert (body["forgotten"], body["replies"][0]["topics"]) == (False, ["fietsen"])
    until = time.monotonic() + 30
    while time.monotonic() < until and (len(pids := workers_of(service)) != 2 or dead in pids):
        time.sleep(0.2)
    assert living in pids
    assert dead not in pids
