#include "session/digests.h"

void digests_reset(struct digests *digests, unsigned kinds) {
    unsigned first = 0;
    while (first + 1 < DIGEST_KINDS && !digest_has(kinds, first))
        first++;
    known_forget_all(&digests->known);
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
