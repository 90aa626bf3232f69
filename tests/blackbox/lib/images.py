"""Deterministic images, indexes and artifacts, made in memory: the same name gives the same bytes in every run."""

import gzip
import hashlib
import io
import json
import os
import tarfile

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
DOCKER_FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"


def digest(data, algorithm="sha256"):
    return algorithm + ":" + hashlib.new(algorithm, data).hexdigest()


def pattern(seed, size):
    """`size` bytes that do not compress and depend on `seed` alone."""
    return hashlib.shake_128(str(seed).encode()).digest(size)


def layer(name, size=3000):
    """A gzip'd tar with one file: (compressed bytes, diff id)."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        info = tarfile.TarInfo(f"data/{name}")
        info.size = size
        archive.addfile(info, io.BytesIO(pattern(name, size)))
    return gzip.compress(raw.getvalue(), mtime=0), digest(raw.getvalue())


def descriptor(media_type, data, **more):
    return {"mediaType": media_type, "digest": digest(data), "size": len(data), **more}


class Image:
    """A manifest and the blobs it needs: {digest: bytes}."""

    def __init__(self, manifest, media_type, blobs, children=()):
        self.manifest = manifest
        self.media_type = media_type
        self.blobs = blobs
        self.children = list(children)
        self.digest = digest(manifest)

    def descriptor(self, **more):
        return descriptor(self.media_type, self.manifest, **more)


def encode(document):
    return json.dumps(document, indent=2).encode()


def image(name, layers=2, layer_size=3000, docker=False, architecture="amd64", **fields):
    """An image manifest; `fields` are added to it (subject, annotations, artifactType …)."""
    return stack(name, [layer(f"{name}-{number}", layer_size) for number in range(layers)], docker, architecture, **fields)


def stack(name, layers, docker=False, architecture="amd64", **fields):
    """An image of layers that are there: (compressed bytes, diff id) each."""
    blobs = {digest(data): data for data, _ in layers}
    layer_descriptors = [descriptor(DOCKER_LAYER if docker else OCI_LAYER, data) for data, _ in layers]
    diff_ids = [diff_id for _, diff_id in layers]
    config = encode({"architecture": architecture, "os": "linux", "created": "2024-01-02T03:04:05Z",
                     "config": {"Env": ["NAME=" + name]}, "rootfs": {"type": "layers", "diff_ids": diff_ids},
                     "history": [{"created": "2024-01-02T03:04:05Z", "created_by": name} for _ in diff_ids]})
    blobs[digest(config)] = config
    media_type = DOCKER_MANIFEST if docker else OCI_MANIFEST
    document = {"schemaVersion": 2, "mediaType": media_type,
                "config": descriptor(DOCKER_CONFIG if docker else OCI_CONFIG, config),
                "layers": layer_descriptors, **fields}
    return Image(encode(document), media_type, blobs)


def index(children, docker=False, platforms=("amd64", "arm64", "s390x"), **fields):
    media_type = DOCKER_LIST if docker else OCI_INDEX
    entries = [child.descriptor(platform={"os": "linux", "architecture": platforms[number % len(platforms)]})
               for number, child in enumerate(children)]
    document = {"schemaVersion": 2, "mediaType": media_type, "manifests": entries, **fields}
    return Image(encode(document), media_type, {}, children)


def artifact(name, artifact_type=None, subject=None, config_type=OCI_EMPTY, **fields):
    """An artifact manifest with an empty config and one small blob."""
    config, data = b"{}", pattern("artifact " + name, 64)
    document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST,
                **({"artifactType": artifact_type} if artifact_type else {}),
                "config": descriptor(config_type, config), "layers": [descriptor("application/octet-stream", data)],
                **({"subject": subject} if subject else {}), **fields}
    return Image(encode(document), OCI_MANIFEST, {digest(config): config, digest(data): data})


def write_dir(picture, folder):
    """Writes an image in skopeo's dir: format (one image, no index)."""
    os.makedirs(folder, exist_ok=True)
    _write(folder, "version", b"Directory Transport Version: 1.1\n")
    _write(folder, "manifest.json", picture.manifest)
    for name, data in picture.blobs.items():
        _write(folder, name.split(":")[1], data)
    for child in picture.children:
        _write(folder, child.digest.split(":")[1] + ".manifest.json", child.manifest)
        for name, data in child.blobs.items():
            _write(folder, name.split(":")[1], data)


def write_layout(picture, folder, tag="latest"):
    """Writes an OCI image layout (for oci: and for archives that ctr and docker load)."""
    blobs = dict(picture.blobs)
    for each in [picture, *picture.children]:
        blobs[each.digest] = each.manifest
        blobs.update(each.blobs)
    os.makedirs(os.path.join(folder, "blobs", "sha256"), exist_ok=True)
    for name, data in blobs.items():
        _write(os.path.join(folder, "blobs", "sha256"), name.split(":")[1], data)
    _write(folder, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
    entry = picture.descriptor(annotations={"org.opencontainers.image.ref.name": tag})
    _write(folder, "index.json", encode({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]}))


def _write(folder, name, data):
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data)
