#include "verb.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "session/session.h"
#include "verbs/attributes.h"
#include "verbs/auth.h"
#include "verbs/connection.h"
#include "verbs/files.h"
#include "verbs/hash.h"
#include "verbs/list.h"
#include "verbs/rename.h"
#include "verbs/retr.h"
#include "verbs/security.h"
#include "verbs/service.h"
#include "verbs/settings.h"
#include "verbs/upload.h"

static const struct verb verbs[] = {
    /* name, function, argument, traits, right, FEAT line, syntax */
    {"USER", verb_user, ARGUMENT_REQUIRED, VERB_ANYTIME | VERB_NO_PATH, RIGHT_NONE, NULL, "name"},
    {"PASS", verb_pass, ARGUMENT_OPTIONAL, VERB_ANYTIME | VERB_SECRET, RIGHT_NONE, NULL,
     "password"},
    {"ACCT", verb_acct, ARGUMENT_OPTIONAL, VERB_ANYTIME | VERB_SECRET, RIGHT_NONE, NULL, "account"},
    {"QUIT", verb_quit, ARGUMENT_OPTIONAL, VERB_ANYTIME | VERB_TRIM | VERB_UNTERMINATED, RIGHT_NONE,
     NULL, ""},
    {"NOOP", verb_noop, ARGUMENT_OPTIONAL,
     VERB_ANYTIME | VERB_TRIM | VERB_MEANWHILE | VERB_KEEPS | VERB_PIPELINED, RIGHT_NONE, NULL, ""},
    {"SYST", verb_syst, ARGUMENT_NONE, VERB_ANYTIME | VERB_KEEPS, RIGHT_NONE, NULL, ""},
    {"HELP", verb_help, ARGUMENT_OPTIONAL, VERB_ANYTIME | VERB_TRIM | VERB_KEEPS, RIGHT_NONE, NULL,
     "[verb]"},
    {"FEAT", verb_feat, ARGUMENT_NONE, VERB_ANYTIME | VERB_KEEPS, RIGHT_NONE, NULL, ""},
    {"OPTS", verb_opts, ARGUMENT_REQUIRED, VERB_ANYTIME | VERB_TRIM | VERB_KEEPS, RIGHT_NONE,
     "UTF8", "UTF8 ON"},
    {"TYPE", verb_type, ARGUMENT_REQUIRED, VERB_TRIM | VERB_KEEPS | VERB_PIPELINED, RIGHT_NONE,
     NULL, "A [N] | I | L 8"},
    {"MODE", verb_mode, ARGUMENT_REQUIRED, VERB_TRIM | VERB_KEEPS | VERB_PIPELINED, RIGHT_NONE,
     NULL, "S"},
    {"STRU", verb_stru, ARGUMENT_REQUIRED, VERB_TRIM | VERB_KEEPS | VERB_PIPELINED, RIGHT_NONE,
     NULL, "F"},
    {"ALLO", verb_allo, ARGUMENT_REQUIRED, VERB_TRIM | VERB_KEEPS | VERB_ANNOUNCES | VERB_PIPELINED,
     RIGHT_NONE, NULL, "bytes [R record-size]"},
    {"PASV", verb_pasv, ARGUMENT_NONE, VERB_DATA | VERB_KEEPS, RIGHT_NONE, NULL, ""},
    {"EPSV", verb_epsv, ARGUMENT_OPTIONAL, VERB_DATA | VERB_TRIM | VERB_KEEPS, RIGHT_NONE, "EPSV",
     "[1 | 2 | ALL]"},
    {"PORT", verb_port, ARGUMENT_REQUIRED, VERB_DATA | VERB_TRIM | VERB_KEEPS | VERB_ADDRESS,
     RIGHT_NONE, NULL, "h1,h2,h3,h4,p1,p2"},
    {"EPRT", verb_eprt, ARGUMENT_REQUIRED, VERB_DATA | VERB_TRIM | VERB_KEEPS | VERB_ADDRESS,
     RIGHT_NONE, "EPRT", "|family|host|port|"},
    {"PWD", verb_pwd, ARGUMENT_NONE, 0, RIGHT_NONE, NULL, ""},
    {"XPWD", verb_pwd, ARGUMENT_NONE, 0, RIGHT_NONE, NULL, ""},
    {"CWD", verb_cwd, ARGUMENT_OPTIONAL, 0, RIGHT_NONE, "TVFS", "folder"},
    {"XCWD", verb_cwd, ARGUMENT_OPTIONAL, 0, RIGHT_NONE, NULL, "folder"},
    {"CDUP", verb_cdup, ARGUMENT_NONE, 0, RIGHT_NONE, NULL, ""},
    {"XCUP", verb_cdup, ARGUMENT_NONE, 0, RIGHT_NONE, NULL, ""},
    {"MKD", verb_mkd, ARGUMENT_REQUIRED, 0, RIGHT_MKDIR, NULL, "folder"},
    {"XMKD", verb_mkd, ARGUMENT_REQUIRED, 0, RIGHT_MKDIR, NULL, "folder"},
    {"STOR", verb_stor, ARGUMENT_REQUIRED,
     VERB_TRANSFER | VERB_UPLOAD | VERB_UNTERMINATED | VERB_PIPELINED, RIGHT_UPLOAD, "INLINE ALLO",
     "file"},
    {"APPE", verb_appe, ARGUMENT_REQUIRED, VERB_TRANSFER | VERB_UPLOAD, RIGHT_UPLOAD | RIGHT_APPEND,
     NULL, "file"},
    {"STOU", verb_stou, ARGUMENT_OPTIONAL, VERB_TRANSFER | VERB_UPLOAD | VERB_PIPELINED,
     RIGHT_UPLOAD, NULL, "[file]"},
    {"RETR", verb_retr, ARGUMENT_REQUIRED, VERB_TRANSFER, RIGHT_READ, NULL, "file"},
    {"LIST", verb_list, ARGUMENT_OPTIONAL, VERB_TRANSFER | VERB_OWN, RIGHT_LIST, NULL,
     "[file | folder | pattern]"},
    {"NLST", verb_nlst, ARGUMENT_OPTIONAL, VERB_TRANSFER | VERB_OWN, RIGHT_LIST, NULL,
     "[file | folder | pattern]"},
    {"MLSD", verb_mlsd, ARGUMENT_OPTIONAL, VERB_TRANSFER | VERB_OWN, RIGHT_LIST, NULL, "[folder]"},
    {"MLST", verb_mlst, ARGUMENT_OPTIONAL, VERB_OWN | VERB_KEEPS, RIGHT_LIST | RIGHT_READ, "MLST",
     "[file | folder]"},
    {"SIZE", verb_size, ARGUMENT_REQUIRED, VERB_OWN | VERB_KEEPS, RIGHT_LIST | RIGHT_READ, "SIZE",
     "file"},
    {"MDTM", verb_mdtm, ARGUMENT_REQUIRED, VERB_OWN | VERB_KEEPS, RIGHT_LIST | RIGHT_READ, "MDTM",
     "[YYYYMMDDHHMMSS] file"},
    {"MFMT", verb_mfmt, ARGUMENT_REQUIRED, VERB_OWN | VERB_WORD, RIGHT_REPLACE, "MFMT",
     "YYYYMMDDHHMMSS file"},
    {"REST", verb_rest, ARGUMENT_REQUIRED, VERB_TRIM | VERB_KEEPS, RIGHT_NONE, "REST STREAM",
     "bytes"},
    {"RNFR", verb_rnfr, ARGUMENT_REQUIRED, VERB_OWN, RIGHT_RENAME, NULL, "name"},
    {"RNTO", verb_rnto, ARGUMENT_REQUIRED, VERB_OWN | VERB_NEW_NAME, RIGHT_RENAME, NULL,
     "new name"},
    {"DELE", verb_dele, ARGUMENT_REQUIRED, VERB_OWN, RIGHT_DELETE, NULL, "file"},
    {"RMD", verb_rmd, ARGUMENT_REQUIRED, VERB_OWN, RIGHT_DELETE, NULL, "folder"},
    {"XRMD", verb_rmd, ARGUMENT_REQUIRED, VERB_OWN, RIGHT_DELETE, NULL, "folder"},
    {"ABOR", verb_abor, ARGUMENT_NONE, VERB_ANYTIME | VERB_MEANWHILE | VERB_BARE, RIGHT_NONE, NULL,
     ""},
    {"STAT", verb_stat, ARGUMENT_OPTIONAL, VERB_ANYTIME | VERB_MEANWHILE | VERB_KEEPS | VERB_BARE,
     RIGHT_NONE, NULL, "[name]"},
    {"SITE", verb_site, ARGUMENT_REQUIRED, VERB_WORD | VERB_NESTED, RIGHT_NONE, NULL,
     "HELP | CHMOD | UTIME | UMASK"},
    {"SMNT", NULL, ARGUMENT_REQUIRED, 0, RIGHT_NONE, NULL, ""},
    {"REIN", verb_rein, ARGUMENT_NONE, VERB_ANYTIME, RIGHT_NONE, NULL, ""},
    {"AUTH", verb_auth, ARGUMENT_REQUIRED, VERB_ANYTIME | VERB_TLS | VERB_TRIM, RIGHT_NONE,
     "AUTH TLS", "TLS"},
    {"PBSZ", verb_pbsz, ARGUMENT_REQUIRED, VERB_ANYTIME | VERB_TLS | VERB_TRIM | VERB_KEEPS,
     RIGHT_NONE, "PBSZ", "0"},
    {"PROT", verb_prot, ARGUMENT_REQUIRED, VERB_ANYTIME | VERB_TLS | VERB_TRIM | VERB_KEEPS,
     RIGHT_NONE, "PROT", "P | C"},
    {"CCC", verb_ccc, ARGUMENT_NONE, VERB_ANYTIME | VERB_TLS | VERB_KEEPS, RIGHT_NONE, NULL, ""},
    {"HOST", verb_host, ARGUMENT_REQUIRED, VERB_ANYTIME | VERB_TRIM, RIGHT_NONE, "HOST", "name"},
    {"LANG", verb_lang, ARGUMENT_OPTIONAL, VERB_ANYTIME | VERB_TRIM | VERB_KEEPS, RIGHT_NONE,
     "LANG EN*", "[EN]"},
    {"CLNT", verb_clnt, ARGUMENT_OPTIONAL, VERB_ANYTIME | VERB_TRIM | VERB_KEEPS, RIGHT_NONE,
     "CLNT", "name"},
    {"CSID", verb_csid, ARGUMENT_REQUIRED, VERB_ANYTIME | VERB_TRIM | VERB_KEEPS, RIGHT_NONE,
     "CSID", "Name=value;..."},
    {"HASH", verb_hash, ARGUMENT_REQUIRED, VERB_OWN | VERB_DIGEST, RIGHT_READ, NULL, "file"},
    {"XSHA256", verb_xsha256, ARGUMENT_REQUIRED, VERB_OWN | VERB_DIGEST, RIGHT_READ, "XSHA256",
     "file"},
    {"XSHA1", verb_xsha1, ARGUMENT_REQUIRED, VERB_OWN | VERB_DIGEST, RIGHT_READ, "XSHA1", "file"},
    {"XMD5", verb_xmd5, ARGUMENT_REQUIRED, VERB_OWN | VERB_DIGEST, RIGHT_READ, "XMD5", "file"},
    {"XCRC", verb_xcrc, ARGUMENT_REQUIRED, VERB_OWN | VERB_DIGEST, RIGHT_READ, "XCRC", "file"},
};

