/*
 * files: verbs that walk the tree and change it (RFC 959; X verbs: RFC 1123 section 4.1.3.1).
 */
#ifndef STORD_FILES_H
#define STORD_FILES_H

struct session;

int verb_pwd(struct session *session, const char *argument);
int verb_cwd(struct session *session, const char *argument);
int verb_cdup(struct session *session, const char *argument);
int verb_mkd(struct session *session, const char *argument);
int verb_rmd(struct session *session, const char *argument);
int verb_dele(struct session *session, const char *argument);

#endif
