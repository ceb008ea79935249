/*
 * entry: what is remembered of bytes that are being added to a file, as the name of an empty file:
 *
 *   DEVICE-INODE-bBORN-eWHEN                                       nothing is pending
 *   DEVICE-INODE-bBORN-pLENGTH-MORE-SUM-SECONDS-REST-BOOT          bytes may be there, or not
 *   DEVICE-INODE-bBORN-rLENGTH-...                                 bytes that were refused
 *
 * All numbers are hexadecimal. nPLACE replaces bBORN if a file has no birth time.
 */
#ifndef STORD_ENTRY_H
#define STORD_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/path.h"

enum { ENTRY_PREFIX_SIZE = 64, ENTRY_NAME_SIZE = 192 };

/* What an entry says. */
enum entry_state {
    ENTRY_NONE = 0,      /* there is no entry */
    ENTRY_ENDED = 'e',   /* nothing is pending */
    ENTRY_PENDING = 'p', /* bytes may be there that do not belong to the file */
    ENTRY_REFUSED = 'r'  /* they do not, even if all of them are there */
};

/* What is being added. */
struct entry_facts {
    uint64_t length; /* of the file before, in bytes */
    int64_t seconds; /* when it was last changed before, in s since 1970, */
    int64_t rest;    /* and ns */
    uint64_t more;   /* bytes that are added */
    uint64_t sum;    /* of these bytes: sum_add */
};

struct entry {
    char name[ENTRY_NAME_SIZE];
    enum entry_state state;
    struct entry_facts facts; /* unless it has ended */
    uint64_t boot;            /* entry_sum_of_boot, when it was written */
};

/* What the names of all entries of a file begin with. */
struct entry_prefix {
    char text[ENTRY_PREFIX_SIZE];
    size_t number; /* bytes of it that all files that have had the inode share */
};

/* Is something pending, or refused? */
bool entry_is_open(const struct entry *entry);

/* The prefix of a file. folder, name: where it is. Returns 0 or a negative errno. */
int entry_make_prefix(const struct path_root *top, const struct path_id *id, int folder,
                      const char *name, struct entry_prefix *ret_prefix);

/* The name of an entry that has ended; a new one each time. */
void entry_name_ended(const struct entry_prefix *prefix, char ret_name[ENTRY_NAME_SIZE]);

/* The name of one that has not. */
void entry_name_facts(const struct entry_prefix *prefix, enum entry_state state,
                      const struct entry_facts *facts, uint64_t boot,
                      char ret_name[ENTRY_NAME_SIZE]);

/* Reads what follows the prefix. Returns false if it is not an entry. */
bool entry_parse(const char *text, struct entry *ret_entry);

/* Finds the entry of a file in the folder of entries. Its state is ENTRY_NONE if there is none.
 * Returns 0 or a negative errno. */
int entry_find(int folder, const struct entry_prefix *prefix, struct entry *ret_entry);

/* Calls `call` with the inode of each file that has something pending or refused, until a call
 * returns false: -ENOMEM then. Returns 0 or a negative errno. */
int entry_each_open(int folder, bool (*call)(void *context, uint64_t inode), void *context);

/* Removes the entries of all files that have had the inode. */
void entry_remove(int folder, const struct entry_prefix *prefix);

/* The number of a boot of the machine. boot: of usage_boot; 0 if that is not known. */
uint64_t entry_sum_of_boot(const char *boot);

#endif
