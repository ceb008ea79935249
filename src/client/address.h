/*
 * address: where the server is, as options say it. Pure.
 */
#ifndef STORD_CLIENT_ADDRESS_H
#define STORD_CLIENT_ADDRESS_H

#include <stdbool.h>

/* How a session comes to TLS (RFC 4217; implicit: a port of its own, as in RFC 8314 for mail). */
enum security {
    SECURITY_NONE,
    SECURITY_EXPLICIT, /* AUTH TLS behind the greeting */
    SECURITY_IMPLICIT, /* before the greeting */
};

enum { ADDRESS_HOST_SIZE = 256 };

struct address {
    char host[ADDRESS_HOST_SIZE]; /* name or IP address, without brackets */
    char port[64];                /* number or service name */
    enum security security;
};

/*
 * Reads HOST, or ftp://HOST[:PORT][/], or ftps://HOST[:PORT][/], which is implicit TLS; in URLs an
 * IPv6 address stands in brackets (RFC 1738, RFC 3986). port: what -p says, or NULL; it must not be
 * said twice. Where nobody says it: 22000 for HOST, 21 and 990. Returns NULL, or what is wrong.
 */
const char *address_read(const char *text, const char *port, struct address *ret);

/* The host as certificates name it: without the zone of an IPv6 address, without the dot at the end
 * of a name (RFC 6066, 3). */
void address_name(const struct address *address, char ret_name[ADDRESS_HOST_SIZE]);

/* Is it a number from 1 to 65535, or a word, which may be the name of a service? */
bool port_is_valid(const char *port);

/* Reads one decimal number and steps over it. Returns -1 where there is none, or one above max. */
int take_number(const char **text, int max);

#endif
