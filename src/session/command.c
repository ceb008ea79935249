#include "session/command.h"

#include <ctype.h>
#include <string.h>

#include "base/path.h"

bool command_may_hold_password(const char *bytes, size_t n) {
    static const char *const words[] = {"PASS", "ACCT", "PSWD", "CPWD"};
    char last[5] = "    "; /* the last four letters */
    for (size_t i = 0; i < n; i++) {
        if (!isalpha((unsigned char)bytes[i]))
            continue;
        memmove(last, last + 1, 3);
        last[3] = (char)toupper((unsigned char)bytes[i]);
        for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
            if (strcmp(last, words[k]) == 0)
                return true;
        }
    }
    return false;
}

/* A bare CR may have been meant as a line end. */
static bool has_control(const char *line) {
    while (*line && !path_is_control((unsigned char)*line))
        line++;
    return *line != '\0';
}

static enum command_secrecy secrecy_of(const struct command *command, bool expects_secret) {
    const struct verb *verb = command->verb;
    if (verb && verb->traits & VERB_SECRET)
        return COMMAND_SECRET_ARGUMENT;
    if (!verb && expects_secret)
        return COMMAND_SECRET_LINE;
    bool is_odd = !verb || verb->traits & VERB_NESTED || has_control(command->text) ||
                  command->fault != LINE_GOOD;
    return is_odd && command_may_hold_password(command->text, strlen(command->text))
               ? COMMAND_SECRET_LINE
               : COMMAND_PUBLIC;
}

void command_of(struct command *ret_command, struct line *line, const struct verb *verb,
                bool expects_secret) {
    size_t at = strcspn(line->text, " ");
    *ret_command = (struct command){.text = line->text,
                                    .length = line->length,
                                    .room = sizeof(line->text),
                                    .argument = line->text + at + (line->text[at] == ' '),
                                    .fault = line->fault,
                                    .verb = verb};
    ret_command->secrecy = secrecy_of(ret_command, expects_secret);
}

const char *command_name(const struct command *command) {
    const struct verb *verb = command->verb;
    const char *name = command->argument;
    if (!verb || verb->argument == ARGUMENT_NONE ||
        verb->traits & (VERB_TRIM | VERB_SECRET | VERB_NO_PATH | VERB_NESTED))
        return NULL;
    if (verb->traits & VERB_WORD)
        name += strcspn(name, " ");
    name += verb->traits & VERB_WORD && *name == ' ';
    return *name ? name : NULL;
}

void command_copy(struct command *ret_copy, const struct command *command, char *text,
                  size_t room) {
    memcpy(text, command->text, command->length + 1);
    *ret_copy = *command;
    ret_copy->text = text;
    ret_copy->room = room;
    ret_copy->argument = text + (command->argument - command->text);
}

bool command_is_as_said(const struct command *command) {
    const char *argument = command->argument;
    return !(command->verb->traits & VERB_BARE) || argument[strspn(argument, " ")] == '\0';
}

bool command_is_meanwhile(const struct command *command) {
    return command->fault == LINE_GOOD && command->verb && command->verb->traits & VERB_MEANWHILE &&
           command_is_as_said(command);
}
