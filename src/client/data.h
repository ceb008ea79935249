/*
 * data: data connections (RFC 2428: EPSV, EPRT; RFC 959, 4.1.2: PASV, PORT).
 */
#ifndef STORD_CLIENT_DATA_H
#define STORD_CLIENT_DATA_H

#include <stdbool.h>

#include "client/session.h"

/*
 * Prepares a data connection, in clear text so far, and notes in session->way what the server can
 * do. A passive one is connected then, an active one listens. False: see the failure. A server that
 * knows neither EPSV nor PASV, and no login, gets WAY_PLAIN.
 */
bool data_open(struct session *session, struct conn *ret_data, struct failure *failure);

/* Waits until the server has connected, if the connection is active: it does so after its 1yz
 * reply. False: see the failure. */
bool data_join(struct session *session, struct conn *data, struct failure *failure);

#endif
