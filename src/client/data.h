/*
 * data: data connections, which the client opens (RFC 2428: EPSV; RFC 959, 4.1.2: PASV).
 */
#ifndef STORD_CLIENT_DATA_H
#define STORD_CLIENT_DATA_H

#include <stdbool.h>

#include "client/session.h"

/*
 * Opens a data connection, in clear text so far, and remembers in s->way what the server can do.
 * False: it failed, see the reply; or the server knows neither EPSV nor PASV, and no login: then
 * the way is WAY_PLAIN from now on.
 */
bool data_open(struct session *s, struct conn *ret);

#endif
