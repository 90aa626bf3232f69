"""What docker-registry 2.8 has written to a folder, a Swift and an S3 is taken over in place, as the README says it, and given
back: every manifest, blob and list is compared at each step. Swift and S3 only in the long form."""

import json
import os
import re
import subprocess
import tempfile

from lib import images
from lib.daemon import OldRegistry
from lib.s3 import S3
from lib.site import authorization
from lib.swift import Swift
from lib.testing import Registry, check, equal, expect, wait_until
from suites.fsck import Site

PASSWORD = "kubernetes-secret"
HTPASSWD = "ci:$2b$04$abcdefghijklmnopqrstuuFiom8h/Z91EL1Bb36UWT8WSuG16h0ae\n"
EMPTY = (b"", images.digest(b""))  # a layer without a byte


def tests(context):
    context.tool("docker-registry")
    with Folder() as folder:
        yield "a folder", lambda: take_over(context, folder)
    if not context.slow:
        return
    context.tool("swift-proxy-server")
    context.tool("memcached")
    # docker-registry reads layers through Swift's large objects, of which it would get one segment a second.
    with Swift(options=("--segment-rate", "0")) as swift:
        yield "a Swift", lambda: take_over(context, swift)
    with S3() as s3:
        yield "an S3", lambda: take_over(context, s3)


class Folder:
    """A storage folder, as Swift and S3 are for the others."""

    def __enter__(self):
        self.place = tempfile.TemporaryDirectory(prefix="rha-take-over-")
        return self

    def __exit__(self, *_):
        self.place.cleanup()

    def old_registry(self, more=""):
        return OldRegistry(root=self.place.name, more=more)

    def connect(self):
        return self

    def names(self):
        return [os.path.join(folder, name) for folder, _, names in os.walk(self.place.name) for name in names]


class Account(Registry):
    """A client with a password."""

    def request(self, method, target, headers=None, body=None):
        return super().request(method, target, {"Authorization": authorization("ci", PASSWORD), **dict(headers or {})}, body)


class Translated(Site):
    """registryd with what `adopt translate` made of the old configuration, on ports of the test."""

    def __init__(self, context, folder):
        super().__init__(context)
        own = self.daemon.folder
        with open(os.path.join(folder, "registryd.yaml"), encoding="utf-8") as file:
            text = file.read().replace("/etc/docker-registry-ha/", folder + "/")
        text, count = re.subn("^  listen: .*$", f'  listen: ["127.0.0.1:{self.daemon.port}"]\n'
                              f'  debug_listen: "127.0.0.1:{self.daemon.debug_port}"\n  secret_file: {own}/secret', text, 1, re.M)
        equal(count, 1, "addresses to listen on")
        with open(os.path.join(own, "secret"), "w", encoding="ascii") as file:
            file.write("s" * 64)
        self.config = os.path.join(own, "registryd.yaml")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(f"{text}index:\n  path: {own}/index.sqlite\ncontrol:\n  socket: {self.daemon.control}\n")

    @property
    def registry(self):
        return Account(self.daemon.port, timeout=60)

    def rebuild_index(self):
        self.daemon.stop()
        done = subprocess.run([self.daemon.binary, "--config", self.config, "--rebuild-index"], capture_output=True,
                              text=True, timeout=120, check=False)
        equal(done.returncode, 0, f"exit code of --rebuild-index ({done.stderr[-500:]})")
        self.daemon.start()


class Content:
    """What a registry must have: pictures by repository and tag, and those that are gone."""

    def __init__(self):
        self.tags, self.untagged, self.gone = {}, [], []

    def push(self, registry, repository, tag, picture):
        registry.push(repository, picture, tag)
        old = self.tags.setdefault(repository, {}).get(tag)
        self.tags[repository][tag] = picture
        if old and old not in self.tags[repository].values():
            self.untagged.append((repository, old))

    def delete(self, registry, repository, tag):
        """The manifest, and so all tags of it."""
        picture = self.tags[repository][tag]
        expect(registry.request("DELETE", f"/v2/{repository}/manifests/{picture.digest}"), 202)
        self.tags[repository] = {name: each for name, each in self.tags[repository].items() if each is not picture}
        self.gone.append((repository, picture, tag))

    def compare(self, registry):
        for repository, tags in self.tags.items():
            equal(sorted(registry.tags(repository) or []), sorted(tags), f"tags of {repository}")
            for tag, picture in tags.items():
                registry.pull(repository, picture, tag)
                registry.pull(repository, picture)
        for repository, picture in self.untagged:
            registry.pull(repository, picture)
        for repository, picture, tag in self.gone:
            for reference in (tag, picture.digest):
                expect(registry.request("GET", f"/v2/{repository}/manifests/{reference}"), 404)
        names = expect(registry.request("GET", "/v2/_catalog?n=1000"), 200).json()["repositories"]
        equal(sorted(names), sorted(self.tags), "catalogue")

    def compare_when_listed(self, registry):
        registry.await_lists()
        self.compare(registry)

    def count(self):
        return sum(len(tags) for tags in self.tags.values()), len(self.tags)


