"""The soak: clients that push, pull and delete for a long time, each in a repository of its own whose state it knows."""
import multiprocessing
import os
import random
import time

import watch
from lib import http, images, testing
from lib.daemon import Daemon

CLIENTS = 4
TAGS = 12
KEPT_IMAGES = 24
LAYER_SETS = 64
LAYER_SIZES = [1, 300, 4096, 60_000, 300_000, 3_000_000]
WARM_UP = 0.25  # share of the time in which memory may still grow
GROWTH_MIB = 12


class Client:
    """One client: what it believes is in its repository, and the steps it takes."""

    def __init__(self, port, number, seed):
        self.port, self.repository = port, f"soak/client-{number}"
        self.random = random.Random(f"{seed} {number}")
        self.registry = testing.Registry(port, timeout=60)
        self.registry.client.keep = True
        self.images, self.tags = {}, {}  # digest -> image, tag -> digest
        self.made, self.requests, self.pulled = 0, 0, 0
        self.steps = [self.push] * 3 + [self.pull_tag] * 6 + [self.pull_digest] * 4 + [self.part] * 2 + [
            self.list_tags, self.delete_tag, self.delete_image, self.absent, self.hang_up]

    def step(self):
        self.requests += 1
        self.random.choice(self.steps)()

    def push(self):
        if len(self.images) >= KEPT_IMAGES:
            self.delete_image()
        self.made += 1
        # Every manifest is a new one; layers come back, or the disk would fill.
        slot = self.random.randrange(LAYER_SETS)
        picture = images.image(f"{self.repository} {slot}", layers=1 + slot % 3,
                               layer_size=LAYER_SIZES[slot % len(LAYER_SIZES)], annotations={"number": str(self.made)})
        tag = f"t{self.random.randrange(TAGS)}"
        self.registry.push(self.repository, picture, tag)
        self.images[picture.digest], self.tags[tag] = picture, picture.digest

    def pull_tag(self):
        if self.tags:
            tag = self.random.choice(sorted(self.tags))
            self.pull(self.images[self.tags[tag]], tag)

    def pull_digest(self):
        if self.images:
            self.pull(self.images[self.random.choice(sorted(self.images))], None)

    def pull(self, picture, reference):
        self.registry.pull(self.repository, picture, reference)
        self.pulled += len(picture.manifest) + sum(map(len, picture.blobs.values()))

    def part(self):
        if not self.images:
            return
        picture = self.images[self.random.choice(sorted(self.images))]
        name, data = self.random.choice(sorted(picture.blobs.items()))
        first = self.random.randrange(len(data))
        last = self.random.randrange(first, len(data))
        answer = testing.expect(self.registry.request("GET", f"/v2/{self.repository}/blobs/{name}",
                                                      {"Range": f"bytes={first}-{last}"}), 206)
        testing.check(answer.body == data[first:last + 1], f"bytes {first}-{last} of {name} are others")

    def list_tags(self):
        testing.equal(self.registry.tags(self.repository) or [], sorted(self.tags), f"tags of {self.repository}")

    def delete_tag(self):
        if self.tags:
            tag = self.random.choice(sorted(self.tags))
            testing.expect(self.registry.request("DELETE", f"/v2/{self.repository}/manifests/{tag}"), 202)
            del self.tags[tag]

    def delete_image(self):
        if not self.images:
            return
        gone = self.random.choice(sorted(self.images))
        testing.expect(self.registry.request("DELETE", f"/v2/{self.repository}/manifests/{gone}"), 202)
        del self.images[gone]
        self.tags = {tag: digest for tag, digest in self.tags.items() if digest != gone}
        for reference in [gone, *(set(f"t{i}" for i in range(TAGS)) - set(self.tags))]:
            testing.expect(self.registry.request("GET", f"/v2/{self.repository}/manifests/{reference}"), 404)

    def absent(self):
        missing = images.digest(os.urandom(8))
        testing.expect(self.registry.request("GET", f"/v2/{self.repository}/blobs/{missing}"), 404)

    def hang_up(self):
        """An upload that breaks off; a new connection afterwards."""
        start = testing.expect(self.registry.request("POST", f"/v2/{self.repository}/blobs/uploads/"), 202)
        with http.RawConnection(self.port) as raw:
            raw.send(f"PATCH {http.Client.target(start.get('Location'))} HTTP/1.1\r\nHost: a\r\n"
                     f"Content-Length: 100000\r\n\r\n".encode() + bytes(self.random.randrange(50000)))
        self.registry.client.close()


def _run(port, number, options, pipe):
    client, failure = Client(port, number, options.seed), ""
    end = time.monotonic() + options.seconds
    try:
        while time.monotonic() < end:
            client.step()
    except (AssertionError, *http.BROKEN) as error:
        failure = f"client {number}, step {client.requests}: {error!r}"
    client.registry.client.close()
    pipe.send((client.requests, client.pulled, failure))


def growth(samples, column, seconds):
    """What the last third of the time holds more than the second part of the warm-up, by medians."""
    def median(first, last):
        values = sorted(sample[column] for sample in samples if first * seconds <= sample[0] <= last * seconds)
        return values[len(values) // 2] if values else 0
    return median(0.7, 1.0) - median(WARM_UP / 2, WARM_UP)


def wait_for(condition, seconds):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)


def run(options):
    with Daemon(options.registryd, extra_config="log:\n  access: false\n") as daemon:
        before = watch.descriptors(daemon.pid)
        pipes, processes = [], []
        with watch.Watch(daemon.pid) as seen:
            for number in range(CLIENTS):
                ours, theirs = multiprocessing.Pipe()
                pipes.append(ours)
                processes.append(multiprocessing.Process(target=_run, args=(daemon.port, number, options, theirs),
                                                         daemon=True))
                processes[-1].start()
            results = [pipe.recv() for pipe in pipes]
            for process in processes:
                process.join()
        alive = daemon.alive()
        # Readers of the index, once opened, stay: what is left beyond them must not depend on the requests made.
        wait_for(lambda: watch.descriptors(daemon.pid) <= before + 24, 10)
        after = watch.descriptors(daemon.pid)
        errors = [line for line in daemon.log().splitlines() if "level=error" in line]
    failures = [failure for _, _, failure in results if failure]
    for text in failures + errors[:5]:
        print(text)
    more = growth(seen.samples, 1, options.seconds)
    return [
        (alive and not failures, f"{sum(result[0] for result in results):,} steps of {CLIENTS} clients in "
         f"{options.seconds} s, {sum(result[1] for result in results) / 1e6:,.0f} MB pulled and compared, "
         f"{len(failures)} failures"),
        (not errors, f"{len(errors)} errors in the log"),
        # A sanitizer keeps what was freed; what is never freed it reports by itself.
        (more <= GROWTH_MIB or options.build is not None, f"resident memory grew by {more:.1f} MiB after the warm-up, to at most {seen.most(1):.1f} MiB"),
        (after <= before + 24, f"descriptors: {before} before, at most {seen.most(3)}, {after} after"),
    ]
