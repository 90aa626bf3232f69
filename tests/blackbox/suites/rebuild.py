"""The index is made anew while clients pull, push, move and delete tags: nobody waits for it, no list is ever partial,
and in the end it says what the storage says. A storage of many tags is laid out by hand, as another registry would
have left it."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import threading
import time

from lib import http, images
from lib.daemon import Daemon
from lib.testing import Registry, check, equal, expect

TAGS_QUICK, TAGS_SLOW = 2000, 100_000
TAGS_PER_MANIFEST = 10
BIG = "rebuild/big"
SMALL = ["rebuild", "rebuild/big/inner", "rebuild/small"]
CLIENTS = 3
LAYOUT = "docker/registry/v2"


def tests(context):
    count = TAGS_SLOW if context.slow else TAGS_QUICK
    yield f"the first index of {count} tags, with pulls, pushes and deletes going on", \
        lambda: build_under_load(context, count)
    yield "a build that was killed begins again, and misses nothing", lambda: killed_build(context, count // 10)
    yield "--rebuild-index finds what was changed behind the registry's back", lambda: offline(context, count // 10)
    yield "--rebuild-index is content with reading", lambda: reads_only(context)
    yield "a small registry lists from its first answer on", lambda: small(context)
    yield "the index of a later version is left alone, and one of our own is made beside it", \
        lambda: later_index(context, count // 10)


# ---- a storage by hand


def write(root, path, text):
    path = os.path.join(root, LAYOUT, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(text)


def write_manifest(root, repository, picture):
    value = picture.digest[7:]
    for data in [*picture.blobs.values(), picture.manifest]:
        name = images.digest(data)[7:]
        write(root, f"blobs/sha256/{name[:2]}/{name}/data", data)
    for name in picture.blobs:
        write(root, f"repositories/{repository}/_layers/sha256/{name[7:]}/link", name.encode())
    write(root, f"repositories/{repository}/_manifests/revisions/sha256/{value}/link", picture.digest.encode())


def write_tag(root, repository, tag, digest):
    folder = f"repositories/{repository}/_manifests/tags/{tag}"
    write(root, f"{folder}/index/sha256/{digest[7:]}/link", digest.encode())
    write(root, f"{folder}/current/link", digest.encode())


def lay_out(root, count):
    """Writes `count` tags; gives them as {repository: {tag: picture}}."""
    base = images.image("rebuild", layers=1, layer_size=300)
    model = {}
    for repository, share in [(BIG, count), *((name, 20) for name in SMALL)]:
        tags = model[repository] = {}
        for number in range(share):
            if number % TAGS_PER_MANIFEST == 0:
                document = images.json.loads(base.manifest)
                document["annotations"] = {"number": f"{repository} {number}"}
                picture = images.Image(images.encode(document), base.media_type, base.blobs)
                write_manifest(root, repository, picture)
            tags[f"t{number:06}"] = picture
            write_tag(root, repository, f"t{number:06}", picture.digest)
    return model


# ---- clients


class Client(threading.Thread):
    """Pulls, pushes, moves and deletes tags of its own share of the big repository, until told to stop."""

    def __init__(self, number, port, model, stop):
        super().__init__()
        self.registry = Registry(port)
        self.registry.client.keep = True
        self.choose = random.Random(number)
        self.number = number
        self.mine = {tag: picture for tag, picture in model[BIG].items()
                     if int(tag[1:]) // TAGS_PER_MANIFEST % CLIENTS == number}
        self.names = sorted(self.mine)
        self.gone = set()
        self.stop = stop
        self.error = None
        self.slowest = 0.0
        self.count = 0

    def run(self):
        try:
            while not self.stop.is_set():
                started = time.monotonic()
                self.choose.choices([self.pull, self.push, self.move, self.untag, self.delete], [8, 4, 3, 2, 1])[0]()
                self.slowest = max(self.slowest, time.monotonic() - started)
                self.count += 1
        except Exception as error:  # pylint: disable=broad-except  (raised again by the test)
            self.error = error
        finally:
            self.registry.client.close()

    def any(self):
        return self.choose.choice(self.names)

    def pull(self):
        tag = self.any()
        answer = expect(self.registry.request("GET", f"/v2/{BIG}/manifests/{tag}"), 200, 404)
        equal(answer.status, 200 if tag in self.mine else 404, f"status of {tag}")
        if tag in self.mine:
            equal(answer.body, self.mine[tag].manifest, f"manifest {tag}")

    def put(self, tag, picture):
        self.registry.push_manifest(BIG, tag, picture.manifest, picture.media_type)
        self.mine[tag] = picture
        self.gone.discard(tag)

    def push(self):
        picture = images.image(f"client {self.number} {self.count}", layers=1, layer_size=300)
        for data in picture.blobs.values():
            self.registry.push_blob(BIG, data)
        tag = f"new-{self.number}-{self.count}"
        self.names.append(tag)
        self.put(tag, picture)

    def move(self):
        sources = sorted(self.mine)
        if sources:
            self.put(self.any(), self.mine[self.choose.choice(sources)])

    def untag(self):
        tag = self.any()
        expect(self.registry.request("DELETE", f"/v2/{BIG}/manifests/{tag}"), 202 if tag in self.mine else 404)
        self.mine.pop(tag, None)
        self.gone.add(tag)

    def delete(self):
        tag = self.any()
        if tag in self.mine:
            digest = self.mine[tag].digest
            expect(self.registry.request("DELETE", f"/v2/{BIG}/manifests/{digest}"), 202)
            for each in [each for each, picture in self.mine.items() if picture.digest == digest]:
                del self.mine[each]
                self.gone.add(each)


def walk_tags(registry, repository):
    """All tags in pages; None while lists are refused."""
    found, target = [], f"/v2/{repository}/tags/list?n=997"
    while target:
        answer = expect(registry.request("GET", target), 200, 503)
        if answer.status == 503:
            equal(answer.codes(), ["UNAVAILABLE"], "code while the index is made")
            check(int(answer.get("Retry-After", "0")) > 0, "503 without Retry-After")
            return None
        found += answer.json()["tags"]
        link = answer.get("Link")
        target = http.Client.target(link[1:link.index(">")]) if link else None
    return found


def await_lists(registry, repository, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        tags = walk_tags(registry, repository)
        if tags is not None:
            return tags
        time.sleep(0.05)
    raise AssertionError(f"no list of {repository} within {seconds} s")


def compare(registry, model):
    for repository, tags in model.items():
        equal(walk_tags(registry, repository), sorted(tags), f"tags of {repository}")
    for tag, picture in random.Random(1).sample(sorted(model[BIG].items()), min(200, len(model[BIG]))):
        answer = expect(registry.request("GET", f"/v2/{BIG}/manifests/{tag}"), 200)
        equal(answer.body, picture.manifest, f"manifest {tag}")
    catalogue = expect(registry.request("GET", "/v2/_catalog"), 200).json()["repositories"]
    equal(catalogue, sorted(model), "catalogue")


# ---- tests


class Stopped(Daemon):
    """A daemon that does not run yet."""

    def __init__(self, context):
        super().__init__(context.registryd)

    def __enter__(self):
        return self


def build_under_load(context, count):
    with Stopped(context) as daemon:
        model = lay_out(daemon.root, count)
        started = time.monotonic()
        daemon.start()
        serving = time.monotonic() - started
        untouched = SMALL[0]
        registry, stop = Registry(daemon.port), threading.Event()
        clients = [Client(number, daemon.port, model, stop) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        try:
            equal(await_lists(registry, untouched, 1200), sorted(model[untouched]), f"first list of {untouched}")
            built = time.monotonic() - started
            time.sleep(1)  # some more writes to what is now in place
        finally:
            stop.set()
            for client in clients:
                client.join()
        for client in clients:
            if client.error:
                raise client.error
        model[BIG] = {tag: picture for client in clients for tag, picture in client.mine.items()}
        compare(registry, model)
        check(any(client.gone for client in clients), "no tag was deleted meanwhile")
        for client in clients:
            for tag in client.gone:
                expect(registry.request("HEAD", f"/v2/{BIG}/manifests/{tag}"), 404)
        operations = sum(client.count for client in clients)
        slowest = max(client.slowest for client in clients)
        return (f"served after {serving:.2f} s, listed after {built:.1f} s; {operations} operations meanwhile, "
                f"the slowest took {slowest:.2f} s")


def killed_build(context, count):
    with Stopped(context) as daemon:
        model = lay_out(daemon.root, count)
        picture = images.image("pushed during a build", layers=1)
        for number in range(5):
            daemon.start()
            registry = Registry(daemon.port)
            registry.push(BIG, picture, f"during-{number}")
            model[BIG][f"during-{number}"] = picture
            daemon.stop(signal.SIGKILL)
        daemon.start()
        registry = Registry(daemon.port)
        await_lists(registry, BIG, 600)
        compare(registry, model)


def offline(context, count):
    with Stopped(context) as daemon:
        model = lay_out(daemon.root, count)
        daemon.start()
        await_lists(Registry(daemon.port), BIG, 600)
        daemon.stop()
        picture = model[BIG]["t000000"]
        for number in range(50):
            write_tag(daemon.root, BIG, f"behind-{number}", picture.digest)
            model[BIG][f"behind-{number}"] = picture
        done = subprocess.run([daemon.binary, "--config", os.path.join(daemon.folder, "registryd.yaml"),
                               "--rebuild-index"], capture_output=True, text=True, timeout=600, check=False)
        equal(done.returncode, 0, f"exit code of --rebuild-index ({done.stderr[-500:]})")
        tags = sum(len(each) for each in model.values())
        check(f"tags={tags}" in done.stderr, f"no tags={tags} in {done.stderr[-500:]}")
        daemon.start()
        compare(Registry(daemon.port), model)


def reads_only(context):
    """A mirror's copy belongs to somebody else."""
    if os.geteuid() != 0:
        context.cannot("only root can leave the folder to somebody else")
    with Daemon(context.registryd) as daemon:
        Registry(daemon.port).push("a/b", images.image("mirrored"), "v1")
        daemon.stop()
        shutil.rmtree(os.path.join(daemon.root, "docker/registry-ha"))
        os.remove(os.path.join(daemon.folder, "index.sqlite"))
        program = shutil.copy(daemon.binary, daemon.folder)
        state = os.path.join(daemon.folder, "state")
        os.makedirs(state)
        shutil.chown(state, "nobody")
        os.chmod(daemon.folder, 0o755)
        settings = os.path.join(daemon.folder, "mirror.yaml")
        with open(settings, "w", encoding="utf-8") as file:
            file.write(f"storage: {{driver: filesystem, filesystem: {{root: {daemon.root}}}}}\n"
                       f"index: {{path: {state}/index.sqlite}}\ncontrol: {{socket: \"\"}}\n")
        done = subprocess.run(["runuser", "-u", "nobody", "--", program, "--config", settings, "--rebuild-index"],
                              capture_output=True, text=True, timeout=60, check=False)
        equal(done.returncode, 0, f"exit code of --rebuild-index ({done.stderr[-500:]})")
        check("tags=1" in done.stderr, f"no tags=1 in {done.stderr[-500:]}")
        check(not os.path.exists(os.path.join(daemon.root, "docker/registry-ha")), "the copy was written to")


