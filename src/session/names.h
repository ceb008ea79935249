/*
 * names: file names in the client's encoding, and in UTF-8 on the disk (--names-from). They become
 * UTF-8 in one place, before a verb sees them, and are converted back in two: in replies and in
 * listings.
 *
 * The only user of iconv(3), whose converters are files: they are loaded and tried before a session
 * is confined.
 */
#ifndef STORD_NAMES_H
#define STORD_NAMES_H

#include <errno.h>
#include <iconv.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    NAMES_PART = 1024,        /* room for one part of a path in any encoding, and a NUL */
    NAMES_UNREADABLE = EILSEQ /* the name is not UTF-8, and may not or cannot be converted */
};

/* All zero: names are left as they are. */
struct names {
    bool refuses;  /* names that are not UTF-8 */
    bool converts; /* converts them, from and to */
    iconv_t from_client, to_client;
    bool spoken; /* the client's last name that was not ASCII was not UTF-8 */
};

/* from: "raw" (nothing is converted), "refuse", or an encoding that iconv(3) knows and that
 * contains ASCII. Returns 0, or -EINVAL if it is none of these: names_complaint says so. Call
 * names_close if the process does not end. */
int names_open(struct names *ret_names, const char *from);

extern const char names_complaint[];

/* Another client may follow (REIN). */
static inline void names_reset(struct names *names) {
    names->spoken = false;
}

void names_close(struct names *names);

/* Converts what a client has sent as a path, perhaps after some ASCII, to UTF-8 in place: path has
 * room for size bytes, which must hold both forms. Returns 0, or a negative errno and changes
 * nothing: -NAMES_UNREADABLE or -ENAMETOOLONG. */
int names_take(struct names *names, char *path, size_t size);

/* What the client sees of one part of a path, *n bytes without "/", and perhaps ASCII around it:
 * the part in the client's encoding, if the client uses that and can send the name back; else as it
 * is. Returns the bytes, either part or room, and sets *n. */
const char *names_show(const struct names *names, const char *part, size_t *n,
                       char room[NAMES_PART]);

#endif
