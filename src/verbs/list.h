/*
 * list: the verbs that show what is in folders (RFC 959 section 4.1.3, RFC 3659 section 7).
 *
 * Listings go out as folders are read, unsorted, so that a folder of any size takes no memory;
 * lines end in CR LF whatever TYPE says. Names are shown in the client's encoding (see names; RFC
 * 2640 wants UTF-8). Two rules keep a name from forging a line: - LIST, for people, shows whatever
 * is there, links and devices too, with "?" for control characters. - NLST, MLSD and MLST, for
 * programs, show what a client can use: plain files and folders whose names hold no control
 * characters. Links are not followed by any verb. Reserved names (path.h) are never shown; those
 * that begin with "." are shown, but "*" does not match them.
 */
#ifndef STORD_LIST_H
#define STORD_LIST_H

#include "session/facts.h"

struct session;

/* LIST and NLST take a file, a folder, or a pattern (*, ? and [] in its last part). Of options in
 * front (-la) only `a` counts (LIST shows . and ..), unless a file has that name. What does not
 * exist is 550: the 450 that RFC 959 section 5.4 has for these verbs is for a busy file, and
 * clients (lftp) ask again for ever; RFC 1123 section 4.1.2.11 allows the code that fits. A pattern
 * that nothing matches gives an empty list. */
int verb_list(struct session *session, const char *argument);
int verb_nlst(struct session *session, const char *argument); /* RFC 1123 section 4.1.2.7 */

/* MLSD, MLST: the argument is the name of a folder, or of anything, not a pattern. 550 if it does
 * not exist, 501 from MLSD if it is not a folder. */
int verb_mlsd(struct session *session, const char *argument);
int verb_mlst(struct session *session, const char *argument);

/* STAT with an argument: the lines of LIST as a reply: 212 for folders and patterns, 213 for files,
 * or 550 as LIST (RFC 959 section 4.1.3). */
int list_status(struct session *session, const char *argument);

/* OPTS MLST: selects facts (RFC 3659 section 7.9). */
int list_select(struct session *session, const char *facts);

/* FEAT's line for MLST: the facts and which are selected (RFC 3659 section 7.8). */
int list_feature(struct session *session);

#endif
