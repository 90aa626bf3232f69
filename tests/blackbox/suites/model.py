"""Random pushes, re-tags, deletes and mounts by several clients at once, with restarts, kill -9 and losses of the index
between, against a model.

Each client writes to repositories of its own, so that what must be there in the end is known exactly; blobs and images
are shared by all, and mounts and deletes cross. One repository is contended by all. The seed is printed; --seed repeats
a run (each client's choices; not the order in which the clients' requests meet).
"""

import random
import signal
import threading
import time

from lib import http, images
from lib.daemon import Daemon
from lib.testing import Registry, check, equal, expect

NAMES = ["m", "m/a", "ma", "m-a", "m/a/b", "m/a-b", "m/a.b", "m/ab", "m/a/b/c", "m/a_b", "m0", "m/manifests",
         "m/blobs/uploads", "m/tags/list", "m/a/b-c", "m/a__b"]
TAGS = ["a", "A", "a-b", "a.b", "a_b", "ab", "_", "0", "00", "latest", "v1", "v1.0", "v10", "v2", "sha256-x", "list"]
CONTENDED = "n/contended"
CLIENTS = 4
QUICK_SECONDS, SLOW_SECONDS = 45, 600
STEPS_PER_ROUND = 60


def tests(context):
    yield f"random operations against a model, seed {context.seed}", lambda: run_model(context)


class Repository:
    """What one repository must hold."""

    def __init__(self, name):
        self.name = name
        self.blobs = {}
        self.gone_blobs = set()
        self.manifests = {}  # digest (sha256 or sha512): picture
        self.gone_manifests = set()
        self.tags = {}  # tag: digest
        self.history = {}  # tag: digests it had in turn, None for a deletion

    def put_tag(self, tag, digest):
        if self.tags.get(tag) != digest:
            self.history.setdefault(tag, []).append(digest)
        self.tags[tag] = digest

    def drop_tag(self, tag):
        del self.tags[tag]
        self.history[tag].append(None)

    def put_manifest(self, digest, picture):
        self.manifests[digest] = picture
        self.gone_manifests.discard(digest)

    def put_blob(self, name, data):
        self.blobs[name] = data
        self.gone_blobs.discard(name)

    def used_blobs(self):
        return {name for picture in self.manifests.values() for name in picture.blobs}


def make_pictures():
    plain = [images.image(f"model-{number}", layers=1 + number % 2, layer_size=500, docker=number % 3 == 0)
             for number in range(8)]
    same_layer = images.image("model-0", layers=1, layer_size=500, docker=True, annotations={"again": "yes"})
    indexes = [images.index(plain[1:3]), images.index([plain[4]], annotations={"org.example": "x"})]
    referrers = [images.artifact(f"model-{number}", f"application/x-{number % 2}", plain[number % 3].descriptor())
                 for number in range(7)]
    referrers.append(images.index([plain[5]], subject=plain[0].descriptor()))
    return [*plain, same_layer, *indexes, *referrers]