def small(context):
    """Clients list at once after a start, without an index and with one, on an empty storage and on a small one."""
    with Daemon(context.registryd) as daemon:
        expect(Registry(daemon.port).request("GET", "/v2/_catalog"), 200)
        Registry(daemon.port).push("a/b", images.image("small"), "v1")
        for _ in range(5):
            daemon.restart(signal.SIGKILL)
            equal(expect(Registry(daemon.port).request("GET", "/v2/a/b/tags/list"), 200).json()["tags"], ["v1"], "tags")
            daemon.lose_index()
            equal(expect(Registry(daemon.port).request("GET", "/v2/_catalog"), 200).json()["repositories"], ["a/b"],
                  "catalogue")


def later_index(context, count):
    """What a downgrade finds: another number, and tables we know nothing of. Then the upgrade that follows one day."""
    with Daemon(context.registryd) as daemon:
        model = lay_out(daemon.root, count)
        daemon.lose_index()
        await_lists(Registry(daemon.port), BIG, 600)
        daemon.stop()
        path = os.path.join(daemon.folder, "index.sqlite")
        with sqlite3.connect(path) as database:
            schema = database.execute("PRAGMA user_version").fetchone()[0]
            database.execute("ALTER TABLE tag RENAME TO label")
            database.execute("DROP TABLE tag_event")
            database.execute(f"PRAGMA user_version = {schema + 1}")
        database.close()
        with open(path, "rb") as file:
            later = file.read()
        daemon.start()
        pulls = [(repository, tag, tags[tag]) for repository, tags in model.items() for tag in list(tags)[:2]]
        for repository, tag, picture in pulls:
            Registry(daemon.port).pull(repository, picture, tag)
        await_lists(Registry(daemon.port), BIG, 600)
        compare(Registry(daemon.port), model)
        check("it is left as it is" in daemon.log(), "the log does not say what became of the index")
        pushed = images.image("pushed-meanwhile", layers=1)
        Registry(daemon.port).push("rebuild/small", pushed, "meanwhile")
        model["rebuild/small"]["meanwhile"] = pushed
        builds = daemon.log().count("event=index_built")
        daemon.restart(signal.SIGKILL)
        await_lists(Registry(daemon.port), BIG, 600)
        compare(Registry(daemon.port), model)
        equal(daemon.log().count("event=index_built"), builds, "builds of the index after a restart")
        with open(path, "rb") as file:
            check(file.read() == later, "the index of the later version was written to")
