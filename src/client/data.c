#include "client/data.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/await.h"
#include "client/outgoing.h"

/* Asks for a data connection by one of the two commands. False: see the failure. */
static bool try_command(struct session *session, const char *command, int wanted,
                        int (*find_port)(const char *), struct conn *ret_data,
                        struct failure *failure) {
    struct control *control = &session->control;
    if (control_ask(control, "%s", command) != wanted) {
        control_explain(control, failure, "");
        return false;
    }
    session->ordinary = true;
    int port = find_port(control_answer(control));
    int result =
        port > 0 ? link_open_port(&session->link, &control->conn, port, ret_data) : -EPROTO;
    if (port < 0)
        failure_set(failure, EX_PROTOCOL, "no port in the reply to %s: %.200s", command,
                    control_answer(control));
    else if (result < 0)
        failure_set(failure, EX_TEMPFAIL, "data connection to port %d: %s", port,
                    strerror(-result));
    return result == 0;
}

static bool open_passive(struct session *session, struct conn *ret_data, struct failure *failure) {
    const struct reply *reply = &session->control.reply;
    bool good = false;
    if (session->way == WAY_EPSV) {
        good = try_command(session, "EPSV", 229, reply_epsv_port, ret_data, failure);
        if (!good && reply->code > 0 && reply->code != 421)
            session->way = WAY_PASV;
    }
    if (session->way == WAY_PASV && !good) {
        good = try_command(session, "PASV", 227, reply_pasv_port, ret_data, failure);
        if (!good && reply->code / 100 == 5 && !session->ordinary)
            session->way = WAY_PLAIN;
    }
    return good;
}

/* Asks by EPRT, or by PORT where that is not known. Returns the code of the reply. */
static int ask_for_active(struct control *control, const union address *here) {
    char host[INET6_ADDRSTRLEN];
    bool six = here->any.sa_family == AF_INET6;
    unsigned port = ntohs(six ? here->in6.sin6_port : here->in.sin_port);
    const void *bytes = six ? (const void *)&here->in6.sin6_addr : (const void *)&here->in.sin_addr;
    (void)inet_ntop(here->any.sa_family, bytes, host, sizeof(host));
    int code = control_ask(control, "EPRT |%d|%s|%u|", six ? 2 : 1, host, port);
    if (six || code / 100 != 5)
        return code;
    uint32_t ip = ntohl(here->in.sin_addr.s_addr);
    return control_ask(control, "PORT %u,%u,%u,%u,%u,%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255,
                       ip & 255, port >> 8, port & 255);
}

static bool open_active(struct session *session, struct conn *ret_data, struct failure *failure) {
    struct control *control = &session->control;
    union address here;
    int result = link_listen(&control->conn, ret_data, &here);
    if (result < 0) {
        failure_ours(failure, FAILURE_OTHER, "data connection: %s", strerror(-result));
        return false;
    }
    if (ask_for_active(control, &here) / 100 == 2)
        return session->ordinary = true;
    control_explain(control, failure, "");
    outgoing_close(ret_data);
    return false;
}

bool data_open(struct session *session, struct conn *ret_data, struct failure *failure) {
    bool good;
    if (!link_has_data(&session->link)) {
        failure_set(failure, EX_PROTOCOL,
                    "the server wants data connections, and the program of -e makes none: it has "
                    "no %%p");
        return false;
    }
    good = session->active ? open_active(session, ret_data, failure)
                           : open_passive(session, ret_data, failure);
    if (good)
        failure_clear(failure); /* of what was tried first */
    return good;
}

bool data_join(struct session *session, struct conn *data, struct failure *failure) {
    struct control *control = &session->control;
    int result = session->active ? -EAGAIN : 0;
    control_begin_wait(control);
    while (result == -EAGAIN && control_left(control) > 0) {
        struct pollfd fds[] = {{.fd = data->in, .events = POLLIN},
                               outgoing_to_read(&control->conn)};
        if (await_poll(fds, 2, control_left(control)) <= 0)
            break;
        if (!fds[0].revents)
            break; /* the server says why it does not come */
        result = link_accept(&control->conn, data);
    }
    if (result == 0)
        return true;
    failure_set(failure, EX_TEMPFAIL, "the server does not open the data connection");
    return false;
}
