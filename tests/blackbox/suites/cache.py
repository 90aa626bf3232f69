"""The cache of blobs in front of Swift and of an S3: one read of the storage for many pulls, never a wrong byte, whatever
the disk does."""

import concurrent.futures
import contextlib
import errno
import os
import re
import shutil
import tempfile
import time

from lib import faults, http, images
from lib.s3 import S3
from lib.testing import Registry, check, equal, expect

REPOSITORY = "cached/one"
LARGE = 21_000_000  # six segments
PULLS = 12
NOISE = 20_000  # what a registry reads of its storage meanwhile, beside blobs


def tests(context):
    context.tool("swift-proxy-server")
    context.tool("memcached")
    with S3() as s3:  # which is a Swift that has both interfaces
        swift = s3.as_swift()
        for function in (pulls_share_one_read, ranges_are_served, a_wrong_blob_is_never_whole):
            yield "in front of an S3: " + function.__name__.replace("_", " "), lambda function=function: function(context, s3)
        for function in (pulls_share_one_read, ranges_are_served, a_wrong_blob_is_never_whole, bits_are_lost_on_disk,
                         data_cannot_be_read, two_share_the_folder, a_slow_puller_holds_up_nobody):
            yield function.__name__.replace("_", " "), lambda function=function: function(context, swift)
        context.tool("gcc")
        with faults.Faults() as plan:
            for function in (a_full_disk_poisons_nothing, killed_in_the_middle):
                yield function.__name__.replace("_", " "), lambda function=function: function(context, swift, plan)


@contextlib.contextmanager
def cached(context, swift, size="1GiB", folder=None, more="", **options):
    """A registryd with a cache, and what a suite asks of it."""
    path = folder or tempfile.mkdtemp(prefix="rha-cache-")
    config = f"cache:\n  disk:\n    path: {path}\n    bytes: {size}\n{more}"
    try:
        with swift.registry(context.registryd, extra_config=config, **options) as daemon:
            yield Site(daemon, path, type(swift).__name__)
    finally:
        if not folder:
            shutil.rmtree(path, ignore_errors=True)


class Site:
    def __init__(self, daemon, folder, kind):
        self.daemon, self.folder, self.kind = daemon, folder, kind
        self.registry = Registry(daemon.port, timeout=60)

    def metric(self, name):
        """The sum of a family's series."""
        text = http.Client(self.daemon.debug_port).request("GET", "/metrics").body.decode()
        return int(sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
                       if re.match(f"{name}[ {{]", line)))

    def received(self):
        return self.metric("registry_ha_storage_received_bytes_total")

    def settle(self):
        deadline = time.monotonic() + 60
        while self.metric("registry_ha_disk_cache_fills_under_way"):
            check(time.monotonic() < deadline, "a fill does not end")
            time.sleep(0.02)

    def file(self, name):
        value = name.split(":")[1]
        return f"{self.folder}/verified/sha256/{value[:2]}/{value}"

    def push(self, seed, size=LARGE):
        data = images.pattern(f"cache-{self.kind}-{seed}", size)
        return self.registry.push_blob(REPOSITORY, data), data

    def get(self, name, headers=None):
        return Registry(self.daemon.port, timeout=60).request("GET", f"/v2/{REPOSITORY}/blobs/{name}", headers or {})

    def pull(self, name, data, what="the blob"):
        check(expect(self.get(name), 200).body == data, f"{what} as pulled has other bytes")

    def pull_at_once(self, name, data, count=PULLS):
        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            for done in [pool.submit(self.pull, name, data) for _ in range(count)]:
                done.result()


def pulls_share_one_read(context, swift):
    with cached(context, swift) as site:
        for size in (40_000, LARGE):
            name, data = site.push(f"shared-{size}", size)
            before = site.received()
            site.pull_at_once(name, data)
            site.settle()
            read = site.received() - before
            check(size <= read < size + NOISE, f"{PULLS} pulls of {size} bytes read {read} from Swift")
            before, hits = site.received(), site.metric("registry_ha_disk_cache_hits_total")
            site.pull_at_once(name, data)
            check(site.received() - before < NOISE, "warm pulls read the blob from Swift")
            equal(site.metric("registry_ha_disk_cache_hits_total"), hits + PULLS, "hits")
        site.daemon.restart()
        before = site.received()
        site.pull(name, data)
        check(site.received() - before < NOISE, "after a restart the blob was read from the storage")


