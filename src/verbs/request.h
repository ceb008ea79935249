/*
 * request: an upload before its first byte: what it is to become, and whether it is refused.
 */
#ifndef STORD_REQUEST_H
#define STORD_REQUEST_H

#include <limits.h>
#include <stdbool.h>

#include "base/path.h"
#include "store/copy.h"
#include "store/store.h"
#include "store/usage.h"
#include "verbs/receive.h"
#include "verbs/sum.h"

struct session;

/* One upload, from its command to its last reply. */
struct upload {
    char asked[PATH_SIZE];        /* the client's name for it: a virtual path */
    char path[PATH_SIZE];         /* where it is */
    char seen[NAME_MAX + 1];      /* name of the file that the client sees there now */
    bool tells_name;              /* the reply names it: we chose the name */
    struct usage usage;           /* of the home */
    bool stored;                  /* it has been published */
    bool is_own;                  /* the client uploaded the present file in this session */
    struct store_request request; /* what it is to become */
    struct store store;           /* the transaction */
    struct notice notice;         /* the event that tells of it, if one is wanted */
    struct receive_job job;       /* where the bytes come from */
    double begun;                 /* when they began: clock_seconds */
    struct copy_result result;    /* how they ended */
    struct sum sum;               /* their digests */
};

/* Fills in what the uploads of a session have in common. */
void request_fill(struct session *session, struct upload *upload);

/* Refuses what can be refused before a byte is sent: at last, after the uploads that wait have been
 * published, because they may be in the way, or hold what it needs. name: the command's argument.
 * Returns 0 once the transaction has begun, or a negative errno. */
int request_begin(struct session *session, struct upload *upload, const char *name);

#endif
