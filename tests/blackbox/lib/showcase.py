"""A registry with something of everything that the homepage shows: namespaces, versions, platforms, labels, signatures,
SBOMs, names and labels that try to be markup."""

from lib import images

SPDX = "application/spdx+json"
COSIGN = "application/vnd.dev.cosign.artifact.sig.v1+json"
HOSTILE = '</dd></dl><script>document.title="owned"</script><img src=x onerror=alert(1)>"\''

NAMESPACES = {
    "wikimedia": ["mediawiki-services-citoid", "mediawiki-services-cxserver", "mediawiki-services-mathoid",
                  "blubber-buildkit", "eventgate", "mobileapps", "wikifeeds", "zotero"],
    "releng": ["ci-bookworm", "ci-src-setup-simple", "composer-php82", "node20-test-browser", "tox-buster"],
    "ml": ["amd-pytorch25", "llm-d-inference"],
    "": ["bookworm", "envoy", "golang1.22", "nodejs20-slim", "pause", "prometheus-statsd-exporter"],
}


def image(name, labels=None, created="2026-03-04T05:06:07Z", architecture="amd64", layer_size=3000):
    """An image with labels in its config."""
    data, diff_id = images.layer(name, layer_size)
    config = images.encode({"architecture": architecture, "os": "linux", "created": created,
                            "config": {"Labels": labels or {}},
                            "rootfs": {"type": "layers", "diff_ids": [diff_id]}})
    document = {"schemaVersion": 2, "mediaType": images.OCI_MANIFEST,
                "config": images.descriptor(images.OCI_CONFIG, config),
                "layers": [images.descriptor(images.OCI_LAYER, data)]}
    return images.Image(images.encode(document), images.OCI_MANIFEST,
                        {images.digest(config): config, images.digest(data): data})


def attachment(subject, kind):
    return images.artifact(f"{kind} of {subject.digest}", artifact_type=kind, subject=subject.descriptor())


def labels_of(name, version):
    return {"org.opencontainers.image.title": name, "org.opencontainers.image.version": version,
            "org.opencontainers.image.source": f"https://gitlab.example.org/{name}",
            "org.opencontainers.image.licenses": "Apache-2.0",
            "org.opencontainers.image.description": "A service, its run-time and nothing else."}


def push(registry):
    """Pushes all of it; gives the names, sorted."""
    names = []
    for space, members in NAMESPACES.items():
        for number, member in enumerate(members):
            name = f"{space}/{member}" if space else member
            for version in ("2026-01-15-093000", "2026-02-20-101500")[:1 + number % 2]:
                size = 20_000 * (number + 1)
                registry.push(name, image(f"{name} {version}", labels_of(name, version), layer_size=size), version)
            names.append(name)
    return sorted(names + [push_many_platforms(registry), push_hostile(registry), push_tags_in_name(registry)])


def push_many_platforms(registry):
    name = "library/alpine"
    for minor in (8, 9, 10, 18, 19):
        version = f"3.{minor}"
        children = [image(f"{name} {version} {arch}", labels_of(name, version), f"2025-{minor % 12 + 1:02}-01T00:00:00Z",
                          arch, 40_000 + 1000 * minor) for arch in ("amd64", "arm64", "s390x")]
        whole = images.index(children)
        registry.push(name, whole, version)
    registry.push(name, whole, "latest")
    registry.push(name, attachment(whole, SPDX))
    registry.push(name, attachment(whole, COSIGN))
    old_style = images.artifact("old signature")
    registry.push(name, old_style, images.digest(b"nothing").replace(":", "-") + ".sig")
    return name


def push_hostile(registry):
    name = "x/hostile"
    registry.push(name, image(name, {"title": HOSTILE, HOSTILE: "key", "long": "x" * 5000}), "1.0")
    return name


def push_tags_in_name(registry):
    name = "a/tags/index.html"
    registry.push(name, image(name), "1")
    registry.push("a", image("a"), "1")
    return name
