#include "verb.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "auth.h"
#include "data.h"
#include "files.h"
#include "list.h"
#include "parameters.h"
#include "reply.h"
#include "retr.h"
#include "session.h"
#include "upload.h"

static const struct verb verbs[] = {
    /* name, function, argument, traits, right, FEAT line, syntax */
    {"USER", verb_user, ARGUMENT_REQUIRED, VERB_ANYTIME, RIGHT_NONE, NULL, "name"},
    {"PASS", verb_pass, ARGUMENT_OPTIONAL, VERB_ANYTIME | VERB_SECRET, RIGHT_NONE, NULL,
     "password"},
    {"ACCT", verb_acct, ARGUMENT_OPTIONAL, VERB_ANYTIME | VERB_SECRET, RIGHT_NONE, NULL, "account"},
    {"QUIT", verb_quit, ARGUMENT_NONE, VERB_ANYTIME | VERB_UNTERMINATED, RIGHT_NONE, NULL, ""},
    {"NOOP", verb_noop, ARGUMENT_OPTIONAL, VERB_ANYTIME | VERB_MEANWHILE, RIGHT_NONE, NULL, ""},
    {"SYST", verb_syst, ARGUMENT_NONE, VERB_ANYTIME, RIGHT_NONE, NULL, ""},
    {"HELP", verb_help, ARGUMENT_OPTIONAL, VERB_ANYTIME, RIGHT_NONE, NULL, "[verb]"},
    {"FEAT", verb_feat, ARGUMENT_NONE, VERB_ANYTIME, RIGHT_NONE, NULL, ""},
    {"OPTS", verb_opts, ARGUMENT_REQUIRED, VERB_ANYTIME, RIGHT_NONE, "UTF8", "UTF8 ON"},
    {"TYPE", verb_type, ARGUMENT_REQUIRED, 0, RIGHT_NONE, NULL, "A [N] | I | L 8"},
    {"MODE", verb_mode, ARGUMENT_REQUIRED, 0, RIGHT_NONE, NULL, "S"},
    {"STRU", verb_stru, ARGUMENT_REQUIRED, 0, RIGHT_NONE, NULL, "F"},
    {"ALLO", verb_allo, ARGUMENT_REQUIRED, 0, RIGHT_NONE, NULL, "bytes [R record-size]"},
    {"PASV", verb_pasv, ARGUMENT_NONE, VERB_DATA, RIGHT_NONE, NULL, ""},
    {"EPSV", verb_epsv, ARGUMENT_OPTIONAL, VERB_DATA, RIGHT_NONE, "EPSV", "[1 | 2 | ALL]"},
    {"PORT", NULL, ARGUMENT_REQUIRED, VERB_DATA, RIGHT_NONE, NULL, ""},
    {"EPRT", NULL, ARGUMENT_REQUIRED, VERB_DATA, RIGHT_NONE, NULL, ""},
    {"PWD", verb_pwd, ARGUMENT_NONE, 0, RIGHT_NONE, NULL, ""},
    {"XPWD", verb_pwd, ARGUMENT_NONE, 0, RIGHT_NONE, NULL, ""},
    {"CWD", verb_cwd, ARGUMENT_OPTIONAL, 0, RIGHT_NONE, "TVFS", "folder"},
    {"XCWD", verb_cwd, ARGUMENT_OPTIONAL, 0, RIGHT_NONE, NULL, "folder"},
    {"CDUP", verb_cdup, ARGUMENT_NONE, 0, RIGHT_NONE, NULL, ""},
    {"XCUP", verb_cdup, ARGUMENT_NONE, 0, RIGHT_NONE, NULL, ""},
    {"MKD", verb_mkd, ARGUMENT_REQUIRED, 0, RIGHT_MKDIR, NULL, "folder"},
    {"XMKD", verb_mkd, ARGUMENT_REQUIRED, 0, RIGHT_MKDIR, NULL, "folder"},
    {"STOR", verb_stor, ARGUMENT_REQUIRED, VERB_UPLOAD | VERB_UNTERMINATED, RIGHT_UPLOAD,
     "INLINE ALLO", "file"},
    {"APPE", NULL, ARGUMENT_REQUIRED, VERB_UPLOAD, RIGHT_APPEND, NULL, ""},
    {"STOU", NULL, ARGUMENT_OPTIONAL, VERB_UPLOAD, RIGHT_UPLOAD, NULL, ""},
    {"RETR", verb_retr, ARGUMENT_REQUIRED, 0, RIGHT_READ, NULL, "file"},
    {"LIST", verb_list, ARGUMENT_OPTIONAL, 0, RIGHT_LIST, NULL, "[file | folder | pattern]"},
    {"NLST", verb_nlst, ARGUMENT_OPTIONAL, 0, RIGHT_LIST, NULL, "[file | folder | pattern]"},
    {"MLSD", verb_mlsd, ARGUMENT_OPTIONAL, 0, RIGHT_LIST, NULL, "[folder]"},
    {"MLST", verb_mlst, ARGUMENT_OPTIONAL, 0, RIGHT_LIST, "MLST", "[file | folder]"},
    {"SIZE", NULL, ARGUMENT_REQUIRED, 0, RIGHT_LIST, NULL, ""},
    {"MDTM", NULL, ARGUMENT_REQUIRED, 0, RIGHT_LIST, NULL, ""},
    {"MFMT", NULL, ARGUMENT_REQUIRED, 0, RIGHT_UPLOAD, NULL, ""},
    {"REST", NULL, ARGUMENT_REQUIRED, 0, RIGHT_NONE, NULL, ""},
    {"RNFR", NULL, ARGUMENT_REQUIRED, 0, RIGHT_RENAME, NULL, ""},
    {"RNTO", NULL, ARGUMENT_REQUIRED, 0, RIGHT_RENAME, NULL, ""},
    {"DELE", NULL, ARGUMENT_REQUIRED, 0, RIGHT_DELETE, NULL, ""},
    {"RMD", NULL, ARGUMENT_REQUIRED, 0, RIGHT_DELETE, NULL, ""},
    {"XRMD", NULL, ARGUMENT_REQUIRED, 0, RIGHT_DELETE, NULL, ""},
    {"ABOR", NULL, ARGUMENT_NONE, VERB_ANYTIME, RIGHT_NONE, NULL, ""},
    {"STAT", NULL, ARGUMENT_OPTIONAL, VERB_ANYTIME, RIGHT_NONE, NULL, ""},
    {"SITE", NULL, ARGUMENT_REQUIRED, 0, RIGHT_NONE, NULL, ""},
    {"SMNT", NULL, ARGUMENT_REQUIRED, 0, RIGHT_NONE, NULL, ""},
    {"REIN", NULL, ARGUMENT_NONE, VERB_ANYTIME, RIGHT_NONE, NULL, ""},
    {"AUTH", NULL, ARGUMENT_REQUIRED, VERB_ANYTIME, RIGHT_NONE, NULL, ""},
    {"PBSZ", NULL, ARGUMENT_REQUIRED, VERB_ANYTIME, RIGHT_NONE, NULL, ""},
    {"PROT", NULL, ARGUMENT_REQUIRED, VERB_ANYTIME, RIGHT_NONE, NULL, ""},
    {"CCC", NULL, ARGUMENT_NONE, VERB_ANYTIME, RIGHT_NONE, NULL, ""},
    {"HOST", NULL, ARGUMENT_REQUIRED, VERB_ANYTIME, RIGHT_NONE, NULL, ""},
    {"LANG", NULL, ARGUMENT_OPTIONAL, VERB_ANYTIME, RIGHT_NONE, NULL, ""},
    {"CLNT", NULL, ARGUMENT_OPTIONAL, VERB_ANYTIME, RIGHT_NONE, NULL, ""},
};

