"""Real clients push and pull: what comes back is what went in."""

import gzip
import io
import json
import os
import tarfile

from lib import images
from lib.clients import Containerd, Docker, Podman, Skopeo
from lib.daemon import Daemon, free_ports
from lib.testing import Registry, check, equal, expect

NODE = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                    "../../../hiera-examples/kubernetes-nodes/node/etc/containerd")
ACCEPT = {"Accept": ", ".join([images.OCI_MANIFEST, images.OCI_INDEX, images.DOCKER_MANIFEST, images.DOCKER_LIST])}


def tests(context):
    groups = [("skopeo", ["skopeo"], Skopeo, [skopeo_images, skopeo_tags_and_delete]),
              ("podman", ["podman"], Podman, [podman_pull_push, podman_manifest_list]),
              ("buildah", ["buildah"], Podman, [buildah_build_push]),
              ("containerd", ["containerd", "ctr"], Containerd,
               [ctr_pull_push, ctr_through_a_mirror, ctr_with_the_example_of_hiera]),
              ("dockerd", ["dockerd", "docker"], Docker, [docker_pull_push, docker_build_push, docker_mounts])]
    with Daemon(context.registryd) as daemon:
        for name, tools, client_class, functions in groups:
            yield from group(context, daemon, name, tools, client_class, functions)
        yield "no request of any client got a 5xx", lambda: no_server_errors(daemon)


def group(context, daemon, name, tools, client_class, functions):
    """The tests of one client, which is started once; if it cannot be, each of them says so."""
    client, problem = None, None
    try:
        for tool in tools:
            context.tool(tool)
        client = client_class()
        client.__enter__()
    except Exception as error:  # pylint: disable=broad-except  (told by each test)
        client, problem = None, error
    try:
        for function in functions:
            yield f"{name}: {function.__name__.replace('_', ' ')}", \
                lambda function=function: run_with(client, problem, function, daemon)
    finally:
        if client:
            client.close()


def run_with(client, problem, function, daemon):
    if problem:
        raise problem
    return function(client, daemon.port, Registry(daemon.port))


def manifest_of(registry, repository, reference):
    return expect(registry.request("GET", f"/v2/{repository}/manifests/{reference}", ACCEPT), 200)


def layer_files(registry, repository, manifest):
    """The files of an image's layers as the registry has them: {name: bytes}."""
    files = {}
    for layer in manifest["layers"]:
        data = registry.pull_blob(repository, layer["digest"])
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive.getmembers():
                if member.isfile():
                    files[member.name.removeprefix("./")] = archive.extractfile(member).read()
    return files


def same_content(registry, repository, reference, picture):
    """A client may compress anew: config and files must be those of the picture."""
    manifest = manifest_of(registry, repository, reference).json()
    wanted = json.loads(picture.manifest)
    source = "client/source-" + picture.digest[7:15]
    registry.push(source, picture)
    equal(layer_files(registry, repository, manifest), layer_files(registry, source, wanted), "files of the image")
    config = json.loads(registry.pull_blob(repository, manifest["config"]["digest"]))
    equal(config["rootfs"], json.loads(picture.blobs[wanted["config"]["digest"]])["rootfs"], "layers of the config")


# ---- skopeo


def skopeo_images(skopeo, port, registry):
    one, docker = images.image("skopeo-oci"), images.image("skopeo-docker", docker=True)
    index = images.index([one, images.image("skopeo-oci-2")])
    for tag, picture in (("oci", one), ("docker", docker), ("index", index)):
        skopeo.push(picture, port, f"client/skopeo:{tag}")
        registry.pull("client/skopeo", picture, tag)
        skopeo.check_pull(picture, port, f"client/skopeo:{tag}")
    skopeo.push(one, port, "client/skopeo-again:oci")


