/*
 * send: the bytes of a file, over the control connection or a data connection. Replies are read
 * meanwhile: the server may refuse in the middle.
 */
#ifndef STORD_CLIENT_SEND_H
#define STORD_CLIENT_SEND_H

#include "client/control.h"
#include "client/source.h"

enum sent {
    SENT_ALL,
    SENT_STOPPED, /* by the server or the network */
    SENT_SHORT    /* by the source, which changed or cannot be read: see the failure */
};

/*
 * Sends the source over `out`, which is the control connection or a data connection; a data
 * connection under TLS begins with the handshake. ends: `out` has no other use, and its end is that
 * of the file. The caller has called outgoing_end_by_reset: unless all is sent, closing `out` is a
 * reset, so that nothing tells the server that this was all. SENT_STOPPED with control->early:
 * control->reply is the final one.
 */
enum sent send_source(struct control *control, struct conn *out, struct source *source, bool ends,
                      struct failure *failure);

#endif
