/*
 * send: the bytes of a file, over the control connection or a data connection. The server is
 * listened to meanwhile: it may refuse in the middle.
 */
#ifndef STORD_CLIENT_SEND_H
#define STORD_CLIENT_SEND_H

#include "client/control.h"
#include "client/source.h"

enum sent {
    SENT_ALL,
    SENT_STOPPED, /* by the server or the network */
    SENT_SHORT,   /* by the source: shrunk or unreadable; the user has been told */
};

/*
 * Sends the source over out, which is c's connection or another one. Behind the handshake, where
 * one is due; ended, where the end of the file is that of the connection. Unless all of it is sent,
 * closing out is a reset, as the caller has asked for by conn_end_by_reset: nothing tells the
 * server that this was all. SENT_STOPPED with c->early: c->reply is the final one.
 */
enum sent send_file(struct control *c, struct conn *out, struct source *f, bool ends);

#endif
