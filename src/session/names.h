/*
 * names: file names in the client's encoding, and in UTF-8 on the disk (--names-from). They become
 * UTF-8 in one place, before a verb sees them, and are shown in two: in replies and in listings.
 *
 * Alone uses iconv(3), whose converters are files: they are loaded and tried before a session is
 * confined.
 */
#ifndef STORD_NAMES_H
#define STORD_NAMES_H

#include <errno.h>
#include <iconv.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    NAMES_PART = 1024,        /* room for one part of a path in any encoding, and a NUL */
    NAMES_UNREADABLE = EILSEQ /* the name is no UTF-8, and may not or cannot be converted */
};

/* All zero: names are what the client sends. */
struct names {
    bool refuses;  /* what is no UTF-8 */
    bool converts; /* the same, from and to: */
    iconv_t from_client, to_client;
    bool spoken; /* the client's last name that was not ASCII was no UTF-8 */
};

/* from: "raw" (nothing is converted), "refuse", or an encoding that iconv(3) knows and in which
 * ASCII is what it is everywhere. Returns 0, or -EINVAL when it is none of these, which
 * names_complaint says. names_close follows where the process does not end. */
int names_open(struct names *ret_names, const char *from);

extern const char names_complaint[];

/* Another client may speak from now on. */
static inline void names_reset(struct names *names) {
    names->spoken = false;
}

void names_close(struct names *names);

/* Makes UTF-8 of what a client has sent as a path, perhaps with ASCII before it, in place: path has
 * room for size bytes, for both. Returns 0, or leaves it: -NAMES_UNREADABLE or -ENAMETOOLONG. */
int names_take(struct names *names, char *path, size_t size);

/* What the client is to see of one part of a path, *n bytes without "/", and perhaps ASCII around
 * it: that in its encoding, where it speaks that and can send the name back so; else as it is.
 * Returns the bytes, in part or in room, and sets *n. */
const char *names_show(const struct names *names, const char *part, size_t *n,
                       char room[NAMES_PART]);

#endif
