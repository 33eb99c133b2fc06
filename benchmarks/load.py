"""A load generator: one process, one thread, many kept-open connections.

Run as a program it reads one JSON object (the fields of `Load`) and prints one JSON object, so
that it has a process, and a share of the CPU, of its own. With a `rate` requests start when they
are due, whether or not others were answered, and a time is counted from when its request was due:
an answer that comes late delays nobody's clock. Without one, every connection asks again as soon
as it has its answer.
"""

import heapq
import json
import select
import socket
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field

NUMBER = "#########"  # in a request: the number of this request, nine digits
ADDRESS = "10.@@.@@.@@"  # in a request: an address of the network, another one each time
WINDOW = 10  # seconds
NICE = 5  # so much politer than what it measures: visitors do not share the site's processors
STUCK = 30  # seconds without an answer


@dataclass
class Load:
    port: int
    requests: list[str]  # whole requests as they are sent, asked in turn
    seconds: float
    connections: int = 16
    rate: float | None = None  # requests a second
    first_number: int = 0
    give_up: float = STUCK
    nice: int = NICE


@dataclass
class Result:
    seconds: float = 0.0
    statuses: dict[str, int] = field(default_factory=dict)
    failed: int = 0  # refused, cut off or stuck
    unasked: int = 0  # due, and no connection was free to ask
    times: list[float] = field(default_factory=list)  # seconds, of each answer
    windows: list[dict] = field(default_factory=list)  # the same by windows of time
    by_status: dict[str, list[float]] = field(default_factory=dict)  # the same by status
    retry_after: int = 0  # answers that say when to come back
    bytes: int = 0
    cpu: float = 0.0  # of one core, that the generator itself took

    def a_second(self, below=400):
        good = sum(number for status, number in self.statuses.items() if int(status) < below)
        return good / self.seconds if self.seconds else 0.0

    def times_of(self, status):
        return self.by_status.get(status, [])


def percentile(times, part):
    """In milliseconds."""
    if not times:
        return float("nan")
    ranked = sorted(times)
    return ranked[min(len(ranked) - 1, int(len(ranked) * part))] * 1000


def get(path, **headers):
    lines = [f"GET {path} HTTP/1.1", "Host: localhost"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines) + "\r\n\r\n"


def post(path, body, **headers):
    lines = [f"POST {path} HTTP/1.1", "Host: localhost"]
    lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines) + "\r\n\r\n" + body


def run(load: Load) -> Result:
    """In a process of its own."""
    return start(load).result()


def start(load: Load) -> "Started":
    return Started(load)


