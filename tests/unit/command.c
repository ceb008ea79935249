/* One line is understood once: its verb's row, its argument, and what of it is secret. */
#include "session/command.h"

#include <stdio.h>
#include <string.h>

#include "check.h"
#include "verb.h"

static struct line line;

/* The command that those bytes are. */
static struct command understood(const char *bytes, bool expects_secret) {
    struct command command;
    bool ended = false;
    line_init(&line);
    (void)line_feed(&line, (const uint8_t *)bytes, strlen(bytes), &ended);
    CHECK(ended);
    command_of(&command, &line, verb_find(line.text), expects_secret);
    return command;
}

static void parts(void) {
    struct command command = understood("stor  a b\r\n", false);
    CHECK(command.verb && strcmp(command.verb->name, "STOR") == 0);
    CHECK(strcmp(command.argument, " a b") == 0 && command.fault == LINE_GOOD);
    command = understood("NOOP\r\n", false);
    CHECK(command.verb && *command.argument == '\0');
    command = understood("NOOPS x\r\n", false);
    CHECK(!command.verb && strcmp(command.argument, "x") == 0);
    command = understood("\r\n", false);
    CHECK(!command.verb && command.length == 0 && *command.argument == '\0');
}

static void copies(void) {
    char text[LINE_LIMIT + 1];
    struct command command = understood("RNFR a\r\n", false), copy;
    command_copy(&copy, &command, text, sizeof(text));
    line_wipe(&line);
    CHECK(copy.text == text && strcmp(text, "RNFR a") == 0 && copy.verb == command.verb);
    CHECK(copy.argument == text + 5);
}

static enum command_secrecy secrecy(const char *bytes, bool expects_secret) {
    return understood(bytes, expects_secret).secrecy;
}

static void secrets(void) {
    CHECK(secrecy("PASS x\r\n", false) == COMMAND_SECRET_ARGUMENT);
    CHECK(secrecy("acct\r\n", false) == COMMAND_SECRET_ARGUMENT);
    CHECK(secrecy("STOR PASS\r\n", false) == COMMAND_PUBLIC); /* that is a name */
    CHECK(secrecy("PASSx\r\n", false) == COMMAND_SECRET_LINE);
    CHECK(secrecy("P-A-S-S x\r\n", false) == COMMAND_SECRET_LINE);
    CHECK(secrecy("SITE PSWD a b\r\n", false) == COMMAND_SECRET_LINE);
    CHECK(secrecy("SITE CHMOD 644 a\r\n", false) == COMMAND_PUBLIC);
    CHECK(secrecy("STOR a\rPASS b\r\n", false) == COMMAND_SECRET_LINE);
    CHECK(secrecy("hunter2\r\n", false) == COMMAND_PUBLIC);
    CHECK(secrecy("hunter2\r\n", true) == COMMAND_SECRET_LINE);
    CHECK(secrecy("NOOP\r\n", true) == COMMAND_PUBLIC);
}

static bool meanwhile(const char *bytes) {
    struct command command = understood(bytes, false);
    return command_is_meanwhile(&command);
}

static void during_a_transfer(void) {
    CHECK(meanwhile("ABOR\r\n") && meanwhile("noop\r\n") && meanwhile("STAT\r\n"));
    CHECK(meanwhile("STAT  \r\n") && !meanwhile("STAT a\r\n") && !meanwhile("ABOR x\r\n"));
    CHECK(!meanwhile("QUIT\r\n") && !meanwhile("XYZZY\r\n") && !meanwhile("STOR a\r\n"));
}

int main(void) {
    check_run("command: a line has a verb, an argument, or is a fault", parts);
    check_run("command: a copy does not need the line any more", copies);
    check_run("command: what may be a password is secret, in whatever shape", secrets);
    check_run("command: only few are run during a transfer, and STAT only bare", during_a_transfer);
    return check_end();
}
