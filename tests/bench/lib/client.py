"""A raw HTTP/1.1 client, the same for all peers: bodies go out by sendfile and are dropped on arrival by the kernel."""
import os
import re
import selectors
import socket
import ssl
import time

CHUNK = 4 * 1024 * 1024
TIMEOUT = 120


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body


class Connection:
    def __init__(self, port, tls=False):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
        if tls:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self.socket = context.wrap_socket(self.socket)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port = port
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send_head(self, method, path, length=None, headers=()):
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", *headers]
        if length is not None:
            lines.append(f"Content-Length: {length}")
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())

    def read_head(self):
        data = self.rest
        while b"\r\n\r\n" not in data:
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError("closed before the end of an answer's head")
            data += more
        head, _, self.rest = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        return int(lines[0].split()[1]), headers

    def _exactly(self, count):
        data = self.rest
        while len(data) < count:
            more = self.socket.recv(min(CHUNK, count - len(data)))
            if not more:
                raise ConnectionError("closed within an answer's body")
            data += more
        self.rest = data[count:]
        return data[:count]

    def _line(self):
        data = b""
        while not data.endswith(b"\r\n"):
            data += self._exactly(1)
        return data

    def _chunked(self):
        parts = []
        while size := int(self._line().split(b";")[0], 16):
            parts.append(self._exactly(size))
            self._line()
        self._line()
        return b"".join(parts)

    def read_answer(self):
        status, headers = self.read_head()
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return Answer(status, headers, self._chunked())
        return Answer(status, headers, self._exactly(int(headers.get("content-length", 0))))

    def request(self, method, path, body=None, headers=()):
        self.send_head(method, path, None if body is None else len(body), headers)
        if body:
            self.socket.sendall(body)
        return self.read_answer()

    def expect(self, status, method, path, body=None, headers=()):
        answer = self.request(method, path, body, headers)
        if answer.status != status:
            raise RuntimeError(f"{method} {path}: {answer.status} {answer.body[:300]!r}")
        return answer

    def send_file(self, file, length):
        offset = 0
        self.socket.settimeout(None)
        while offset < length:
            offset += os.sendfile(self.socket.fileno(), file.fileno(), offset, min(length - offset, 1 << 30))
        self.socket.settimeout(TIMEOUT)


def path_of(location):
    return re.sub(r"^https?://[^/]+", "", location)


def push_layer(port, repository, file, length, digest):
    """POST, one PATCH, PUT on one connection. Returns seconds."""
    begin = time.monotonic()
    with Connection(port) as connection:
        started = connection.expect(202, "POST", f"/v2/{repository}/blobs/uploads/", b"")
        path = path_of(started.headers["location"])
        connection.send_head("PATCH", path, length, ["Content-Type: application/octet-stream"])
        connection.send_file(file, length)
        answer = connection.read_answer()
        if answer.status != 202:
            raise RuntimeError(f"PATCH: {answer.status} {answer.body[:300]!r}")
        path = path_of(answer.headers["location"])
        connection.expect(201, "PUT", f"{path}{'&' if '?' in path else '?'}digest={digest}", b"")
    return time.monotonic() - begin


def pull(port, path, length, connections):
    """Downloads `path` once on each of `connections` connections at the same time. Returns seconds."""
    scratch = bytearray(CHUNK)
    begin = time.monotonic()
    with selectors.DefaultSelector() as selector:
        opened = [Connection(port) for _ in range(connections)]
        try:
            for connection in opened:
                connection.send_head("GET", path)
            for connection in opened:
                status, headers = connection.read_head()
                if status != 200 or int(headers["content-length"]) != length:
                    raise RuntimeError(f"GET {path}: {status}, {headers.get('content-length')} bytes")
                connection.left = length - len(connection.rest)
                connection.socket.setblocking(False)
                selector.register(connection.socket, selectors.EVENT_READ, connection)
            while selector.get_map():
                ready = selector.select(TIMEOUT)
                if not ready:
                    raise TimeoutError(f"GET {path}: no progress for {TIMEOUT} s")
                for key, _ in ready:
                    got = key.fileobj.recv_into(scratch, min(CHUNK, key.data.left), socket.MSG_TRUNC)
                    if not got:
                        raise ConnectionError(f"GET {path}: closed {key.data.left} bytes early")
                    key.data.left -= got
                    if not key.data.left:
                        selector.unregister(key.fileobj)
        finally:
            for connection in opened:
                connection.socket.close()
    return time.monotonic() - begin
