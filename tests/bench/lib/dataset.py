"""Storage folders in the layout of CNCF distribution 2.8, written directly: what is measured is serving them."""
import hashlib
import json
import os

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
MIB = 1024 * 1024


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def write_random(path, size):
    """A file of `size` bytes that do not compress."""
    block = os.urandom(16 * MIB)
    with open(path, "wb") as file:
        left = size
        while left:
            file.write(block[:min(left, len(block))])
            left -= min(left, len(block))


def file_digest(path):
    with open(path, "rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def manifest(layers, note=""):
    """A manifest of plausible size: a configuration and some layers, which need not exist for it to be served."""
    def descriptor(kind, text):
        return {"mediaType": f"application/vnd.docker.{kind}", "size": 4096, "digest": digest_of(text.encode())}
    return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST_TYPE,
                       "config": descriptor("container.image.v1+json", "config" + note),
                       "layers": [descriptor("image.rootfs.diff.tar.gzip", f"{i}{note}") for i in range(layers)]},
                      indent=3).encode()


def manifest_of(blob):
    """A manifest whose configuration and only layer are `blob`, so that a registry which has it takes the manifest."""
    descriptor = {"size": len(blob), "digest": digest_of(blob)}
    return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST_TYPE,
                       "config": {"mediaType": "application/vnd.docker.container.image.v1+json", **descriptor},
                       "layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", **descriptor}]}
                      ).encode()


class Storage:
    def __init__(self, root):
        self.root = root
        self.base = os.path.join(root, "docker/registry/v2")
        os.makedirs(os.path.join(self.base, "repositories"), exist_ok=True)

    def blob_path(self, digest):
        algorithm, _, text = digest.partition(":")
        return os.path.join(self.base, "blobs", algorithm, text[:2], text, "data")

    def add_blob(self, data):
        digest = digest_of(data)
        path = self.blob_path(digest)
        if not os.path.exists(path):
            _write(path, data)
        return digest

    def add_file(self, size):
        temporary = os.path.join(self.root, "new")
        write_random(temporary, size)
        digest = file_digest(temporary)
        path = self.blob_path(digest)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.rename(temporary, path)
        return digest

    def _link(self, repository, where, digest):
        _write(os.path.join(self.base, "repositories", repository, where, "link"), digest.encode())

    def link_layer(self, repository, digest):
        self._link(repository, "_layers/" + digest.replace(":", "/"), digest)

    def link_manifest(self, repository, digest):
        self._link(repository, "_manifests/revisions/" + digest.replace(":", "/"), digest)

    def tag(self, repository, tag, digest):
        self._link(repository, f"_manifests/tags/{tag}/current", digest)
        self._link(repository, f"_manifests/tags/{tag}/index/" + digest.replace(":", "/"), digest)


def _write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


class ServedImage:
    """One repository with a manifest, a small blob and a large one; and the same bytes as static files for nginx."""

    def __init__(self, root, static_root, large_bytes):
        storage = Storage(root)
        self.repository = "bench/image"
        self.large_bytes = large_bytes
        self.manifest_bytes = manifest(8)
        self.manifest = storage.add_blob(self.manifest_bytes)
        self.small = storage.add_blob(os.urandom(4096))
        self.large = storage.add_file(large_bytes)
        storage.link_manifest(self.repository, self.manifest)
        storage.tag(self.repository, "latest", self.manifest)
        for blob in (self.small, self.large):
            storage.link_layer(self.repository, blob)
        links = {"manifests/latest": self.manifest, f"manifests/{self.manifest}": self.manifest,
                 f"blobs/{self.small}": self.small, f"blobs/{self.large}": self.large}
        for path, digest in links.items():
            link = os.path.join(static_root, "v2", self.repository, path)
            os.makedirs(os.path.dirname(link), exist_ok=True)
            os.symlink(storage.blob_path(digest), link)

    def path(self, kind, reference):
        return f"/v2/{self.repository}/{kind}/{reference}"


def many_repositories(storage, count):
    """docker-registry lists a repository only if it has a layer."""
    body = manifest(4)
    digest, layer = storage.add_blob(body), storage.add_blob(b"layer")
    for number in range(count):
        name = f"group-{number % 100:02}/image-{number:05}"
        storage.link_manifest(name, digest)
        storage.tag(name, "latest", digest)
        storage.link_layer(name, layer)


def many_tags(storage, repository, count, tags_per_manifest=10):
    """Returns {tag: manifest} of the repository's tags."""
    bodies = {}
    storage.link_layer(repository, storage.add_blob(b"layer"))
    for number in range(count):
        if number % tags_per_manifest == 0:
            body = manifest(4, f"{repository} {number}")
            digest = storage.add_blob(body)
            storage.link_manifest(repository, digest)
        tag = f"v{number:06}"
        storage.tag(repository, tag, digest)
        bodies[tag] = body
    return bodies