class Writer(threading.Thread):
    """One client: changes its repositories and the model of them in step."""

    def __init__(self, number, port, repositories, pictures, others, choose):
        super().__init__()
        self.number = number
        self.registry = Registry(port)
        self.registry.client.keep = True
        self.repositories = repositories
        self.pictures = pictures
        self.others = others
        self.choose = choose
        self.contended = {}
        self.error = None
        self.log = []

    def run(self):
        try:
            for _ in range(STEPS_PER_ROUND):
                self.step()
        except Exception as error:  # pylint: disable=broad-except  (raised again by the test)
            self.error = error
        finally:
            self.registry.client.close()

    def step(self):
        repository = self.choose.choice(self.repositories)
        actions = [(self.push, 6), (self.push_tags, 2), (self.retag, 4), (self.retag_if, 2), (self.delete_tag, 3),
                   (self.delete_manifest, 2), (self.push_blob, 3), (self.delete_blob, 2), (self.mount, 3),
                   (self.mount_anonymously, 1), (self.abandon, 1), (self.pull, 3), (self.contend, 3)]
        action = self.choose.choices([each for each, _ in actions], [weight for _, weight in actions])[0]
        self.log.append(f"{action.__name__} {repository.name}")
        action(repository)

    def put_manifest(self, repository, picture, reference):
        self.registry.push_manifest(repository.name, reference, picture.manifest, picture.media_type)
        repository.put_manifest(picture.digest, picture)
        if reference != picture.digest:
            repository.put_tag(reference, picture.digest)

    def push_blobs(self, repository):
        picture = self.choose.choice(self.pictures)
        for name, data in picture.blobs.items():
            if name not in repository.blobs or self.choose.random() < 0.2:
                self.registry.push_blob(repository.name, data)
                repository.put_blob(name, data)
        return picture

    def push(self, repository):
        picture = self.push_blobs(repository)
        self.put_manifest(repository, picture, self.choose.choice([*TAGS, picture.digest]))

    def push_tags(self, repository):
        """By digest, of either algorithm, with several tags at once."""
        picture = self.push_blobs(repository)
        digest = images.digest(picture.manifest, self.choose.choice(["sha256", "sha512"]))
        tags = self.choose.sample(TAGS, self.choose.randrange(4))
        target = http.with_query(f"/v2/{repository.name}/manifests/{digest}", [("tag", tag) for tag in tags])
        answer = expect(self.registry.request("PUT", target, {"Content-Type": picture.media_type}, picture.manifest), 201)
        equal(sorted(answer.get_all("OCI-Tag")), sorted(tags), "OCI-Tag")
        repository.put_manifest(digest, picture)
        for tag in tags:
            repository.put_tag(tag, digest)

    def retag(self, repository):
        if repository.manifests:
            self.put_manifest(repository, self.choose.choice(list(repository.manifests.values())), self.choose.choice(TAGS))

    def retag_if(self, repository):
        """Moves a tag if it is where a condition says, or makes it if there is none."""
        if not repository.manifests:
            return
        picture, tag = self.choose.choice(list(repository.manifests.values())), self.choose.choice(TAGS)
        condition, holds = self.choose.choice(
            [({"If-None-Match": "*"}, tag not in repository.tags),
             ({"If-Match": f'"{repository.tags.get(tag, picture.digest)}"'}, tag in repository.tags),
             ({"If-Match": '"sha256:' + "0" * 64 + '"'}, False)])
        expect(self.registry.request("PUT", f"/v2/{repository.name}/manifests/{tag}",
                                     {"Content-Type": picture.media_type, **condition}, picture.manifest),
               201 if holds else 412)
        if holds:
            repository.put_manifest(picture.digest, picture)
            repository.put_tag(tag, picture.digest)

    def delete_tag(self, repository):
        tag = self.choose.choice(TAGS)
        known = tag in repository.tags
        expect(self.registry.request("DELETE", f"/v2/{repository.name}/manifests/{tag}"), 202 if known else 404)
        if known:
            repository.drop_tag(tag)

    def delete_manifest(self, repository):
        if not repository.manifests:
            return
        digest = self.choose.choice(list(repository.manifests))
        expect(self.registry.request("DELETE", f"/v2/{repository.name}/manifests/{digest}"), 202)
        del repository.manifests[digest]
        repository.gone_manifests.add(digest)
        for tag in [tag for tag, target in repository.tags.items() if target == digest]:
            repository.drop_tag(tag)

    def push_blob(self, repository):
        data = images.pattern(self.choose.randrange(12), self.choose.choice([0, 1, 1000, 70000]))
        repository.put_blob(self.registry.push_blob(repository.name, data), data)

    def delete_blob(self, repository):
        free = sorted(set(repository.blobs) - repository.used_blobs())
        if free:
            name = self.choose.choice(free)
            expect(self.registry.request("DELETE", f"/v2/{repository.name}/blobs/{name}"), 202)
            del repository.blobs[name]
            repository.gone_blobs.add(name)

    def mount(self, repository):
        """From a repository of ours it must succeed; from another client's it may."""
        source = self.choose.choice(self.repositories + self.others)
        blobs = list(source.blobs.items())
        if not blobs:
            return
        name, data = self.choose.choice(blobs)
        answer = expect(self.registry.request(
            "POST", f"/v2/{repository.name}/blobs/uploads/?mount={name}&from={source.name}"), 201, 202)
        if answer.status == 201:
            repository.put_blob(name, data)
        else:
            check(source in self.others, f"mount of {name} from {source.name} to {repository.name} was refused")
            expect(self.registry.request("DELETE", answer.get("Location")), 204)

    def mount_anonymously(self, repository):
        """Of our own blobs one that is in an image is found for sure."""
        names = [(name, source.blobs[name]) for source in self.repositories for name in source.used_blobs()]
        if not names:
            return
        name, data = self.choose.choice(sorted(names))
        expect(self.registry.request("POST", f"/v2/{repository.name}/blobs/uploads/?mount={name}"), 201)
        repository.put_blob(name, data)

    def abandon(self, repository):
        answer = expect(self.registry.request("POST", f"/v2/{repository.name}/blobs/uploads/"), 202)
        expect(self.registry.request("PATCH", answer.get("Location"), None, b"never finished"), 202)

    def pull(self, repository):
        for tag in self.choose.sample(TAGS, 3):
            check_tag(self.registry, repository, tag)

    def contend(self, _):
        """All push the same two images under the same tags and under one of their own."""
        picture = self.choose.choice(self.pictures[:2])
        own = f"own-{self.number}"
        for tag in ("same", own):
            self.registry.push(CONTENDED, picture, tag)
            self.contended[tag] = picture


