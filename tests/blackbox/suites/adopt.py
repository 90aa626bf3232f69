"""docker-registryctl adopt: the storage and the configuration of Debian's docker-registry are looked at in read-only mode
before they are taken over."""

import json
import os
import subprocess
import tempfile

from lib import images
from lib.daemon import Daemon, OldRegistry
from lib.testing import Registry, check, equal, expect
from suites.fsck import Site, snapshot

READ_ONLY = 'mode: {read_only: true}\nrules: [{namespace: "", pull: anonymous, push: []}]\n'
OLD = """version: 0.1
log: {level: info}
storage:
  filesystem: {rootdirectory: ROOT}
  cache: {blobdescriptor: inmemory}
  delete: {enabled: true}
http:
  addr: 127.0.0.1:5000
  headers: {X-Content-Type-Options: [nosniff]}
auth:
  htpasswd: {realm: basic-realm, path: HTPASSWD}
"""
SWIFT = """storage:
  swift: {username: "docker:registry", password: top-secret, authurl: "https://swift.example.org/auth/v1.0", container: c}
"""


def tests(context):
    yield "translate prints, and tells no secret", lambda: translate_prints(context)
    yield "translate writes all files or none", lambda: translate_writes(context)
    context.tool("docker-registry")
    yield "a storage of docker-registry is reported on, and not touched", lambda: report(context)
    yield "damage is named before the take-over", lambda: damaged(context)


def ctl(context, *words):
    program = os.path.join(os.path.dirname(os.path.abspath(context.registryd)), "docker-registryctl")
    return subprocess.run([program, *words], capture_output=True, text=True, timeout=60, check=False)


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def translate_prints(context):
    with tempfile.TemporaryDirectory(prefix="rha-adopt-") as folder:
        config = os.path.join(folder, "config.yml")
        write(config, SWIFT)
        done = ctl(context, "adopt", "translate", config)
        equal(done.returncode, 0, f"exit code ({done.stderr})")
        for part in ("--- registryd.yaml", "driver: swift", "--- access.yaml", "read_only: true", "swift-password",
                     "REGISTRY_"):
            check(part in done.stdout, f"no {part} in {done.stdout}")
        check("top-secret" not in done.stdout + done.stderr, "the password was printed")
        answer = json.loads(ctl(context, "adopt", "translate", config, "--json").stdout)
        equal(answer["secret_files"], ["swift-password"], "files of secrets")
        check("top-secret" not in json.dumps(answer), "the password is in the JSON")
        write(config, "storage: {gcs: {bucket: b}}\n")
        done = ctl(context, "adopt", "translate", config)
        equal((done.returncode, done.stdout), (1, ""), "exit code and output for a driver that there is not")
        check(f"{config}" in done.stderr and "storage.gcs" in done.stderr, done.stderr)
        equal(ctl(context, "adopt", "translate").returncode, 1, "exit code without a file")
        equal(ctl(context, "adopt", "translate", folder + "/none").returncode, 1, "exit code for a missing file")


def translate_writes(context):
    with tempfile.TemporaryDirectory(prefix="rha-adopt-") as folder:
        config, target = os.path.join(folder, "config.yml"), os.path.join(folder, "new")
        htpasswd = os.path.join(folder, "htpasswd")
        write(htpasswd, "ci-build:$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e\n")
        write(config, OLD.replace("ROOT", folder + "/images").replace("HTPASSWD", htpasswd))
        os.mkdir(target)
        done = ctl(context, "adopt", "translate", config, "--to", target)
        equal(done.returncode, 0, f"exit code ({done.stderr})")
        check("http.headers" in done.stdout and f"{config}:" in done.stdout, done.stdout)
        check("$2y$" not in done.stdout, "a password hash was printed")
        equal(os.stat(os.path.join(target, "access.yaml")).st_mode & 0o777, 0o600, "mode of access.yaml")
        checked = subprocess.run([context.registryd, "--check-config", "--config", target + "/registryd.yaml"],
                                 capture_output=True, text=True, timeout=30, check=False)
        equal(checked.returncode, 0, f"exit code of --check-config ({checked.stderr})")
        access = ctl(context, "check-access", target + "/access.yaml")
        equal(access.returncode, 0, f"exit code of check-access ({access.stderr})")
        again = ctl(context, "adopt", "translate", config, "--to", target)
        equal(again.returncode, 1, "exit code of a second run")
        check("is there already; nothing was written" in again.stderr, again.stderr)
        write(config, SWIFT)
        os.remove(target + "/registryd.yaml")
        equal(ctl(context, "adopt", "translate", config, "--to", target).returncode, 1, "exit code beside an old file")
        equal(sorted(os.listdir(target)), ["access.yaml"], "files")
        os.remove(target + "/access.yaml")
        equal(ctl(context, "adopt", "translate", config, "--to", target).returncode, 0, "exit code for Swift")
        equal(os.stat(target + "/swift-password").st_mode & 0o777, 0o600, "mode of the password")
        with open(target + "/swift-password", encoding="ascii") as file:
            equal(file.read(), "top-secret\n", "the password")


