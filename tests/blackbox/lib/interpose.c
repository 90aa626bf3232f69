// Fault injection for tests, preloaded into registryd: at the Nth file operation of one kind on a path that contains a
// given text, the process is killed (before or after the operation) or the operation fails with an error.
//
// The plan lies in a file shared with the test (RHA_FAULT_PLAN, see faults.py), so that it can be armed while the
// daemon runs. Nothing is done without that file.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum Operation { kWrite = 2, kSync = 4, kRename = 8, kMkdir = 16, kUnlink = 32 };
enum Action { kKillBefore = 1, kKillAfter = 2, kFail = 3 };

struct Plan {  // the same in faults.py
  int32_t armed;
  int32_t operations;  // set of Operation
  int32_t skip;        // matching calls let pass first
  int32_t action;
  int32_t error;   // errno of kFail
  int32_t times;   // how often kFail fails
  int32_t seen;    // matching calls so far
  int32_t hits;    // faults done
  char text[256];  // the path must contain it
};

static struct Plan* plan;

__attribute__((constructor)) static void mapPlan(void) {
  const char* path = getenv("RHA_FAULT_PLAN");
  int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0)
    return;
  void* memory = mmap(NULL, sizeof(struct Plan), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory != MAP_FAILED)
    plan = memory;
  close(fd);
}

// The action to take for this call; 0 for none.
static int due(int operation, const char* path) {
  if (plan == NULL || !plan->armed || (plan->operations & operation) == 0 || path == NULL)
    return 0;
  if (strstr(path, plan->text) == NULL)
    return 0;
  int number = __atomic_fetch_add(&plan->seen, 1, __ATOMIC_SEQ_CST);
  if (number < plan->skip)
    return 0;
  if (plan->action == kFail && number >= plan->skip + plan->times)
    return 0;
  __atomic_fetch_add(&plan->hits, 1, __ATOMIC_SEQ_CST);
  if (plan->action == kKillBefore)
    kill(getpid(), SIGKILL);
  return plan->action;
}

static int dueFd(int operation, int fd) {
  if (plan == NULL || !plan->armed || (plan->operations & operation) == 0)
    return 0;
  char link[64];
  char path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0)
    return 0;
  path[length] = '\0';
  return due(operation, path);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

// Runs the real call unless a failure is due; dies after it if that is due.
#define GUARDED(what, call)       \
  do {                            \
    int action_ = (what);         \
    if (action_ == kFail) {       \
      errno = plan->error;        \
      return -1;                  \
    }                             \
    __auto_type result_ = (call); \
    if (action_ == kKillAfter)    \
      kill(getpid(), SIGKILL);    \
    return result_;               \
  } while (0)

ssize_t write(int fd, const void* data, size_t size) { GUARDED(dueFd(kWrite, fd), REAL(write)(fd, data, size)); }
ssize_t writev(int fd, const struct iovec* parts, int count) {
  GUARDED(dueFd(kWrite, fd), REAL(writev)(fd, parts, count));
}
ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  GUARDED(dueFd(kWrite, fd), REAL(pwrite)(fd, data, size, offset));
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  GUARDED(dueFd(kWrite, fd), REAL(pwrite64)(fd, data, size, offset));
}
ssize_t pwritev(int fd, const struct iovec* parts, int count, off_t offset) {
  GUARDED(dueFd(kWrite, fd), REAL(pwritev)(fd, parts, count, offset));
}
int fsync(int fd) { GUARDED(dueFd(kSync, fd), REAL(fsync)(fd)); }
int fdatasync(int fd) { GUARDED(dueFd(kSync, fd), REAL(fdatasync)(fd)); }

static int dueEither(int operation, const char* from, const char* to) {
  int action = due(operation, to);
  return action != 0 ? action : due(operation, from);
}

int rename(const char* from, const char* to) { GUARDED(dueEither(kRename, from, to), REAL(rename)(from, to)); }
int renameat(int fromFolder, const char* from, int toFolder, const char* to) {
  GUARDED(dueEither(kRename, from, to), REAL(renameat)(fromFolder, from, toFolder, to));
}
int renameat2(int fromFolder, const char* from, int toFolder, const char* to, unsigned flags) {
  GUARDED(dueEither(kRename, from, to), REAL(renameat2)(fromFolder, from, toFolder, to, flags));
}
int link(const char* from, const char* to) { GUARDED(dueEither(kRename, from, to), REAL(link)(from, to)); }
int linkat(int fromFolder, const char* from, int toFolder, const char* to, int flags) {
  GUARDED(dueEither(kRename, from, to), REAL(linkat)(fromFolder, from, toFolder, to, flags));
}
int mkdir(const char* path, mode_t mode) { GUARDED(due(kMkdir, path), REAL(mkdir)(path, mode)); }
int mkdirat(int folder, const char* path, mode_t mode) {
  GUARDED(due(kMkdir, path), REAL(mkdirat)(folder, path, mode));
}
int unlink(const char* path) { GUARDED(due(kUnlink, path), REAL(unlink)(path)); }
int unlinkat(int folder, const char* path, int flags) {
  GUARDED(due(kUnlink, path), REAL(unlinkat)(folder, path, flags));
}
