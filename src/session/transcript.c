#include "session/transcript.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "session/session.h"
#include "store/copy.h"

enum {
    NOTE_SIZE = 1024,
    CODE = 3 /* digits of a reply's code */
};

int transcript_open(struct transcript *ret_transcript, const char *folder, const struct log *log) {
    memset(ret_transcript, 0, offsetof(struct transcript, raw));
    return recording_open(&ret_transcript->recording, folder, log);
}

__attribute__((format(printf, 2, 3))) static void put(const struct session *session,
                                                      const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    recording_add(&session->given->transcript->recording, session->given->log, format, arguments);
    va_end(arguments);
}

/* The prefix of a step: "# " makes it a comment if the line cannot be played. */
static const char *mark(const struct transcript *transcript) {
    return transcript->aside || transcript->vanished ? "# " : "";
}

/* Writes what has come as a line of the client: `>` if its end is CR LF, else `>>`. prefix: goes
 * before that. */
static void put_raw(const struct session *session, const char *prefix) {
    struct transcript *transcript = session->given->transcript;
    char text[4 * RECORDING_RAW + 1], *raw = transcript->raw;
    size_t n = transcript->raw_length;
    bool whole = n >= 2 && memcmp(raw + n - 2, "\r\n", 2) == 0;
    if (whole)
        n -= 2;
    raw[n] = '\0';
    (void)escape_dialogue(text, sizeof(text), raw, n);
    put(session, "%s%s %s", prefix, whole ? ">" : ">>", text);
    transcript->raw_length = 0;
}

/* The text of a reply as it is shown. */
static void show_reply(const char *line, size_t n, char *text, size_t size) {
    char copy[RECORDING_STEP / 4];
    n = n < sizeof(copy) ? n : sizeof(copy) - 1;
    memcpy(copy, line, n);
    copy[n] = '\0';
    copy[strcspn(copy, "\r")] = '\0';
    (void)escape_line(text, size, copy);
}

/* Writes the line that has waited for the first digit of its reply's code; 0: there was no reply. A
 * right password becomes `secret`, a wrong one another word, so that a users file for playing needs
 * only one password. */
static void release(const struct session *session, char digit) {
    struct transcript *transcript = session->given->transcript;
    enum transcript_held held = transcript->held;
    char *raw = transcript->raw, *argument = strchr(raw, ' ');
    transcript->held = TRANSCRIPT_NOTHING;
    if (held == TRANSCRIPT_PASSWORD && argument && (digit == '4' || digit == '5'))
        memcpy(argument, " wrong!", sizeof(" wrong!") - 1); /* as long as " secret" */
    if (held == TRANSCRIPT_ADDRESS && digit == '2') {
        const char *name = transcript->held_verb->name;
        put_raw(session, "# ");
        put(session, "listen");
        put(session, "> %s {%s}", name, name);
    } else if (held != TRANSCRIPT_NOTHING) {
        put_raw(session, mark(transcript));
    }
}

/* Writes the steps for the data connection, and for how many bytes came over it. */
static void catch_up(const struct session *session, uint64_t moved) {
    struct transcript *transcript = session->given->transcript;
    if (!transcript->connected)
        return;
    if (!transcript->open)
        put(session, "connect");
    transcript->open = true;
    if (moved > transcript->moved)
        put(session, "data@ %llu", (unsigned long long)(moved - transcript->moved));
    transcript->moved = moved;
}

/* The client sends nothing more. */
static void note_end(const struct session *session) {
    struct transcript *transcript = session->given->transcript;
    if (transcript->ended || transcript->vanished ||
        !(session->control.ended || session->watch.control_gone))
        return;
    transcript->ended = true;
    put(session, "eof");
}

static void close_data(const struct session *session, const char *step) {
    struct transcript *transcript = session->given->transcript;
    put(session, "%s", step);
    transcript->connected = transcript->open = transcript->close_later = false;
}

/* What comes before a line of the client. */
static void begin_line(const struct session *session) {
    struct transcript *transcript = session->given->transcript;
    const struct command *command = session->command;
    if (session->watch.transferring)
        catch_up(session, command && command->verb && command->verb->traits & VERB_UPLOAD
                              ? session->watch.moved
                              : 0);
    else if (transcript->close_later)
        close_data(session, "done");
}

/* What stays of a line that may contain a password: the verb, or the byte by which the server
 * recognizes TLS. Returns whether more follows. */
