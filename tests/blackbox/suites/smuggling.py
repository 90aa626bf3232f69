"""Raw requests: whatever is sent, no two programs in a row may disagree about where a request ends.

Each row: name, the exact bytes, the statuses of the answers in order (a tuple: any of them). After the bytes the client
half-closes, so the daemon answers what it understood and closes. More answers than listed is a smuggled request.
"""

import time

from lib import http, images
from lib.daemon import Daemon
from lib.testing import check, equal

HELLO = images.digest(b"hello")
POST = f"POST /v2/raw/blobs/uploads/?digest={HELLO} HTTP/1.1\r\nHost: r\r\n".encode()
GET = b"GET /v2/ HTTP/1.1\r\nHost: r\r\n\r\n"
INNER = b"GET /v2/smuggled/tags/list HTTP/1.1\r\nHost: r\r\n\r\n"
REFUSED = [(400, 501)]


def post(fields, body):
    return POST + fields + b"\r\n" + body


def head(*lines):
    return b"\r\n".join(lines) + b"\r\n\r\n"


def sized(request_line, body, *fields):
    return head(request_line, b"Host: r", b"Content-Length: %d" % len(body), *fields) + body


CHUNKED = b"5\r\nhello\r\n0\r\n\r\n"
TE = b"Transfer-Encoding: chunked\r\n"

