#include "version.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>

#define BASIS UINT64_C(0xcbf29ce484222325)
#define PRIME UINT64_C(0x100000001b3)

static uint64_t mix(uint64_t hash, uint64_t value) {
    for (unsigned i = 0; i < 64; i += 8)
        hash = (hash ^ (value >> i & 0xff)) * PRIME;
    return hash;
}

/* Not by the device, whose number differs between the machines that share a file system, nor by the
 * time of the last change to its attributes: a mode or a second link make no other file of it. */
static int find(int folder, const char *name, int flags, uint64_t *ret_version) {
    const unsigned wanted = STATX_INO | STATX_SIZE | STATX_MTIME | STATX_BTIME;
    struct statx st;
    *ret_version = VERSION_NOTHING;
    if (statx(folder, name, AT_SYMLINK_NOFOLLOW | flags, wanted, &st) < 0)
        return errno == ENOENT ? 0 : -errno;
    bool born = st.stx_mask & STATX_BTIME;
    uint64_t hash = mix(mix(BASIS, st.stx_ino), st.stx_size);
    hash = mix(mix(hash, (uint64_t)st.stx_mtime.tv_sec), st.stx_mtime.tv_nsec);
    hash =
        mix(mix(hash, born ? (uint64_t)st.stx_btime.tv_sec : 0), born ? st.stx_btime.tv_nsec : 0);
    *ret_version = hash == VERSION_NOTHING || hash == VERSION_HIDDEN ? 1 : hash;
    return 0;
}

int version_of(int folder, const char *name, uint64_t *ret_version) {
    return find(folder, name, 0, ret_version);
}

int version_of_open(int fd, uint64_t *ret_version) {
    return find(fd, "", AT_EMPTY_PATH, ret_version);
}
