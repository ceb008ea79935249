#include "client/reply.h"

#include <string.h>
#include <strings.h>

void reply_reset(struct reply *reply) {
    reply->code = 0;
    reply->whole = false;
    reply->lines = 0;
    reply->received = 0;
    reply->len = 0;
}

bool line_has_code(const char *line, size_t len) {
    for (size_t i = 0; i < 3; i++)
        if (i >= len || line[i] < '0' || line[i] > '9')
            return false;
    return len == 3 || line[3] == ' ' || line[3] == '-';
}

int line_code(const char *line) {
    return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

static void append(struct reply *reply, const char *line, size_t len) {
    if (len >= REPLY_SIZE - reply->len)
        return;
    memcpy(reply->text + reply->len, line, len);
    reply->len += len;
    reply->text[reply->len++] = '\n';
}

static const char *fail(struct reply *reply, const char *why) {
    reply->code = NO_REPLY;
    reply->whole = true;
    return why;
}

static const char endless[] = "the server's reply does not end";

const char *reply_count(struct reply *reply, size_t bytes) {
    reply->received += bytes;
    return reply->received > REPLY_MOST ? fail(reply, endless) : NULL;
}

const char *reply_add(struct reply *reply, const char *line, size_t len) {
    bool coded = line_has_code(line, len);
    bool last = coded && (len == 3 || line[3] == ' ');

    append(reply, line, len);
    if (reply->code == 0 && coded)
        reply->code = line_code(line);
    if (reply->code == 0)
        return fail(reply, "what answers there is not an FTP server");
    if (reply->lines++ == REPLY_LINES)
        return fail(reply, endless);
    reply->whole = last && line_code(line) == reply->code;
    return NULL;
}

bool reply_has_feature(const struct reply *reply, const char *feature) {
    const char *line = reply->text;
    const char *end = reply->text + reply->len;
    size_t len = strlen(feature);
    while (line < end) {
        const char *lf = memchr(line, '\n', (size_t)(end - line));
        if (!lf)
            break;
        if (lf == line + 1 + len && line[0] == ' ' && strncasecmp(line + 1, feature, len) == 0)
            return true;
        line = lf + 1;
    }
    return false;
}

const char *reply_last_line(struct reply *reply) {
    if (reply->code <= 0 || reply->len == 0)
        return NULL;
    reply->text[reply->len - 1] = '\0';
    const char *line = strrchr(reply->text, '\n');
    return line ? line + 1 : reply->text;
}
