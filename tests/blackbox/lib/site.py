"""A registry with rules (access.yaml), and requests to it from any address of 127.0.0.0/8 with any account."""

import base64
import contextlib
import http.client
import os
import re
import signal
import tempfile
import time

from lib import http as wire
from lib import images
from lib.daemon import Daemon
from lib.testing import check, expect

FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../fixtures/access")
BUILDER, OTHER, PROXY = "127.0.0.1", "127.0.0.2", "127.0.0.3"
PICTURE = images.image("access")
LAYER = next(iter(PICTURE.blobs))
UPLOADS = "/blobs/uploads/"


def authorization(account, password=None):
    pair = f"{account}:{password or account + '-secret'}".encode()
    return "Basic " + base64.b64encode(pair).decode()


class Site:
    """A registry with rules; requests come from any address of 127.0.0.0/8."""

    def __init__(self, context, fixture="newer.yaml", extra_rules="", extra_config="", **options):
        with open(os.path.join(FIXTURES, fixture), encoding="utf-8") as file:
            self.text = file.read().replace("trusted_proxies: [10.2.1.13]", f"trusted_proxies: [{PROXY}]") + extra_rules
        handle, self.path = tempfile.mkstemp(prefix="rha-access-", suffix=".yaml")
        os.close(handle)
        self.write(self.text)
        self.daemon = Daemon(context.registryd, extra_config=f"access:\n  file: {self.path}\n{extra_config}",
                             control=True, **options)
        self.programs = os.path.dirname(context.registryd)

    def __enter__(self):
        self.daemon.__enter__()
        for repository in ("restricted/x", "public/x", "ml/x"):
            self.push(repository, {"restricted/x": "ci-restricted", "ml/x": "ml-build"}.get(repository, "ci-build"))
        return self

    def __exit__(self, *_):
        self.daemon.close()
        os.unlink(self.path)

    def write(self, text):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(text)

    def request(self, method, target, account=None, password=None, source=BUILDER, headers=None, body=None,
                timeout=30):
        fields = dict(headers or {})
        if account:
            fields["Authorization"] = authorization(account, password)
        if body is None and method in ("POST", "PUT", "PATCH"):
            fields.setdefault("Content-Length", "0")
        connection = http.client.HTTPConnection("127.0.0.1", self.daemon.port, timeout=timeout,
                                                source_address=(source, 0))
        try:
            connection.request(method, target, body=body, headers=fields)
            answer = connection.getresponse()
            return wire.Response(answer.status, answer.reason, answer.getheaders(), answer.read())
        finally:
            connection.close()

    def push(self, repository, account):
        for digest, data in PICTURE.blobs.items():
            expect(self.request("POST", f"/v2/{repository}{UPLOADS}?digest={digest}", account, body=data), 201)
        expect(self.request("PUT", f"/v2/{repository}/manifests/v1", account, body=PICTURE.manifest,
                            headers={"Content-Type": PICTURE.media_type}), 201)

    def metrics(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.daemon.debug_port, timeout=10)
        try:
            connection.request("GET", "/metrics")
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def metric(self, name):
        text = self.metrics()
        found = re.search("^" + re.escape(name) + r" (\S+)$", text, re.M)
        check(found, f"no metric {name}")
        return float(found[1])

    def reload(self, text, good=True):
        """Writes the file, sends SIGHUP, waits until the daemon has taken or refused it."""
        name = "registry_ha_access_generation" if good else "registry_ha_access_rejected_total"
        before = self.metric(name)
        self.write(text)
        self.daemon.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 10
        while self.metric(name) == before:
            check(time.monotonic() < deadline, "the daemon did not take the file within 10 s")
            time.sleep(0.01)


def hash_of(site, account):
    return re.search(rf'{account}:\n    password_hashes: \["([^"]+)"\]', site.text)[1]


@contextlib.contextmanager
def rules(site, text):
    site.reload(text)
    try:
        yield
    finally:
        site.reload(site.text)
