#include "client/url.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "client/number.h"

/* getaddrinfo(3) takes too large a port number modulo 65536. */
bool url_is_port(const char *port) {
    const char *end = port;
    int number = number_take(&end, UINT16_MAX);
    bool is_numeric = port[strspn(port, "0123456789")] == '\0';
    return *port && (!is_numeric || (number > 0 && *end == '\0'));
}

/* Copies length bytes as a string. False: they do not fit. */
static bool copy(char *to, size_t size, const char *from, size_t length) {
    if (length >= size)
        return false;
    memcpy(to, from, length);
    to[length] = '\0';
    return true;
}

/* Reads an IPv6 address in brackets, and moves *text past them. */
static const char *read_bracketed(const char **text, struct url *ret) {
    struct in6_addr unused;
    const char *end = strchr(*text, ']');
    char plain[sizeof(ret->host)];
    if (!end || !copy(ret->host, sizeof(ret->host), *text + 1, (size_t)(end - *text) - 1))
        return "the bracket is not closed";
    (void)copy(plain, sizeof(plain), ret->host, strcspn(ret->host, "%")); /* without the zone */
    if (inet_pton(AF_INET6, plain, &unused) != 1)
        return "only IPv6 addresses stand in brackets";
    *text = end + 1;
    return NULL;
}

static const char *read_host(const char **text, struct url *ret) {
    size_t length = strcspn(*text, ":/?#");
    if (**text == '[')
        return read_bracketed(text, ret);
    if (length == 0)
        return "there is no host";
    if ((*text)[strspn(*text, "0123456789abcdefABCDEF:.")] == '\0' &&
        strchr(*text, ':') != strrchr(*text, ':'))
        return "an IPv6 address stands in brackets";
    if (!copy(ret->host, sizeof(ret->host), *text, length))
        return "the host is too long";
    if (strchr(ret->host, '%'))
        return "% in a host is not understood";
    *text += length;
    return NULL;
}

/* The value of a hexadecimal digit, or -1. */
static int digit_value(char digit) {
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = digit ? strchr(digits, digit) : NULL;
    return at ? (int)(at - digits) % 16 : -1;
}

/* Decodes %XX (RFC 1738, 2.2) of length bytes. Returns NULL, or what is wrong. */
static const char *decode(char *to, size_t size, const char *from, size_t length) {
    size_t used = 0;
    for (size_t i = 0; i < length; i++) {
        char byte = from[i];
        if (byte == '%') {
            int high = i + 2 < length ? digit_value(from[i + 1]) : -1;
            int low = high >= 0 ? digit_value(from[i + 2]) : -1;
            if (low < 0)
                return "two hexadecimal digits follow a %";
            byte = (char)(high * 16 + low);
            i += 2;
        }
        if (byte == '\0' || byte == '\r' || byte == '\n')
            return "NUL, CR and LF cannot be sent";
        if (used + 1 >= size)
            return "it is too long";
        to[used++] = byte;
    }
    to[used] = '\0';
    return NULL;
}

/* Reads "USER@", if it is there. */
static const char *read_user(const char **text, struct url *ret) {
    size_t length = strcspn(*text, "@/?#");
    if ((*text)[length] != '@')
        return NULL;
    if (memchr(*text, ':', length))
        return "a password does not belong there, where others can read it";
    const char *from = *text;
    *text += length + 1;
    return length == 0 ? "there is no user before the @"
                       : decode(ret->user, sizeof(ret->user), from, length);
}

/* Reads what follows the slash after the host. In a URL of FTP ? and # are letters as others, but
 * not those whom other programs would tell apart. ";type=i" (RFC 1738, 3.2.2) is what we do. */
static const char *read_path(const char *text, struct url *ret) {
    size_t length = strlen(text), type = length > 7 ? length - 7 : 0;
    if (text[strcspn(text, "?#")])
        return "? and # are written %3F and %23";
    if (strncasecmp(text + type, ";type=", 6) == 0) {
        if (text[length - 1] != 'i' && text[length - 1] != 'I')
            return "only ;type=i is understood";
        length = type;
    }
    return decode(ret->path, sizeof(ret->path), text, length);
}

/* Reads what follows "ftp://". */
static const char *read_rest(const char *text, struct url *ret) {
    const char *wrong = read_user(&text, ret);
    if (!wrong)
        wrong = read_host(&text, ret);
    if (wrong)
        return wrong;
    if (*text == ':') {
        size_t length = strcspn(++text, "/?#");
        if (length != strspn(text, "0123456789") ||
            !copy(ret->port, sizeof(ret->port), text, length) || !url_is_port(ret->port))
            return "this is not a port";
        text += length;
    }
    if (*text && *text != '/')
        return "there is something behind the host";
    text += *text == '/';
    return read_path(text, ret);
}

bool url_is_one(const char *text) {
    return strncasecmp(text, "ftp://", 6) == 0 || strncasecmp(text, "ftps://", 7) == 0;
}

/* Reads a host that is not a URL. */
static const char *read_plain(const char *text, struct url *ret) {
    const char *colon = strchr(text, ':');
    if (strstr(text, "://"))
        return "only ftp:// and ftps:// are understood";
    if (strchr(text, '/') || (*text != '[' && colon && !strchr(colon + 1, ':')))
        return "not a host: port and path need ftp:// in front";
    if (*text == '[') {
        const char *wrong = read_bracketed(&text, ret);
        return !wrong && *text ? "there is something behind the bracket" : wrong;
    }
    return copy(ret->host, sizeof(ret->host), text, strlen(text)) ? NULL : "the host is too long";
}

const char *url_read(const char *text, const char *port, struct url *ret) {
    const char *wrong = NULL;
    const char *usual = "22000";
    *ret = (struct url){.security = SECURITY_NONE};
    if (strncasecmp(text, "ftp://", 6) == 0) {
        usual = "21";
        wrong = read_rest(text + 6, ret);
    } else if (strncasecmp(text, "ftps://", 7) == 0) {
        usual = "990";
        ret->security = SECURITY_IMPLICIT;
        wrong = read_rest(text + 7, ret);
    } else {
        wrong = read_plain(text, ret);
    }
    if (wrong)
        return wrong;
    if (port && *ret->port)
        return "there is a port in it, and -p";
    if (!*ret->port)
        (void)snprintf(ret->port, sizeof(ret->port), "%s", port ? port : usual);
    return NULL;
}

void url_certified_host(const struct url *url, char ret_host[URL_HOST_SIZE]) {
    (void)copy(ret_host, URL_HOST_SIZE, url->host, strcspn(url->host, "%"));
    size_t length = strlen(ret_host);
    if (length > 1 && ret_host[length - 1] == '.')
        ret_host[length - 1] = '\0';
}

void url_server(const struct url *url, char ret[URL_SERVER_SIZE]) {
    bool brackets = strchr(url->host, ':') != NULL;
    (void)snprintf(ret, URL_SERVER_SIZE, "%s%s%s:%s", brackets ? "[" : "", url->host,
                   brackets ? "]" : "", url->port);
}