def skopeo_tags_and_delete(skopeo, port, registry):
    repository = f"docker://127.0.0.1:{port}/client/skopeo-tags"
    registry.push("client/skopeo-tags", images.image("skopeo-1"), "a")
    registry.push("client/skopeo-tags", images.image("skopeo-2"), "b")
    listed = json.loads(skopeo.run("skopeo", "list-tags", "--tls-verify=false", repository))
    equal(listed["Tags"], ["a", "b"], "tags as skopeo lists them")
    shown = json.loads(skopeo.run("skopeo", "inspect", "--tls-verify=false", repository + ":a"))
    equal(shown["Digest"], images.image("skopeo-1").digest, "digest as skopeo shows it")
    skopeo.run("skopeo", "delete", "--tls-verify=false", repository + ":a")
    equal(registry.tags("client/skopeo-tags"), ["b"], "tags after skopeo delete")


# ---- podman and buildah


def podman_pull_push(podman, port, registry):
    for name, docker in (("oci", False), ("docker", True)):
        picture = images.image(f"podman-{name}", docker=docker)
        registry.push("client/podman", picture, name)
        source, target = f"127.0.0.1:{port}/client/podman:{name}", f"127.0.0.1:{port}/client/podman-copy:{name}"
        podman.podman("pull", "--tls-verify=false", source)
        podman.podman("tag", source, target)
        podman.podman("push", "--tls-verify=false", target)
        same_content(registry, "client/podman-copy", name, picture)
        podman.podman("rmi", "--force", source, target)
        podman.podman("pull", "--tls-verify=false", target)


def podman_manifest_list(podman, port, registry):
    index = images.index([images.image("podman-amd64"), images.image("podman-arm64", architecture="arm64")])
    for child in index.children:
        registry.push("client/podman-list", child, child.digest)
    name = f"127.0.0.1:{port}/client/podman-list:all"
    podman.podman("manifest", "create", name)
    for child in index.children:
        podman.podman("manifest", "add", "--tls-verify=false", name,
                      f"docker://127.0.0.1:{port}/client/podman-list@{child.digest}")
    podman.podman("manifest", "push", "--all", "--tls-verify=false", name, "docker://" + name)
    pushed = manifest_of(registry, "client/podman-list", "all").json()
    equal(sorted(each["digest"] for each in pushed["manifests"]), sorted(child.digest for child in index.children),
          "children of the list that podman pushed")


def buildah_build_push(podman, port, registry):
    context = podman.path("build")
    os.makedirs(context)
    with open(os.path.join(context, "file"), "wb") as file:
        file.write(images.pattern("buildah", 5000))
    with open(os.path.join(context, "Containerfile"), "w", encoding="utf-8") as file:
        file.write("FROM scratch\nCOPY file /file\n")
    name = f"127.0.0.1:{port}/client/buildah:v1"
    podman.buildah("bud", "--tls-verify=false", "--isolation", "chroot", "-t", name, context)
    podman.buildah("push", "--tls-verify=false", name)
    manifest = manifest_of(registry, "client/buildah", "v1").json()
    equal(layer_files(registry, "client/buildah", manifest), {"file": images.pattern("buildah", 5000)}, "files")
    podman.buildah("rmi", "--force", name)
    podman.buildah("pull", "--tls-verify=false", name)


# ---- containerd


def ctr_pull_push(containerd, port, registry):
    containerd.add_host(f"127.0.0.1:{port}", port)
    one = images.image("ctr-oci")
    index = images.index([one, images.image("ctr-arm", architecture="arm64")])
    docker = images.image("ctr-docker", docker=True)
    for tag, picture in (("oci", one), ("index", index), ("docker", docker)):
        registry.push("client/ctr", picture, tag)
        source, target = f"127.0.0.1:{port}/client/ctr:{tag}", f"127.0.0.1:{port}/client/ctr-copy:{tag}"
        containerd.transfer("pull", source)
        containerd.images("tag", source, target)
        containerd.transfer("push", target)
        registry.pull("client/ctr-copy", picture, tag)


def ctr_through_a_mirror(containerd, port, registry):
    """A mirror is asked with ?ns=HOST."""
    containerd.add_host("registry.example.org", port)
    picture = images.image("ctr-mirror", layer_size=300000)
    registry.push("client/mirrored", picture, "v1")
    containerd.transfer("pull", "registry.example.org/client/mirrored:v1")
    listed = containerd.images("ls")
    check(picture.digest in listed, f"containerd has not {picture.digest}:\n{listed}")


