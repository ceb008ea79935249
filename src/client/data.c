#include "client/data.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include "client/say.h"

/* The port in a 229 reply, RFC 2428: "(|||port|)" with any printable delimiter; -1: none. */
static int epsv_port(const char *line) {
    const char *p = strchr(line, '(');
    if (!p || p[1] < 33 || p[1] > 126 || p[2] != p[1] || p[3] != p[1])
        return -1;
    char delimiter = p[1];
    p += 4;
    int port = take_number(&p, UINT16_MAX);
    return port > 0 && *p == delimiter ? port : -1;
}

/* The port in a 227 reply, RFC 959: "h1,h2,h3,h4,p1,p2", with or without brackets; -1: none. */
static int pasv_port(const char *line) {
    int number[6];
    const char *p = line + 3 + strcspn(line + 3, "0123456789");
    for (int i = 0; i < 6; i++) {
        number[i] = take_number(&p, UINT8_MAX);
        if (number[i] < 0 || (i < 5 && *p++ != ','))
            return -1;
    }
    int port = number[4] * 256 + number[5];
    return port > 0 ? port : -1;
}

/*
 * Connects to a port of the host that the control connection leads to. The address in a PASV reply
 * is ignored: behind NAT it is wrong, and a bad server could name a third party's.
 */
static int connect_data(const struct conn *control, int port, struct conn *ret) {
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } peer = {.any.sa_family = AF_UNSPEC};
    socklen_t size = sizeof peer;
    if (getpeername(control->fd, &peer.any, &size) < 0)
        return -errno;
    if (peer.any.sa_family == AF_INET6)
        peer.in6.sin6_port = htons((uint16_t)port);
    else
        peer.in.sin_port = htons((uint16_t)port);
    return conn_connect(ret, &peer.any, size);
}

/* Asks for a data connection in one of the two ways. False: see the reply. */
static bool try_data(struct session *s, const char *verb, int wanted,
                     int (*find_port)(const char *), struct conn *ret) {
    struct control *c = &s->control;
    if (ask(c, "%s", verb) != wanted)
        return false;
    s->ordinary = true;
    int port = find_port(answer(c));
    int result = port > 0 ? connect_data(&c->conn, port, ret) : -EPROTO;
    if (port < 0)
        complain("%s: no port in the reply to %s", s->server.host, verb);
    else if (result < 0)
        complain("%s: data connection to port %d: %s", s->server.host, port, strerror(-result));
    return result == 0;
}

bool data_open(struct session *s, struct conn *ret) {
    const struct reply *reply = &s->control.reply;
    bool good = false;
    if (s->way == WAY_EPSV) {
        good = try_data(s, "EPSV", 229, epsv_port, ret);
        if (!good && reply->code > 0 && reply->code / 100 != 4)
            s->way = WAY_PASV;
    }
    if (s->way == WAY_PASV && !good) {
        good = try_data(s, "PASV", 227, pasv_port, ret);
        if (!good && reply->code / 100 == 5 && !s->ordinary)
            s->way = WAY_PLAIN;
    }
    return good;
}
