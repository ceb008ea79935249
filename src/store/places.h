/*
 * places: the folders of uploads that wait to be published together, and the workplaces that were
 * chosen for them. An upload into one of these folders needs no descriptors of its own, and no
 * search for a workplace. All are closed when the last upload is over that uses one of them.
 */
#ifndef STORD_PLACES_H
#define STORD_PLACES_H

#include <stdbool.h>
#include <sys/types.h>

struct store;

enum { PLACES_MOST = 4 };

struct places {
    unsigned count;
    unsigned users; /* uploads that use them */
    struct places_row {
        dev_t device;
        ino_t inode; /* which folder it is */
        int folder;  /* it, open, */
        int work;    /* and its workplace: see workplace_open */
    } rows[PLACES_MOST];
};

/* None is open. */
void places_init(struct places *places);

/* Is that folder open? Then *folder is closed, and both are lent by places, until places_return. */
bool places_lend(struct places *places, int *folder, int *ret_work);

/* Takes over the folders of an upload that is to wait, and lends them to it, unless there is no
 * room for them. */
void places_take(struct places *places, struct store *store);

/* An upload is over that was lent some. */
void places_return(struct places *places);

#endif
