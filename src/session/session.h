/*
 * session: all the state of one session. Each part belongs to the module of its name, and only that
 * writes its fields; others read them.
 */
#ifndef STORD_SESSION_H
#define STORD_SESSION_H

#include "base/config.h"
#include "log/log.h"
#include "log/xferlog.h"
#include "net/control.h"
#include "net/dial.h"
#include "net/line.h"
#include "net/peer.h"
#include "sandbox/sandbox.h"
#include "session/command.h"
#include "session/data.h"
#include "session/digests.h"
#include "session/doing.h"
#include "session/leave.h"
#include "session/names.h"
#include "session/parameters.h"
#include "session/pipeline.h"
#include "session/place.h"
#include "session/reply.h"
#include "session/retry.h"
#include "session/secure.h"
#include "session/transcript.h"
#include "session/uploads.h"
#include "session/view.h"
#include "session/watch.h"
#include "session/who.h"
#include "store/addition.h"
#include "store/notice.h"
#include "store/oldest.h"
#include "store/turn.h"

/* What a session is given, and never changes. All of it outlives the session. */
struct session_parts {
    const struct config *config;         /* settings */
    struct log *log;                     /* where events go; learns about the client */
    const char *folder;                  /* the root's path on the disk, absolute */
    const char *boot;                    /* names this boot of the machine, or "": see usage */
    struct xferlog *xferlog;             /* the log of transfers, or NULL */
    struct transcript *transcript;       /* commands and replies, or NULL */
    const struct peer *peer;             /* the client's end of the control connection */
    struct in_addr told;                 /* what PASV tells instead of our own; 0.0.0.0: nothing */
    const struct path_root *root;        /* the root folder */
    const struct dial *dial;             /* where to connect to in active mode */
    const struct helper *helper;         /* the credential helper */
    struct gate *gate;                   /* who decides about uploads */
    const struct digest *digest;         /* makes digests; NULL: there are none */
    const struct notices *notices;       /* where events for other programs go, or NULL */
    const struct secure_setup *secure;   /* TLS */
    const struct names *names;           /* file names in the client's encoding */
    const struct sandbox_state *sandbox; /* how it is confined */
    int in, out;                         /* the control connection */
    int stop;                            /* readable once we are to stop; or -1 */
};

enum { HEAD_SIZE = 256 };

/* See its last members. NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
struct session {
    const struct session_parts *given;
    double begun;                  /* clock_seconds at its beginning */
    bool line_alone;               /* `line` did not begin in one piece with other bytes */
    const struct command *command; /* the one that is being run, or NULL */
    const char *meant;             /* the name in its argument, as its verb found it, or NULL */
    struct leave leave;            /* how it ends */
    struct parameters parameters;  /* of transfers */
    struct watch watch;            /* the transfer under way, and commands meanwhile */
    struct doing doing;            /* what the process list shows */
    struct uploads uploads;        /* what has been uploaded */
    struct view view;              /* what the client sees */
    struct digests digests;        /* of what has been uploaded */
    struct secure secure;          /* TLS */
    struct data data;              /* data connections */
    struct names names;            /* file names in the client's encoding */
    struct turns turns;            /* to change files, one session at a time */
    struct addition addition;      /* remembers what is added to files */
    struct oldest oldest;          /* old files of the home, which make room */
    struct pipeline pipeline;      /* uploads that wait to be published together */
    struct who who;                /* the client */

    /* Large and last: pages that are not filled are never used. What is filled is where they begin,
     * and lies in one page */
    struct place place;                                     /* its working directory */
    struct reply reply __attribute__((aligned(HEAD_SIZE))); /* one being put together */
    struct retry retry; /* the last upload, if it was interrupted */
    struct line line __attribute__((aligned(HEAD_SIZE)));       /* the command being read */
    struct control control __attribute__((aligned(HEAD_SIZE))); /* the control connection */
};

/* Prepares a session. parts must outlive it. */
void session_init(struct session *session, const struct session_parts *parts);

/* As after the greeting (REIN): nobody logged in, all parameters at their defaults. The umask of
 * SITE UMASK stays. */
void session_reset(struct session *session);

/* A line, or the data of an inline upload, has been read to its end and has no reply yet: notes
 * whether the next line came in one piece with it. */
void session_note_piece(struct session *session);

/* That command is being run from now on; NULL: none. Returns which one was before it: it may wait
 * for its transfer. */
const struct command *session_begin_command(struct session *session, const struct command *command);

/* The command that is being run means the file of that name, which lives until it has been replied
 * to. For verbs whose whole argument is the name this is known without. */
void session_means(struct session *session, const char *name);

/* Frees what a session holds, at its end. */
void session_close(struct session *session);

#endif
