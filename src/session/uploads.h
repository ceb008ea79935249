/*
 * uploads: the sum of what a session has uploaded, and the state of inline uploads.
 */
#ifndef STORD_UPLOADS_H
#define STORD_UPLOADS_H

#include <stdbool.h>
#include <stdint.h>

struct uploads {
    unsigned files;    /* uploads with the reply 226, */
    uint64_t bytes;    /* and the bytes in those */
    bool had_inline;   /* there has been an inline upload */
    bool inline_whole; /* all bytes of the current inline upload have been read */
};

/* One more file was stored. */
static inline void uploads_count(struct uploads *uploads, uint64_t bytes) {
    uploads->files++;
    uploads->bytes += bytes;
}

/* A command begins, so far without an inline upload. */
static inline void uploads_begin(struct uploads *uploads) {
    uploads->inline_whole = false;
}

/* The bytes of an inline upload have come; is_whole: all of them. */
static inline void uploads_note_inline(struct uploads *uploads, bool is_whole) {
    uploads->had_inline = true;
    uploads->inline_whole = is_whole;
}

#endif
