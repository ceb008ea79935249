/*
 * usage: how much a home holds, kept so that nobody has to walk through it.
 *
 *   ROOT/.stord.unfinished/.stord.usage/HOME/.stord.count     what usage_text describes
 *
 * What counts are the bytes of the plain files of the home, and of the partials of those who upload
 * into it; and how many files and folders there are, for each takes room, were it empty. The count
 * changes under a lock, together with what it counts, and is marked dirty meanwhile: whoever
 * finds it so, or written before the machine was started, or not at all, or older than a day, walks
 * and counts anew. So does whom it would refuse, for others take files away, but not so often that
 * a full home keeps the disk busy.
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

/* A quota of bytes leaves room for so many files and folders, and one more for as many bytes as
 * file systems give to each at least. */
enum { USAGE_NAMES = 256, USAGE_NAME_SIZE = 4096 };

/* The usage of one home. What is pointed to outlives it. */
struct usage {
    const struct path_root *top;  /* the root, where counts are kept */
    const struct path_root *root; /* the home, which is counted */
    const char *home;             /* its virtual path */
    const char *owner;            /* whose partials count, too; "" for nobody new */
    const char *boot;             /* of this machine, as usage_boot; "" when it is not known */
    uint64_t quota;               /* or VALUE_UNLIMITED: then nothing is counted at all */
    int stop;                     /* ends every wait once it is readable; or -1 */

    int folder;              /* locked while a change is under way, else -1 */
    int file;                /* the count */
    bool known;              /* `count` holds */
    struct usage_text count; /* as it is in the file, or would be */
    char *owners;            /* its other lines; freed with the lock */
    bool recounted;          /* it had to be: for the log */
};

/* Makes the folder of the reserved folder that all counts are in, where it is missing. Returns a
 * descriptor that leads to it, or a negative errno. */
int usage_open_folder(const struct path_root *top);

/* Finds out in which boot of the machine we are; "" where that cannot be read. */
void usage_boot(char ret_boot[USAGE_TEXT_BOOT_SIZE]);

/* How many files and folders does the quota leave room for? */
uint64_t usage_names(const struct usage *usage);

/* Is there a quota? Where there is none, all that follows does nothing and succeeds. */
bool usage_is_limited(const struct usage *usage);

/* Before something changes that counts: locks the count, and marks it dirty. Returns 0 or a
 * negative errno: -EAGAIN when others keep it for too long, -ESHUTDOWN. usage_end or usage_doubt
 * follows in every case. */
int usage_begin(struct usage *usage);

/* Does so much more fit, when so much goes? As far as is known. */
bool usage_fits(const struct usage *usage, struct amount more, struct amount less);

/* The same after usage_begin, and for sure: counts anew where it must. Returns 0, -USAGE_EXCEEDED,
 * or another negative errno when it cannot be found out. */
int usage_check(struct usage *usage, struct amount more, struct amount less);

/* After the change: so much came, so much went. Unlocks. Where usage_begin failed and
 * something has changed nevertheless, it is counted anew next time. */
void usage_end(struct usage *usage, struct amount more, struct amount less);

/* The same when it is not known what came and went: it is counted anew next time. */
void usage_doubt(struct usage *usage);

/* How many bytes a file may have, when so much goes: *ret_most. Returns as usage_check when what is
 * wanted does not fit. */
int usage_room(struct usage *usage, struct amount wanted, struct amount less, uint64_t *ret_most);

/* Counts anew, between usage_begin and usage_end. owners: whose partials count from now on, a line
 * each; NULL: those of before. Returns 0 or a negative errno, as usage_walk. */
int usage_recount(struct usage *usage, const char *owners);

#endif