/* SITE, if it is about the next upload. */
static const struct verb site_of_upload = {"SITE",
                                           verb_site,
                                           ARGUMENT_REQUIRED,
                                           VERB_WORD | VERB_NESTED | VERB_KEEPS | VERB_PIPELINED,
                                           RIGHT_NONE,
                                           NULL,
                                           ""};

enum { VERB_COUNT = sizeof(verbs) / sizeof(verbs[0]), HELP_COLUMNS = 8, HELP_CELL = 9 };

const struct verb *verb_find(const char *line) {
    size_t length = strcspn(line, " ");
    for (size_t i = 0; i < VERB_COUNT; i++) {
        const char *name = verbs[i].name;
        if (strlen(name) == length && strncasecmp(name, line, length) == 0)
            return verbs[i].run == verb_site && site_is_of_upload(line + length) ? &site_of_upload
                                                                                 : &verbs[i];
    }
    return NULL;
}

static void log_command(const struct session *session, const struct command *command) {
    const struct log *log = session->given->log;
    if (command->secrecy == COMMAND_SECRET_LINE)
        log_event(log, EVENT_COMMAND, "Received command: *** (may contain a password)");
    else if (command->secrecy == COMMAND_SECRET_ARGUMENT)
        log_event(log, EVENT_COMMAND, "Received command: %s ***", command->verb->name);
    else
        log_event(log, EVENT_COMMAND, "Received command: %s", command->text);
}

