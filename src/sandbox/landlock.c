#include "sandbox/landlock.h"

#include <errno.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/rights.h"

/* Names that the headers of an older kernel lack */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15)
#endif
#ifndef LANDLOCK_ACCESS_NET_BIND_TCP
#define LANDLOCK_ACCESS_NET_BIND_TCP    (1ULL << 0)
#define LANDLOCK_ACCESS_NET_CONNECT_TCP (1ULL << 1)
#endif
#ifndef LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
#define LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#define LANDLOCK_SCOPE_SIGNAL               (1ULL << 1)
#endif

/* The versions that brought each */
enum { TRUNCATE = 3, NET = 4, IOCTL = 5, SCOPE = 6 };

/* As in the newest kernel; an older one need not know members at the end that are 0. */
struct attributes {
    uint64_t files, net, scoped;
};

#define EVERYTHING ((LANDLOCK_ACCESS_FS_IOCTL_DEV << 1) - 1)

/* For every right: to read folders, and to sync one, which must be open for reading. */
#define LOOK LANDLOCK_ACCESS_FS_READ_DIR
/* The reserved folder and its mirrors of paths are made and removed on the way. */
#define KEEP                                                                                       \
    (LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REFER)
#define FILL                                                                                       \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE | LANDLOCK_ACCESS_FS_MAKE_REG)
#define READ   LANDLOCK_ACCESS_FS_READ_FILE
#define REMOVE LANDLOCK_ACCESS_FS_REMOVE_FILE
/* What can be renamed in addition to files and folders. */
#define KINDS                                                                                      \
    (LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SOCK)

static const struct {
    enum right right;
    uint64_t files;
} rows[] = {
    {RIGHT_UPLOAD, KEEP | FILL | REMOVE},
    {RIGHT_APPEND, KEEP | FILL | REMOVE | READ}, /* the old file is copied */
    {RIGHT_LIST, READ},                          /* REST resumes files that are seen */
    {RIGHT_READ, READ},
    {RIGHT_MKDIR, KEEP},
    {RIGHT_RENAME, KEEP | KINDS | LANDLOCK_ACCESS_FS_MAKE_REG | REMOVE},
    {RIGHT_DELETE, LANDLOCK_ACCESS_FS_REMOVE_DIR | REMOVE},
};

int landlock_version(void) {
    long version =
        syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_CREATE_RULESET_VERSION);
    return version < 0 ? 0 : (int)version;
}

uint64_t landlock_files(unsigned rights) {
    uint64_t files = LOOK;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        files |= rights & rows[i].right ? rows[i].files : 0;
    return files;
}

uint64_t landlock_count_files(void) {
    return LOOK | KEEP | FILL | REMOVE | READ;
}

uint64_t landlock_notice_files(void) {
    return LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REFER |
           REMOVE;
}

bool landlock_leaves_truncation(uint64_t files) {
    return !(files & LANDLOCK_ACCESS_FS_TRUNCATE) && landlock_version() < TRUNCATE;
}

/* What a kernel of that version can take away. */
static struct attributes known(int version, unsigned extra) {
    struct attributes known = {.files = EVERYTHING};
    if (version < IOCTL)
        known.files &= ~(uint64_t)LANDLOCK_ACCESS_FS_IOCTL_DEV;
    if (version < TRUNCATE)
        known.files &= ~(uint64_t)LANDLOCK_ACCESS_FS_TRUNCATE;
    if (version >= NET && extra & LANDLOCK_NO_TCP)
        known.net = LANDLOCK_ACCESS_NET_BIND_TCP | LANDLOCK_ACCESS_NET_CONNECT_TCP;
    if (version >= SCOPE)
        known.scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET |
                       (extra & LANDLOCK_NO_SIGNALS ? LANDLOCK_SCOPE_SIGNAL : 0);
    return known;
}

static int add(int ruleset, const struct landlock_rule *rule, uint64_t handled) {
    struct landlock_path_beneath_attr beneath = {.allowed_access = rule->files & handled,
                                                 .parent_fd = rule->fd};
    if (rule->fd < 0 || !beneath.allowed_access)
        return 0;
    return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) < 0
               ? -errno
               : 0;
}

int landlock_enter(const struct landlock_rule *rules, unsigned count, unsigned extra) {
    int version = landlock_version();
    if (version < LANDLOCK_LEAST)
        return -EOPNOTSUPP;
    struct attributes attributes = known(version, extra);
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0);
    if (ruleset < 0)
        return -errno;
    int result = 0;
    for (unsigned i = 0; i < count && result == 0; i++)
        result = add(ruleset, &rules[i], attributes.files);
    if (result == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
        result = -errno;
    (void)close(ruleset);
    return result;
}
