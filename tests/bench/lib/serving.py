"""Cases 1 and 2: manifests, small blobs and a large blob are served from one folder by all peers."""
import hashlib
import os
import re
import subprocess

from lib import client, dataset, peers

GIB = 1024 ** 3
CONFIG = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "config")


class WrkRun:
    def __init__(self, port, path, connections, seconds, scheme="http", headers=()):
        command = ["wrk", "-t", "1" if connections < 16 else "2", "-c", str(connections), "-d", f"{seconds}s",
                   "--latency", "-H", f"Accept: {dataset.MANIFEST_TYPE}", *[word for header in headers for word in ("-H", header)], f"{scheme}://127.0.0.1:{port}{path}"]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=seconds + 30).stdout
        self.requests = int(re.search(r"(\d+) requests in", output)[1])
        self.per_second = float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])
        value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", output).groups()
        self.p99_ms = float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]
        self.errors = re.findall(r"(Non-2xx.*|Socket errors.*)", output)


class AbRun:
    """For HEAD: wrk waits for the body. One thread, HTTP/1.0 with keep-alive; p99 in whole milliseconds."""

    def __init__(self, port, path, connections, seconds, _scheme="http"):
        command = ["ab", "-q", "-i", "-k", "-c", str(connections), "-t", str(seconds), "-n", "100000000",
                   "-H", f"Accept: {dataset.MANIFEST_TYPE}", f"http://127.0.0.1:{port}{path}"]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=seconds + 30).stdout
        self.requests = int(re.search(r"Complete requests:\s+(\d+)", output)[1])
        self.per_second = float(re.search(r"Requests per second:\s+([\d.]+)", output)[1])
        self.p99_ms = float(re.search(r"99%\s+(\d+)", output)[1])
        failed = re.findall(r"(Failed requests:\s+[1-9].*|Non-2xx.*)", output)
        kept = int(re.search(r"Keep-Alive requests:\s+(\d+)", output)[1])
        self.errors = failed + ([] if kept else ["connections were not kept"])


LOADS = {"GET": WrkRun, "HEAD": AbRun}


def check_answers(image, servers, tls=False):
    """Every peer must serve the very bytes before it is measured."""
    for peer in servers:
        with client.Connection(peer.port, tls) as connection:
            for kind, reference, digest in [("manifests", "latest", image.manifest),
                                            ("manifests", image.manifest, image.manifest),
                                            ("blobs", image.small, image.small)]:
                answer = connection.expect(200, "GET", image.path(kind, reference),
                                           headers=[f"Accept: {dataset.MANIFEST_TYPE}"])
                if "sha256:" + hashlib.sha256(answer.body).hexdigest() != digest:
                    raise RuntimeError(f"{peer.name} serves other bytes at {image.path(kind, reference)}")


def turned(items, by):
    """The order changes from round to round, so that no peer always runs after the same other one."""
    by %= len(items)
    return items[by:] + items[:by]


def plural(connections):
    return f"{connections} connection{'' if connections == 1 else 's'}"


def small_requests(bench, image, servers, connections):
    tag, digest = image.path("manifests", "latest"), image.path("manifests", image.manifest)
    kinds = [("manifest GET by tag", "GET", tag), ("manifest GET by digest", "GET", digest),
             ("manifest HEAD by tag", "HEAD", tag), ("manifest HEAD by digest", "HEAD", digest),
             ("4 KiB blob GET", "GET", image.path("blobs", image.small))]
    for kind, method, path in kinds:
        case = bench.results.case(f"{kind}, {plural(connections)}", "requests/s", True, "µs/request")
        print(f"  {case.name}", flush=True)
        for turn in range(bench.rounds):
            for peer in turned(servers, turn):
                measure_small(bench, case, peer, path, connections, method)


def measure_small(bench, case, peer, path, connections, method, scheme="http"):
    done = bench.other_load.watch([peer])
    before = peer.cpu_seconds()
    run = LOADS[method](peer.port, path, connections, bench.seconds, scheme)
    cpu = peer.cpu_seconds() - before
    done()
    if run.errors:
        bench.results.fail(f"{case.name}, {peer.name}: {'; '.join(run.errors)}")
    if run.requests:
        case.add(peer.name, run.per_second, cpu / run.requests * 1e6, run.p99_ms, peer.rss_mib())


def large_rounds(bench, connections):
    """How fast one stream is depends on where the kernel puts its two ends, so three rounds are a lottery."""
    return bench.rounds * (10 if connections == 1 else 1)


