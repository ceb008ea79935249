#include "store/workplace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "store/reserved.h"

enum { ACL_SIZE = 1024 };

/* Do both folders have the same default access control list, or none? */
static bool same_default_acl(int a, int b) {
    static const char name[] = "system.posix_acl_default";
    char x[ACL_SIZE], y[ACL_SIZE];
    ssize_t n = fgetxattr(a, name, x, sizeof(x)), m = fgetxattr(b, name, y, sizeof(y));
    if (n < 0 || m < 0)
        return n < 0 && m < 0;
    return n == m && memcmp(x, y, (size_t)n) == 0;
}

/* The group that new files in a folder get. */
static gid_t handed_down(const struct statx *folder) {
    return folder->stx_mode & S_ISGID ? folder->stx_gid : getegid();
}

/* The folder's project (of quotas): files cannot be renamed from one to another. */
static unsigned project_of(int folder) {
    struct fsxattr attributes;
    return ioctl(folder, FS_IOC_FSGETXATTR, &attributes) < 0 ? 0 : attributes.fsx_projid;
}

/* Finds out what a folder is. Returns 0 or a negative errno. */
static int look(int folder, struct statx *ret) {
    const unsigned wanted = STATX_MODE | STATX_GID | STATX_MNT_ID;
    return statx(folder, "", AT_EMPTY_PATH, wanted, ret) < 0 ? -errno : 0;
}

/* Can files be renamed from one folder to the other? On the same mount and the same file system
 * (btrfs has several in one mount) they can. */
static bool are_together(const struct statx *x, const struct statx *y) {
    return x->stx_mnt_id == y->stx_mnt_id && x->stx_dev_major == y->stx_dev_major &&
           x->stx_dev_minor == y->stx_dev_minor;
}

/* Can they, and do files made in `work` get the same attributes as in `folder`? */
static bool is_equivalent(int work, int folder) {
    struct statx x, y;
    return work >= 0 && look(work, &x) == 0 && look(folder, &y) == 0 && are_together(&x, &y) &&
           handed_down(&x) == handed_down(&y) && project_of(work) == project_of(folder) &&
           same_default_acl(work, folder);
}

/* Opens the reserved folder in `in`, if it is equivalent to the target's folder. Returns -1 if
 * not. */
static int open_equivalent(int in, int folder) {
    int work = reserved_open(in, true);
    if (is_equivalent(work, folder))
        return work;
    if (work >= 0)
        (void)close(work);
    return -1;
}

int workplace_open(const struct path_root *root, int folder) {
    int work = open_equivalent(root->fd, folder);
    if (work < 0)
        work = open_equivalent(folder, folder);
    if (work < 0 && unlinkat(folder, RESERVED_FOLDER, AT_REMOVEDIR) == 0)
        work = open_equivalent(folder, folder);
    return work < 0 ? folder : work;
}

int workplace_is_near(int work, int folder) {
    struct statx x, y;
    int result = look(work, &x);
    if (result < 0)
        return result;
    result = look(folder, &y);
    return result < 0 ? result : are_together(&x, &y);
}
