/*
 * settings: verbs that set the parameters of transfers and options, and touch no file (RFC 959
 * sections 4.1.2 and 4.1.3).
 */
#ifndef STORD_SETTINGS_H
#define STORD_SETTINGS_H

struct session;

int verb_type(struct session *session, const char *argument);
int verb_mode(struct session *session, const char *argument);
int verb_stru(struct session *session, const char *argument);
int verb_allo(struct session *session, const char *argument);
int verb_opts(struct session *session, const char *argument); /* RFC 2389 section 4 */
int verb_rest(struct session *session, const char *argument); /* RFC 3659 section 5 */

#endif