class Started:
    def __init__(self, load):
        self.process = subprocess.Popen(
            ["nice", "-n", str(load.nice), sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.process.stdin.write(json.dumps(asdict(load)))
        self.process.stdin.close()

    def result(self) -> Result:
        said = self.process.stdout.read()
        if self.process.wait():
            raise RuntimeError("the load generator failed")
        return Result(**json.loads(said))


class Connection:
    __slots__ = ("buffer", "busy_since", "number", "socket")

    def __init__(self):
        self.socket = None
        self.buffer = b""
        self.busy_since = None


class Generator:
    def __init__(self, load: Load):
        self.load = load
        self.result = Result()
        self.statuses = Counter()
        self.requests = [text.encode() for text in load.requests]
        self.numbered = [
            NUMBER.encode() in text or ADDRESS.encode() in text for text in self.requests
        ]
        self.by_window = {}
        self.number = load.first_number
        self.asked = 0
        self.poll = select.epoll()
        self.by_descriptor = {}
        self.idle = [Connection() for _ in range(load.connections)]

    def next_request(self):
        which = self.asked % len(self.requests)
        self.asked += 1
        text = self.requests[which]
        if self.numbered[which]:
            text = text.replace(NUMBER.encode(), b"%09d" % self.number)
            network = "10.{}.{}.{}".format(*self.number.to_bytes(4, "big")[1:])
            text = text.replace(ADDRESS.encode(), network.encode())
            self.number += 1
        return text

    def ask(self, connection, due):
        connection.busy_since = due
        connection.buffer = b""
        try:
            if connection.socket is None:
                connection.socket = socket.create_connection(("127.0.0.1", self.load.port), 5)
                connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.poll.register(connection.socket, select.EPOLLIN)
                self.by_descriptor[connection.socket.fileno()] = connection
            connection.socket.sendall(self.next_request())
        except OSError:
            self.lost(connection)

    def window(self):
        return self.by_window.setdefault(int((time.perf_counter() - self.begin) // WINDOW), [])

    def lost(self, connection):
        self.result.failed += 1
        self.close(connection)

    def close(self, connection):
        if connection.socket is not None:
            self.by_descriptor.pop(connection.socket.fileno(), None)
            connection.socket.close()  # which also takes it from the poll
        connection.socket = connection.busy_since = None
        self.idle.append(connection)

    def read(self, connection):
        try:
            piece = connection.socket.recv(262_144)
        except OSError:
            piece = b""
        if connection.busy_since is None:
            if not piece:  # the server closed it while nobody was asking
                self.idle.remove(connection)
                self.close(connection)
            return
        if not piece:
            self.lost(connection)
            return
        connection.buffer += piece
        head, found, body = connection.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        status = head[9:12].decode()
        lower = head.lower()
        at = lower.find(b"\r\ncontent-length:")
        length = int(lower[at + 17 : at + 32].split(b"\r\n")[0]) if at > 0 else 0
        if status == "304":
            length = 0
        if len(body) < length:
            return
        taken = time.perf_counter() - connection.busy_since
        self.statuses[status] += 1
        self.result.times.append(taken)
        self.window().append(taken)
        self.result.by_status.setdefault(status, []).append(taken)
        self.result.retry_after += b"\r\nretry-after:" in lower
        self.result.bytes += len(head) + 4 + length
        if b"\r\nconnection: close" in lower:
            self.close(connection)
            return
        connection.busy_since = None
        self.idle.append(connection)

    def work(self) -> Result:
        load, idle = self.load, self.idle
        cpu = time.process_time()
        begin = self.begin = time.perf_counter()
        end = begin + load.seconds
        due = [begin] if load.rate else []  # a heap of one: when the next request is due
        while (moment := time.perf_counter()) < end:
            if load.rate:
                while idle and due[0] <= moment:
                    when = heapq.heapreplace(due, due[0] + 1 / load.rate)
                    self.ask(idle.pop(), when)
            else:
                for _ in range(len(idle)):
                    self.ask(idle.pop(), time.perf_counter())
            patience = 0.05
            if load.rate and idle:
                patience = max(0.0, min(patience, due[0] - time.perf_counter()))
            self.listen(patience)
            self.give_up_stuck(time.perf_counter())
        took = time.perf_counter() - begin
        patience = time.perf_counter() + min(5, load.give_up)
        while any(c.busy_since for c in self.by_descriptor.values()):
            if time.perf_counter() > patience:
                break
            self.listen(0.05)
        self.result.failed += sum(1 for c in self.by_descriptor.values() if c.busy_since)
        if load.rate:  # what was due and never asked, for want of an answer on any connection
            self.result.unasked = max(0, int((end - due[0]) * load.rate))
        self.result.seconds = took
        self.result.cpu = (time.process_time() - cpu) / took
        self.result.statuses = dict(self.statuses)
        self.result.windows = [
            {"at": number * WINDOW, "count": len(times), "p99": percentile(times, 0.99)}
            for number, times in sorted(self.by_window.items())
        ]
        return self.result

    def listen(self, patience):
        for descriptor, _event in self.poll.poll(patience):
            connection = self.by_descriptor.get(descriptor)
            if connection is not None:
                self.read(connection)

    checked = 0.0

    def give_up_stuck(self, moment):
        if moment < self.checked + 0.5:
            return
        self.checked = moment
        for connection in list(self.by_descriptor.values()):
            since = connection.busy_since
            if since is not None and moment - since > self.load.give_up:
                self.lost(connection)


if __name__ == "__main__":
    print(json.dumps(asdict(Generator(Load(**json.load(sys.stdin))).work())))
