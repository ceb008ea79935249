#include "client/data.h"

#include <errno.h>
#include <string.h>

#include "client/outgoing.h"
#include "client/say.h"
#include "net/peer.h"

/*
 * Connects to a port of the host that the control connection leads to. The address in a PASV reply
 * is ignored: behind NAT it is wrong, and a bad server could name a third party's.
 */
static int connect_to_port(const struct conn *control, int port, struct conn *ret_data) {
    union address server = {.any.sa_family = AF_UNSPEC};
    socklen_t size = sizeof(server);
    if (getpeername(control->in, &server.any, &size) < 0)
        return -errno;
    if (server.any.sa_family == AF_INET6)
        server.in6.sin6_port = htons((in_port_t)port);
    else
        server.in.sin_port = htons((in_port_t)port);
    return outgoing_open(ret_data, &server.any, size);
}

/* Asks for a data connection by one of the two commands. False: see the reply. */
static bool try_command(struct session *session, const char *command, int wanted,
                        int (*find_port)(const char *), struct conn *ret_data) {
    struct control *control = &session->control;
    const char *host = session->server.host;
    if (control_ask(control, "%s", command) != wanted)
        return false;
    session->ordinary = true;
    int port = find_port(control_answer(control));
    int result = port > 0 ? connect_to_port(&control->conn, port, ret_data) : -EPROTO;
    if (port < 0)
        say_error("%s: no port in the reply to %s", host, command);
    else if (result < 0)
        say_error("%s: data connection to port %d: %s", host, port, strerror(-result));
    return result == 0;
}

bool data_open(struct session *session, struct conn *ret_data) {
    const struct reply *reply = &session->control.reply;
    bool good = false;
    if (session->way == WAY_EPSV) {
        good = try_command(session, "EPSV", 229, reply_epsv_port, ret_data);
        if (!good && reply->code > 0 && reply->code / 100 != 4)
            session->way = WAY_PASV;
    }
    if (session->way == WAY_PASV && !good) {
        good = try_command(session, "PASV", 227, reply_pasv_port, ret_data);
        if (!good && reply->code / 100 == 5 && !session->ordinary)
            session->way = WAY_PLAIN;
    }
    return good;
}