def large_blob(bench, image, servers, connections):
    case = bench.results.case(f"large blob GET, {plural(connections)}", "MiB/s", True, "ms/GiB")
    print(f"  {case.name}", flush=True)
    for turn in range(large_rounds(bench, connections)):
        for peer in turned(servers, turn):
            done = bench.other_load.watch([peer])
            before = peer.cpu_seconds()
            seconds = client.pull(peer.port, image.path("blobs", image.large), image.large_bytes, connections)
            cpu = peer.cpu_seconds() - before
            done()
            size = image.large_bytes * connections
            case.add(peer.name, size / dataset.MIB / seconds, cpu * 1000 / (size / GIB), rss=peer.rss_mib())


def with_peers(bench, large_bytes, measure, proxy=True):
    """Calls measure(image, servers) with the peers that serve one image."""
    root, static = bench.new_folder("served"), bench.new_folder("static")
    image = dataset.ServedImage(root, static, large_bytes)
    behind = peers.docker_registry(bench.folder, root)
    servers = [peers.registryd(bench.binary, bench.folder, root), behind]
    if proxy:
        servers.append(peers.nginx_proxy(bench.folder, behind))
    servers.append(peers.nginx_static(bench.folder, static))
    with peers.Running(*servers):
        check_answers(image, servers)
        measure(image, servers)
    bench.remove(root, static)


def small(bench, connections):
    bench.results.section("Manifests and small blobs", f"wrk (HEAD: ab), {bench.seconds} s a round, {bench.rounds} rounds, one manifest "
                          f"of {len(dataset.manifest(8)):,} bytes, one blob of 4,096.")
    with_peers(bench, dataset.MIB, lambda image, servers: small_requests(bench, image, servers, connections))


def large(bench, connections):
    bench.results.section("A large blob", f"{bench.large_bytes / GIB:g} GiB, from the page cache, "
                          f"{large_rounds(bench, connections)} rounds. The client drops the bytes in the kernel (MSG_TRUNC), so that it "
                          "costs as little as possible.")
    with_peers(bench, bench.large_bytes, lambda image, servers: large_blob(bench, image, servers, connections),
               proxy=connections == 1)


def pull_over_tls(bench, case, peer, path, size):
    """curl decrypts and drops the bytes: the client costs as much as the server, and is the same for all."""
    done = bench.other_load.watch([peer])
    before = peer.cpu_seconds()
    took = subprocess.run(["curl", "--silent", "--show-error", "--fail", "--insecure", "--output", "/dev/null", "--write-out",
                           "%{time_total} %{size_download}", f"https://127.0.0.1:{peer.port}{path}"],
                          check=True, stdout=subprocess.PIPE, text=True, timeout=120).stdout.split()
    cpu = peer.cpu_seconds() - before
    done()
    if int(took[1]) != size:
        raise RuntimeError(f"{peer.name} sent {took[1]} bytes of {size}")
    case.add(peer.name, size / dataset.MIB / float(took[0]), cpu * 1000 / (size / GIB), rss=peer.rss_mib())


def tls(bench):
    bench.results.section("Over TLS", "As above, over HTTPS: TLS 1.3, one certificate (RSA, 2,048 bits), connections kept. The large "
                          "blob goes to curl.")
    root, static = bench.new_folder("served"), bench.new_folder("static")
    image = dataset.ServedImage(root, static, bench.large_bytes)
    servers = peers.over_tls(bench.binary, bench.folder, root, static, peers.Certificate(bench.folder))
    with peers.Running(*servers):
        check_answers(image, servers, tls=True)
        for kind, path in [("manifest GET by tag", image.path("manifests", "latest")),
                           ("4 KiB blob GET", image.path("blobs", image.small))]:
            case = bench.results.case(f"{kind}, 16 connections, TLS", "requests/s", True, "µs/request")
            print(f"  {case.name}", flush=True)
            for turn in range(bench.rounds):
                for peer in turned(servers, turn):
                    measure_small(bench, case, peer, path, 16, "GET", "https")
        case = bench.results.case("large blob GET, 1 connection, TLS", "MiB/s", True, "ms/GiB")
        print(f"  {case.name}", flush=True)
        for turn in range(bench.rounds):
            for peer in turned(servers, turn):
                pull_over_tls(bench, case, peer, image.path("blobs", image.large), image.large_bytes)
    bench.remove(root, static)
