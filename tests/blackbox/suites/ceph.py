"""registryd on the S3 that a real Ceph has: what suites/s3.py asks of Swift's, but the faults. Only in the long form."""

from lib.s3 import Ceph
from suites import s3 as suite
from suites import swift as store


def tests(context):
    if not context.slow:
        return
    context.tool("radosgw")
    with Ceph() as ceph:
        yield "requests are few", lambda: suite.requests_are_few(context, ceph)
        yield "two nodes share an upload", lambda: store.two_nodes_share_an_upload(context, ceph)
        yield "keys are exchanged without a restart", lambda: suite.keys_are_exchanged(context, ceph)
        yield "a bucket that is not there ends the start", lambda: suite.missing_bucket(context, ceph)
        yield "skopeo pushes and pulls", lambda: store.skopeo_pushes_and_pulls(context, ceph)
        context.tool("docker-registry")
        yield "each registry serves what the other wrote", lambda: store.both_ways(context, ceph)
    with Ceph() as ceph:
        yield "an old registry's bucket is taken over", lambda: suite.adoption(context, ceph)
