/*
 * features: what a server says it can do (FEAT, RFC 2389). Pure.
 */
#ifndef STORD_CLIENT_FEATURES_H
#define STORD_CLIENT_FEATURES_H

#include <stdbool.h>

#include "client/reply.h"

enum { FEATURES_HASH_SIZE = 16 };

struct features {
    bool is_inline;                     /* INLINE ALLO: stord */
    bool declares;                      /* SITE SHA256: stord */
    bool has_mfmt;                      /* draft-somers-ftp-mfxx */
    char hash[FEATURES_HASH_SIZE];      /* OpenSSL's name of the digest to ask for, or "" */
    char hash_word[FEATURES_HASH_SIZE]; /* and the server's */
    bool by_hash;                       /* asked for by HASH (draft-bryan-ftpext-hash) and OPTS,
                                         * not by X... */
    bool must_choose;                   /* HASH would use another one */
};

/* Reads a whole reply to FEAT. */
void features_read(struct features *ret, const struct reply *reply);

#endif
