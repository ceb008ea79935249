#include "base/scratch.h"

#include <assert.h>
#include <stdalign.h>
#include <stdint.h>

enum { PAGE = 4096, UNIT = alignof(max_align_t) };

static char room[SCRATCH_SIZE + PAGE];
static size_t used = UNIT; /* not 0: so it lies among other data that is written to */

/* Where the first whole page begins: aligned statically, all other data would have to be, too. */
static char *begin(void) {
    return room + (PAGE - (uintptr_t)room % PAGE);
}

void *scratch_take(size_t n) {
    void *loan = begin() + used;
    scratch_keep(loan, n);
    return loan;
}

void scratch_keep(void *loan, size_t n) {
    size_t at = (size_t)((char *)loan - begin());
    assert(n <= SCRATCH_SIZE - at - UNIT);
    used = (at + n + UNIT - 1) / UNIT * UNIT;
}

void scratch_give(void *loan) {
    used = (size_t)((char *)loan - begin());
}
