#include "session/digests.h"

#include <stdlib.h>

struct digests_end {
    struct known_file file;
    struct digest_state state;
};

void digests_reset(struct digests *digests, unsigned kinds) {
    unsigned first = 0;
    while (first + 1 < DIGEST_KINDS && !digest_has(kinds, first))
        first++;
    known_forget_all(&digests->known);
    free(digests->end);
    digests->end = NULL;
    digests->chosen = first;
}

void digests_choose(struct digests *digests, enum digest_kind kind) {
    digests->chosen = kind;
}

void digests_note(struct digests *digests, const struct known_file *file,
                  const struct digest_set *set) {
    known_note(&digests->known, file, set);
}

void digests_set_time(struct digests *digests, const struct stat *before,
                      const struct stat *after) {
    known_set_time(&digests->known, before, after);
}

void digests_keep_state(struct digests *digests, const struct known_file *file,
                        const struct digest_state *state) {
    if (!digests->end)
        digests->end = malloc(sizeof(*digests->end));
    if (digests->end)
        *digests->end = (struct digests_end){.file = *file, .state = *state};
}

const struct digest_state *digests_state(const struct digests *digests,
                                         const struct known_file *file) {
    bool same = digests->end && known_is_same(&digests->end->file, file);
    return same ? &digests->end->state : NULL;
}
