"""Case 3 and others: pushes of one large layer, of many small ones, of the same thing by a crowd; memory under uploads."""
import asyncio
import concurrent.futures
import contextlib
import os
import shutil
import time

from lib import client, dataset, peers

MIB = dataset.MIB
GIB = 1024 ** 3


class Layer:
    """A file on the memory file system whose content, and so whose digest, can be made new cheaply."""

    def __init__(self, path, size):
        self.path, self.size = path, size
        dataset.write_random(path, size)
        self.digest = ""

    def renew(self):
        with open(self.path, "r+b") as file:
            file.write(os.urandom(32))
        self.digest = dataset.file_digest(self.path)

    def push(self, port, repository):
        with open(self.path, "rb") as file:
            return client.push_layer(port, repository, file, self.size, self.digest)


def large_layer(bench, where, folder):
    """Every push brings a new blob to all peers; what was stored is removed before the next."""
    layer = Layer(os.path.join(bench.folder, "layer"), bench.large_bytes)
    roots = [os.path.join(folder, name) for name in ("ours", "theirs")]
    for root in roots:
        os.makedirs(root)
    behind = peers.docker_registry(bench.folder, roots[1])
    servers = [peers.registryd(bench.binary, bench.folder, roots[0]), behind]
    if where == "tmpfs":
        servers.append(peers.nginx_proxy(bench.folder, behind))
    case = bench.results.case(f"push of a large layer, {where}", "MiB/s", True, "ms/GiB")
    print(f"  {case.name}", flush=True)
    with peers.Running(*servers):
        for turn in range(bench.rounds):
            for peer in servers[turn % len(servers):] + servers[:turn % len(servers)]:
                layer.renew()
                os.sync()
                done = bench.other_load.watch([peer])
                before = peer.cpu_seconds()
                seconds = layer.push(peer.port, "bench/push")
                cpu = peer.cpu_seconds() - before
                done()
                case.add(peer.name, layer.size / MIB / seconds, cpu * 1000 / (layer.size / GIB), rss=peer.rss_mib())
                root = roots[0] if peer is servers[0] else roots[1]
                stored = dataset.Storage(root).blob_path(layer.digest)
                if os.path.getsize(stored) != layer.size or dataset.file_digest(stored) != layer.digest:
                    bench.results.fail(f"{case.name}, {peer.name}: what was stored is not what was pushed")
                os.unlink(stored)
    os.unlink(layer.path)
    bench.remove(*roots)


def many_layers(bench, count=200, clients=8):
    """Each client pushes its share of new 1 MiB layers, one after the other."""
    case = bench.results.case(f"{count} layers of 1 MiB by {clients} clients, tmpfs", "layers/s", True, "ms/layer")
    print(f"  {case.name}", flush=True)
    roots = [bench.new_folder("many-ours"), bench.new_folder("many-theirs")]
    servers = [peers.registryd(bench.binary, bench.folder, roots[0]), peers.docker_registry(bench.folder, roots[1])]
    body = bytearray(os.urandom(MIB))

    def share(port, bodies):
        with client.Connection(port) as connection:
            for data, digest in bodies:
                location = connection.expect(202, "POST", "/v2/bench/many/blobs/uploads/", b"").headers["location"]
                path = client.path_of(location)
                connection.expect(201, "PUT", f"{path}{'&' if '?' in path else '?'}digest={digest}", data)

    with peers.Running(*servers), concurrent.futures.ThreadPoolExecutor(clients) as pool:
        for turn in range(bench.rounds):
            for peer in servers[turn % 2:] + servers[:turn % 2]:
                layers = []
                for _ in range(count):
                    body[:16] = os.urandom(16)
                    layers.append((bytes(body), dataset.digest_of(body)))
                done = bench.other_load.watch([peer])
                before, begin = peer.cpu_seconds(), time.monotonic()
                for future in [pool.submit(share, peer.port, layers[i::clients]) for i in range(clients)]:
                    future.result()
                seconds, cpu = time.monotonic() - begin, peer.cpu_seconds() - before
                done()
                case.add(peer.name, count / seconds, cpu * 1000 / count, rss=peer.rss_mib())
    bench.remove(*roots)