enum { VERB_COUNT = sizeof(verbs) / sizeof(verbs[0]), HELP_COLUMNS = 8, HELP_CELL = 7 };

const struct verb *verb_find(const char *line) {
    size_t length = strcspn(line, " ");
    for (size_t i = 0; i < VERB_COUNT; i++) {
        const char *name = verbs[i].name;
        if (strlen(name) == length && strncasecmp(name, line, length) == 0)
            return &verbs[i];
    }
    return NULL;
}

static void log_command(const struct session *session, const struct verb *verb, const char *line) {
    if (verb && verb->traits & VERB_SECRET)
        log_event(session->log, LOG_LEVEL_DEBUG, "Received command: %s ***", verb->name);
    else
        log_event(session->log, LOG_LEVEL_DEBUG, "Received command: %s", line);
}

/* Everything that can be said against a command without knowing what its verb does. Returns 0
 * when nothing is, 1 when it was answered, or a negative errno. */
static int refuse(struct session *session, const struct verb *verb, const char *line,
                  const char *argument, enum line_fault fault) {
    int result;
    if (fault == LINE_TOO_LONG)
        result = reply_send(session, 500, "Command line too long");
    else if (fault == LINE_HAS_NUL)
        result = reply_send(session, 500, "Command line holds a NUL byte");
    else if (!verb)
        result = reply_send(session, 500, *line ? "Unknown command" : "Empty command line");
    else if (!verb->run)
        result = reply_send(session, 502, "%s is not implemented", verb->name);
    else if (!(verb->traits & VERB_ANYTIME) && !session->logged_in)
        result = auth_refuse(session);
    else if (verb->right && !(session->rights & verb->right))
        result = reply_send(session, 550, "%s: permission denied (no %s right)", verb->name,
                            right_word(verb->right));
    else if (verb->argument == ARGUMENT_REQUIRED && *argument == '\0')
        result = reply_send(session, 501, "%s needs an argument: %s", verb->name, verb->help);
    else if (verb->argument == ARGUMENT_NONE && *argument != '\0')
        result = reply_send(session, 501, "%s takes no argument", verb->name);
    else
        return 0;
    return result < 0 ? result : 1;
}