ROWS = [
    # what is right
    ("a plain request", GET, [200]),
    ("a body by Content-Length", post(b"Content-Length: 5\r\n", b"hello"), [201]),
    ("a body in chunks", post(TE, CHUNKED), [201]),
    ("chunks with extensions and trailers",
     post(TE, b"5;a=b\r\nhello\r\n0\r\nX-T: 1\r\n\r\n"), [(201, 400)]),
    ("the coding's name in capitals", post(b"Transfer-Encoding: CHUNKED\r\n", CHUNKED), [201]),
    ("three pipelined requests", GET + INNER + GET, [200, 404, 200]),
    ("a pipelined upload", post(b"Content-Length: 5\r\n", b"hello") + post(TE, CHUNKED) + GET, [201, 201, 200]),
    ("HTTP/1.0", b"GET /v2/ HTTP/1.0\r\nHost: r\r\n\r\n", [200]),
    ("HTTP/1.0 closes after one answer", b"GET /v2/ HTTP/1.0\r\nHost: r\r\n\r\n" + GET, [200]),
    ("Connection: close closes after one answer", head(b"GET /v2/ HTTP/1.1", b"Host: r", b"Connection: close") + GET,
     [200]),
    ("the absolute form", head(b"GET http://r/v2/ HTTP/1.1", b"Host: r"), [200]),
    # lengths that disagree
    ("Content-Length and Transfer-Encoding (CL.TE)",
     post(b"Content-Length: 5\r\n" + TE, b"0\r\n\r\n" + INNER), REFUSED),
    ("Transfer-Encoding and Content-Length (TE.CL)",
     post(TE + b"Content-Length: 4\r\n", b"5c\r\n" + INNER + b"0\r\n\r\n"), REFUSED),
    ("two Content-Lengths that differ", post(b"Content-Length: 5\r\nContent-Length: 6\r\n", b"hello" + GET), REFUSED),
    ("a list of Content-Lengths that differ", post(b"Content-Length: 5, 6\r\n", b"hello" + GET), REFUSED),
    ("Content-Length with a sign", post(b"Content-Length: +5\r\n", b"hello"), REFUSED),
    ("a negative Content-Length", post(b"Content-Length: -5\r\n", b"hello"), REFUSED),
    ("a hexadecimal Content-Length", post(b"Content-Length: 0x5\r\n", b"hello"), REFUSED),
    ("Content-Length with a blank within", post(b"Content-Length: 5 5\r\n", b"hello"), REFUSED),
    ("an empty Content-Length", post(b"Content-Length:\r\n", b"hello"), REFUSED),
    ("a Content-Length beyond 64 bits", post(b"Content-Length: 18446744073709551621\r\n", b"hello"), [(400, 413)]),
    ("a blank before the colon", post(b"Content-Length : 5\r\n", b"hello"), REFUSED),
    ("Transfer-Encoding with a blank before the colon", post(b"Transfer-Encoding : chunked\r\n", CHUNKED), REFUSED),
    ("chunked twice", post(b"Transfer-Encoding: chunked, chunked\r\n", CHUNKED), REFUSED),
    ("two Transfer-Encodings", post(TE + b"Transfer-Encoding: identity\r\n", CHUNKED), REFUSED),
    ("gzip then chunked", post(b"Transfer-Encoding: gzip, chunked\r\n", CHUNKED), REFUSED),
    ("chunked then gzip", post(b"Transfer-Encoding: chunked, gzip\r\n", CHUNKED), REFUSED),
    ("an unknown coding", post(b"Transfer-Encoding: xchunked\r\n", CHUNKED), REFUSED),
    ("a coding after a vertical tab", post(b"Transfer-Encoding: \x0bchunked\r\n", CHUNKED), REFUSED),
    ("a quoted coding", post(b'Transfer-Encoding: "chunked"\r\n', CHUNKED), REFUSED),
    ("an empty coding", post(b"Transfer-Encoding:\r\n", CHUNKED), REFUSED),
    ("chunked in HTTP/1.0", POST.replace(b"1.1", b"1.0") + TE + b"\r\n" + CHUNKED, REFUSED),
    # chunks that are none
    ("a chunk size that is no number", post(TE, b"z\r\nhello\r\n0\r\n\r\n" + GET), [400]),
    ("a chunk size with 0x", post(TE, b"0x5\r\nhello\r\n0\r\n\r\n" + GET), [400]),
    ("a negative chunk size", post(TE, b"-5\r\nhello\r\n0\r\n\r\n" + GET), [400]),
    ("a chunk size beyond 64 bits", post(TE, b"10000000000000005\r\nhello\r\n0\r\n\r\n" + GET), [(400, 413)]),
    ("an empty chunk size", post(TE, b"\r\nhello\r\n0\r\n\r\n" + GET), [400]),
    ("a chunk longer than its size", post(TE, b"4\r\nhello\r\n0\r\n\r\n" + GET), [400]),
    ("a chunk line that ends in LF alone", post(TE, b"5\nhello\n0\n\n" + GET), [400]),
    ("a chunk size line without end", post(TE, b"5;" + b"x" * 70000 + b"\r\nhello\r\n0\r\n\r\n"), [(400, 413, 431)]),
    # heads that are none
    ("lines that end in LF alone", GET.replace(b"\r\n", b"\n"), [400]),
    ("one line that ends in LF alone", b"GET /v2/ HTTP/1.1\nHost: r\r\n\r\n", [400]),
    ("a CR within a value", head(b"GET /v2/ HTTP/1.1", b"Host: r", b"A: b\rc: d"), [400]),
    ("a NUL within a value", head(b"GET /v2/ HTTP/1.1", b"Host: r", b"A: b\0c"), [400]),
    ("a folded line", head(b"GET /v2/ HTTP/1.1", b"Host: r", b"A: b", b" folded"), [400]),
    ("a folded Transfer-Encoding", post(b"Transfer-Encoding:\r\n chunked\r\n", CHUNKED), [400]),
    ("a blank before the first field", head(b"GET /v2/ HTTP/1.1", b" Host: r"), [400]),
    ("a field without a name", head(b"GET /v2/ HTTP/1.1", b"Host: r", b": x"), [400]),
    ("a field without a colon", head(b"GET /v2/ HTTP/1.1", b"Host: r", b"Nonsense"), [400]),
    ("a field name with a blank", head(b"GET /v2/ HTTP/1.1", b"Host: r", b"A b: c"), [400]),
    ("no Host", head(b"GET /v2/ HTTP/1.1"), [400]),
    ("two Hosts", head(b"GET /v2/ HTTP/1.1", b"Host: a", b"Host: b"), [400]),
    ("a Host that is none", head(b"GET /v2/ HTTP/1.1", b"Host: a b/c"), [400]),
    ("HTTP/2.0", b"GET /v2/ HTTP/2.0\r\nHost: r\r\n\r\n", [(400, 505)]),
    ("HTTP/0.9", b"GET /v2/\r\n\r\n", [400]),
    ("a version in small letters", b"GET /v2/ http/1.1\r\nHost: r\r\n\r\n", [400]),
    ("two blanks in the request line", b"GET  /v2/ HTTP/1.1\r\nHost: r\r\n\r\n", [400]),
    ("a blank in the target", b"GET /v2/ x HTTP/1.1\r\nHost: r\r\n\r\n", [400]),
    ("a byte above 127 in the target", b"GET /v2/\xff HTTP/1.1\r\nHost: r\r\n\r\n", [(400, 404)]),
    ("a broken percent-encoding", b"GET /v2/%zz/tags/list HTTP/1.1\r\nHost: r\r\n\r\n", [(400, 404)]),
    ("TLS on the plain port", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 60 + b"\r\n\r\n", [400]),
    ("a target of 100,000 bytes", b"GET /v2/" + b"a" * 100000 + b" HTTP/1.1\r\nHost: r\r\n\r\n", [(414, 431)]),
    ("a field of 100,000 bytes", head(b"GET /v2/ HTTP/1.1", b"Host: r", b"A: " + b"a" * 100000), [431]),
    ("5,000 fields", head(b"GET /v2/ HTTP/1.1", b"Host: r", *[b"A: b"] * 5000), [431]),
    ("an empty line before the request", b"\r\n" + GET, [(200, 400)]),
    ("CONNECT", b"CONNECT r:443 HTTP/1.1\r\nHost: r:443\r\n\r\n", [(400, 405, 501)]),
    # bodies that nobody wants: drained, or the connection is closed
    ("the body of an unknown route is not the next request",
     sized(b"POST /v2/nothing/here HTTP/1.1", INNER) + GET, [404, 200]),
    ("the body of a refused method is not the next request", sized(b"POST /v2/_catalog HTTP/1.1", INNER) + GET,
     [405, 200]),
    ("the body of a GET is not the next request", sized(b"GET /v2/ HTTP/1.1", INNER) + GET, [(200, 400), 200]),
    ("the chunked body of a GET is not the next request",
     head(b"GET /v2/ HTTP/1.1", b"Host: r", b"Transfer-Encoding: chunked") + b"%x\r\n" % len(INNER) + INNER +
     b"\r\n0\r\n\r\n" + GET, [(200, 400), 200]),
    ("the body of a bad name is not the next request",
     sized(b"PUT /v2/BAD/manifests/v1 HTTP/1.1", INNER, b"Content-Type: a/b") + GET, [400, 200]),
    ("the body of an unknown upload is not the next request",
     sized(b"PATCH /v2/raw/blobs/uploads/none HTTP/1.1", INNER) + GET, [(400, 404), 200]),
    ("the body of a wrong Content-Type is not the next request",
     sized(b"PUT /v2/raw/manifests/v1 HTTP/1.1", INNER, b"Content-Type: a/b") + GET, [400, 200]),
    ("the body of an oversized manifest is not the next request",
     sized(b"PUT /v2/raw/manifests/v1 HTTP/1.1", INNER * 90000, b"Content-Type: a/b") + GET, [413, 200]),
]