async def _push_once(port, head, body):
    """One request on its own connection; gives the status."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(head + body)
        await writer.drain()
        line = await asyncio.wait_for(reader.readline(), 120)
        return int(line.split()[1]) if line else 0
    except OSError:
        return 0
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _crowd(port, count, method, path, body, kind):
    head = (f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: {kind}\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode()
    return await asyncio.gather(*[_push_once(port, head, body) for _ in range(count)])


def same_push(bench):
    """A crowd pushes the same blob, then the same tag, all at once; all must be told 201."""
    count = bench.crowd
    case = bench.results.case(f"{count:,} concurrent pushes of the same blob and tag", "s", False)
    print(f"  {case.name}", flush=True)
    roots = [bench.new_folder("same-ours"), bench.new_folder("same-theirs")]
    servers = [peers.registryd(bench.binary, bench.folder, roots[0]), peers.docker_registry(bench.folder, roots[1])]
    blob = os.urandom(64 * 1024)
    manifest = dataset.manifest_of(blob)
    with peers.Running(*servers):
        for peer in servers:
            done = bench.other_load.watch([peer])
            begin = time.monotonic()
            blobs = push_blob_crowd(peer, count, blob)
            tags = asyncio.run(_crowd(peer.port, count, "PUT", "/v2/bench/same/manifests/latest", manifest,
                                      dataset.MANIFEST_TYPE))
            seconds = time.monotonic() - begin
            done()
            wrong = sum(status != 201 for status in blobs + tags)
            note = f"{2 * count - wrong:,} of {2 * count:,} answered 201"
            if wrong and peer is servers[0]:
                bench.results.fail(f"{case.name}, {peer.name}: {note}; others: {sorted(set(blobs + tags) - {201})}")
            with client.Connection(peer.port) as connection:
                answer = connection.expect(200, "GET", "/v2/bench/same/manifests/latest",
                                           headers=[f"Accept: {dataset.MANIFEST_TYPE}"])
                if answer.body != manifest:
                    bench.results.fail(f"{case.name}, {peer.name}: another manifest than was pushed")
            case.add(peer.name, seconds, rss=peer.peak_mib(), note=note)
    bench.remove(*roots)


def push_blob_crowd(peer, count, blob):
    """docker-registry 2.8 has no single POST, so both get an upload opened for each client, then the PUTs at once."""
    targets = []
    with client.Connection(peer.port) as connection:
        for _ in range(count):
            location = connection.expect(202, "POST", "/v2/bench/same/blobs/uploads/", b"").headers["location"]
            path = client.path_of(location)
            targets.append(f"{path}{'&' if '?' in path else '?'}digest={dataset.digest_of(blob)}")

    async def all_of_them():
        return await asyncio.gather(*[_crowd(peer.port, 1, "PUT", path, blob, "application/octet-stream")
                                      for path in targets])
    return [statuses[0] for statuses in asyncio.run(all_of_them())]


def memory(bench, clients=50):
    """The most memory registryd held while all of them push at once; the layers are left on a disk only as long."""
    section(bench)
    size = bench.crowd_layer
    case = bench.results.case(f"{clients} clients push large layers, peak RSS", "MiB", False)
    print(f"  {case.name} ({size // MIB} MiB each)", flush=True)
    layer = Layer(os.path.join(bench.folder, "layer"), size)
    layer.renew()
    for name in ("registryd", "docker-registry"):
        root = bench.new_folder("memory")
        peer = (peers.registryd(bench.binary, bench.folder, root) if name == "registryd"
                else peers.docker_registry(bench.folder, root))
        with peers.Running(peer), concurrent.futures.ThreadPoolExecutor(clients) as pool:
            before = peer.rss_mib()
            begin = time.monotonic()
            futures = [pool.submit(layer.push, peer.port, f"bench/memory-{i}") for i in range(clients)]
            for future in futures:
                future.result()
            seconds = time.monotonic() - begin
            case.add(name, peer.peak_mib(), note=f"{size // MIB} MiB layers, {before:.0f} MiB before, "
                     f"{clients * size / MIB / seconds:,.0f} MiB/s, {peer.threads()} threads")
        bench.remove(root)
    os.unlink(layer.path)


def section(bench):
    bench.results.section("Pushes", f"POST, one PATCH, PUT; {bench.large_bytes / GIB:g} GiB, new content each time, read back and compared. "
                          "The client sends with sendfile from memory. registryd syncs what it stores to the disk before it answers 201; "
                          "docker-registry 2.8 leaves that to the kernel.")


def push_tmpfs(bench):
    section(bench)
    large_layer(bench, "tmpfs", bench.new_folder("push"))
    shutil.rmtree(os.path.join(bench.folder, "push"), ignore_errors=True)


def push_disk(bench):
    section(bench)
    with bench.disk_folder() as folder:
        large_layer(bench, "disk", folder)


def push_many(bench):
    section(bench)
    many_layers(bench)
    same_push(bench)
