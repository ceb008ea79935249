#include "check/letter.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/path.h"
#include "base/scratch.h"
#include "log/json_read.h"

#define PREFIX "STORD_"

enum {
    MEMBERS = 32, /* of an event that become variables */
    NAME_SIZE = 32,
    VALUE_SIZE = 65536
};

extern char **environ;

int letter_begin(struct letter *ret_letter) {
    *ret_letter = (struct letter){.fd = memfd_create("events", MFD_CLOEXEC)};
    return ret_letter->fd < 0 ? -errno : 0;
}

int letter_add(struct letter *letter, const char *text, size_t n) {
    ssize_t done = write(letter->fd, text, n);
    letter->count += done == (ssize_t)n;
    return done == (ssize_t)n ? 0 : done < 0 ? -errno : -ENOSPC;
}

/* Adds a variable. Returns 0 or a negative errno. */
static int put(struct letter *letter, const char *name, const char *value) {
    char *variable = NULL;
    if (asprintf(&variable, "%s=%s", name, value) < 0)
        return -ENOMEM;
    letter->environment[letter->variables++] = variable;
    return 0;
}

/* "file" is STORD_FILE. Returns false if it cannot be the name of a variable. */
static bool name_variable(const struct json_member *member, char ret_name[NAME_SIZE]) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    size_t n = member->name_length, prefix = sizeof(PREFIX) - 1;
    if (n == 0 || strspn(member->name, letters) < n || prefix + n >= NAME_SIZE)
        return false;
    memcpy(ret_name, PREFIX, prefix);
    for (size_t i = 0; i < n; i++)
        ret_name[prefix + i] = (char)toupper((unsigned char)member->name[i]);
    ret_name[prefix + n] = '\0';
    return true;
}

/* Adds a variable for each member. The bytes of one that JSON cannot carry are found by json_text.
 */
static int put_members(struct letter *letter, const char *text) {
    struct json_member member;
    char *value = scratch_take(VALUE_SIZE);
    int result = 0, left = MEMBERS;
    for (const char *at = text; result == 0 && left > 0 && (at = json_next(at, &member)); left--) {
        char variable[NAME_SIZE], name[NAME_SIZE];
        if (!name_variable(&member, variable))
            continue;
        (void)snprintf(name, sizeof(name), "%.*s", (int)member.name_length, member.name);
        if (json_text(text, name, value, VALUE_SIZE))
            result = put(letter, variable, value);
    }
    scratch_give(value);
    return result;
}

int letter_address(struct letter *letter, const char *text) {
    char count[24];
    size_t ours = 0;
    while (environ[ours])
        ours++;
    letter->environment = calloc(ours + MEMBERS + 2, sizeof(*letter->environment));
    if (!letter->environment || lseek(letter->fd, 0, SEEK_SET) < 0)
        return -errno;
    int result = 0;
    for (size_t i = 0; i < ours && result == 0; i++) {
        const char *equals = strchr(environ[i], '=');
        if (!equals || strncmp(environ[i], PREFIX, sizeof(PREFIX) - 1) == 0)
            continue;
        letter->environment[letter->variables] = strdup(environ[i]);
        result = letter->environment[letter->variables] ? 0 : -ENOMEM;
        letter->variables += result == 0;
    }
    (void)snprintf(count, sizeof(count), "%zu", letter->count);
    if (result == 0)
        result = put(letter, PREFIX "COUNT", count);
    return result == 0 && text ? put_members(letter, text) : result;
}

void letter_end(struct letter *letter) {
    for (size_t i = 0; i < letter->variables; i++)
        free(letter->environment[i]);
    free(letter->environment);
    if (letter->fd >= 0)
        (void)close(letter->fd);
    *letter = (struct letter){.fd = -1};
}