/* Does it come from a browser, a port scanner, or an attack that makes browsers talk to FTP
 * servers? */
static bool is_http(const char *line) {
    static const char *const words[] = {"GET ",     "POST ",    "HEAD ",  "PUT ",  "DELETE ",
                                        "CONNECT ", "OPTIONS ", "PATCH ", "TRACE "};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strncmp(line, words[i], strlen(words[i])) == 0)
            return true;
    }
    return false;
}

static int refuse_http(struct session *session) {
    const struct log_facts facts = {.reply = 500};
    log_about(session->given->log, EVENT_NOT_FTP, &facts,
              "Closing: the client speaks HTTP, not FTP");
    leave_draining(session);
    return reply_told(session, 500, "This is FTP, not HTTP");
}

/* Can this session run it, whatever the client's rights? */
static bool is_implemented(const struct session *session, const struct verb *verb) {
    bool needs_data =
        verb->traits & VERB_DATA || (verb->traits & VERB_TRANSFER && !(verb->traits & VERB_UPLOAD));
    if (needs_data && session->given->config->no_data_connections)
        return false;
    if (verb->traits & VERB_DIGEST && !hash_serves(session, verb->name))
        return false;
    return verb->run && (!(verb->traits & VERB_TLS) || session->given->secure->library);
}

