"""docker-registryctl fsck on real storage: damage done by hand on disk is found, repaired or healed by the next push;
what is sound gives no finding, however busy the registry is; a check goes on after Ctrl-C and after a restart."""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import threading
import time

from lib import images
from lib.daemon import Daemon
from lib.testing import Registry, check, equal, expect

LAYOUT = "docker/registry/v2"
TREES = ("docker/registry/v2", "docker/registry-ha")
PASSIVE = """
rules: [{namespace: "", pull: anonymous, push: []}]
mode: {role: passive, active_url: "https://registry.example.org"}
"""


def tests(context):
    for function in (clean, every_damage_is_found_and_nothing_changed, repair_writes_what_follows,
                     an_image_is_whole_again_after_delete_and_push, the_empty_file_of_2025, wrong_bytes,
                     only_one_at_a_time, ctrl_c_and_resume, restart_and_resume, repairs_are_audited,
                     a_passive_registry_only_checks, wrong_use, no_daemon):
        yield function.__name__.replace("_", " "), lambda function=function: function(context)
    yield "no false finding under pushes, moves and deletes", lambda: busy(context)


# ---- helpers


class Site:
    """A daemon with a control socket, and docker-registryctl beside it."""

    def __init__(self, context, **options):
        self.program = os.path.join(os.path.dirname(os.path.abspath(context.registryd)), "docker-registryctl")
        self.daemon = Daemon(context.registryd, control=True, **options)

    def __enter__(self):
        self.daemon.__enter__()
        return self

    def __exit__(self, *details):
        self.daemon.__exit__(*details)

    @property
    def registry(self):
        return Registry(self.daemon.port)

    def command(self, *words):
        return [self.program, "--socket", self.daemon.control, *words]

    def run(self, *words):
        return subprocess.run(self.command(*words), capture_output=True, text=True, timeout=120, check=False)

    def fsck(self, *words, code=None):
        """What a check finds as {(kind, where): outcome}; the exit code is compared."""
        done = self.run("fsck", "--json", *words)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        check(lines and "summary" in lines[-1], f"no summary: {done.stdout[-500:]} {done.stderr[-500:]}")
        found = {(line["kind"], where(line)): line["outcome"] for line in lines[:-1]}
        equal(sum(each["findings"] for each in lines[-1]["summary"]["counts"]), len(found), "findings by the summary")
        damage = [line for line in lines[:-1] if line["weight"] == "damage" and line["outcome"] == "left"]
        equal(lines[-1]["summary"]["damage_left"], len(damage), "damage left by the summary")
        equal(done.returncode, (2 if damage else 0) if code is None else code, f"exit code ({found} {done.stderr})")
        return found

    def path(self, *parts):
        return os.path.join(self.daemon.root, LAYOUT, *parts)

    def blob(self, digest):
        return self.path("blobs/sha256", digest[7:9], digest[7:], "data")

    def link(self, repository, kind, digest):
        return self.path("repositories", repository, kind, "sha256", digest[7:], "link")

    def tag(self, repository, tag, name="current/link"):
        return self.path("repositories", repository, "_manifests/tags", tag, name)


def where(finding):
    return finding.get("repository", "") + (":" + finding["tag"] if "tag" in finding else "") or finding.get("digest")


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def snapshot(site):
    found = {}
    for tree in TREES:
        for folder, _, files in os.walk(os.path.join(site.daemon.root, tree)):
            for name in files:
                with open(os.path.join(folder, name), "rb") as file:
                    found[os.path.join(folder, name)] = file.read()
    return found


def fill(site, count=3):
    """Repositories a0, a1 … with an image tagged v1 each."""
    pictures = {}
    for number in range(count):
        picture = pictures[f"a{number}"] = images.image(f"fsck {number}")
        site.registry.push(f"a{number}", picture, "v1")
    return pictures


def layer_of(picture):
    return json.loads(picture.manifest)["layers"][0]["digest"]


# ---- tests


