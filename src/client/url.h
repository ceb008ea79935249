/*
 * url: where the server is, as options name it: a host or a URL (RFC 1738, 3.2). Pure.
 */
#ifndef STORD_CLIENT_URL_H
#define STORD_CLIENT_URL_H

#include <stdbool.h>

/* How a session gets TLS (RFC 4217; implicit: on a port of its own, as in RFC 8314 for mail). */
enum security {
    SECURITY_NONE,
    SECURITY_EXPLICIT, /* by AUTH TLS after the greeting */
    SECURITY_IMPLICIT, /* before the greeting */
};

enum {
    URL_HOST_SIZE = 256, /* bytes with NUL, as the next ones */
    URL_PORT_SIZE = 64,
    URL_USER_SIZE = 256,
    URL_PATH_SIZE = 4096,
    URL_SERVER_SIZE = URL_HOST_SIZE + URL_PORT_SIZE + 4
};

struct url {
    char host[URL_HOST_SIZE]; /* name or IP address, without brackets */
    char port[URL_PORT_SIZE]; /* number or service name */
    char user[URL_USER_SIZE]; /* "": none is named */
    char path[URL_PATH_SIZE]; /* decoded, without the slash behind the host: relative to the login
                               * folder; "": there is none */
    enum security security;
};

/* Tells whether it is a URL: it begins with ftp:// or ftps://. */
bool url_is_one(const char *text);

/*
 * Reads HOST, or ftp://[USER@]HOST[:PORT][/PATH], or ftps://..., which is implicit TLS; an IPv6
 * address stands in brackets (RFC 3986), and may do so as HOST. port: the value of -p, or NULL; a
 * URL with a port and -p together are an error. Default ports: 22000 for HOST, 21 for ftp, 990 for
 * ftps. Returns NULL, or what is wrong as words for the user.
 */
const char *url_read(const char *text, const char *port, struct url *ret);

/* Writes the host as certificates name it: without the zone of an IPv6 address, without the dot at
 * the end of a name (RFC 6066, 3). */
void url_certified_host(const struct url *url, char ret_host[URL_HOST_SIZE]);

/* Writes HOST:PORT, for messages. */
void url_server(const struct url *url, char ret[URL_SERVER_SIZE]);

/* Tells whether it is a number from 1 to 65535 or a word, which may be the name of a service. */
bool url_is_port(const char *port);

#endif