/* Any one of the rights is enough; with VERB_OWN also that the client can have uploads of its
 * own. */
static bool has_right(const struct session *session, const struct verb *verb) {
    unsigned rights = verb->right;
    if (verb->traits & VERB_OWN)
        rights |= RIGHTS_OWN;
    return !verb->right || session->who.rights & rights;
}

/* Refuses a broken line, or an unknown verb. Returns 0 if it is neither, 1 after the reply, or a
 * negative errno. */
static int refuse_line(struct session *session, const struct command *command) {
    int result;
    if (command->fault == LINE_TOO_LONG)
        result = reply_send(session, 500, "Command line too long");
    else if (command->fault == LINE_HAS_NUL)
        result = reply_send(session, 500, "Command line contains a NUL byte");
    else if (command->verb)
        return 0;
    else if (is_http(command->text))
        result = refuse_http(session);
    else
        result =
            reply_send(session, 500, *command->text ? "Unknown command" : "Empty command line");
    return result < 0 ? result : 1;
}

/* Refuses what can be refused without knowing what the verb does. Returns as refuse_line. */
static int refuse(struct session *session, const struct command *command) {
    const struct verb *verb = command->verb;
    int result = refuse_line(session, command);
    if (result != 0)
        return result;
    if (!is_implemented(session, verb))
        result = reply_send(session, 502, "%s is not implemented", verb->name);
    else if (!(verb->traits & VERB_ANYTIME) && !session->who.logged_in)
        result = auth_refuse(session);
    else if (!has_right(session, verb))
        result = reply_send(session, 550, "%s: permission denied (no %s right)", verb->name,
                            right_word(verb->right));
    else if (verb->argument == ARGUMENT_REQUIRED && *command->argument == '\0')
        result = reply_send(session, 501, "%s needs an argument: %s", verb->name, verb->help);
    else if (verb->argument == ARGUMENT_NONE && *command->argument != '\0')
        result = reply_send(session, 501, "%s takes no argument", verb->name);
    else
        return verb->traits & VERB_TRANSFER ? secure_refuse_data(session) : 0;
    return result < 0 ? result : 1;
}

/* What follows a refused inline upload may be the bytes of a file, and must never be read as
 * commands: the session ends. */
