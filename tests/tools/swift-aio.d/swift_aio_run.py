"""swift_aio_run.py SWIFT_DIR PROGRAM ARGS...: run one Swift program with its
swift.conf taken from SWIFT_DIR."""
import os
import runpy
import sys

swift_dir, program = sys.argv[1], sys.argv[2]
if os.environ.get('SWIFT_AIO_FSYNC') == '0':
    os.fsync = os.fdatasync = lambda fd: None

from swift.common import utils  # noqa: E402
utils.set_swift_dir(swift_dir)
from swift.common import constraints, storage_policy  # noqa: E402
constraints.reload_constraints()
storage_policy.reload_storage_policies()
if os.environ.get('SWIFT_AIO_FSYNC') == '0':
    utils.fsync = utils.fdatasync = utils.fsync_dir = lambda fd: None

if program.endswith('/swift-container-sync'):
    # do not sit through a minute of retries when a test refuses a PUT
    from swift.common import internal_client
    internal_client.SimpleClient.__init__.__defaults__ = \
        (None, None, 0.05, 0.1, 1)

sys.argv = sys.argv[2:]
runpy.run_path(program, run_name='__main__')
