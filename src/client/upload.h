/*
 * upload: one file, from its opening to the server's confirmation.
 */
#ifndef STORD_CLIENT_UPLOAD_H
#define STORD_CLIENT_UPLOAD_H

#include <stdbool.h>

#include "client/session.h"

/* Uploads one file under the last component of its path; opens the session if there is none. True:
 * the server has confirmed it (RFC 959: 226 or 250). Else the user has been told why. */
bool upload_file(struct session *session, const char *path);

#endif