def check_tag(registry, repository, tag):
    answer = expect(registry.request("GET", f"/v2/{repository.name}/manifests/{tag}"), 200, 404)
    digest = repository.tags.get(tag)
    equal(answer.status, 200 if digest else 404, f"status of {repository.name}:{tag}")
    if digest:
        picture = repository.manifests[digest]
        equal(answer.get("Docker-Content-Digest"), digest, f"digest of {repository.name}:{tag}")
        equal(answer.body, picture.manifest, f"manifest {repository.name}:{tag}")
        equal(answer.get("Content-Type"), picture.media_type, f"type of {repository.name}:{tag}")


# ---- comparing


def compare(registry, repositories, touched, subjects):
    for repository in repositories:
        if repository.name in touched:
            compare_repository(registry, repository)
            compare_referrers(registry, repository, subjects)
    compare_catalogue(registry, repositories, touched)


def compare_repository(registry, repository):
    name = repository.name
    for tag in TAGS:
        check_tag(registry, repository, tag)
    for digest, picture in repository.manifests.items():
        equal(expect(registry.request("GET", f"/v2/{name}/manifests/{digest}"), 200).body, picture.manifest, digest)
    for digest in repository.gone_manifests:
        expect(registry.request("GET", f"/v2/{name}/manifests/{digest}"), 404)
    for blob, data in repository.blobs.items():
        equal(registry.pull_blob(name, blob), data, f"blob {blob}")
    for blob in repository.gone_blobs:
        expect(registry.request("HEAD", f"/v2/{name}/blobs/{blob}"), 404)
    if repository.manifests:
        for size in [None, *range(1, len(repository.tags) + 2)]:
            listed = walk(registry, f"/v2/{name}/tags/list", "tags", size)
            equal(listed, sorted(repository.tags), f"tags of {name}, n={size}")
    else:
        equal(registry.tags(name), [], f"tags of {name}")
    for tag, events in repository.history.items():
        compare_history(registry, name, tag, events)


def walk(registry, target, member, size):
    found, target = [], target + (f"?n={size}" if size else "")
    while target:
        answer = expect(registry.request("GET", target), 200)
        found += answer.json()[member]
        link = answer.get("Link")
        target = http.Client.target(link[1:link.index(">")]) if link else None
        check(size is None or len(answer.json()[member]) <= size, f"a page of {answer.json()} for n={size}")
    return found


