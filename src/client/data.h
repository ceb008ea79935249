/*
 * data: data connections, which the client opens (RFC 2428: EPSV; RFC 959, 4.1.2: PASV).
 */
#ifndef STORD_CLIENT_DATA_H
#define STORD_CLIENT_DATA_H

#include <stdbool.h>

#include "client/session.h"

/*
 * Opens a data connection, in clear text so far, and notes in session->way what the server can do.
 * False: it failed, see the reply; the user has been told what the reply does not say. A server
 * that knows neither EPSV nor PASV, and no login, gets WAY_PLAIN.
 */
bool data_open(struct session *session, struct conn *ret_data);

#endif