static bool keep_beginning(const struct transcript *transcript, const struct command *command,
                           char ret_kept[8]) {
    size_t n = strcspn(command->text, " ");
    bool more = command->text[n] == ' ';
    ret_kept[0] = '\0';
    if (transcript->raw[0] == TLS_HANDSHAKE)
        (void)snprintf(ret_kept, 8, "%c", TLS_HANDSHAKE);
    else if (command->verb)
        (void)snprintf(ret_kept, 8, "%.*s%s", (int)n, command->text, more ? " " : "");
    else
        return true;
    return more || transcript->raw[0] == TLS_HANDSHAKE;
}

/* Replaces what may be a password by something that gets the same reply. The line's end stays. */
static void conceal(struct transcript *transcript, const struct command *command,
                    enum command_secrecy secrecy) {
    char kept[8], end[3] = "";
    const char *stand_in = secrecy == COMMAND_SECRET_ARGUMENT ? "secret" : "***";
    size_t n = transcript->raw_length;
    if (n >= 1 && transcript->raw[n - 1] == '\n')
        (void)snprintf(end, sizeof(end), "%s",
                       n >= 2 && transcript->raw[n - 2] == '\r' ? "\r\n" : "\n");
    bool more = keep_beginning(transcript, command, kept);
    explicit_bzero(transcript->raw, sizeof(transcript->raw));
    n = (size_t)snprintf(transcript->raw, sizeof(transcript->raw), "%s%s", kept,
                         more ? stand_in : "");
    if (command->fault == LINE_HAS_NUL)
        transcript->raw[n++] = '\0';
    if (command->fault == LINE_TOO_LONG) {
        memset(transcript->raw + n, '*', LINE_LIMIT + 1 - n);
        n = LINE_LIMIT + 1;
    }
    memcpy(transcript->raw + n, end, strlen(end));
    transcript->raw_length = n + strlen(end);
    transcript->left_out = 0;
}

/* Are the bytes exactly those of the line? Not if some were telnet's, or dropped. */
static bool is_plain(const struct transcript *transcript, const struct command *command) {
    const char *raw = transcript->raw;
    size_t n = transcript->raw_length;
    n -= n > 0 && raw[n - 1] == '\n';
    while (n > 0 && raw[n - 1] == '\r')
        n--;
    for (; n > 0 && *raw == '\0'; raw++)
        n--;
    return n == command->length && memcmp(raw, command->text, n) == 0;
}

/* What of the line must not be written. */
static enum command_secrecy secrecy_of(const struct transcript *transcript,
                                       const struct command *command) {
    bool hidden = command->secrecy == COMMAND_PUBLIC && !is_plain(transcript, command) &&
                  command_may_hold_password(transcript->raw, transcript->raw_length);
    return hidden ? COMMAND_SECRET_LINE : command->secrecy;
}

/* Can the line not be played? Dialogues are played in clear text. */
static bool is_aside(const struct session *session, const struct verb *verb) {
    return verb && verb->traits & VERB_TLS && session->given->secure->library;
}

/* What a line has to wait for. */
static enum transcript_held must_wait(const struct verb *verb, enum command_secrecy secrecy) {
    if (secrecy == COMMAND_SECRET_ARGUMENT)
        return TRANSCRIPT_PASSWORD;
    return verb && verb->traits & VERB_ADDRESS ? TRANSCRIPT_ADDRESS : TRANSCRIPT_NOTHING;
}

/* Writes what has come: that command. */
static void put_line(const struct session *session, const struct command *command) {
    struct transcript *transcript = session->given->transcript;
    enum command_secrecy secrecy = secrecy_of(transcript, command);
    begin_line(session);
    if (secrecy != COMMAND_PUBLIC)
        conceal(transcript, command, secrecy);
    transcript->aside = is_aside(session, command->verb);
    transcript->held = must_wait(command->verb, secrecy);
    transcript->held_verb = command->verb;
    transcript->raw[transcript->raw_length] = '\0';
    if (transcript->left_out)
        put(session, "# Without its last %llu bytes:", (unsigned long long)transcript->left_out);
    transcript->left_out = 0;
    if (transcript->held != TRANSCRIPT_NOTHING)
        return;
    put_raw(session, mark(transcript));
}