def ctr_with_the_example_of_hiera(containerd, port, registry):
    """The files of a node that hiera-examples shows: containerd takes its configuration, and pulls by its hosts.toml from
    the registry when dfdaemon, which is asked first, does not answer."""
    dump = containerd.run("containerd", "--config", os.path.join(NODE, "config.toml"), "config", "dump")
    section = dump.split('cri".registry]')[1].split("x509_key_pair_streaming")[0]
    check('config_path = "/etc/containerd/certs.d"' in section, f"config_path is not taken:\n{section}")
    equal(section.count('username = "kubernetes"'), 2, "accounts in what containerd has read")
    with open(os.path.join(NODE, "certs.d/registry.example.org/hosts.toml"), encoding="utf-8") as file:
        text = file.read()
    dead, = free_ports(1)
    for name, address in (("https://registry.example.org", f"http://127.0.0.1:{port}"),
                          ("https://127.0.0.1:65001", f"http://127.0.0.1:{dead}")):
        check(name in text, f"the example does not name {name}")
        text = text.replace(name, address)
    os.makedirs(containerd.path("certs", "registry.example.org"), exist_ok=True)
    with open(containerd.path("certs", "registry.example.org", "hosts.toml"), "w", encoding="utf-8") as file:
        file.write(text)
    picture = images.image("ctr-example")
    registry.push("client/example", picture, "v1")
    containerd.transfer("pull", "registry.example.org/client/example:v1")
    listed = containerd.images("ls")
    check(picture.digest in listed, f"containerd has not {picture.digest}:\n{listed}")


# ---- dockerd


def docker_pull_push(docker, port, registry):
    for name, picture in (("docker", images.image("docker-docker", docker=True)), ("oci", images.image("docker-oci"))):
        registry.push("client/docker", picture, name)
        source, target = f"127.0.0.1:{port}/client/docker:{name}", f"127.0.0.1:{port}/client/docker-copy:{name}"
        docker.docker("pull", source)
        docker.docker("tag", source, target)
        docker.docker("push", target)
        same_content(registry, "client/docker-copy", name, picture)
        docker.docker("rmi", "--force", source, target)
        docker.docker("pull", target)
    index = images.index([images.image("docker-amd64", docker=True)], docker=True)
    registry.push("client/docker", index, "list")
    docker.docker("pull", f"127.0.0.1:{port}/client/docker:list")


def docker_build_push(docker, port, registry):
    context = docker.path("build")
    os.makedirs(context)
    with open(os.path.join(context, "file"), "wb") as file:
        file.write(images.pattern("docker build", 200000))
    with open(os.path.join(context, "Dockerfile"), "w", encoding="utf-8") as file:
        file.write("FROM scratch\nCOPY file /file\n")
    name = f"127.0.0.1:{port}/client/docker-build:v1"
    docker.docker("build", "--network", "none", "-t", name, context)
    docker.docker("push", name)
    manifest = manifest_of(registry, "client/docker-build", "v1").json()
    equal(layer_files(registry, "client/docker-build", manifest), {"file": images.pattern("docker build", 200000)}, "files")
    docker.docker("rmi", "--force", name)
    docker.docker("pull", name)
    check("Layer already exists" in docker.docker("push", name), "docker pushed a layer that is there")


def docker_mounts(docker, port, registry):
    picture = images.image("docker-mounted", docker=True, layer_size=100000)
    registry.push("client/docker-from", picture, "v1")
    source, target = f"127.0.0.1:{port}/client/docker-from:v1", f"127.0.0.1:{port}/client/docker-to:v1"
    docker.docker("pull", source)
    docker.docker("tag", source, target)
    output = docker.docker("push", target)
    check("Mounted from client/docker-from" in output, f"no layer was mounted:\n{output}")
    same_content(registry, "client/docker-to", "v1", picture)


def no_server_errors(daemon):
    bad = [line for line in daemon.log().splitlines() if " status=5" in line]
    check(not bad, "\n".join(bad[:20]))
