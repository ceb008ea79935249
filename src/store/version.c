#include "store/version.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/sysmacros.h>

#include "base/sum.h"

/* Without the device, whose number differs between machines that share a file system, and the time
 * of the last change of attributes: a new mode or link does not make it another file. */
static uint64_t number_of(const struct statx *stx) {
    bool born = stx->stx_mask & STATX_BTIME;
    const uint64_t what[] = {stx->stx_ino,
                             stx->stx_size,
                             (uint64_t)stx->stx_mtime.tv_sec,
                             stx->stx_mtime.tv_nsec,
                             born ? (uint64_t)stx->stx_btime.tv_sec : 0,
                             born ? stx->stx_btime.tv_nsec : 0};
    uint64_t sum = sum_add(0, what, sizeof(what));
    return sum == VERSION_NOTHING || sum == VERSION_HIDDEN ? 1 : sum;
}

int version_look(int folder, const char *name, struct stat *ret_st, uint64_t *ret_version) {
    const unsigned wanted = STATX_BASIC_STATS | STATX_BTIME;
    const int flags = AT_SYMLINK_NOFOLLOW | (*name ? 0 : AT_EMPTY_PATH);
    struct statx stx;
    *ret_version = VERSION_NOTHING;
    if (statx(folder, name, flags, wanted, &stx) < 0)
        return -errno;
    *ret_version = number_of(&stx);
    *ret_st = (struct stat){
        .st_dev = makedev(stx.stx_dev_major, stx.stx_dev_minor),
        .st_ino = stx.stx_ino,
        .st_mode = stx.stx_mode,
        .st_nlink = stx.stx_nlink,
        .st_uid = stx.stx_uid,
        .st_gid = stx.stx_gid,
        .st_size = (off_t)stx.stx_size,
        .st_blocks = (blkcnt_t)stx.stx_blocks,
        .st_mtim = {.tv_sec = stx.stx_mtime.tv_sec, .tv_nsec = (long)stx.stx_mtime.tv_nsec}};
    return 0;
}

int version_of(int folder, const char *name, uint64_t *ret_version) {
    struct stat st;
    int result = version_look(folder, name, &st, ret_version);
    return result == -ENOENT ? 0 : result;
}
