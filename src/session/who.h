/*
 * who: who the client is, where it is at home, and what it may do. Touches no file.
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
    struct account account;          /* where, and within which limits */
    bool logged_in;                  /* may use verbs that need a login */
    bool user_given;                 /* USER was sent */
    bool authenticated;              /* by a password or a certificate, or as anonymous */
    unsigned failed_logins;          /* passwords that were wrong */
    unsigned certificate_tries;      /* how often the helper was asked about the certificate */
    long long login_deadline;        /* ms, as clock_ms, until which a client may log in */
    struct helper helper;            /* the credential helper */
    struct path_root top;            /* the root folder */
    struct path_root root;           /* what names are resolved beneath: that, or the user's home */
    char user[USERS_NAME_LIMIT + 2]; /* what USER said, cut off where it is too long for a name */
    char owner[OWNER_SIZE];          /* whose interrupted uploads these are: one part of a name */
    char home[ACCOUNT_HOME_LIMIT + 1]; /* of the account */
};

/* Nobody, with that root folder and time to log in. */
void who_init(struct who *who, const struct path_root *top, const struct helper *helper,
              long long login_deadline);

/* As after the greeting: nobody, who has the root folder for a home. may_enter: a local client
 * needs no login (TLS is not missing). */
void who_reset(struct who *who, const struct config *config, const struct peer *peer,
               bool may_enter);

/* USER has come, */
void who_note_user(struct who *who);

/* with that name. */
void who_name(struct who *who, const char *name);

/* The client has that account from now on, whose home does not have to outlive this. */
void who_apply(struct who *who, const struct account *account, const struct config *config);

/* Its home is open. And where that is further down than the root folder, only a way is left to
 * there: a descriptor that takes the place of the root folder's. */
void who_settle(struct who *who, const struct path_root *home);
void who_leave_top(struct who *who, int way);

/* Interrupted uploads belong to whoever comes from that address, or to the user of that name. */
void who_own_as_peer(struct who *who, const struct peer *peer);
void who_own_as_user(struct who *who);

/* The client has logged in. */
void who_enter(struct who *who);

/* May the client try another password, after one that was wrong? */
bool who_may_retry(struct who *who);

/* May the helper be asked once more about the client's certificate? Counts. */
bool who_may_show_certificate(struct who *who);

/* Does the client log in as anonymous, where that is served: "anonymous" or "ftp"? */
bool who_is_anonymous(const struct who *who, const struct config *config);

/* May the client learn what is there that it did not upload itself in this session? */
bool who_sees(const struct who *who);

/* Is an upload taken for whole whose TLS ends without close_notify, or whose client closes the
 * control connection before the reply? */
bool who_is_pardoned_cut(const struct who *who, const struct config *config);
bool who_is_pardoned_leaving(const struct who *who, const struct config *config);

#endif