def clean(context):
    with Site(context) as site:
        fill(site)
        site.registry.push("lists/one", images.index([images.image("x"), images.image("y")]), "v1")
        site.registry.push("a0", images.image("fsck 0, moved"), "v1")
        expect(site.registry.request("DELETE", "/v2/a1/manifests/v1"), 202)
        before = snapshot(site)
        for words in ([], ["--read-all"], ["--repair", "--delete", "--read-all"]):
            equal(site.fsck(*words), {}, f"findings of fsck {words}")
        equal(snapshot(site), before, "the storage")
        done = site.run("fsck")
        equal(done.returncode, 0, "exit code")
        check("looked at 4 repositories" in done.stdout and "no damage is left" in done.stdout, done.stdout)


def damage_all(site):
    """Each of these does not touch the others; gives what is to be found without and with --repair, and with both."""
    def at(name):
        site.registry.push(name, images.image(f"damage of {name}"), "v1")
        return images.image(f"damage of {name}")

    write(site.tag("tag", "v1") if at("tag") else "", b"rubbish")
    os.remove(site.link("revision", "_manifests/revisions", at("revision").digest))
    os.remove(site.blob(at("manifest").digest))
    os.remove(site.link("layer", "_layers", layer_of(at("layer"))))
    os.remove(site.blob(layer_of(at("data"))))
    write(site.link("link", "_layers", layer_of(at("link"))), b"")
    os.remove(site.tag("past", "v1", f"index/sha256/{at('past').digest[7:]}/link"))
    return {("bad_tag_link", "tag:v1"): "repaired", ("dangling_tag", "revision:v1"): "repaired",
            ("lost_manifest", "manifest"): "left", ("unlinked_blob", "layer"): "repaired",
            ("dangling_layer", "data"): "left", ("incomplete_manifest", "data"): "left",
            ("bad_layer_link", "link"): "repaired", ("unindexed_tag", "past:v1"): "repaired"}


def every_damage_is_found_and_nothing_changed(context):
    with Site(context) as site:
        expected = damage_all(site)
        before = snapshot(site)
        equal(site.fsck(), dict.fromkeys(expected, "left"), "findings")
        equal(snapshot(site), before, "the storage")
        text = site.run("fsck")
        equal(text.returncode, 2, "exit code")
        for kind, place in expected:
            check(f"{kind} {place}" in text.stdout, f"no {kind} {place} in {text.stdout}")
        equal(site.fsck("--repository", "tag", "--repository=past"),
              {("bad_tag_link", "tag:v1"): "left", ("unindexed_tag", "past:v1"): "left"}, "findings of two repositories")


def repair_writes_what_follows(context):
    with Site(context) as site:
        expected = damage_all(site)
        before = snapshot(site)
        equal(site.fsck("--repair"), expected, "findings")
        after = snapshot(site)
        check(all(name in after for name in before), "something was deleted without --delete")
        equal(site.fsck(), {key: "left" for key, outcome in expected.items() if outcome == "left"}, "what is left")
        for name in ("tag", "revision", "layer", "link", "past"):
            site.registry.pull(name, images.image(f"damage of {name}"), "v1")
            equal(site.registry.tags(name), ["v1"], f"tags of {name}")


def an_image_is_whole_again_after_delete_and_push(context):
    with Site(context) as site:
        damage_all(site)
        found = site.fsck("--repair", "--delete")
        equal({key for key, outcome in found.items() if outcome == "left"}, {("incomplete_manifest", "data")}, "left")
        for name in ("manifest", "data"):
            site.registry.push(name, images.image(f"damage of {name}"), "v1")
            site.registry.pull(name, images.image(f"damage of {name}"), "v1")
        equal(site.fsck("--read-all"), {}, "findings after the push")


def the_empty_file_of_2025(context):
    """A full disk left an empty file where a layer was."""
    with Site(context) as site:
        picture = fill(site, 1)["a0"]
        layer = layer_of(picture)
        write(site.blob(layer), b"")
        expect(site.registry.request("HEAD", f"/v2/a0/blobs/{layer}"), 404)
        equal(site.fsck(), {("empty_blob", layer): "left", ("incomplete_manifest", "a0"): "left"}, "findings")
        equal(site.fsck("--repair", "--delete"), {("empty_blob", layer): "deleted", ("dangling_layer", "a0"): "deleted",
                                                  ("incomplete_manifest", "a0"): "left"}, "findings with --delete")
        check(not os.path.exists(site.blob(layer)), "the empty file is still there")
        site.registry.push("a0", picture, "v1")
        site.registry.pull("a0", picture, "v1")
        equal(site.fsck("--read-all"), {}, "findings after the push")


