/*
 * session: all the state of one session, and its loop: read a line, find the verb, run it.
 */
#ifndef STORD_SESSION_H
#define STORD_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/config.h"
#include "base/path.h"
#include "log/log.h"
#include "log/xferlog.h"
#include "net/control.h"
#include "net/dial.h"
#include "net/line.h"
#include "net/peer.h"
#include "sandbox/sandbox.h"
#include "session/data.h"
#include "session/names.h"
#include "session/own.h"
#include "session/secure.h"
#include "session/share.h"
#include "session/shown.h"
#include "session/transcript.h"
#include "store/addition.h"
#include "store/turn.h"
#include "store/usage_text.h"
#include "users/account.h"
#include "users/helper.h"
#include "users/owner.h"

struct verb;

enum {
    SESSION_OUT_SIZE = 4096,
    SESSION_HALF_TIME =
        5000,          /* ms that a client which has perhaps left has to connect, or to read */
    SESSION_TLS = 0x16 /* no command begins so, but TLS: content type, RFC 8446 section 5.1 */
};

/* Of the client's own files: that the oldest are forgotten, and that its other sessions do not know
 * of some. */
enum own_said { OWN_SAID_FORGOTTEN = 1, OWN_SAID_UNSHARED = 2 };

struct session {
    const struct config *config;   /* settings, never changed */
    struct log *log;               /* where events go */
    const char *folder;            /* the root's path on the disk */
    struct xferlog *xferlog;       /* the log of transfers, or NULL */
    struct transcript *transcript; /* what is said, or NULL */
    struct peer peer;              /* the client's end of the control connection */
    struct dial dial;              /* whom to connect to in active mode */
    struct path_root top;          /* the root folder */
    struct path_root root;         /* what names are resolved beneath: that, or the user's home */

    struct sandbox_state sandbox; /* how it is confined */
    bool line_waiting;            /* line is whole, came during a transfer, and waits for its end */
    bool line_alone;              /* nothing came in one piece with the beginning of line */
    bool over;                    /* the session ends after this command */
    bool stopping;                /* because we are asked to stop */
    bool must_drain;              /* more may come that nobody reads: see control_drain */
    size_t out_length;            /* bytes in out */
    const struct verb *verb;      /* of the command that is being run, or NULL */
    const char *argument;         /* its argument */
    double begun;                 /* clock_seconds at its beginning */
    long long login_deadline;     /* ms on the monotonic clock until which a client may log in */

    unsigned rights;                 /* what the client may do: bits of enum right */
    struct account account;          /* where, and within which limits */
    bool logged_in;                  /* may use verbs that need a login */
    bool user_given;                 /* USER was sent */
    bool authenticated;              /* by a password or a certificate, or as anonymous */
    unsigned failed_logins;          /* passwords that were wrong */
    unsigned certificate_tries;      /* how often the helper was asked about the certificate */
    struct helper helper;            /* the credential helper */
    char boot[USAGE_TEXT_BOOT_SIZE]; /* in which boot of the machine we are, or "": see usage */
    char user[USERS_NAME_LIMIT + 2]; /* what USER said, cut off where it is too long for a name */
    char owner[OWNER_SIZE];     /* whose interrupted uploads these are: one part of a name */

    bool ascii;           /* representation type is A (else I) */
    bool type_given;      /* by TYPE; until then it is the default */
    bool allo_given;      /* ALLO announced a size for the next upload */
    bool allo_past;       /* another command has come since: it tells only where inline data end */
    bool allo_refused;    /* the last ALLO could not be read: where data would end is not known */
    uint64_t allo;        /* the announced size in bytes */
    long long half_until; /* ms, as clock_ms: see SESSION_HALF_TIME */
    uint64_t restart;     /* REST: bytes of the next transfer to leave out */
    unsigned facts;       /* what MLST and MLSD tell: bits of enum fact */

