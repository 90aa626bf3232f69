"""A 2 GiB layer, pushed and pulled; the memory of registryd is watched meanwhile."""

import hashlib
import threading
import time

from lib import http, images
from lib.daemon import Daemon
from lib.testing import check, equal, expect

SIZE = 2 * 1024 ** 3
BLOCK = 1024 * 1024
LIMIT_MIB = 100


class Watch:
    """Samples the resident memory of a daemon."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.most = 0
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.sample)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join()

    def sample(self):
        while not self.stopped.wait(0.02):
            self.most = max(self.most, self.daemon.rss_bytes())


def blocks(size):
    """The layer, made as it is sent: blocks that all differ."""
    base = images.pattern("big", BLOCK)
    for number in range(size // BLOCK):
        yield number.to_bytes(8, "big") + base[8:]


def tests(context):
    with Daemon(context.registryd) as daemon:
        state = {}
        yield "a 2 GiB layer is pushed", lambda: push(daemon, state)
        yield "a 2 GiB layer is pulled, whole and in part", lambda: pull(daemon, state)


def push(daemon, state):
    hasher = hashlib.sha256()
    for block in blocks(SIZE):
        hasher.update(block)
    name = "sha256:" + hasher.hexdigest()
    client = http.Client(daemon.port, timeout=120)
    location = expect(client.request("POST", "/v2/big/layer/blobs/uploads/"), 202).get("Location")
    started = time.monotonic()
    with Watch(daemon) as watch:
        target = http.with_query(location, [("digest", name)])
        expect(client.request("PUT", target, {"Content-Length": str(SIZE)}, blocks(SIZE)), 201)
    seconds = time.monotonic() - started
    state["digest"] = name
    check(watch.most <= LIMIT_MIB << 20, f"registryd used {watch.most >> 20} MiB, more than {LIMIT_MIB}")
    return f"{seconds:.1f} s, {SIZE / seconds / 1e6:.0f} MB/s, registryd used {watch.most >> 20} MiB"


def pull(daemon, state):
    check("digest" in state, "nothing was pushed")
    target = f"/v2/big/layer/blobs/{state['digest']}"
    hasher, left = hashlib.sha256(), SIZE
    started = time.monotonic()
    with Watch(daemon) as watch, http.RawConnection(daemon.port, timeout=60) as connection:
        connection.request("GET", target)
        status, _, headers = connection.read_head()
        equal((status, dict(headers)["Content-Length"]), (200, str(SIZE)), "status and length")
        while left:
            block = connection.read_bytes(min(left, BLOCK))
            hasher.update(block)
            left -= len(block)
    seconds = time.monotonic() - started
    equal("sha256:" + hasher.hexdigest(), state["digest"], "digest of what was pulled")
    check(watch.most <= LIMIT_MIB << 20, f"registryd used {watch.most >> 20} MiB, more than {LIMIT_MIB}")
    last = http.Client(daemon.port).request("GET", target, {"Range": "bytes=-5"})
    equal((last.status, last.get("Content-Range")), (206, f"bytes {SIZE - 5}-{SIZE - 1}/{SIZE}"), "last bytes")
    return f"{seconds:.1f} s, {SIZE / seconds / 1e6:.0f} MB/s, registryd used {watch.most >> 20} MiB"