/* What follows a refused inline upload may be the bytes of a file, and is never read as
 * commands: the session is over. */
static void end_inline(struct session *session) {
    log_event(session->log, LOG_LEVEL_INFO,
              "Session ended: what follows a refused upload may be data");
    session->over = true;
    session_drain(session);
}

int verb_run(struct session *session, const char *line, enum line_fault fault) {
    const struct verb *verb = verb_find(line);
    const char *argument = line + strcspn(line, " ");
    argument += *argument == ' ';
    log_command(session, verb, line);
    if (verb && verb->traits & VERB_DATA)
        session->data.used = true;
    bool is_inline = verb && verb->traits & VERB_UPLOAD && !session->data.used;
    session->inline_whole = false;
    int result = refuse(session, verb, line, argument, fault);
    if (result == 0)
        result = verb->run(session, argument);
    else if (result > 0)
        result = 0;
    if (result == 0 && is_inline && !session->inline_whole)
        end_inline(session);
    return result;
}

static int put_feature(struct session *session, const struct verb *verb) {
    if (verb->run == verb_mlst) /* tells what OPTS has selected */
        return list_feature(session);
    return verb->feature ? reply_line(session, "%s", verb->feature) : 0;
}

int verb_feat(struct session *session, const char *argument) {
    (void)argument;
    int result = reply_begin(session, 211, "Features:");
    for (size_t i = 0; i < VERB_COUNT && result == 0; i++)
        result = put_feature(session, &verbs[i]);
    return result < 0 ? result : reply_end(session, 211, "End");
}

static int help_all(struct session *session) {
    int result =
        reply_begin(session, 214, "The following commands are recognized (* not implemented):");
    char row[HELP_COLUMNS * HELP_CELL + 1] = "";
    size_t cells = 0;
    for (size_t i = 0; i < VERB_COUNT && result == 0; i++) {
        (void)snprintf(row + cells * HELP_CELL, HELP_CELL + 1, "%s%-*s", verbs[i].name,
                       HELP_CELL - (int)strlen(verbs[i].name), verbs[i].run ? "" : "*");
        if (++cells < HELP_COLUMNS && i + 1 < VERB_COUNT)
            continue;
        result = reply_line(session, "%s", row);
        cells = 0;
    }
    return result < 0 ? result : reply_end(session, 214, "Help OK");
}

int verb_help(struct session *session, const char *argument) {
    if (*argument == '\0')
        return help_all(session);
    const struct verb *verb = verb_find(argument);
    if (!verb)
        return reply_send(session, 501, "Unknown command");
    if (!verb->run)
        return reply_send(session, 214, "%s is not implemented", verb->name);
    return reply_send(session, 214, "Syntax: %s%s%s", verb->name, *verb->help ? " " : "",
                      verb->help);
}