def tests(context):
    with Daemon(context.registryd) as daemon:
        for name, data, statuses in ROWS:
            yield name, lambda data=data, statuses=statuses: run_row(daemon, data, statuses)
        for function in (answers_head_and_304_without_body, continues_only_when_accepted, refuses_before_the_body,
                         refuses_tls_at_once, takes_a_request_byte_by_byte, keeps_the_connection,
                         closes_after_a_half_close, log_shows_no_bytes_of_attacks):
            yield function.__name__.replace("_", " "), lambda function=function: function(daemon)
    yield "a body that does not arrive is a registry error", \
        lambda: a_body_that_does_not_arrive_is_a_registry_error(context)


def run_row(daemon, data, statuses):
    with http.RawConnection(daemon.port, timeout=10) as connection:
        try:
            connection.send(data)
            connection.socket.shutdown(1)
        except ConnectionError:
            pass  # answered and closed before it had read all
        answers = read_all(connection)
    check(daemon.alive(), "the daemon died")
    found = [answer.status for answer in answers]
    fits = all(status in (wanted if isinstance(wanted, tuple) else (wanted,))
               for status, wanted in zip(found, statuses))
    # An answer that says "Connection: close" may be the last one: what follows is then not served, which is safe.
    whole = len(found) == len(statuses) or (0 < len(found) < len(statuses) and answers[-1].closed)
    check(fits and whole, f"expected answers {statuses}, got {found}")
    for answer in answers:
        check(b"smuggled" not in answer.body or found == [200, 404, 200], f"a request was smuggled: {answer!r}")
        check_refusal(answer)


def check_refusal(answer):
    """Who refuses, the registry or the engine below it, must make no difference to a client."""
    equal(answer.get_all("Docker-Distribution-Api-Version"), ["registry/2.0"], f"version header of {answer!r}")
    check(answer.status < 400 or answer.codes(), f"no registry error: {answer!r}")