def read_only_site(context, root, folder):
    rules = os.path.join(folder, "access.yaml")
    write(rules, READ_ONLY)
    return Site(context, root=root, extra_config=f"access:\n  file: {rules}\n")


def fill(root):
    """What docker-registry has: images of both kinds, an index, a moved tag, a deleted manifest."""
    with OldRegistry(root) as old:
        registry = Registry(old.port)
        registry.push("old/one", images.image("adopt one", docker=True), "v1")
        registry.push("old/one", images.image("adopt two"), "v1")
        registry.push("old/list", images.index([images.image("adopt a"), images.image("adopt b")]), "v1")
        gone = images.image("adopt gone")
        registry.push("old/one", gone, "gone")
        expect(registry.request("DELETE", f"/v2/old/one/manifests/{gone.digest}"), 202)


def report(context):
    with tempfile.TemporaryDirectory(prefix="rha-adopt-") as folder:
        root = os.path.join(folder, "images")
        os.mkdir(root)
        fill(root)
        with read_only_site(context, root, folder) as site:
            before = snapshot(site)
            done = site.run("adopt", "--json", "--read-all")
            equal(done.returncode, 0, f"exit code ({done.stdout} {done.stderr})")
            answer = json.loads(done.stdout.splitlines()[-1])["report"]
            equal(answer["safe"], True, "verdict")
            check("warning" not in answer, f"warning: {answer}")
            sums = answer["sums"]
            equal((sums["repositories"], sums["tags"], sums["manifests"]), (2, 2, 5), "repositories, tags, manifests")
            equal(sums[f"manifests {images.OCI_INDEX}"], 1, "indexes")
            equal(sums[f"manifests {images.DOCKER_MANIFEST}"], 1, "Docker images")
            equal((answer["index"]["repositories"], answer["index"]["tags"]), (2, 2), "by the index")
            text = site.run("adopt")
            check("safe to take over" in text.stdout and images.OCI_INDEX in text.stdout, text.stdout)
            equal(snapshot(site), before, "the storage")
        with Daemon(context.registryd, root=root) as daemon:  # the switch
            Registry(daemon.port).pull("old/one", images.image("adopt two"), "v1")
            Registry(daemon.port).push("old/one", images.image("adopt three"), "v3")
        with OldRegistry(root) as old:
            Registry(old.port).pull("old/one", images.image("adopt three"), "v3")


def damaged(context):
    with tempfile.TemporaryDirectory(prefix="rha-adopt-") as folder:
        root = os.path.join(folder, "images")
        os.mkdir(root)
        fill(root)
        with read_only_site(context, root, folder) as site:
            layer = json.loads(images.image("adopt two").manifest)["layers"][0]["digest"]
            with open(site.blob(layer), "wb"):
                pass
            done = site.run("adopt")
            equal(done.returncode, 2, f"exit code ({done.stderr})")
            for part in ("empty_blob", "incomplete_manifest old/one", "look at the damage first"):
                check(part in done.stdout, f"no {part} in {done.stdout}")