def compare_referrers(registry, repository, subjects):
    """Of every subject there is, also of those whose referrers are gone or never came: whole, in pages, by type."""
    referrers = {subject: {} for subject in subjects}
    for digest, picture in repository.manifests.items():
        document = images.json.loads(picture.manifest)
        if "subject" in document:
            kind = document.get("artifactType") or document.get("config", {}).get("mediaType")
            referrers[document["subject"]["digest"]][digest] = kind
    for subject, wanted in referrers.items():
        target = f"/v2/{repository.name}/referrers/{subject}"
        for size in [None, *range(1, len(wanted) + 2)]:
            found = [(each["digest"], each.get("artifactType")) for each in walk(registry, target, "manifests", size)]
            equal(found, sorted(wanted.items()), f"referrers of {subject} in {repository.name}, n={size}")
        for kind in ("application/x-0", "application/x-1", "application/none"):
            found = [each["digest"] for each in walk(registry, f"{target}?artifactType={kind}", "manifests", None)]
            equal(found, sorted(digest for digest, each in wanted.items() if each == kind), f"{kind} of {subject}")


def compare_history(registry, name, tag, events):
    """The registry answers newest first; a deletion bears the digest that the tag had."""
    found = []
    for entry in walk(registry, f"/v2/{name}/_oci/tag-history/{tag}", "manifests", 5):
        deleted = entry["annotations"]["org.opencontainers.distribution.tag.event"] == "deleted"
        found.append(None if deleted else entry["digest"])
    equal(found, events[::-1], f"history of {name}:{tag}, newest first")


def compare_catalogue(registry, repositories, touched):
    listed = walk(registry, "/v2/_catalog", "repositories", None)
    equal(listed, sorted(listed), "order of the catalogue")
    must = {repository.name for repository in repositories if repository.manifests}
    may = set(touched) | {CONTENDED}
    check(must <= set(listed) <= may, f"catalogue {listed}: must have {sorted(must)}, may have {sorted(may)}")
    for size in range(1, len(listed) + 2):
        equal(walk(registry, "/v2/_catalog", "repositories", size), listed, f"catalogue, n={size}")


def compare_contended(registry, contended):
    if not contended:
        return
    equal(registry.tags(CONTENDED), sorted(contended), f"tags of {CONTENDED}")
    for tag, allowed in contended.items():
        answer = expect(registry.request("GET", f"/v2/{CONTENDED}/manifests/{tag}"), 200)
        check(answer.body in [picture.manifest for picture in allowed], f"{CONTENDED}:{tag} is none of those pushed")


# ---- running


def run_model(context):
    choose = random.Random(context.seed)
    pictures = make_pictures()
    subjects = {images.json.loads(each.manifest).get("subject", {}).get("digest") for each in pictures} - {None}
    subjects.add(pictures[-1].digest)
    repositories = [Repository(name) for name in NAMES]
    choices = [random.Random(choose.random()) for _ in range(CLIENTS)]
    touched, contended, steps, rounds = set(), {}, 0, 0
    deadline = time.monotonic() + (SLOW_SECONDS if context.slow else QUICK_SECONDS)
    with Daemon(context.registryd) as daemon:
        while time.monotonic() < deadline:
            writers = [Writer(number, daemon.port, repositories[number::CLIENTS], pictures,
                              [each for each in repositories if each not in repositories[number::CLIENTS]], choices[number])
                       for number in range(CLIENTS)]
            for writer in writers:
                writer.start()
            for writer in writers:
                writer.join()
            note(writers, touched, contended)
            steps += sum(len(writer.log) for writer in writers)
            rounds += 1
            registry = Registry(daemon.port)
            compare(registry, repositories, touched, subjects)
            compare_contended(registry, contended)
            number = signal.SIGKILL if rounds % 2 else signal.SIGTERM
            if rounds % 3 == 0:
                daemon.lose_index(number)
            else:
                daemon.restart(number)
            registry.await_lists()  # a busy machine may need longer for an index than lists wait for it
            compare(registry, repositories, touched, subjects)
            compare_contended(registry, contended)
    return (f"{steps} operations by {CLIENTS} clients, {rounds} restarts, {rounds // 3} of them without the index, each "
            "with all compared before and after")


def note(writers, touched, contended):
    for writer in writers:
        if writer.error:
            raise AssertionError(f"{writer.error}\n  last operations: {writer.log[-5:]}") from writer.error
        touched.update(each.name for each in writer.repositories if each.blobs or each.manifests or each.gone_blobs)
        touched.update(line.split()[1] for line in writer.log if line.startswith(("abandon", "push", "mount")))
        for tag, picture in writer.contended.items():
            contended[tag] = (contended.get(tag, []) if tag == "same" else []) + [picture]