def pictures(prefix, count, large):
    """Images on two base layers, one with a layer without a byte, one with a large layer, an index and a list."""
    bases = [images.layer(f"{prefix} base {number}", 30_000) for number in range(2)]
    some = [images.stack(f"{prefix} {number}", [*bases[:number % 3], images.layer(f"{prefix} top {number}", 100 * number)],
                         docker=number % 2 == 0) for number in range(count)]
    if prefix == "new":  # docker-registry can serve it, and cannot push it to Swift and S3
        some.append(images.stack(f"{prefix} empty", [bases[0], EMPTY]))
    some += [images.image(f"{prefix} {size}", layers=1, layer_size=size) for size in large]
    some.append(images.index([some[1], some[3]]))
    some.append(images.index([some[0], some[2]], docker=True))
    return some


def fill(registry, content, prefix, count, large):
    for number, picture in enumerate(pictures(prefix, count, large)):
        repository = f"{prefix}/{number % 4}"
        content.push(registry, repository, f"v{number}", picture)
        if number % 3 == 0:
            content.push(registry, repository, "latest", picture)
    content.delete(registry, f"{prefix}/1", "v5")
    content.delete(registry, f"{prefix}/2", "v6")  # and so "latest"


def edit(path, **changes):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for old, new in changes.values():
        check(old in text, f"no {old} in {text}")
        text = text.replace(old, new)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def translate(context, config, folder):
    program = os.path.join(os.path.dirname(os.path.abspath(context.registryd)), "docker-registryctl")
    done = subprocess.run([program, "adopt", "translate", config, "--to", folder], capture_output=True, text=True,
                          timeout=60, check=False)
    equal(done.returncode, 0, f"exit code of adopt translate ({done.stderr})")


def look_before(context, storage, old, folder, content):
    """As translated, in read-only mode, while the old registry goes on."""
    account = storage.connect()
    before = sorted(account.names())
    with Translated(context, folder) as site:
        site.registry.await_lists()
        wait_until("the start", lambda: "is starting" not in site.run("fsck", "--status").stderr)
        done = site.run("adopt", "--json", "--read-all")
        equal(done.returncode, 0, f"exit code of adopt ({done.stdout[-2000:]} {done.stderr})")
        report = json.loads(done.stdout.splitlines()[-1])["report"]
        check(report["safe"], f"it is not safe: {report}")
        equal((report["sums"]["tags"], report["sums"]["repositories"]), content.count(), "what adopt counts")
        content.compare(site.registry)
        expect(site.registry.request("POST", "/v2/old/0/blobs/uploads/"), 403)
        equal(sorted(account.names()), before, "what is stored")
        content.push(Account(old.port), "old/late", "v1", images.image("pushed meanwhile"))
        site.rebuild_index()
        content.compare(site.registry)


def switch(context, folder, content, count, large):
    edit(os.path.join(folder, "access.yaml"), mode=("read_only: true", "read_only: false"),
         uploaders=("# uploaders:", "uploaders: [{host: here, addresses: [127.0.0.1], accounts: [ci]}]\n#"))
    with Translated(context, folder) as site:
        content.compare_when_listed(site.registry)
        fill(site.registry, content, "new", count, large)
        again = pictures("old", count, large)
        content.push(site.registry, "old/0", "latest", again[3])  # a tag of the old one moves
        content.push(site.registry, "old/3", "mine", again[0])
        content.delete(site.registry, "old/3", "v3")
        mounted = next(iter(again[4].blobs))
        expect(site.registry.request("POST", f"/v2/new/0/blobs/uploads/?mount={mounted}&from=old/0"), 201)
        content.compare(site.registry)
        equal(site.fsck("--read-all"), {}, "findings of fsck")


def take_over(context, storage):
    count, large = (24, (6_000_000, 40_000_000)) if context.slow else (8, (6_000_000,))
    content = Content()
    with tempfile.TemporaryDirectory(prefix="rha-take-over-") as folder:
        with open(os.path.join(folder, "htpasswd"), "w", encoding="ascii") as file:
            file.write(HTPASSWD)
        auth = f"auth: {{htpasswd: {{realm: r, path: {folder}/htpasswd}}}}\n"
        with storage.old_registry(more=auth) as old:
            fill(Account(old.port, timeout=60), content, "old", count, large)
            content.compare(Account(old.port, timeout=60))
            translate(context, old.config, folder)
            look_before(context, storage, old, folder, content)
        switch(context, folder, content, count, large)
        with storage.old_registry(more=auth) as old:
            content.compare(Account(old.port, timeout=60))
    tags, repositories = content.count()
    return f"{tags} tags in {repositories} repositories in the end"
