"""docker-registryctl fsck finds segments in Swift that no blob names, and deletes exactly those: what died publications
of ours and aborted uploads of the old registry leave. What is published, goes on, or is young stays."""

import json
import os
import subprocess
import threading
import uuid

from lib import http, images
from lib.swift import Swift
from lib.testing import Registry, check, equal, expect, wait_until

FILES = "production/files/docker/registry/v2"
SEGMENTS = "production/segments/"
OLD = 8  # days; uploads are over after seven


def tests(context):
    context.tool("swift-proxy-server")
    context.tool("memcached")
    with Swift() as swift:
        swift.age()
        yield "exactly the orphans go", lambda: exactly_the_orphans_go(context, swift)


class Site:
    """A daemon, docker-registryctl beside it, and the container past both."""

    def __init__(self, daemon, account):
        self.daemon, self.account = daemon, account

    @property
    def registry(self):
        return Registry(self.daemon.port, timeout=60)

    def fsck(self, *words, code=0):
        done = subprocess.run([os.path.join(os.path.dirname(self.daemon.binary), "docker-registryctl"), "--socket",
                               self.daemon.control, "fsck", *words], timeout=300, capture_output=True, text=True,
                              check=False)
        equal(done.returncode, code, f"exit code of fsck {words}: {done.stdout[-2000:]} {done.stderr[-2000:]}")
        return done.stdout

    def findings(self, *words):
        """Those of orphan segments, and the bytes in the summary."""
        lines = [json.loads(line) for line in self.fsck("--json", *words).splitlines()]
        found = [(line["repository"], line["segments"], line["bytes"], line["outcome"]) for line in lines[:-1]
                 if line["kind"] == "orphan_segments"]
        return sorted(found), lines[-1]["summary"]["orphan_segment_bytes"]

    def segments(self):
        return set(self.account.names(SEGMENTS))

    def put_old_group(self, path, random, parts):
        """Segments of an upload at `path` as they would be after OLD days; their prefix."""
        name = ("/docker/registry/v2/" + path + "/data").encode().hex() + random
        group = SEGMENTS + name[:3] + "/" + name[3:]
        for number, data in enumerate(parts, 1):
            self.account.put_old(f"{group}/{number:016}", data, OLD)
        return group


def old_random(seed):
    return images.digest(seed.encode())[7:] + "da39a3ee5e6b4b0d3255bfef95601890afd80709"


def published(site, repository, parts):
    """A blob as the old registry stores it."""
    name = images.digest(b"".join(parts))
    group = site.put_old_group(f"repositories/{repository}/_uploads/{uuid.uuid4()}", old_random(name), parts)
    site.account.put_old(f"{FILES}/blobs/sha256/{name[7:9]}/{name[7:]}/data", b"", OLD, group)
    site.account.put_old(f"{FILES}/repositories/{repository}/_layers/sha256/{name[7:]}/link", name.encode(), OLD)
    return name


def die_while_publishing(swift, site, repository, data):
    """registryd is killed when it has removed the upload's marker, and its manifest is not there yet."""
    before = site.segments()
    registry = site.registry
    start = expect(registry.request("POST", f"/v2/{repository}/blobs/uploads/"), 202)
    after = expect(registry.request("PATCH", start.get("Location"), {"Content-Type": "application/octet-stream"}, data), 202)
    swift.fault("proxy", "method=PUT", r"path=/files/docker/registry/v2/blobs/", "delay=3", "status=503", "count=1000")

    def publish():
        try:
            registry.request("PUT", http.with_query(after.get("Location"), [("digest", images.digest(data))]))
        except (http.ProtocolError, *http.BROKEN):
            pass  # it was killed

    markers = f"{FILES}/repositories/{repository}/_uploads/"
    check(any("/data-" in name for name in site.account.names(markers)), "no marker before the publication")
    client = threading.Thread(target=publish)
    client.start()
    wait_until("the marker's end", lambda: not any("/data-" in name for name in site.account.names(markers)))
    site.daemon.kill()
    client.join()
    swift.aio("fault", "clear")
    site.daemon.start()
    return sorted(site.segments() - before)


def exactly_the_orphans_go(context, swift):
    account = swift.connect()
    with swift.registry(context.registryd, control=True) as daemon:
        site = Site(daemon, account)
        site.registry.push("ours/one", images.image("segments-ours", layers=1, layer_size=9_000_000), "v1")
        old = [b"published by", b"the old registry"]
        layer = published(site, "old/image", old)
        upload = f"repositories/old/going/_uploads/{uuid.uuid4()}"
        going = site.put_old_group(upload, old_random("going"), [b"an upload that goes on"])
        account.put_old(f"{FILES}/{upload}/data", b"", OLD, going)
        account.put_old(f"{FILES}/{upload}/startedat", b"2026-11-23T22:06:01Z", 1)
        young = die_while_publishing(swift, site, "died/one", images.pattern("segments-died", 9_000_000))
        equal(len(young), 3, "segments of the publication that died")
        stay = site.segments()
        equal(site.findings("--repair", "--delete"), ([], {"freed": 0, "left": 0}), "findings of what is young")
        equal(site.segments(), stay, "segments")

        # The same as they would be days later: a group of another nonce.
        parts = [account.request("GET", name).body for name in young]
        random = images.digest(b"nonce")[7:39]
        path = bytes.fromhex(young[0][len(SEGMENTS):].split("/0000")[0].replace("/", "")).rsplit(b"/data", 1)[0].decode()
        site.put_old_group(path.removeprefix("/docker/registry/v2/"), random, parts)
        site.put_old_group(f"repositories/old/aborted/_uploads/{uuid.uuid4()}", old_random("aborted"), [b"12345", b"678"])
        found = [("died/one", 3, 9_000_000), ("old/aborted", 2, 8)]
        total = sum(size for _, _, size in found)
        everything = site.segments()
        left = ([(*each, "left") for each in found], {"freed": 0, "left": total})
        equal(site.findings("--repair"), left, "findings with --repair alone")
        text = site.fsck()
        for part in ("waste orphan_segments died/one\n", "3 segments, 8.6 MiB: production/segments/2f6/",
                     "up to 8.6 MiB of orphan segments could be freed (--repair --delete)\n"):
            check(part in text, f"no {part!r} in {text}")
        equal(site.segments(), everything, "segments without --delete")
        equal(site.findings("--repair", "--delete"),
              ([(*each, "deleted") for each in found], {"freed": total, "left": 0}), "findings with --delete")
        equal(site.segments(), stay, "segments that are left")
        audit = [line for line in daemon.log().splitlines() if "finding=orphan_segments" in line]
        check(len(audit) == 2 and "action=fsck_delete" in audit[0] and "bytes=" in audit[0], f"audit log: {audit}")

        equal(site.registry.pull_blob("old/image", layer), b"".join(old), "the old registry's blob")
        site.registry.pull("ours/one", images.image("segments-ours", layers=1, layer_size=9_000_000), "v1")
        expect(account.request("HEAD", f"{FILES}/{upload}/data"), 200)
        return f"{total} bytes of {len(found)} groups freed, {len(stay)} segments stay"
