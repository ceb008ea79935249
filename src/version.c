#include "version.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "sum.h"

/* Not by the device, whose number differs between the machines that share a file system, nor by the
 * time of the last change to its attributes: a mode or a second link make no other file of it. */
static int find(int folder, const char *name, int flags, uint64_t *ret_version) {
    const unsigned wanted = STATX_INO | STATX_SIZE | STATX_MTIME | STATX_BTIME;
    struct statx st;
    *ret_version = VERSION_NOTHING;
    if (statx(folder, name, AT_SYMLINK_NOFOLLOW | flags, wanted, &st) < 0)
        return errno == ENOENT ? 0 : -errno;
    bool born = st.stx_mask & STATX_BTIME;
    const uint64_t what[] = {st.stx_ino,
                             st.stx_size,
                             (uint64_t)st.stx_mtime.tv_sec,
                             st.stx_mtime.tv_nsec,
                             born ? (uint64_t)st.stx_btime.tv_sec : 0,
                             born ? st.stx_btime.tv_nsec : 0};
    uint64_t sum = sum_add(0, what, sizeof(what));
    *ret_version = sum == VERSION_NOTHING || sum == VERSION_HIDDEN ? 1 : sum;
    return 0;
}

int version_of(int folder, const char *name, uint64_t *ret_version) {
    return find(folder, name, 0, ret_version);
}

int version_of_open(int fd, uint64_t *ret_version) {
    return find(fd, "", AT_EMPTY_PATH, ret_version);
}