def ranges_are_served(context, swift):
    with cached(context, swift) as site:
        name, data = site.push("ranges")
        probe = expect(site.get(name, {"Range": "bytes=0-0"}), 206)
        equal((probe.body, probe.get("Content-Range")), (data[:1], f"bytes 0-0/{LARGE}"), "the probe")
        site.settle()
        check(os.path.getsize(site.file(name)) == LARGE, "the blob is not in the cache after a range of it")
        before = site.received()
        for begin in range(0, LARGE, 4 * 1024 * 1024):
            end = min(begin + 4 * 1024 * 1024, LARGE)
            answer = expect(site.get(name, {"Range": f"bytes={begin}-{end - 1}"}), 206)
            check(answer.body == data[begin:end], f"bytes {begin}-{end - 1}")
        expect(site.get(name, {"Range": f"bytes={LARGE}-"}), 416)
        check(site.received() - before < NOISE, "warm ranges were read from Swift")


def replace_with_wrong(swift, since, position):
    """Puts other bytes of the same length where the newest segment (or object) lies."""
    account = swift.connect()
    fresh = sorted(set(account.names("production/")) - since)
    victims = [each for each in fresh if "/segments/" in each] or [each for each in fresh if each.endswith("/data")]
    victim = victims[position]
    body = bytearray(account.request("GET", victim).body)
    body[len(body) // 2] ^= 1
    expect(account.client.request("PUT", account.root + "/" + victim, account.headers, bytes(body)), 201)


def a_wrong_blob_is_never_whole(context, swift):
    account = swift.connect()
    with cached(context, swift) as site:
        for size in (5000, LARGE):
            since = set(account.names("production/"))
            name, data = site.push(f"wrong-{size}", size)
            replace_with_wrong(swift, since, -1)
            for _ in range(2):
                try:
                    answer = site.get(name)
                    check(answer.status == 503 and size < 64 * 1024,
                          f"a damaged blob of {size} bytes was answered with {answer.status}")
                except http.BROKEN:
                    check(size > 64 * 1024, "a small blob's answer was cut instead of refused")
            site.settle()
            check(not os.path.exists(site.file(name)), "a damaged blob is in the cache")
            check(f"digest={name}" in site.daemon.log(), "the log does not name the damaged blob")
            expect(site.registry.request("HEAD", f"/v2/{REPOSITORY}/blobs/{name}"), 404)
            mount = site.registry.request("POST", f"/v2/other/one/blobs/uploads/?mount={name}&from={REPOSITORY}")
            expect(mount, 202)
            if site.kind == "S3":
                time.sleep(1.1)  # by its time one sees that it was replaced, and an S3 has whole seconds
            site.registry.push_blob(REPOSITORY, data)
            expect(site.registry.request("HEAD", f"/v2/{REPOSITORY}/blobs/{name}"), 200)
            site.pull(name, data, "the blob that was pushed again")
        check(site.metric('registry_ha_disk_cache_fills_total{outcome="wrong_digest"}') >= 2, "it was not counted")


def bits_are_lost_on_disk(context, swift):
    """The incident of 2025-03 and its like: a slice, or wrong bytes of the right length, in the cache's folder."""
    with cached(context, swift, more="    verify_interval: 1s\n    verify_rate: 1GiB\n") as site:
        name, data = site.push("bits")
        site.pull(name, data)
        site.settle()
        os.truncate(site.file(name), LARGE // 2)
        site.pull(name, data, "a blob whose file was cut")
        site.settle()
        with open(site.file(name), "r+b") as file:
            file.seek(1000)
            file.write(b"other bytes")
        site.pull(name, data, "a blob whose file was written to")
        site.settle()
        state = os.stat(site.file(name))
        with open(site.file(name), "r+b") as file:
            file.seek(LARGE // 2)
            file.write(bytes([data[LARGE // 2] ^ 1]))
        os.utime(site.file(name), ns=(state.st_atime_ns, state.st_mtime_ns))  # as a disk that loses a bit
        deadline = time.monotonic() + 20
        while os.path.exists(site.file(name)):
            check(time.monotonic() < deadline, "the damaged file was not found in the background")
            time.sleep(0.1)
        check("cached_blob_damaged" in site.daemon.log(), "it is not in the log")
        site.pull(name, data, "the blob after its damaged file was removed")


def data_cannot_be_read(context, swift):
    with cached(context, swift) as site:
        name, data = site.push("down")
        cold, _ = site.push("down-cold", 100_000)
        site.pull(name, data)
        site.settle()
        swift.fault("proxy", "path=(segments|blobs)/", "status=503", "count=1000000")
        try:
            site.pull(name, data, "a blob of the cache while its data cannot be read")
            check(site.get(cold).status == 503, "a blob that nobody has was not answered with 503")
            swift.fault("proxy", "status=503", "count=1000000")
            # Whether the repository still has it is only known to the storage.
            check(site.get(name).status == 503, "a blob was served though nobody could tell whether it may be")
        finally:
            swift.aio("fault", "clear")
        site.pull(name, data)


def two_share_the_folder(context, swift):
    """As during an upgrade."""
    with cached(context, swift, size="30MiB") as one, cached(context, swift, size="30MiB", folder=one.folder) as two:
        first, second = one.push("share-1"), one.push("share-2")
        one.pull(*first)
        one.settle()
        before = two.received()
        two.pull(*first)
        check(two.received() - before < NOISE, "the second read what the first has cached")
        two.pull(*second)  # drops the first blob
        two.settle()
        for site in (one, two, one):
            site.pull(*first)
            site.pull(*second)
            site.settle()
        kept = sum(os.path.getsize(os.path.join(path, name)) for path, _, names in os.walk(one.folder) for name in names)
        check(kept <= 2 * 30 * 1024 * 1024, f"{kept} bytes in a folder for 30 MiB that two share")


def a_slow_puller_holds_up_nobody(context, swift):
    with cached(context, swift) as site:
        name, data = site.push("slow", 60_000_000)
        with http.RawConnection(site.daemon.port, receive_buffer=4096) as slow:
            slow.send(f"GET /v2/{REPOSITORY}/blobs/{name} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
            slow.socket.recv(1000)
            site.pull(name, data)  # to the end, while the first has a few bytes
            site.settle()
            check(os.path.exists(site.file(name)), "the fill waited for its first reader")
        check(context.sanitized or site.daemon.rss_bytes() < 120 * 1024 * 1024, f"{site.daemon.rss_bytes()} bytes of memory")


def a_full_disk_poisons_nothing(context, swift, plan):
    """The incident of 2025-03: a slice that was kept because the disk was full, and served for the whole."""
    with cached(context, swift, environment=plan.environment()) as site:
        for skip in (0, 1, 40):
            name, data = site.push(f"full-{skip}")
            plan.arm(faults.WRITE, "/filling/", faults.FAIL, skip=skip, error=errno.ENOSPC, times=1_000_000)
            site.pull_at_once(name, data, 4)
            site.settle()
            check(plan.disarm() > 0, "the disk was never full")
            check(not os.path.exists(site.file(name)), "a slice was kept")
            check("disk_cache_failed" in site.daemon.log(), "nobody was told")
            site.daemon.restart()  # which tries the disk at once again
            site.pull_at_once(name, data, 4)
            site.settle()
            equal(os.path.getsize(site.file(name)), LARGE, "size of the file once there is room")
            site.pull(name, data, "the blob from the cache")
        for operation, text in ((faults.RENAME, "/verified/"), (faults.SYNC, "/filling/"), (faults.MKDIR, "/verified/")):
            name, data = site.push(f"full-{operation}")
            plan.arm(operation, text, faults.FAIL, error=errno.EIO, times=1000)
            site.pull_at_once(name, data, 4)
            site.settle()
            plan.disarm()
            check(not os.path.exists(site.file(name)), "it was kept though the disk failed")
            site.daemon.restart()
            site.pull(name, data)
        expect(http.Client(site.daemon.debug_port).request("GET", "/debug/health"), 200)


def killed_in_the_middle(context, swift, plan):
    with cached(context, swift, environment=plan.environment()) as site:
        for operation, text, skip in ((faults.WRITE, "/filling/", 0), (faults.WRITE, "/filling/", 30),
                                      (faults.SYNC, "/filling/", 0), (faults.RENAME, "/verified/", 0)):
            name, data = site.push(f"killed-{operation}-{skip}")
            for action in (faults.KILL_BEFORE, faults.KILL_AFTER):
                plan.arm(operation, text, action, skip=skip)
                try:
                    site.get(name)
                    site.settle()
                except http.BROKEN:
                    pass
                site.daemon.wait()
                plan.disarm()
                check(action == faults.KILL_AFTER or os.listdir(site.folder + "/filling"), "nothing was left behind")
                site.daemon.start()
                equal(os.listdir(site.folder + "/filling"), [], "leftovers after a start")
                site.pull(name, data, "the blob after kill -9")
                site.settle()
                site.pull(name, data, "the blob from the cache after kill -9")
                shutil.rmtree(site.folder + "/verified")
                site.daemon.restart()
