"""The crowd: how many clients can be there at once, and what a new one notices of them."""
import collections
import contextlib
import json
import resource
import tempfile

import watch
from clients import Crowd, Download, Idle, Upload, probe
from lib import images, testing
from lib.certificates import Authority
from lib.daemon import Daemon

MOST_THREADS, MOST_MIB, MOST_MS = 24, 100, 50
MOST_MIB_TLS = 400  # OpenSSL's own of each connection
BLOB_BYTES = 64 * 1024 * 1024
PER_PROCESS = 2500


def crowds(kind, port, group, count, what=None):
    """Shares of `count` among processes, and the next free group of addresses."""
    shares = []
    while count > 0:
        shares.append(Crowd(kind, port, group + len(shares), min(count, PER_PROCESS), what))
        count -= PER_PROCESS
    return shares


def raise_descriptors():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def measure(daemon, options):
    """(p50, p99, most) of new clients in ms, how many were served of each kind, failures, and the watch."""
    registry = testing.Registry(daemon.port, timeout=120)
    picture = images.image("crowd")
    registry.push("crowd/image", picture, "latest")
    content = images.pattern("crowd", 1 << 20) * (BLOB_BYTES >> 20)
    name = registry.push_blob("crowd/image", content)
    port = daemon.port
    everyone = (crowds(Idle, port, 1, options.idle)
                + crowds(Download, port, 50, options.downloads, (f"/v2/crowd/image/blobs/{name}", content))
                + crowds(Upload, port, 100, options.uploads, "crowd/image"))
    for crowd in everyone:
        crowd.wait_until_under_way()
    with watch.Watch(daemon.pid) as seen:
        times, failures = probe(port, "/v2/crowd/image/manifests/latest", picture.manifest, options.seconds)
        for crowd in everyone:
            crowd.ask_to_finish()
        served = collections.Counter()
        for crowd in everyone:
            count, _, wrong = crowd.result()
            served[crowd.kind.__name__] += count
            failures += wrong
    return times, served, failures, seen


def run(options):
    raise_descriptors()
    with contextlib.ExitStack() as stack:
        authority = None
        if options.tls:
            authority = Authority(stack.enter_context(tempfile.TemporaryDirectory(prefix="rha-crowd-")))
        daemon = stack.enter_context(Daemon(options.registryd, extra_config="log:\n  access: false\n",
                                            authority=authority))
        times, served, failures, seen = measure(daemon, options)
        alive = daemon.alive()
    most_mib = MOST_MIB_TLS if options.tls else MOST_MIB
    p50, p99, most = (percentile(times, share) for share in (0.5, 0.99, 1.0))
    wanted = {"Idle": options.idle, "Download": options.downloads, "Upload": options.uploads}
    for text, count in collections.Counter(failures).most_common(5):
        print(f"{count} x {text}")
    print(f"descriptors {seen.most(3)}")
    if options.report:
        with open(options.report, "w", encoding="utf-8") as file:
            json.dump({"p50": p50, "p99": p99, "most": most, "clients": len(times), "served": sum(served.values()),
                       "failures": len(failures), "threads": seen.most(2), "rss": seen.most(1),
                       "descriptors": seen.most(3)}, file)
    return [
        (alive, "registryd lives"),
        (not failures, f"nobody was cut off or got wrong bytes: {len(failures)} failures"),
        *[(served[kind] == count, f"{kind.lower()} clients served to the end: {served[kind]:,} of {count:,}")
          for kind, count in wanted.items()],
        (seen.most(2) <= MOST_THREADS, f"threads {seen.most(2)}, at most {MOST_THREADS}"),
        (seen.most(1) <= most_mib, f"resident memory {seen.most(1):.1f} MiB, at most {most_mib}"),
        (p99 <= MOST_MS, f"{len(times)} new clients waited {p50:.2f} ms (median), {p99:.2f} ms (p99), {most:.2f} ms "
         f"(most); p99 at most {MOST_MS} ms"),
    ]
