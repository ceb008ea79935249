/*
 * digests: what a session knows about the digests of files (--checksum).
 */
#ifndef STORD_DIGESTS_H
#define STORD_DIGESTS_H

#include "base/digest.h"
#include "session/known.h"

struct digests {
    enum digest_kind chosen; /* what HASH tells: see OPTS HASH */
    struct known known;      /* of what has been uploaded */
    struct digests_end *end; /* of what was added to last, or NULL */
};

/* As after the greeting. kinds: those that are made. */
void digests_reset(struct digests *digests, unsigned kinds);

/* OPTS HASH */
void digests_choose(struct digests *digests, enum digest_kind kind);

/* See known. */
void digests_note(struct digests *digests, const struct known_file *file,
                  const struct digest_set *set);
/* The digests of that file, not yet ended: what is added to it next needs not be read again.
 * Without memory for them they are not kept. */
void digests_keep_state(struct digests *digests, const struct known_file *file,
                        const struct digest_state *state);

/* They, or NULL. */
const struct digest_state *digests_state(const struct digests *digests,
                                         const struct known_file *file);

void digests_set_time(struct digests *digests, const struct stat *before, const struct stat *after);

#endif
