/* The module that links libnettle and zlib: the only file that includes their headers. */
#include <nettle/md5.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <nettle/version.h>
#include <zlib.h>

#include "base/digest.h"
#include "base/module.h"

MODULE_IS_OF_THIS_VERSION;

__attribute__((visibility("default"))) extern const struct digest stord_digest;

/* The states of all. */
struct states {
    struct sha256_ctx sha256;
    struct sha1_ctx sha1;
    struct md5_ctx md5;
    uLong crc32;
};

_Static_assert(sizeof(struct states) <= DIGEST_STATE, "room for all");

/* Since its version 4 nettle knows the length of a digest itself. */
#if NETTLE_VERSION_MAJOR >= 4
#define END(name, NAME, state, to) name##_digest(&(state)->name, to)
#else
#define END(name, NAME, state, to) name##_digest(&(state)->name, NAME##_DIGEST_SIZE, to)
#endif

static struct states *states_of(struct digest_state *state) {
    return (struct states *)(void *)state->room;
}

static void begin(struct digest_state *ret_state, unsigned kinds) {
    struct states *states = states_of(ret_state);
    ret_state->kinds = kinds;
    sha256_init(&states->sha256);
    sha1_init(&states->sha1);
    md5_init(&states->md5);
    states->crc32 = crc32_z(0, NULL, 0);
}

static void add(struct digest_state *state, const void *bytes, size_t n) {
    struct states *states = states_of(state);
    if (digest_has(state->kinds, DIGEST_SHA256))
        sha256_update(&states->sha256, n, bytes);
    if (digest_has(state->kinds, DIGEST_SHA1))
        sha1_update(&states->sha1, n, bytes);
    if (digest_has(state->kinds, DIGEST_MD5))
        md5_update(&states->md5, n, bytes);
    if (digest_has(state->kinds, DIGEST_CRC32))
        states->crc32 = crc32_z(states->crc32, bytes, n);
}

static void end(struct digest_state *state, struct digest_set *ret_digests) {
    struct states *states = states_of(state);
    ret_digests->kinds = state->kinds;
    END(sha256, SHA256, states, ret_digests->bytes[DIGEST_SHA256]);
    END(sha1, SHA1, states, ret_digests->bytes[DIGEST_SHA1]);
    END(md5, MD5, states, ret_digests->bytes[DIGEST_MD5]);
    for (int i = 0; i < 4; i++)
        ret_digests->bytes[DIGEST_CRC32][i] = (uint8_t)(states->crc32 >> (24 - 8 * i));
}

const struct digest stord_digest = {.begin = begin, .add = add, .end = end};