static void end_inline(struct session *session) {
    log_event(session->given->log, EVENT_INLINE_ENDED,
              "Session ended: what follows a refused upload may be data");
    leave_draining(session);
}

/* Removes blanks that can only be a mistake. Returns where the argument begins then. */
static char *trim(const struct verb *verb, char *argument) {
    bool all = verb->traits & VERB_TRIM || verb->argument == ARGUMENT_NONE;
    if (all || verb->traits & VERB_WORD)
        argument += strspn(argument, " ");
    if (!all)
        return argument;
    char *to = argument;
    for (const char *from = argument; *from; from++) {
        if (*from != ' ' || (from[1] != ' ' && from[1] != '\0'))
            *to++ = *from;
    }
    *to = '\0';
    return argument;
}

/* What every command changes before it is refused or run, and after that. */
static void before(struct session *session, const struct verb *verb) {
    uploads_begin(&session->uploads);
    if (verb->traits & VERB_DATA)
        data_use(&session->data);
    if (verb->traits & VERB_ANNOUNCES)
        parameters_doubt_size(&session->parameters);
}

static void after(struct session *session, const struct command *command) {
    unsigned traits = command->verb->traits;
    if (traits & VERB_KEEPS && command_is_as_said(command))
        return;
    parameters_spend(&session->parameters, traits & VERB_UPLOAD);
    if (traits & VERB_TRANSFER)
        data_finish(session);
}

/* Is the argument, or its end, the name of a file? */
static bool takes_path(const struct verb *verb) {
    return verb->argument != ARGUMENT_NONE &&
           !(verb->traits & (VERB_TRIM | VERB_SECRET | VERB_NO_PATH));
}

/* Upload verbs and RNTO reply 553 to bad names, the others 550 (RFC 959 section 5.4). */
static int refuse_name(struct session *session, const struct verb *verb, int error) {
    bool has_553 = verb->traits & (VERB_UPLOAD | VERB_NEW_NAME);
    return reply_failure(session, has_553 ? REPLY_USUAL : 550, verb->name, error);
}

static int call(struct session *session, const struct command *command) {
    const struct verb *verb = command->verb;
    size_t room = command->room - (size_t)(command->argument - command->text);
    int result = takes_path(verb) ? names_take(&session->names, command->argument, room) : 0;
    return result < 0 ? refuse_name(session, verb, result) : verb->run(session, command->argument);
}

/* Refuses the command or runs it. */
static int run(struct session *session, const struct command *command) {
    bool is_inline = command->verb->traits & VERB_UPLOAD && !session->data.used;
    int result = refuse(session, command);
    if (result == 0)
        result = call(session, command);
    after(session, command);
    if (result >= 0 && is_inline && !session->uploads.inline_whole)
        end_inline(session);
    return result < 0 ? result : 0;
}

/* A line that is no command. */
static int run_none(struct session *session, const struct command *command) {
    const struct command *outer = session_begin_command(session, command);
    int refused = refuse_line(session, command);
    (void)session_begin_command(session, outer);
    return refused < 0 ? refused : 0;
}

int verb_run(struct session *session, struct command *command) {
    log_command(session, command);
    if (!command->verb)
        return run_none(session, command);
    command->argument = trim(command->verb, command->argument);
    before(session, command->verb);
    const struct command *outer = session_begin_command(session, command);
    int result = run(session, command);
    (void)session_begin_command(session, outer);
    if (result == 0 && watch_take_abort(&session->watch))
        result = reply_send(session, 226, "Transfer aborted"); /* the reply to ABOR */
    return result;
}

static int put_feature(struct session *session, const struct verb *verb) {
    if (!has_right(session, verb) || !is_implemented(session, verb))
        return 0;
    if (verb->run == verb_mlst) /* shows what OPTS has selected */
        return list_feature(session);
    if (verb->run == verb_hash)
        return hash_feature(session);
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
                       HELP_CELL - (int)strlen(verbs[i].name),
                       is_implemented(session, &verbs[i]) ? "" : "*");
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
    if (!is_implemented(session, verb))
        return reply_send(session, 214, "%s is not implemented", verb->name);
    return reply_send(session, 214, "Syntax: %s%s%s", verb->name, *verb->help ? " " : "",
                      verb->help);
}