void transcript_input(const struct session *session, const uint8_t *bytes, size_t n,
                      const struct command *command) {
    struct transcript *transcript = session->given->transcript;
    if (!transcript || n == 0)
        return;
    release(session, 0);
    size_t room = RECORDING_RAW - transcript->raw_length, piece = n < room ? n : room;
    memcpy(transcript->raw + transcript->raw_length, bytes, piece);
    transcript->raw_length += piece;
    transcript->left_out += n - piece;
    if (!command)
        return;
    if (transcript->left_out) /* the line still ends */
        transcript->raw[RECORDING_RAW - 1] = '\n';
    put_line(session, command);
}

void transcript_line(const struct session *session, const struct command *command) {
    if (session->given->transcript)
        put_line(session, command);
}

void transcript_reply(const struct session *session, const char *line, size_t n) {
    struct transcript *transcript = session->given->transcript;
    if (!transcript)
        return;
    char *text = transcript->shown;
    bool last = n > CODE && line[0] != ' ' && line[CODE] == ' ';
    show_reply(line, n, text, sizeof(transcript->shown));
    release(session, line[0]);
    note_end(session);
    if (last)
        put(session, "%s< %.*s # %s", mark(transcript), CODE, text, text + CODE + 1);
    else
        put(session, "#   %s", text);
}

void transcript_connected(const struct session *session) {
    struct transcript *transcript = session->given->transcript;
    if (!transcript)
        return;
    transcript->connected = true;
    transcript->open = transcript->close_later = false;
    transcript->moved = 0;
}

void transcript_vanished(const struct session *session) {
    if (!session->given->transcript || session->given->transcript->vanished)
        return;
    put(session, "vanish");
    session->given->transcript->vanished = true;
}

static void received_inline(const struct session *session, const struct copy_result *result) {
    if (result->received > 0)
        put(session, ">>@ %llu", (unsigned long long)result->received);
    if (result->end == COPY_RESET || result->end == COPY_CUT)
        transcript_vanished(session);
}

void transcript_received(const struct session *session, bool is_inline,
                         const struct copy_result *result) {
    struct transcript *transcript = session->given->transcript;
    if (!transcript)
        return;
    if (is_inline) {
        received_inline(session, result);
        return;
    }
    bool closed = result->end == COPY_CLOSED || result->end == COPY_FAILED;
    if (closed && !transcript->open && !session->watch.control_gone) {
        char step[40];
        (void)snprintf(step, sizeof(step), "put@ %llu", (unsigned long long)result->received);
        close_data(session, step);
        return;
    }
    catch_up(session, result->received);
    note_end(session);
    if (closed)
        close_data(session, "done");
    else if (result->end == COPY_RESET || result->end == COPY_CUT)
        close_data(session, "reset");
    else
        transcript->close_later = true;
}

void transcript_sent(const struct session *session, int error) {
    struct transcript *transcript = session->given->transcript;
    if (!transcript)
        return;
    if (error == 0) {
        close_data(session, "get");
        return;
    }
    catch_up(session, 0);
    note_end(session);
    if (error == -ECONNRESET || error == -EPIPE)
        close_data(session, "reset");
    else
        transcript->close_later = true;
}

void transcript_note(const struct session *session, const char *format, ...) {
    char raw[NOTE_SIZE], text[4 * NOTE_SIZE];
    va_list arguments;
    if (!session->given->transcript)
        return;
    va_start(arguments, format);
    (void)vsnprintf(raw, sizeof(raw), format, arguments);
    va_end(arguments);
    (void)escape_line(text, sizeof(text), raw);
    put(session, "# %s", text);
}

/* Writes a line that has no end, or telnet's bytes without a line. */
static void put_rest(const struct session *session, const struct command *rest) {
    struct transcript *transcript = session->given->transcript;
    if (transcript->held != TRANSCRIPT_NOTHING || transcript->raw_length == 0)
        return;
    begin_line(session);
    enum command_secrecy secrecy = secrecy_of(transcript, rest);
    if (secrecy != COMMAND_PUBLIC)
        conceal(transcript, rest, secrecy);
    put_raw(session, mark(transcript));
}

void transcript_end(const struct session *session, const struct command *rest) {
    struct transcript *transcript = session->given->transcript;
    if (!transcript)
        return;
    release(session, 0);
    put_rest(session, rest);
    note_end(session);
    /* A reply did not reach the client, or what ended the session cannot be played */
    if (!transcript->ended && !transcript->vanished && (!session->leave.over || transcript->aside))
        put(session, "eof");
    if (!transcript->vanished)
        put(session, "closed");
    recording_close(&transcript->recording);
    explicit_bzero(transcript->raw, sizeof(transcript->raw));
}
