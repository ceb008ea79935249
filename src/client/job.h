/*
 * job: one thing to be done at the server: a file to upload, or a folder to make. What has become
 * of it so far.
 */
#ifndef STORD_CLIENT_JOB_H
#define STORD_CLIENT_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

enum job_kind { JOB_FOLDER, JOB_FILE };
enum job_state { JOB_WAITING, JOB_FLYING, JOB_DONE, JOB_FAILED };

/* Which file it was that was sent, as stat(2) tells it. */
struct job_identity {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
};

enum { JOB_REPLY_SIZE = 512, JOB_DIGEST_SIZE = 160, JOB_DECLARED_SIZE = 65 };

/* What the server had under that name before the first try */
enum { JOB_NOT_ASKED = -2, JOB_NOTHING = -1 };

struct job {
    enum job_kind kind;
    enum job_state state;
    int error;    /* errno, if the source cannot be sent: found out before anything is sent */
    char *source; /* as the user wrote it, or found below that; "-": standard input */
    char *target; /* where it goes, from the session's folder on */
    unsigned tries;
    off_t bytes;                /* that it has; -1: not known */
    off_t sent;                 /* the most that the server may have got of it by all tries */
    off_t before;               /* its size at the server before that, or one of the above */
    long long began;            /* clock_ms of the first try */
    struct job_identity was;    /* what was sent; for a source that is a plain file */
    bool is_stored;             /* the server has confirmed it; what is asked for after that is not
                                   done yet */
    bool is_renamed;            /* there, from its temporary name; */
    bool may_be_renamed;        /* or the reply to RNTO was lost */
    bool is_plain;              /* it is one */
    bool is_found;              /* in a folder: it is no symbolic link, unless -L follows them */
    bool may_lack_size;         /* a pipe, or a file of /proc, may be the source */
    char reply[JOB_REPLY_SIZE]; /* the final one */
    char declared[JOB_DECLARED_SIZE]; /* its SHA-256, which the server was told; or "" */
    char digest[JOB_DIGEST_SIZE];     /* "SHA-256:..." if both sides have the same; "" */
};

#endif
