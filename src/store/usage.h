/*
 * usage: how much a home holds, kept so that sessions need not walk through it.
 *
 *   ROOT/.stord.unfinished/.stord.usage/HOME/.stord.count     what usage_text describes
 *
 * What counts are the bytes of the plain files in the home, and of the partials of users who upload
 * into it; and the number of files and folders, because even an empty one takes room. The count
 * changes under a lock, together with what it counts, and is marked dirty meanwhile: a session that
 * finds it dirty, or written before the machine was started, or missing, or older than a day,
 * recounts. So does a session about to be refused, because files may have gone, but for at most a
 * tenth of the time, so that a full home does not keep the disk busy.
 */
#ifndef STORD_USAGE_H
#define STORD_USAGE_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/path.h"
#include "store/usage_text.h"

/* An error that nothing else gives: the quota is used up. */
enum { USAGE_EXCEEDED = EXFULL };

/* A quota allows USAGE_NAMES files and folders, and one more for each USAGE_NAME_SIZE bytes, the
 * least that file systems use for one. */
enum { USAGE_NAMES = 256, USAGE_NAME_SIZE = 4096 };

/* The usage of one home. What it points to must outlive it. */
struct usage {
    const struct path_root *top;  /* the root, where counts are kept */
    const struct path_root *root; /* the home, which is counted */
    const char *home;             /* its virtual path */
    const char *owner;            /* whose partials count, too; "": no new owner */
    const char *boot;             /* of usage_boot; "" if it is not known */
    uint64_t quota;               /* in bytes; VALUE_UNLIMITED: nothing is counted */
    int stop;                     /* ends every wait once it is readable; or -1 */

    int folder;              /* locked while a change is under way, else -1 */
    int file;                /* the count */
    bool known;              /* `count` holds */
    struct usage_text count; /* as it is in the file, or will be */
    char *owners;            /* its other lines; freed with the lock */
    bool recounted;          /* it was recounted: for the log */
};

/* Opens the folder of all counts in the reserved folder; makes it if it is missing. Returns a
 * descriptor (O_PATH) or a negative errno. */
int usage_open_folder(const struct path_root *top);

/* Reads the id of this boot of the machine; "" if that cannot be read. */
void usage_boot(char ret_boot[USAGE_TEXT_BOOT_SIZE]);

/* What the home was last counted to hold: *ret_held. Changes nothing, and waits for nobody. Returns
 * whether that is known. */
bool usage_peek(const struct path_root *top, const char *home, struct amount *ret_held);

/* How many files and folders does the quota allow? */
uint64_t usage_names(const struct usage *usage);

/* Is there a quota? Without one, all that follows does nothing and succeeds. */
bool usage_is_limited(const struct usage *usage);

/* Before a change of what counts: locks the count, and marks it dirty. Returns 0 or a negative
 * errno: -EAGAIN if other sessions keep it for too long, -ESHUTDOWN. Call usage_end or usage_doubt
 * in every case. */
int usage_begin(struct usage *usage);

/* Does so much more fit, if so much goes? As far as is known. */
bool usage_fits(const struct usage *usage, struct amount more, struct amount less);

/* What is lacking so that so much more fits, if so much goes? As far as is known. */
struct amount usage_lack(const struct usage *usage, struct amount more, struct amount less);

/* The same as usage_fits after usage_begin, and for certain: recounts if necessary. Returns 0,
 * -USAGE_EXCEEDED, or another negative errno if it cannot be found out. */
int usage_check(struct usage *usage, struct amount more, struct amount less);

/* After the change: so much came, so much went. Unlocks. If usage_begin failed and something has
 * changed nevertheless, the next session recounts. */
void usage_end(struct usage *usage, struct amount more, struct amount less);

/* The same if it is not known what came and went: the next session recounts. */
void usage_doubt(struct usage *usage);

/* How many bytes a file may have, if so much goes: *ret_most. wanted: what must fit. Returns as
 * usage_check. */
int usage_room(struct usage *usage, struct amount wanted, struct amount less, uint64_t *ret_most);

/* Recounts, between usage_begin and usage_end. owners: whose partials count from now on, a line
 * each; NULL: the same as before. Returns 0 or a negative errno, as usage_walk. */
int usage_recount(struct usage *usage, const char *owners);

#endif