def wrong_bytes(context):
    """Bytes that rotted, in a small blob that is in memory, in two repositories: the next push brings the right ones."""
    with Site(context) as site:
        picture = images.image("rot")
        for name in ("a0", "a1"):
            site.registry.push(name, picture, "v1")
        site.registry.pull("a1", picture, "v1")
        layer = layer_of(picture)
        good = picture.blobs[layer]
        write(site.blob(layer), bytes(len(good)))
        equal(site.fsck(), {}, "findings by sizes")
        found = site.fsck("--read-all", "--repair", "--delete")
        equal(found, {("wrong_digest", layer): "deleted", ("dangling_layer", "a0"): "deleted",
                      ("dangling_layer", "a1"): "deleted", ("incomplete_manifest", "a0"): "left",
                      ("incomplete_manifest", "a1"): "left"}, "findings")
        for name in ("a0", "a1"):
            expect(site.registry.request("HEAD", f"/v2/{name}/blobs/{layer}"), 404)
            site.registry.push(name, picture, "v1")
            site.registry.pull(name, picture, "v1")
        equal(site.fsck("--read-all"), {}, "findings after the push")


@contextlib.contextmanager
def slow_check(site):
    """A check that takes some 6 s, with a process that follows it."""
    site.registry.push_blob("slow", images.pattern("slow", 6 * 1024 * 1024))
    process = subprocess.Popen(site.command("fsck", "--json", "--read-all", "--rate", "1"), stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 20
        while not state(site)["progress"]["bytes_read"]:
            check(time.monotonic() < deadline, f"the check does not read: {state(site)}")
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.communicate()


def state(site):
    answer = json.loads(site.run("fsck", "--status", "--json").stdout)
    return {"progress": {"bytes_read": 0}, **answer}


def only_one_at_a_time(context):
    with Site(context) as site:
        done = site.run("fsck", "--status")
        equal((done.returncode, done.stdout), (0, "there was no check\n"), "status before the first check")
        with slow_check(site) as process:
            done = site.run("fsck")
            equal(done.returncode, 1, "exit code of a second check")
            check("a check is running already" in done.stderr, done.stderr)
            equal(state(site)["state"], "running", "state")
            equal(site.run("fsck", "--cancel").returncode, 0, "exit code of --cancel")
            _, error = process.communicate(timeout=20)
            equal(process.returncode, 1, "exit code of the cancelled check")
            check("--resume" in error, error)
        equal(site.run("fsck", "--cancel").returncode, 1, "exit code of --cancel without a check")


def interrupted(context, how):
    with Site(context) as site:
        fill(site)
        os.remove(site.link("a1", "_manifests/revisions", images.image("fsck 1").digest))
        with slow_check(site) as process:
            how(site, process)
            _, error = process.communicate(timeout=30)
            equal(process.returncode, 1, f"exit code ({error})")
            check("--resume" in error or "--status" in error, error)
        equal(state(site)["state"], "stopped", "state")
        equal(site.fsck("--resume"), {("dangling_tag", "a1:v1"): "left"}, "findings in all")
        done = site.run("fsck", "--resume")
        equal(done.returncode, 1, "exit code of --resume after the end")
        check("no check that was stopped" in done.stderr, done.stderr)


def ctrl_c_and_resume(context):
    interrupted(context, lambda site, process: process.send_signal(signal.SIGINT))


def restart_and_resume(context):
    interrupted(context, lambda site, process: site.daemon.restart(random.choice([signal.SIGTERM, signal.SIGKILL])))


def repairs_are_audited(context):
    with Site(context) as site:
        fill(site, 1)
        os.remove(site.link("a0", "_manifests/revisions", images.image("fsck 0").digest))
        site.fsck()
        check("account=fsck" not in site.daemon.log(), "a check without repair is in the audit log")
        site.fsck("--repair")
        lines = [line for line in site.daemon.log().splitlines() if "account=fsck" in line]
        equal(len(lines), 1, "lines of the audit log")
        for part in ("event=audit", "action=fsck_repair", "finding=dangling_tag", "repository=a0", "reference=v1"):
            check(part in lines[0], f"no {part} in {lines[0]}")


def a_passive_registry_only_checks(context):
    with Site(context) as site:
        expected = damage_all(site)
        root = os.path.join(site.daemon.folder, "copy")
        shutil.copytree(site.daemon.root, root)
        rules = os.path.join(site.daemon.folder, "access.yaml")
        write(rules, PASSIVE.encode())
        with Site(context, root=root, extra_config=f"access:\n  file: {rules}\n") as passive:
            before = snapshot(passive)
            equal(passive.fsck("--read-all"), dict.fromkeys(expected, "left"), "findings")
            done = passive.run("fsck", "--repair")
            equal(done.returncode, 1, "exit code of --repair")
            check("this registry is passive" in done.stderr, done.stderr)
            equal(snapshot(passive), before, "the storage")


def wrong_use(context):
    with Site(context) as site:
        for words, text in ((["--delete"], "--delete needs --repair"), (["--rate", "0"], "--rate needs"),
                            (["--resume", "--repair"], "give no others"), (["--status", "--cancel"], "stand alone"),
                            (["--repository", "UPPER"], "no repository can be called"), (["a"], "takes no argument"),
                            (["--resume"], "no check that was stopped")):
            done = site.run("fsck", *words)
            equal((done.returncode, done.stdout), (1, ""), f"exit code and output of fsck {words}")
            check(text in done.stderr, f"fsck {words}: {done.stderr}")


def no_daemon(context):
    with Site(context) as site:
        site.daemon.stop()
        done = site.run("fsck")
        equal(done.returncode, 1, "exit code")
        check("is registryd running?" in done.stderr, done.stderr)


# ---- under load


def busy(context):
    """Clients push, move and delete tags, manifests and blobs of their own all the time."""
    with Site(context) as site:
        fill(site, 20)
        stop, errors, counts = threading.Event(), [], []

        def work(number):
            registry, choose, count = site.registry, random.Random(context.seed + number), 0
            try:
                while not stop.is_set():
                    name, tag = f"busy/{choose.randrange(4)}", f"t{choose.randrange(3)}"
                    picture = images.image(f"busy {choose.randrange(6)}", layers=1, layer_size=300)
                    answer = choose.choices(["push", "untag", "delete", "blob"], [6, 2, 3, 1])[0]
                    count += 1
                    if answer == "push":
                        # Another client may have taken a blob away again: that push is refused, and tried again.
                        for data in picture.blobs.values():
                            registry.push_blob(name, data)
                        expect(registry.request("PUT", f"/v2/{name}/manifests/{tag}",
                                                {"Content-Type": picture.media_type}, picture.manifest), 201, 400, 404)
                    elif answer == "blob":
                        own = f"own/{number}"
                        blob = registry.push_blob(own, f"{number} {count}".encode())
                        expect(registry.request("DELETE", f"/v2/{own}/blobs/{blob}"), 202)
                    else:
                        reference = tag if answer == "untag" else picture.digest
                        expect(registry.request("DELETE", f"/v2/{name}/manifests/{reference}"), 202, 404)
            except Exception as error:  # pylint: disable=broad-except  (raised again below)
                errors.append(error)
            counts.append(count)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        try:
            checks, deadline = 0, time.monotonic() + (120 if context.slow else 12)
            while time.monotonic() < deadline:
                words = [["--read-all"], [], ["--repair", "--delete"]][checks % 3]
                equal(site.fsck(*words), {}, f"findings of check {checks}")
                checks += 1
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        if errors:
            raise errors[0]
        check(checks >= 3 and sum(counts) >= 100, f"only {checks} checks of {sum(counts)} operations")
        equal(site.fsck("--read-all"), {}, "findings in the end")
        return f"{checks} checks, {sum(counts)} operations"
