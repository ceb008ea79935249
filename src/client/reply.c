#include "client/reply.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "client/number.h"

void reply_reset(struct reply *reply) {
    memset(reply, 0, offsetof(struct reply, text));
}

bool reply_has_code(const char *line, size_t length) {
    for (size_t i = 0; i < 3; i++)
        if (i >= length || line[i] < '0' || line[i] > '9')
            return false;
    return length == 3 || line[3] == ' ' || line[3] == '-';
}

int reply_code(const char *line) {
    return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

static void append(struct reply *reply, const char *line, size_t length) {
    if (length >= REPLY_SIZE - reply->length)
        return;
    memcpy(reply->text + reply->length, line, length);
    reply->length += length;
    reply->text[reply->length++] = '\n';
}

static const char *fail(struct reply *reply, const char *why) {
    reply->code = REPLY_NONE;
    reply->whole = true;
    return why;
}

static const char endless[] = "the server's reply does not end";

const char *reply_count(struct reply *reply, size_t bytes) {
    reply->received += bytes;
    return reply->received > REPLY_BYTES_MOST ? fail(reply, endless) : NULL;
}

const char *reply_add(struct reply *reply, const char *line, size_t length) {
    bool has_code = reply_has_code(line, length);
    bool may_be_last = has_code && (length == 3 || line[3] == ' ');
    append(reply, line, length);
    if (reply->code == 0 && has_code)
        reply->code = reply_code(line);
    if (reply->code == 0)
        return fail(reply, "what answers there is not an FTP server");
    if (reply->lines++ == REPLY_LINES_MOST)
        return fail(reply, endless);
    reply->whole = may_be_last && reply_code(line) == reply->code;
    return NULL;
}

/* Finds the line of that feature; returns what stands behind its name, up to *ret_end. */
static const char *find_feature(const struct reply *reply, const char *feature,
                                const char **ret_end) {
    const char *lf, *line = reply->text, *end = reply->text + reply->length;
    size_t length = strlen(feature);
    for (; (lf = memchr(line, '\n', (size_t)(end - line))); line = lf + 1) {
        const char *behind = line + 1 + length;
        if (lf < behind || *line != ' ' || strncasecmp(line + 1, feature, length) != 0)
            continue;
        *ret_end = lf;
        if (lf == behind || *behind == ' ')
            return behind;
    }
    return NULL;
}

bool reply_has_feature(const struct reply *reply, const char *feature) {
    const char *end, *behind = find_feature(reply, feature, &end);
    return behind && behind == end;
}

bool reply_feature_value(const struct reply *reply, const char *feature, char *ret, size_t size) {
    const char *end, *behind = find_feature(reply, feature, &end);
    if (!behind || behind == end)
        return false;
    size_t length = (size_t)(end - behind) - 1;
    length = length < size ? length : size - 1;
    memcpy(ret, behind + 1, length);
    ret[length] = '\0';
    return true;
}

const char *reply_last_line(struct reply *reply) {
    if (reply->code <= 0 || reply->length == 0)
        return NULL;
    reply->text[reply->length - 1] = '\0';
    const char *line = strrchr(reply->text, '\n');
    return line ? line + 1 : reply->text;
}

bool reply_path(const char *line, char *ret, size_t size) {
    const char *at = strchr(line, '"');
    size_t used = 0;
    if (!at)
        return false;
    while (at[1] && used + 1 < size) {
        at++;
        if (*at == '"' && at[1] != '"') {
            ret[used] = '\0';
            return used > 0;
        }
        at += *at == '"';
        ret[used++] = *at;
    }
    return false;
}

long long reply_size(const char *line) {
    const char *at = line + strcspn(line, " ");
    at += strspn(at, " ");
    long long size = number_take_long(&at, LLONG_MAX);
    return *at == '\0' || *at == ' ' ? size : -1;
}

bool reply_digest(const char *line, char *ret, size_t digits) {
    for (const char *at = line; *at; at += strcspn(at, " "), at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        if (length != digits || strspn(at, "0123456789abcdefABCDEF") < digits)
            continue;
        for (size_t i = 0; i < digits; i++)
            ret[i] = (char)(at[i] >= 'A' && at[i] <= 'F' ? at[i] | 0x20 : at[i]);
        ret[digits] = '\0';
        return true;
    }
    return false;
}

int reply_epsv_port(const char *line) {
    const char *at = strchr(line, '(');
    if (!at || at[1] < 33 || at[1] > 126 || at[2] != at[1] || at[3] != at[1])
        return -1;
    char delimiter = at[1];
    at += 4;
    int port = number_take(&at, UINT16_MAX);
    return port > 0 && *at == delimiter ? port : -1;
}

int reply_pasv_port(const char *line) {
    int number[6];
    const char *at = line + 3 + strcspn(line + 3, "0123456789");
    for (int i = 0; i < 6; i++) {
        number[i] = number_take(&at, UINT8_MAX);
        if (number[i] < 0 || (i < 5 && *at++ != ','))
            return -1;
    }
    int port = number[4] * 256 + number[5];
    return port > 0 ? port : -1;
}
