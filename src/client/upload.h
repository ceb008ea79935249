/*
 * upload: one file, from its opening to the server's confirmation.
 */
#ifndef STORD_CLIENT_UPLOAD_H
#define STORD_CLIENT_UPLOAD_H

#include <stdbool.h>

#include "client/session.h"

/* Uploads one file. True: the server has it. Else the user has been told why not. */
bool upload(struct session *s, const char *path);

#endif
