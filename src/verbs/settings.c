#include "verbs/settings.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "session/reply.h"
#include "session/session.h"
#include "verbs/hash.h"
#include "verbs/list.h"

/* One of the values that a parameter may have, and what it means. */
struct choice {
    const char *value;
    int code;
    int meaning;
};

static const struct choice *find_choice(const struct choice *choices, const char *value) {
    for (; choices->value; choices++) {
        if (strcasecmp(choices->value, value) == 0)
            return choices;
    }
    return NULL;
}

int verb_type(struct session *session, const char *argument) {
    static const struct choice types[] = {
        {"A", 200, true},   {"A N", 200, true}, {"I", 200, false}, {"L 8", 200, false},
        {"L8", 200, false}, {"A T", 504, 0},    {"A C", 504, 0},   {"E", 504, 0},
        {"E N", 504, 0},    {"E T", 504, 0},    {"E C", 504, 0},   {NULL, 0, 0},
    };
    const struct choice *type = find_choice(types, argument);
    if (!type)
        return reply_send(session, toupper((unsigned char)*argument) == 'L' ? 504 : 501,
                          "Type %s is not known; use A or I", argument);
    if (type->code != 200)
        return reply_send(session, type->code, "Type %s is not served; use A or I", argument);
    parameters_set_type(&session->parameters, type->meaning);
    return reply_send(session, 200, "Type is %s", type->meaning ? "ASCII" : "binary");
}

int verb_mode(struct session *session, const char *argument) {
    static const struct choice modes[] = {
        {"S", 200, 0}, {"B", 504, 0}, {"C", 504, 0}, {"Z", 504, 0}, {NULL, 0, 0}};
    const struct choice *mode = find_choice(modes, argument);
    if (mode && mode->code == 200)
        return reply_send(session, 200, "Mode is stream");
    return reply_send(session, mode ? 504 : 501, "Only stream mode (S) is served");
}

int verb_stru(struct session *session, const char *argument) {
    static const struct choice structures[] = {
        {"F", 200, 0}, {"R", 504, 0}, {"P", 504, 0}, {NULL, 0, 0}};
    const struct choice *structure = find_choice(structures, argument);
    if (structure && structure->code == 200)
        return reply_send(session, 200, "Structure is file");
    return reply_send(session, structure ? 504 : 501, "Only file structure (F) is served");
}

/* "n" or "n R m" (RFC 959 section 5.3.1). Returns false if it is neither. */
static bool parse_allo(const char *argument, unsigned long long *ret_size) {
    char *end;
    if (!isdigit((unsigned char)*argument))
        return false;
    errno = 0;
    unsigned long long size = strtoull(argument, &end, 10);
    if (errno)
        return false;
    if (strncasecmp(end, " R ", 3) == 0 && isdigit((unsigned char)end[3]))
        (void)strtoull(end + 3, &end, 10);
    *ret_size = size;
    return *end == '\0';
}

int verb_allo(struct session *session, const char *argument) {
    unsigned long long size;
    if (!parse_allo(argument, &size))
        return reply_send(session, 501, "ALLO wants a number of bytes");
    parameters_announce(&session->parameters, size);
    return reply_send(session, 200, "%llu bytes expected", size);
}

static int set_utf8(struct session *session, const char *value) {
    if (*value && strcasecmp(value, "ON") != 0)
        return reply_send(session, 501, "UTF-8 is always on");
    return reply_send(session, 200, "Names in UTF-8 are carried as they are");
}

int verb_opts(struct session *session, const char *argument) {
    static const struct {
        const char *name;
        int (*set)(struct session *session, const char *value);
    } options[] = {
        {"UTF8", set_utf8}, {"UTF-8", set_utf8}, {"MLST", list_select}, {"HASH", hash_choose}};
    size_t length = strcspn(argument, " ");
    const char *value = argument + length + (argument[length] == ' ');
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        if (strlen(options[i].name) == length &&
            strncasecmp(options[i].name, argument, length) == 0)
            return options[i].set(session, value);
    }
    return reply_send(session, 501, "That option is not known");
}

int verb_rest(struct session *session, const char *argument) {
    char *end;
    errno = 0;
    unsigned long long offset = strtoull(argument, &end, 10);
    if (!isdigit((unsigned char)*argument) || *end || errno || offset > INT64_MAX)
        return reply_send(session, 501, "REST wants a number of bytes");
    parameters_restart_at(&session->parameters, offset);
    return reply_send(session, 350, "The next transfer starts at byte %llu", offset);
}
