/*
 * sum: the digests of an upload (--checksum), which are made while its bytes arrive, of what is
 * stored: in TYPE A after the conversion. What it begins with is read for them, if it may be read
 * and is not longer than --hash-max; else no digests are known.
 */
#ifndef STORD_SUM_OF_UPLOAD_H
#define STORD_SUM_OF_UPLOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/digest.h"

struct session;
struct upload;

struct sum {
    struct digest_set digests; /* of the file, once its bytes have come; kinds is 0: not known */
    bool is_made;              /* they are being made */
    bool declared;             /* by the client: */
    uint8_t digest[DIGEST_SIZE];
    uint64_t size;   /* of what it begins with, or is added to, then of the file */
    struct stat old; /* what it is added to, if there is something */
};

/* Fills in what is told before the upload begins. */
void sum_fill(const struct session *session, struct upload *upload);

/* Begins. Returns whether the digest can be compared with one that the client has declared, if it
 * has: not with APPE, which adds to a file that may be another one by then. */
bool sum_begin(const struct session *session, struct upload *upload);

/* The bytes have come. */
void sum_end(const struct session *session, struct upload *upload);

/* Did the client declare another digest? */
bool sum_differs(const struct upload *upload);

/* They are not those of a file that is whole. */
void sum_forget(struct upload *upload);

/* It has been published: remembers its digests for HASH, if they are still true. */
void sum_note(struct session *session, struct upload *upload);

#endif
