/*
 * digest: checksums of files (--checksum). The module stord-digest.so (src/base/digest_module.c)
 * links libnettle and zlib, which make them; it is loaded only if there are to be any.
 */
#ifndef STORD_DIGEST_H
#define STORD_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIGEST_MODULE "stord-digest.so"
#define DIGEST_SYMBOL "stord_digest"

enum digest_kind { DIGEST_SHA256, DIGEST_SHA1, DIGEST_MD5, DIGEST_CRC32, DIGEST_KINDS };

enum {
    DIGEST_SIZE = 32,                  /* bytes of the longest */
    DIGEST_TEXT = 2 * DIGEST_SIZE + 1, /* the same in hexadecimal, with its NUL */
    DIGEST_STATE = 512                 /* bytes of all states of the libraries */
};

/* What one kind is called. */
struct digest_name {
    const char *option;  /* by --checksum, and in the log */
    const char *word;    /* by HASH (draft-bryan-ftpext-hash-02) */
    const char *command; /* the command of its own */
    size_t size;         /* of it in bytes */
};

extern const struct digest_name digest_names[DIGEST_KINDS];

/* Digests of one file. */
struct digest_set {
    unsigned kinds; /* bits 1 << enum digest_kind; 0: none is known */
    uint8_t bytes[DIGEST_KINDS][DIGEST_SIZE];
};

/* Digests that are being made. */
struct digest_state {
    unsigned kinds;
    _Alignas(16) unsigned char room[DIGEST_STATE];
};

/* What the module offers. */
struct digest {
    void (*begin)(struct digest_state *ret_state, unsigned kinds);
    void (*add)(struct digest_state *state, const void *bytes, size_t n);
    void (*end)(struct digest_state *state, struct digest_set *ret_digests);
};

/* Loads the module. Returns it, or NULL with *ret_error saying why (valid until the next call). */
const struct digest *digest_load(const char **ret_error);

/* Reads a comma list of names as --checksum has them; "none" is none. Returns bits, or -1 if a name
 * is unknown. */
int digest_parse_kinds(const char *list);

/* Reads a digest in hexadecimal. Returns whether it is one of that kind. */
bool digest_parse(enum digest_kind kind, const char *text, uint8_t ret_bytes[DIGEST_SIZE]);

/* Writes a digest in lower case. Returns ret_text. */
const char *digest_text(const struct digest_set *digests, enum digest_kind kind,
                        char ret_text[DIGEST_TEXT]);

/* Is that digest among these? */
static inline bool digest_has(unsigned kinds, enum digest_kind kind) {
    return kinds & (1U << kind);
}

#endif
