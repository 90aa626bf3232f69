"""Cases 1 and 2: manifests, small blobs and a large blob are served from one folder by all peers."""
import hashlib
import re
import subprocess

from lib import client, dataset, peers

GIB = 1024 ** 3


class WrkRun:
    def __init__(self, port, path, connections, seconds, headers=()):
        command = ["wrk", "-t", "1" if connections < 16 else "2", "-c", str(connections), "-d", f"{seconds}s",
                   "--latency", f"http://127.0.0.1:{port}{path}"]
        for header in (f"Accept: {dataset.MANIFEST_TYPE}", *headers):
            command += ["-H", header]
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


def small_requests(bench, image, servers):
    kinds = [("manifest GET by tag", image.path("manifests", "latest")),
             ("manifest GET by digest", image.path("manifests", image.manifest)),
             ("4 KiB blob GET", image.path("blobs", image.small))]
    for connections in (16, 1, 256):
        for kind, path in kinds:
            plural = "connection" if connections == 1 else "connections"
            case = bench.results.case(f"{kind}, {connections} {plural}", "requests/s", True, "µs/request")
            print(f"  {case.name}", flush=True)
            for turn in range(bench.rounds):
                for peer in turned(servers, turn):
                    measure_small(bench, case, peer, path, connections)


def measure_small(bench, case, peer, path, connections):
    done = bench.other_load.watch([peer])
    before = peer.cpu_seconds()
    run = WrkRun(peer.port, path, connections, bench.seconds)
    cpu = peer.cpu_seconds() - before
    done()
    if run.errors:
        bench.results.fail(f"{case.name}, {peer.name}: {'; '.join(run.errors)}")
    if run.requests:
        case.add(peer.name, run.per_second, cpu / run.requests * 1e6, run.p99_ms, peer.rss_mib())


def large_blob(bench, image, servers):
    for connections in (1, 16):
        plural = "connection" if connections == 1 else "connections"
        case = bench.results.case(f"large blob GET, {connections} {plural}", "MiB/s", True, "ms/GiB")
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


def run(bench):
    root, static = bench.new_folder("served"), bench.new_folder("static")
    image = dataset.ServedImage(root, static, bench.large_bytes)
    behind = peers.docker_registry(bench.folder, root)
    servers = [peers.registryd(bench.binary, bench.folder, root), behind,
               peers.nginx_proxy(bench.folder, behind), peers.nginx_static(bench.folder, static)]
    with peers.Running(*servers):
        check_answers(image, servers)
        bench.results.section("Manifests and small blobs",
                              f"wrk, {bench.seconds} s a round, {bench.rounds} rounds, one manifest of "
                              f"{len(image.manifest_bytes)} bytes, one blob of 4,096.")
        small_requests(bench, image, servers)
        bench.results.section("A large blob",
                              f"{bench.large_bytes / GIB:g} GiB, from the page cache, {bench.rounds} rounds. The client drops the "
                              "bytes in the kernel (MSG_TRUNC), so that it costs as little as possible.")
        large_blob(bench, image, servers)
    bench.remove(root, static)
