/*
 * who: who the client is, where its home is, and what it may do. Touches no file.
 */
#ifndef STORD_WHO_H
#define STORD_WHO_H

#include <stdbool.h>

#include "base/path.h"
#include "net/peer.h"
#include "users/account.h"
#include "users/helper.h"
#include "users/owner.h"
#include "users/users.h"

struct config;

struct who {
    unsigned rights;                 /* what the client may do: bits of enum right */
    struct account account;          /* its home, limits and policies */
    bool logged_in;                  /* may use verbs that need a login */
    bool user_given;                 /* USER was sent */
    bool authenticated;              /* logged in by a password or a certificate, or as anonymous */
    unsigned failed_logins;          /* passwords that were wrong */
    unsigned certificate_tries;      /* how often the helper was asked about the certificate */
    long long login_deadline;        /* by clock_ms: until when a client may log in */
    struct helper helper;            /* the credential helper */
    struct path_root top;            /* the root folder */
    struct path_root root;           /* what names are resolved beneath: top, or the user's home */
    char user[USERS_NAME_LIMIT + 2]; /* the name of USER, cut off if it is too long */
    char owner[OWNER_SIZE];          /* to whom interrupted uploads belong: one part of a path */
    char home[ACCOUNT_HOME_LIMIT + 1]; /* of the account */
};

/* Nobody is logged in. login_deadline: by clock_ms. */
void who_init(struct who *who, const struct path_root *top, const struct helper *helper,
              long long login_deadline);

/* As after the greeting: nobody is logged in, the home is the root folder. may_enter: a local
 * client needs no login (TLS is not missing). */
void who_reset(struct who *who, const struct config *config, const struct peer *peer,
               bool may_enter);

/* USER has come, */
void who_note_user(struct who *who);

/* with that name. */
void who_name(struct who *who, const char *name);

/* The client has that account from now on. The account need not outlive the call. */
void who_apply(struct who *who, const struct account *account, const struct config *config);

/* The home is open; and if it is below the root folder, an O_PATH descriptor replaces that of the
 * root folder. */
void who_settle(struct who *who, const struct path_root *home);
void who_leave_top(struct who *who, int way);

/* Interrupted uploads belong to clients from that address, or to the user. */
void who_own_as_peer(struct who *who, const struct peer *peer);
void who_own_as_user(struct who *who);

/* The client has logged in. */
void who_enter(struct who *who);

/* May the client try another password, after a wrong one? Counts. */
bool who_may_retry(struct who *who);

/* May the helper be asked once more about the client's certificate? Counts. */
bool who_may_show_certificate(struct who *who);

/* Is the user anonymous ("anonymous" or "ftp"), and is that served? */
bool who_is_anonymous(const struct who *who, const struct config *config);

/* May the client see what it has not uploaded itself in this session? */
bool who_sees(const struct who *who);

/* Is an upload accepted whose TLS ends without close_notify, or whose client closes the control
 * connection before the reply? */
bool who_is_pardoned_cut(const struct who *who, const struct config *config);
bool who_is_pardoned_leaving(const struct who *who, const struct config *config);

#endif
