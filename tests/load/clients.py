"""Crowds of clients, each crowd in a process of its own: idle ones, slow readers, slow writers.

A crowd connects, tells how many clients are under way, goes on until it is told to finish, and tells how many were
served to the end and what befell the others.
"""
import hashlib
import multiprocessing
import os
import socket
import ssl
import time

from lib.http import wrapped

PIECE = 2048  # what a slow client reads or sends each second
TIMEOUT = 120
LAST_READ = 32 * PIECE


def source_address(group, number):
    """One of its own for each client: 127.G.x.y, but never 127.0.0.1."""
    return f"127.{group + 1}.{number // 250 + 1}.{number % 250 + 1}"


class Client:
    def __init__(self, port, address, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(TIMEOUT)
        # The port is chosen when connecting: bind() would look for one that is free for every peer.
        self.socket.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
        self.socket.bind((address, 0))
        self.socket.connect(("127.0.0.1", port))
        self.socket = wrapped(self.socket, port, "localhost")
        self.rest = b""

    def ask(self, method, path, length=None):
        head = f"{method} {path} HTTP/1.1\r\nHost: registry.test\r\n"
        if length is not None:
            head += f"Content-Length: {length}\r\n"
        self.socket.sendall((head + "\r\n").encode())

    def answer(self):
        """(status, headers); what was read of the body stays in `rest`."""
        data = self.rest
        while b"\r\n\r\n" not in data:
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError("closed before an answer")
            data += more
        head, _, self.rest = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        return int(lines[0].split()[1]), {name.lower(): value.strip()
                                          for name, _, value in (line.partition(":") for line in lines[1:])}

    def body(self, length):
        while len(self.rest) < length:
            more = self.socket.recv(length - len(self.rest))
            if not more:
                raise ConnectionError("closed within a body")
            self.rest += more
        data, self.rest = self.rest[:length], self.rest[length:]
        return data

    def expect(self, status, method, path, length=None):
        self.ask(method, path, length)
        got, headers = self.answer()
        if got != status:
            raise ConnectionError(f"{method} {path}: {got}")
        return headers, self.body(0 if method == "HEAD" else int(headers.get("content-length", 0)))


class Idle:
    def __init__(self, port, address, _number, _what):
        self.client = Client(port, address)
        self.client.expect(200, "GET", "/v2/")

    def turn(self):
        """Does nothing; but a connection that is closed is found out."""
        self.client.socket.setblocking(False)
        try:
            got = self.client.socket.recv(1)
            raise ConnectionError("sent something unasked" if got else "closed while idle")
        except (BlockingIOError, ssl.SSLWantReadError):
            pass
        self.client.socket.settimeout(TIMEOUT)

    def finish(self):
        self.client.expect(200, "GET", "/v2/")


class Download:
    """`what`: path and content of the blob."""

    def __init__(self, port, address, _number, what):
        self.path, self.content = what
        self.client, self.offset = Client(port, address, receive_buffer=4096), 0
        self.client.ask("GET", self.path)
        status, headers = self.client.answer()
        if status != 200 or int(headers["content-length"]) != len(self.content):
            raise ConnectionError(f"GET {self.path}: {status}")

    def read(self, count):
        got = self.client.body(count)
        if got != self.content[self.offset:self.offset + count]:
            raise ConnectionError(f"other bytes than the blob's at {self.offset}")
        self.offset += count

    def turn(self):
        self.read(PIECE)

    def finish(self):
        self.read(LAST_READ)


class Upload:
    """`what`: the repository."""

    SIZE = 512 * 1024

    def __init__(self, port, address, number, what):
        self.content = os.urandom(16) + number.to_bytes(8, "big") + bytes(self.SIZE - 24)
        self.client, self.offset = Client(port, address), 0
        headers, _ = self.client.expect(202, "POST", f"/v2/{what}/blobs/uploads/", 0)
        path = headers["location"]
        digest = hashlib.sha256(self.content).hexdigest()
        self.blob = f"/v2/{what}/blobs/sha256:{digest}"
        self.client.ask("PUT", f"{path}{'&' if '?' in path else '?'}digest=sha256:{digest}", self.SIZE)

    def turn(self):
        if self.offset < self.SIZE - PIECE:
            self.client.socket.sendall(self.content[self.offset:self.offset + PIECE])
            self.offset += PIECE

    def finish(self):
        self.client.socket.sendall(self.content[self.offset:])
        status, headers = self.client.answer()
        self.client.body(int(headers.get("content-length", 0)))
        if status != 201:
            raise ConnectionError(f"PUT: {status}")
        headers, _ = self.client.expect(200, "HEAD", self.blob)
        if int(headers["content-length"]) != self.SIZE:
            raise ConnectionError("another size than was pushed")


def _serve(kind, port, group, count, what, pipe):
    clients, failures = [], []

    def attempt(call):
        try:
            return call()
        except OSError as error:
            failures.append(f"{kind.__name__}: {error}")
            return None

    for number in range(count):
        address = source_address(group, number)
        client = attempt(lambda: kind(port, address, number, what))  # pylint: disable=cell-var-from-loop
        if client:
            clients.append(client)
    pipe.send(len(clients))
    rounds, begin = 0, time.monotonic()
    while not pipe.poll():
        # All of them within a second, a few at a time.
        for index in range(0, len(clients), 20):
            for client in clients[index:index + 20]:
                attempt(client.turn)
            pause = begin + rounds + (index + 20) / max(len(clients), 20) - time.monotonic()
            if pause > 0:
                time.sleep(pause)
        rounds = max(rounds + 1, int(time.monotonic() - begin))
    pipe.recv()
    before = len(failures)
    for client in clients:
        attempt(client.finish)
    served = len(clients) - (len(failures) - before)
    pipe.send((served, rounds, failures))


class Crowd:
    """`count` clients of a kind in one process; `group` chooses their addresses."""

    def __init__(self, kind, port, group, count, what=None):
        self.kind, self.count = kind, count
        self.pipe, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=_serve, args=(kind, port, group, count, what, theirs), daemon=True)
        self.process.start()

    def _receive(self, seconds):
        if not self.pipe.poll(seconds):
            raise TimeoutError(f"{self.count} clients ({self.kind.__name__}) did not report within {seconds} s")
        return self.pipe.recv()

    def wait_until_under_way(self):
        return self._receive(300)

    def ask_to_finish(self):
        self.pipe.send("finish")

    def result(self):
        """(clients served to the end, rounds, failures)"""
        result = self._receive(300)
        self.process.join()
        return result


def probe(port, path, body, seconds, group=200):
    """New clients, one after the other: the times until each had its answer, in ms, and what went wrong."""
    times, failures, number = [], [], 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        number = (number + 1) % 60000
        begin = time.monotonic()
        try:
            client = Client(port, source_address(group, number))
            _, got = client.expect(200, "GET", path)
            times.append((time.monotonic() - begin) * 1000)
            client.socket.close()
            if got != body:
                failures.append("another manifest")
        except OSError as error:
            failures.append(f"new client: {error}")
        time.sleep(0.01)
    return times, failures
