"""Lists of 10,000, and the index being built from a storage folder while the registry is read."""
import json
import random
import re
import threading
import time

from lib import client, dataset, peers

PAGE = 1000


def wait_for_lists(bench, peer, seconds=120):
    """Until the catalogue names something: while the index is built it should be 503. Gives what was waited."""
    begin, early = time.monotonic(), 0
    with client.Connection(peer.port) as connection:
        while time.monotonic() - begin < seconds:
            answer = connection.request("GET", "/v2/_catalog?n=1")
            if answer.status == 200 and json.loads(answer.body)["repositories"]:
                if early:
                    bench.results.fail(f"{peer.name}: the catalogue was answered 200 and empty while the index was built")
                return time.monotonic() - begin
            if answer.status not in (200, 503):
                break
            early += answer.status == 200
            time.sleep(0.005)
    raise RuntimeError(f"no catalogue after {time.monotonic() - begin:.0f} s: {answer.status}")


def _next(answer):
    link = re.match(r"<([^>]+)>", answer.headers.get("link", ""))
    return re.sub(r"^https?://[^/]+", "", link[1]) if link else None


def walk(connection, path, key):
    """Follows the pages; gives the names, the time of the first page and of all, in ms: what the client does with the
    answers is not counted."""
    bodies, begin, first = [], time.monotonic(), None
    while path:
        answer = connection.expect(200, "GET", path)
        first = first or (time.monotonic() - begin) * 1000
        bodies.append(answer.body)
        path = _next(answer)
    whole = (time.monotonic() - begin) * 1000
    return [name for body in bodies for name in json.loads(body)[key] or []], first, whole


def measure_lists(bench, servers, path, key, what, queries, count):
    """By pages and, where a registry may be asked so, whole: the same requests to both, on connections that are kept."""
    page_case, all_case = (bench.results.case(f"{what}, {part}", "ms", False) for part in ("a page of 1,000", "all pages"))
    whole_case = bench.results.case(f"{what}, whole", "ms", False) if "" in queries else None
    for turn in range(2 if what == "catalogue" else max(5, bench.rounds)):
        for peer in servers[turn % 2:] + servers[:turn % 2]:
            for query in queries:
                with client.Connection(peer.port) as connection:
                    connection.expect(200, "GET", "/v2/")
                    names, first, whole = walk(connection, f"/v2/{path}{query}", key)
                note = None if len(set(names)) == count else f"lists {len(set(names)):,} of {count:,}"
                if note and peer is servers[0]:
                    bench.results.fail(f"{path}, {peer.name}: {note}")
                if query:
                    page_case.add(peer.name, first, rss=peer.rss_mib())
                    all_case.add(peer.name, whole, note=note)
                else:
                    whole_case.add(peer.name, whole, note=note)


def lists(bench):
    count = bench.list_entries
    bench.results.section("Lists", f"{count:,} repositories and a repository of {count:,} tags, pages of 1,000, one connection. "
                          "docker-registry 2.8 does not page tags/list: its page is the whole list.")
    print(f"  lists of {count:,}", flush=True)
    root = bench.new_folder("lists")
    storage = dataset.Storage(root)
    dataset.many_repositories(storage, count - 1)
    dataset.many_tags(storage, "tagged/image", count)
    servers = [peers.registryd(bench.binary, bench.folder, root), peers.docker_registry(bench.folder, root)]
    with peers.Running(*servers):
        wait_for_lists(bench, servers[0])
        measure_lists(bench, servers, "_catalog", "repositories", "catalogue", [f"?n={PAGE}"], count)
        measure_lists(bench, servers, "tagged/image/tags/list", "tags", "tags/list", [f"?n={PAGE}", ""], count)
    bench.remove(root)


class Reader(threading.Thread):
    """Reads random tags and compares every byte, until told to stop."""

    def __init__(self, port, bodies):
        super().__init__(daemon=True)
        self.port, self.bodies = port, bodies
        self.reads, self.wrong, self.slowest = 0, [], 0.0
        self.enough = threading.Event()

    def run(self):
        picks = random.Random(1)
        names = list(self.bodies)
        with client.Connection(self.port) as connection:
            while not self.enough.is_set():
                repository = picks.choice(names)
                tag, body = picks.choice(self.bodies[repository])
                begin = time.monotonic()
                try:
                    answer = connection.request("GET", f"/v2/{repository}/manifests/{tag}",
                                                headers=[f"Accept: {dataset.MANIFEST_TYPE}"])
                except OSError as error:
                    self.wrong.append(f"{repository}:{tag}: {error}")
                    return
                self.slowest = max(self.slowest, time.monotonic() - begin)
                self.reads += 1
                if answer.status != 200 or answer.body != body:
                    self.wrong.append(f"{repository}:{tag}: {answer.status}")


def rebuild(bench):
    total = bench.rebuild_tags
    repositories = 100
    bench.results.section("Index built from the storage", f"registryd starts without an index on {total:,} tags in {repositories} repositories, "
                          "one manifest for ten tags, on tmpfs. Time until the lists are answered; a client reads random tags meanwhile "
                          "and compares every byte.")
    case = bench.results.case(f"index of {total:,} tags", "s", False)
    print(f"  {case.name}", flush=True)
    root = bench.new_folder("rebuild")
    storage = dataset.Storage(root)
    bodies = {}
    for number in range(repositories):
        name = f"rebuilt/image-{number:03}"
        bodies[name] = list(dataset.many_tags(storage, name, total // repositories).items())
    peer = peers.registryd(bench.binary, bench.folder, root)
    with peers.Running(peer):
        done = bench.other_load.watch([peer])
        reader = Reader(peer.port, bodies)
        reader.start()
        before = peer.cpu_seconds()
        seconds = wait_for_lists(bench, peer, 300)
        cpu = peer.cpu_seconds() - before
        reader.enough.set()
        reader.join(30)
        done()
        for wrong in reader.wrong[:5]:
            bench.results.fail(f"{case.name}: {wrong}")
        case.add(peer.name, seconds, rss=peer.peak_mib(),
                 note=f"{reader.reads:,} reads meanwhile, {len(reader.wrong)} wrong, slowest {reader.slowest * 1000:.1f} ms; "
                 f"{cpu:.1f} s of CPU with those reads")
        listed = 0
        with client.Connection(peer.port) as connection:
            for name, tags in bodies.items():
                names, _, _ = walk(connection, f"/v2/{name}/tags/list?n={PAGE}", "tags")
                listed += len(set(names) & {tag for tag, _ in tags})
        if listed != total:
            bench.results.fail(f"{case.name}: {listed:,} of {total:,} tags are listed afterwards")
    bench.remove(root)
