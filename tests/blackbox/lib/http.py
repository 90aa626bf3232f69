"""HTTP for tests: a raw connection that sends exactly the bytes it is given, and a simple client.

Neither follows redirects, retries or hides a header: what the registry sent is what a test sees.
"""

import http.client
import json
import socket
import urllib.parse


class ProtocolError(AssertionError):
    """The peer broke HTTP/1.1, or closed where it must not."""


# What a client meets when the registry goes away under it.
BROKEN = (OSError, http.client.HTTPException)


class Response:
    """Status, headers in the order received (repeats kept), and body."""

    def __init__(self, status, reason, headers, body, closed=False):
        self.status = status
        self.reason = reason
        self.headers = headers
        self.body = body
        self.closed = closed  # the connection is over after this answer

    def get_all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def get(self, name, default=None):
        values = self.get_all(name)
        return values[0] if values else default

    def json(self):
        return json.loads(self.body)

    def codes(self):
        """The error codes of an OCI error body; [] if it is none."""
        try:
            return [error["code"] for error in self.json()["errors"]]
        except (ValueError, KeyError, TypeError):
            return []

    def __repr__(self):
        return f"{self.status} {dict(self.headers)} {self.body[:400]!r}"


def wrapped(plain, port, host):
    """The socket itself, or TLS on it where the port speaks that (certificates.TlsPort)."""
    context = getattr(port, "context", None)
    return context.wrap_socket(plain, server_hostname=host) if context else plain


class RawConnection:
    """One TCP connection. send() takes the exact bytes; read_response() parses strictly."""

    def __init__(self, port, host="127.0.0.1", timeout=20, receive_buffer=None, source=None):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        if source:
            self.socket.bind((source, 0))
        self.socket.connect((host, int(port)))
        self.socket = wrapped(self.socket, port, host)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def abort(self):
        """Closes with RST, as a client that crashed."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))

    def request(self, method, target, headers=(), body=b""):
        """Sends a whole request with Host and, if there is a body, Content-Length."""
        lines = [f"{method} {target} HTTP/1.1", "Host: registry.test"]
        lines += [f"{key}: {value}" for key, value in headers]
        if body or method in ("POST", "PUT", "PATCH"):
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    def _more(self):
        data = self.socket.recv(262144)
        self.buffer += data
        return bool(data)

    def read_line(self):
        while b"\n" not in self.buffer:
            if not self._more():
                raise ProtocolError(f"connection closed within a line: {self.buffer[:100]!r}")
        line, self.buffer = self.buffer.split(b"\n", 1)
        if not line.endswith(b"\r"):
            raise ProtocolError(f"line without CR: {line[:100]!r}")
        return line[:-1].decode("latin-1")

    def read_bytes(self, count):
        parts = []
        while count:
            if not self.buffer and not self._more():
                raise ProtocolError(f"connection closed with {count} bytes of the body missing")
            part, self.buffer = self.buffer[:count], self.buffer[count:]
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def read_head(self):
        status_line = self.read_line()
        version, status, reason = (status_line.split(" ", 2) + [""])[:3]
        if version != "HTTP/1.1":
            raise ProtocolError(f"bad status line: {status_line!r}")
        headers = []
        while True:
            line = self.read_line()
            if not line:
                return int(status), reason, headers
            key, colon, value = line.partition(":")
            if not colon or key != key.strip():
                raise ProtocolError(f"bad header line: {line!r}")
            headers.append((key, value.strip()))

    def read_response(self, method="GET", skip_continue=True):
        """The next answer. 1xx answers are skipped unless told otherwise."""
        status, reason, headers = self.read_head()
        while skip_continue and 100 <= status < 200:
            status, reason, headers = self.read_head()
        response = Response(status, reason, headers, b"")
        response.closed = (response.get("Connection") or "").lower() == "close"
        if method == "HEAD" or status in (204, 304) or status < 200:
            return response
        if (response.get("Transfer-Encoding") or "").lower() == "chunked":
            response.body = self._read_chunks()
        elif response.get("Content-Length") is not None:
            response.body = self.read_bytes(int(response.get("Content-Length")))
        else:
            response.body = self.read_to_end()
            response.closed = True
        return response

    def _read_chunks(self):
        parts = []
        while True:
            size = int(self.read_line().split(";")[0], 16)
            if size == 0:
                while self.read_line():
                    pass
                return b"".join(parts)
            parts.append(self.read_bytes(size))
            if self.read_line():
                raise ProtocolError("chunk not followed by CRLF")

    def read_to_end(self):
        while self._more():
            pass
        data, self.buffer = self.buffer, b""
        return data

    def is_closed(self, timeout=5):
        """Whether the peer closes (or resets) within `timeout` seconds without sending anything."""
        self.socket.settimeout(timeout)
        try:
            return not self.buffer and not self._more()
        except ConnectionError:
            return True
        except TimeoutError:
            return False

    def exchange(self, method, target, headers=(), body=b""):
        self.request(method, target, headers, body)
        return self.read_response(method)


class Client:
    """Simple client: one request per connection unless `keep` is set. Bodies may be bytes or an iterable of bytes,
    which is then sent with chunked transfer coding unless Content-Length is among the headers."""

    def __init__(self, port, keep=False, timeout=30):
        self.port = port
        self.keep = keep
        self.timeout = timeout
        self.connection = None

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def _connection(self):
        context = getattr(self.port, "context", None)
        if context:
            return http.client.HTTPSConnection("127.0.0.1", int(self.port), timeout=self.timeout, context=context)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)

    def request(self, method, target, headers=None, body=None):
        headers = dict(headers or {})
        if self.connection is None:
            self.connection = self._connection()
        try:
            chunked = body is not None and not isinstance(body, bytes) and "Content-Length" not in headers
            if chunked:
                headers["Transfer-Encoding"] = "chunked"
            if body is None and method in ("POST", "PUT", "PATCH"):
                headers.setdefault("Content-Length", "0")
            self.connection.request(method, self.target(target), body=body, headers=headers, encode_chunked=chunked)
            answer = self.connection.getresponse()
            response = Response(answer.status, answer.reason, answer.getheaders(), answer.read())
            if not self.keep or answer.will_close:
                self.close()
            return response
        except Exception:
            self.close()
            raise

    @staticmethod
    def target(url):
        """Path and query of an absolute or relative URL."""
        if url.startswith(("http://", "https://")):
            parts = urllib.parse.urlsplit(url)
            return parts.path + ("?" + parts.query if parts.query else "")
        return url


def with_query(url, parameters):
    """Adds (key, value) pairs to a URL that may carry a query already."""
    if not parameters:
        return url
    return url + ("&" if "?" in url else "?") + urllib.parse.urlencode(parameters, safe=":/")