def a_body_that_does_not_arrive_is_a_registry_error(context):
    with Daemon(context.registryd, http_options="\n  body_deadline: 1s") as daemon:
        with http.RawConnection(daemon.port, timeout=30) as connection:
            connection.send(POST + b"Content-Length: 5\r\n\r\nhel")
            answer = connection.read_response()
            equal(answer.status, 408, "status")
            check_refusal(answer)
            check(connection.is_closed(), "the connection stays open")


def read_all(connection):
    answers = []
    while True:
        try:
            answers.append(connection.read_response())
        except (http.ProtocolError, ConnectionError):
            return answers


def answers_head_and_304_without_body(daemon):
    tag = f'"{HELLO}"'
    with http.RawConnection(daemon.port) as connection:
        connection.exchange("POST", f"/v2/raw/blobs/uploads/?digest={HELLO}", body=b"hello")
        for _ in range(3):
            equal(connection.exchange("HEAD", f"/v2/raw/blobs/{HELLO}").status, 200, "HEAD")
            equal(connection.exchange("GET", f"/v2/raw/blobs/{HELLO}", [("If-None-Match", tag)]).status, 304, "GET")
            equal(connection.exchange("GET", f"/v2/raw/blobs/{HELLO}").body, b"hello", "body after HEAD and 304")
            equal(connection.exchange("HEAD", "/v2/raw/manifests/none").status, 404, "HEAD of nothing")
            equal(connection.exchange("GET", f"/v2/raw/blobs/{HELLO}", [("Range", "bytes=9-")]).status, 416, "range")


def continues_only_when_accepted(daemon):
    with http.RawConnection(daemon.port) as connection:
        connection.send(POST + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        equal(connection.read_response(skip_continue=False).status, 100, "first answer")
        connection.send(b"hello")
        equal(connection.read_response().status, 201, "second answer")
        equal(connection.exchange("GET", "/v2/").status, 200, "next request")


def refuses_before_the_body(daemon):
    for line, status in ((b"PUT /v2/BAD/manifests/v1", 400), (b"PATCH /v2/raw/blobs/uploads/none", 404),
                         (b"PUT /v2/raw/manifests/v1", 413), (b"POST /v2/nothing/here", 404)):
        with http.RawConnection(daemon.port) as connection:
            connection.send(line + b" HTTP/1.1\r\nHost: r\r\nContent-Type: a/b\r\nContent-Length: 99999999\r\n"
                            b"Expect: 100-continue\r\n\r\n")
            answer = connection.read_response(skip_continue=False)
            equal(answer.status, status, f"answer to {line!r}, without 100 Continue before it")
            check(answer.closed, "the connection must be closed: its body was never read")
            check(connection.is_closed(), "the connection stays open")


def refuses_tls_at_once(daemon):
    """Clients try https first: whoever waits for the rest of such a "head" stalls each of them until its time-out."""
    with http.RawConnection(daemon.port) as connection:
        connection.send(b"\x16\x03\x01\x00\xf8\x01\x00\x00\xf4\x03\x03" + b"\x55" * 200)
        started = time.monotonic()
        answers = read_all(connection)
        check([answer.status for answer in answers] in ([], [400]), f"answers to a ClientHello: {answers}")
        check(time.monotonic() - started < 2, f"a ClientHello was refused after {time.monotonic() - started:.1f} s only")


def closes_after_a_half_close(daemon):
    """The end of what a client sends is noticed, whatever the request under way is doing at that moment."""
    for number in range(300):
        with http.RawConnection(daemon.port, timeout=5) as connection:
            connection.send(GET)
            connection.socket.shutdown(1)
            equal(connection.read_response().status, 200, "status")
            check(connection.is_closed(5), f"connection {number} was not closed within 5 s of the client's end")


def takes_a_request_byte_by_byte(daemon):
    with http.RawConnection(daemon.port) as connection:
        for byte in POST + b"Content-Length: 5\r\n\r\nhello":
            connection.send(bytes([byte]))
            time.sleep(0.001)
        equal(connection.read_response().status, 201, "status")


def keeps_the_connection(daemon):
    with http.RawConnection(daemon.port) as connection:
        for number in range(50):
            equal(connection.exchange("GET", "/v2/").status, 200, f"request {number}")
            equal(connection.exchange("PUT", "/v2/raw/manifests/x", body=b"{").status, 400, f"request {number}")


def log_shows_no_bytes_of_attacks(daemon):
    for line in daemon.log().splitlines():
        check(line.isprintable(), f"unprintable bytes in the log: {line!r}")
