"""A real Swift on loopback (tests/tools/swift-aio) for a suite, and registries on it."""

import hmac
import os
import shutil
import subprocess
import tempfile
import time

from lib.daemon import Daemon, OldRegistry
from lib.http import Client
from lib.testing import check, expect, wait_until

AIO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools/swift-aio")
CONTAINER = "images"


class Swift:
    """One cluster. A context manager; gone with everything in it afterwards. `options` are more of swift-aio start."""

    def __init__(self, profile="full", options=()):
        self.folder = tempfile.mkdtemp(prefix="rha-swift-")
        self.profile, self.options = profile, options
        self.auth_url = ""
        self.secret = os.path.join(self.folder, "secret")
        self.password = os.path.join(self.folder, "password")
        for path, text in ((self.secret, "s" * 64), (self.password, "swiftaiokey\n")):
            with open(path, "w", encoding="ascii") as file:
                file.write(text)

    def aio(self, verb, *arguments):
        done = subprocess.run([AIO, verb, "--dir", os.path.join(self.folder, "aio"), *arguments], timeout=240,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        text = done.stdout.decode(errors="replace")
        if done.returncode:
            raise AssertionError(f"swift-aio {verb} failed:\n{text[-2000:]}")
        return text

    def __enter__(self):
        try:
            for attempt in range(3):
                try:
                    self.aio("start", "--port", "0", "--name", "A", "--profile", self.profile, *self.options)
                    break
                except AssertionError:
                    shutil.rmtree(os.path.join(self.folder, "aio"), ignore_errors=True)
                    if attempt == 2:
                        raise
            values = dict(line.split("=", 1) for line in self.aio("env").splitlines() if "=" in line)
            self.auth_url = values["ST_AUTH"]
            return self
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_):
        self.close()

    def close(self):
        try:
            self.aio("stop", "--purge")
        except AssertionError:
            pass  # it had not started
        shutil.rmtree(self.folder, ignore_errors=True)

    def fault(self, *rule):
        self.aio("fault", "add", *rule)

    def registry(self, binary, segment="4MiB", peers="0s", make=Daemon, storage="", **options):
        """A registryd on this Swift; several share uploads, and with `peers`, an interval, their lists."""
        return make(binary, driver="swift", http_options=f"\n  secret_file: {self.secret}", storage=f"""  peers_interval: {peers}
  swift:
    auth_url: {self.auth_url}
    user: docker:registry
    password_file: {self.password}
    container: {CONTAINER}
    prefix: production
    segment_bytes: {segment}
{storage}""", **options)

    def old_registry(self, chunk=1048576, more=""):
        storage = (f"swift: {{authurl: '{self.auth_url}', username: 'docker:registry', password: swiftaiokey, "
                   f"container: {CONTAINER}, prefix: production, chunksize: {chunk}}}")
        return OldRegistry(storage=storage, more=more)

    def connect(self):
        return SwiftAccount(self)

    def age(self):
        """Makes put_old() possible: objects with a time of their own come by container-sync only."""
        with open(os.path.join(self.folder, "aio/etc/container-sync-realms.conf"), "w", encoding="ascii") as file:
            file.write("[DEFAULT]\nmtime_check_interval = 1\n[tests]\nkey = realm\n")
        time.sleep(1.1)  # it is looked at once a second


class SwiftAccount:
    """The container seen past all registries."""

    def __init__(self, swift):
        port = int(swift.auth_url.split(":")[2].split("/")[0])
        self.client = Client(port, timeout=30)
        answer = self.client.request("GET", "/auth/v1.0", {"X-Auth-User": "docker:registry", "X-Auth-Key": "swiftaiokey"})
        self.headers = {"X-Auth-Token": answer.get("X-Auth-Token")}
        self.root = "/" + answer.get("X-Storage-Url").split("/", 3)[3] + "/" + CONTAINER

    def request(self, method, name=""):
        return self.client.request(method, self.root + ("/" + name if name and name[0] != "?" else name), self.headers)

    def put_old(self, name, data, days, manifest=""):
        """An object as it were if it had been written so long ago; `manifest`: the segments it names. See Swift.age()."""
        expect(self.client.request("POST", self.root, {**self.headers, "X-Container-Sync-Key": "container"}), 204)
        written = f"{time.time() - days * 86400:016.5f}"
        signed = "\n".join(["PUT", self.root + "/" + name, written, "nonce", "container"])
        signature = hmac.new(b"realm", signed.encode(), "sha1").hexdigest()
        headers = {"X-Timestamp": written, "X-Container-Sync-Auth": f"tests nonce {signature}",
                   "Content-Type": "application/octet-stream"}
        if manifest:
            headers["X-Object-Manifest"] = CONTAINER + "/" + manifest
        expect(self.client.request("PUT", self.root + "/" + name, headers, data), 201)

    def names(self, prefix=""):
        found, page = [], None
        while page != []:
            marker = "&marker=" + found[-1] if found else ""
            page = self.request("GET", "?prefix=" + prefix + marker).body.decode().split()
            found += page
        return found


def requests_made(daemon):
    """Requests to its storage so far that a registryd made for its clients: not those of its own, such as for its index."""

    def total(metric):
        text = Client(daemon.debug_port).request("GET", "/metrics").body.decode()
        return sum(int(float(line.rsplit(" ", 1)[1])) for line in text.splitlines() if line.startswith(metric + "{"))

    wait_until("the end of all requests", lambda: total("registry_http_in_flight_requests") == 0)
    return total("registry_ha_operation_storage_requests_sum")


def requests_counter(daemon, storage):
    """A function count(most, what, work) that does the work and returns how many requests to the storage it took; more
    than `most` are a failure."""
    def count(most, what, work):
        before = requests_made(daemon)
        work()
        made = requests_made(daemon) - before
        check(made <= most, f"{what}: {made} requests to {storage}, at most {most} wanted")
        return made
    return count
