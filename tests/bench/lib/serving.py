"""Cases 1 and 2: manifests, small blobs and a large blob are served from one folder by all peers."""
import hashlib
import os
import re
import subprocess

from lib import client, dataset, peers

GIB = 1024 ** 3
CONFIG = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "config")


class WrkRun:
    def __init__(self, port, path, connections, seconds, method="GET"):
        command = ["wrk", "-t", "1" if connections < 16 else "2", "-c", str(connections), "-d", f"{seconds}s",
                   "--latency", "-H", f"Accept: {dataset.MANIFEST_TYPE}", f"http://127.0.0.1:{port}{path}"]
        if method == "HEAD":
            command += ["-s", os.path.join(CONFIG, "head.lua")]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=seconds + 30).stdout
        self.requests = int(re.search(r"(\d+) requests in", output)[1])
        self.per_second = float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])
        value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", output).groups()
        self.p99_ms = float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]
        self.errors = re.findall(r"(Non-2xx.*|Socket errors.*)", output)


def check_answers(image, servers):
    """Every peer must serve the very bytes before it is measured."""
    for peer in servers:
        with client.Connection(peer.port) as connection:
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


def measure_small(bench, case, peer, path, connections, method):
    done = bench.other_load.watch([peer])
    before = peer.cpu_seconds()
    run = WrkRun(peer.port, path, connections, bench.seconds, method)
    cpu = peer.cpu_seconds() - before
    done()
    if run.errors:
        bench.results.fail(f"{case.name}, {peer.name}: {'; '.join(run.errors)}")
    if run.requests:
        case.add(peer.name, run.per_second, cpu / run.requests * 1e6, run.p99_ms, peer.rss_mib())


def large_blob(bench, image, servers, connections):
    case = bench.results.case(f"large blob GET, {plural(connections)}", "MiB/s", True, "ms/GiB")
    print(f"  {case.name}", flush=True)
    for turn in range(bench.rounds):
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
    bench.results.section("Manifests and small blobs", f"wrk, {bench.seconds} s a round, {bench.rounds} rounds, one manifest "
                          f"of {len(dataset.manifest(8)):,} bytes, one blob of 4,096.")
    with_peers(bench, dataset.MIB, lambda image, servers: small_requests(bench, image, servers, connections))


def large(bench, connections):
    bench.results.section("A large blob", f"{bench.large_bytes / GIB:g} GiB, from the page cache, {bench.rounds} rounds. The client "
                          "drops the bytes in the kernel (MSG_TRUNC), so that it costs as little as possible.")
    with_peers(bench, bench.large_bytes, lambda image, servers: large_blob(bench, image, servers, connections),
               proxy=connections == 1)