    struct names names;       /* file names in the client's encoding */
    struct secure secure;     /* TLS */
    struct data data;         /* data connections */
    bool transferring;        /* a transfer over a data connection is under way */
    bool aborted;             /* ABOR came during this transfer */
    bool end_seen;            /* the control connection has ended behind a line that waits */
    bool half_closed;         /* the client sends nothing more on it, but may still listen */
    bool control_gone;        /* the control connection ended during this transfer */
    bool had_inline;          /* there has been an inline upload */
    bool inline_whole;        /* all bytes of the inline upload have been taken */
    uint64_t moved;           /* bytes of this transfer so far */
    uint64_t lost;            /* bytes that had come of the upload `failed` */
    unsigned files;           /* uploads that were answered 226 */
    uint64_t bytes;           /* in those */
    unsigned missing;         /* the right that was missing, with -PATH_NOT_OWN */
    struct own own;           /* what the client has uploaded and made; see view_note_own */
    unsigned own_said;        /* what of it was told the log: bits of enum own_said */
    struct shown shown;       /* what the client was last shown */
    struct turns turns;       /* to change what a name has */
    struct addition addition; /* what remembers what is added to files */
    struct share share;       /* other sessions of the client, which have uploaded some of it */

    /* Large and last: their pages are used only as far as they are filled */
    char home[ACCOUNT_HOME_LIMIT + 1]; /* of the account */
    char cwd[PATH_SIZE];               /* working directory, a virtual path */
    char rename_from[PATH_SIZE];       /* RNFR: what the next RNTO renames, or "" */
    char failed[PATH_SIZE];            /* the last upload, if it was interrupted and kept, or "" */
    char out[SESSION_OUT_SIZE];        /* a reply being put together */
    struct line line;                  /* the command line being read */
    struct control control;            /* the control connection */
};

/* What a session is made of. All of it stays the caller's and must outlive it. */
struct session_parts {
    const struct config *config;
    struct log *log;    /* is told what is found out about the client */
    const char *folder; /* the root's path on the disk, absolute */
    struct xferlog *xferlog;
    struct transcript *transcript;
    const struct peer *peer;
    const struct path_root *root;
    const struct dial *dial;
    const struct helper *helper;
    const struct secure_setup *secure;
    struct names names;
    int in, out; /* the control connection */
};

/* Prepares a session. */
void session_init(struct session *session, const struct session_parts *parts);

/* As after the greeting: nobody logged in, all parameters at their defaults (REIN). What SITE UMASK
 * took away stays away. */
void session_reset(struct session *session);

/* Speaks the session from the greeting to its end. */
void session_run(struct session *session);

/* Waits until fd is ready for events (poll(2)), until deadline at most (ms, as clock_ms), and
 * meanwhile attends to the control connection: the commands that are allowed during a transfer are
 * run, any other waits for its end. Returns 0, -ETIMEDOUT, -ECANCELED after ABOR, -ESHUTDOWN once
 * we are to stop, or -ENOTCONN at once when fd is not ready and the client has left the control
 * connection. */
int session_wait(struct session *session, int fd, short events, long long deadline);

/* The same, but returns -EINTR when there is news of the passive port (see passive_news). */
int session_wait_or_news(struct session *session, int fd, short events, long long deadline);

/* We are asked to stop: the session is over, and what is still to be said to the client must not
 * take long. Returns -ESHUTDOWN. */
int session_stop(struct session *session);

/* May the client learn what is there that it did not upload itself in this session? */
bool session_sees(const struct session *session);

/* Is an upload taken for whole whose TLS ends without close_notify, or whose client closes the
 * control connection before the reply? */
bool session_pardons_cut(const struct session *session);
bool session_pardons_leaving(const struct session *session);

/* May an upload or a renamed file take the place of another one? */
bool session_may_replace(const struct session *session);

/* A line, or the data of an inline upload, has been read to its end, and is not answered yet: notes
 * whether the next line came in one piece with it. */
void session_note_piece(struct session *session);

/* Attends to what has come on the control connection, without waiting. */
void session_look(struct session *session);

#endif
