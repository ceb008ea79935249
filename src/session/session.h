/*
 * session: all the state of one session. Each part belongs to the module whose name it has, which
 * alone writes its fields; others read them.
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
#include "session/leave.h"
#include "session/names.h"
#include "session/parameters.h"
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
#include "store/turn.h"

/* What a session is made of, and never changes. All of it outlives the session. */
struct session_parts {
    const struct config *config;   /* settings */
    struct log *log;               /* where events go; is told what is found out about the client */
    const char *folder;            /* the root's path on the disk, absolute */
    const char *boot;              /* in which boot of the machine we are, or "": see usage */
    struct xferlog *xferlog;       /* the log of transfers, or NULL */
    struct transcript *transcript; /* what is said, or NULL */
    const struct peer *peer;       /* the client's end of the control connection */
    const struct path_root *root;  /* the root folder */
    const struct dial *dial;       /* whom to connect to in active mode */
    const struct helper *helper;   /* the credential helper */
    const struct secure_setup *secure;   /* TLS */
    const struct names *names;           /* file names in the client's encoding */
    const struct sandbox_state *sandbox; /* how it is confined */
    int in, out;                         /* the control connection */
    int stop;                            /* can be read once we are to stop; or -1 */
};

struct session {
    const struct session_parts *given;
    double begun;                  /* clock_seconds at its beginning */
    bool line_alone;               /* nothing came in one piece with the beginning of line */
    const struct command *command; /* that is being run, or NULL */
    struct leaving leaving;        /* how it ends */
    struct parameters parameters;  /* of transfers */
    struct watch watch;            /* the transfer under way, and what comes meanwhile */
    struct uploads uploads;        /* what has been uploaded */
    struct view view;              /* what the client sees */
    struct secure secure;          /* TLS */
    struct data data;              /* data connections */
    struct names names;            /* file names in the client's encoding */
    struct turns turns;            /* to change what a name has */
    struct addition addition;      /* what remembers what is added to files */
    struct who who;                /* the client */

    /* Large and last: their pages are used only as far as they are filled */
    struct place place;     /* where the client is */
    struct retry retry;     /* the last upload, if it was interrupted */
    struct reply reply;     /* a reply being put together */
    struct line line;       /* the command line being read */
    struct control control; /* the control connection */
};

/* Prepares a session. parts must outlive it. */
void session_init(struct session *session, const struct session_parts *parts);

/* As after the greeting: nobody logged in, all parameters at their defaults (REIN). What SITE UMASK
 * took away stays away. */
void session_reset(struct session *session);

/* A line, or the data of an inline upload, has been read to its end, and is not answered yet: notes
 * whether the next line came in one piece with it. */
void session_note_piece(struct session *session);

/* Gives back what a session has that is over. */
void session_close(struct session *session);

#endif
