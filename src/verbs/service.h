/*
 * service: verbs about the session itself and the server; and SITE, which finds its commands in a
 * table.
 */
#ifndef STORD_SERVICE_H
#define STORD_SERVICE_H

#include <stdbool.h>

struct session;

/* RFC 959 section 4.1.3 */
int verb_syst(struct session *session, const char *argument);
int verb_noop(struct session *session, const char *argument);
int verb_stat(struct session *session, const char *argument);
int verb_abor(struct session *session, const char *argument);

/* RFC 959 section 4.1.1 */
int verb_quit(struct session *session, const char *argument);
int verb_rein(struct session *session, const char *argument);

int verb_host(struct session *session, const char *argument); /* RFC 7151: any name is good */
int verb_lang(struct session *session, const char *argument); /* RFC 2640 section 4 */
int verb_clnt(struct session *session, const char *argument); /* the client's name, for the log */
int verb_csid(struct session *session, const char *argument); /* the same, both ways */

/* SITE and its table (RFC 959 section 4.1.3) */
int verb_site(struct session *session, const char *argument);

/* Is SITE with that argument about the next upload? */
bool site_is_of_upload(const char *argument);

#endif
