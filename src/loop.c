#include "loop.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "session/session.h"
#include "verb.h"

enum {
    DRAIN_TIME = 5000,   /* ms that input is dropped after the last reply */
    STOP_TIME = 200,     /* the same if we were asked to stop */
    NAME_GROWTH = 12 + 1 /* a name has at most so many times its bytes in UTF-8 (from TSCII), and
                          * names_take needs room for that behind what was sent */
};

/* The result of reading a command line. */
enum read_outcome { READ_LINE, READ_END, READ_IDLE, READ_STOP };

/* Parses the line that has been read. */
static void understand(struct session *session, struct command *ret_command) {
    const struct who *who = &session->who;
    bool expects_secret = (who->user_given && !who->logged_in) || session->uploads.had_inline;
    command_of(ret_command, &session->line, verb_find(line_so_far(&session->line)), expects_secret);
    ret_command->is_alone = session->line_alone;
}

/* Feeds the line with what has been received. Returns whether it is complete: *ret_command,
 * then. */
static bool feed_line(struct session *session, struct command *ret_command) {
    struct control *control = &session->control;
    const uint8_t *bytes = control->buffer + control->start;
    bool ended = false;
    size_t taken = line_feed(&session->line, bytes, control_pending(control), &ended);
    control_take(control, taken);
    if (ended) {
        understand(session, ret_command);
        (void)pipeline_before(session, ret_command);
    }
    transcript_input(session, bytes, taken, ended ? ret_command : NULL);
    if (ended)
        session_note_piece(session);
    /* An error shows with the next reply. Not under TLS, where half a write spoils the next one */
    if (session->line.refusal_length > 0 && !conn_is_secure(&control->conn))
        (void)control_write(control, session->line.refusal, session->line.refusal_length, 0);
    line_forget_refusal(&session->line);
    return ended;
}

/* Waits for a command, as control_fill, while connections may come to the passive port. */
static int fill(struct session *session, int timeout) {
    struct control *control = &session->control;
    long long deadline = clock_ms() + timeout, left = timeout;
    while (passive_is_open(&session->data.passive) && !conn_has_more(&control->conn) && left > 0) {
        struct pollfd fds[2 + PASSIVE_FDS] = {{.fd = -1}, {.fd = control->stop, .events = POLLIN}};
        fds[0].events = conn_reading(&control->conn, &fds[0].fd);
        if (watch_poll(session, fds, 2, deadline) < 0 && errno != EINTR)
            return -errno;
        if (fds[1].revents)
            return -ESHUTDOWN;
        int result = fds[0].revents ? control_fill_found(control) : -ETIMEDOUT;
        if (result != -ETIMEDOUT) /* a part of a record of TLS */
            return result;
        left = deadline - clock_ms();
    }
    return control_fill(control, left > 0 ? (int)left : 0);
}

/* The same while uploads may wait: only for more that is there. */
static int fill_after_uploads(struct session *session, int timeout) {
    int result = pipeline_waits(&session->pipeline) ? fill(session, 0) : -ETIMEDOUT;
    if (result != -ETIMEDOUT)
        return result;
    return pipeline_commit(session) < 0 ? -ENOTCONN : fill(session, timeout);
}

/* May the line that has begun be a command without line end? Not if it came in one piece with a
 * line or the data of an upload before it: then it is the first half of a line that the network
 * cut. Nor in a session that has asked for data connections: such a client ends its lines. */
static bool may_be_unterminated(struct session *session) {
    struct command command;
    struct line *line = &session->line;
    if (!line->begun || line->crs > 0 || session->data.used)
        return false;
    understand(session, &command);
    return command.is_alone && command.verb && command.verb->traits & VERB_UNTERMINATED;
}

/* ms to wait for a command. */
static int patience(const struct session *session) {
    long long idle = session->given->config->idle_timeout * 1000LL;
    if (session->who.logged_in)
        return (int)idle;
    long long login = session->who.login_deadline - clock_ms();
    return (int)(login < 0 ? 0 : login < idle ? login : idle);
}

/* Is it a TLS ClientHello in place of a command? No command begins with its first byte. */
static bool is_tls(const struct session *session) {
    const struct control *control = &session->control;
    return !conn_is_secure(&control->conn) && !session->line.begun &&
           control_pending(control) > 0 && control->buffer[control->start] == TLS_HANDSHAKE;
}

static enum read_outcome refuse_tls(struct session *session) {
    const struct control *control = &session->control;
    log_event(session->given->log, EVENT_NOT_FTP, "Closing: the client speaks TLS, not FTP");
    transcript_input(session, control->buffer + control->start, control_pending(control), NULL);
    leave_draining(session);
    return READ_END;
}

/* The connection has ended. result: of control_fill. */
static enum read_outcome end_reading(const struct session *session, int result) {
    if (result == TLS_BROKEN)
        log_event(session->given->log, EVENT_TLS_BROKEN, "Closing: TLS: %s",
                  conn_error(&session->control.conn));
    if (session->line.begun)
        log_event(session->given->log, EVENT_HALF_COMMAND, "Dropped a command that has no end");
    return READ_END;
}

/* Waits for more of an incomplete line. Returns 1 if there is more, 0 if the line ends here (by
 * silence, or by the end of input), or -1 with *ret_outcome. */
static int read_more(struct session *session, enum read_outcome *ret_outcome) {
    bool unterminated = may_be_unterminated(session);
    bool by_silence = unterminated && session->given->config->unterminated_wait > 0;
    int result = fill_after_uploads(
        session, by_silence ? (int)session->given->config->unterminated_wait : patience(session));
    if (result > 0)
        return 1;
    if (result == -ETIMEDOUT && !by_silence)
        *ret_outcome = READ_IDLE;
    else if (result == -ESHUTDOWN)
        *ret_outcome = READ_STOP;
    else if ((result < 0 && result != -ETIMEDOUT) || !unterminated)
        *ret_outcome = end_reading(session, result);
    else
        return 0;
    return -1;
}

/* Reads a command, perhaps one that came during a transfer. */
static enum read_outcome read_command(struct session *session, struct command *ret_command) {
    struct control *control = &session->control;
    enum read_outcome outcome = READ_LINE;
    bool asked = false; /* whether to stop, when these bytes were waited for */
    const struct command *waiting = watch_take_line(&session->watch, control->ended);
    if (waiting) {
        *ret_command = *waiting;
        return READ_LINE;
    }
    if (!session->who.logged_in && clock_ms() >= session->who.login_deadline)
        return READ_IDLE;
    for (;;) {
        if (is_tls(session))
            return refuse_tls(session);
        if (!asked && control_pending(control) > 0 && control_stopped(control))
            return READ_STOP;
        if (feed_line(session, ret_command))
            return READ_LINE;
        int more = read_more(session, &outcome);
        if (more < 0)
            return outcome;
        asked = !conn_is_secure(&control->conn); /* TLS may have had them already */
        if (more > 0)
            continue;
        line_end(&session->line);
        understand(session, ret_command);
        transcript_line(session, ret_command);
        return READ_LINE;
    }
}

/* How many bytes a copy of the command has room for: as many as it may need. More would cost pages
 * of memory that an idle session keeps. */
static size_t room_of(const struct command *command) {
    size_t most = NAME_GROWTH * command->length + 1;
    return most < LINE_LIMIT + 1 ? most : LINE_LIMIT + 1;
}

/* Runs the command that has been read. Its line is free for the next one before its verb runs,
 * because more commands may come during a transfer. A line with a password is wiped from memory
 * after that. */
static int run_command(struct session *session, const struct command *read) {
    char text[room_of(read)];
    struct command command;
    bool is_secret = read->secrecy != COMMAND_PUBLIC;
    command_copy(&command, read, text, sizeof(text));
    line_reset(&session->line);
    int result = verb_run(session, &command);
    if (is_secret) {
        explicit_bzero(text, sizeof(text));
        line_wipe(&session->line);
        control_wipe(&session->control);
    }
    if (session->control.ended && control_pending(&session->control) == 0 &&
        !session->watch.line_waiting)
        leave(session);
    return result;
}

/* Takes what the client sends on the control connection during a transfer. */
static void attend(struct session *session) {
    struct control *control = &session->control;
    struct command command;
    int result = control_pending(control) > 0 ? 1 : control_fill_found(control);
    if (result == -ETIMEDOUT) /* a part of a record of TLS */
        return;
    if (result == 0)
        watch_note_end(session);
    else if (result < 0)
        watch_lose_control(&session->watch);
    if (result <= 0)
        return;
    while (control_pending(control) > 0 && !session->watch.line_waiting) {
        if (!feed_line(session, &command))
            continue;
        if (!command_is_meanwhile(&command)) {
            watch_keep_line(&session->watch, &command);
            return;
        }
        if (run_command(session, &command) < 0)
            watch_lose_control(&session->watch);
    }
}

static int give_up(struct session *session) {
    bool is_idle = session->who.logged_in;
    const struct config *config = session->given->config;
    const char *what = is_idle ? "Idle" : "Not logged in";
    unsigned seconds = is_idle ? config->idle_timeout : config->login_timeout;
    const struct log_facts facts = {.reply = 421};
    log_about(session->given->log, EVENT_TIMED_OUT, &facts, "Closing: %s for %u seconds", what,
              seconds);
    return leave_saying(session, 421, "%s for %u seconds; closing", what, seconds);
}

static int reply_stop(struct session *session) {
    (void)leave_stopping(session);
    return reply_told(session, 421, "The service is shutting down; closing");
}

static int greet(struct session *session) {
    if (session->given->config->no_sync)
        log_event(session->given->log, EVENT_NOT_SYNCED,
                  "Uploads are not synced (--no-sync): a power cut may lose acknowledged ones");
    if (session->given->config->tls == TLS_IMPLICIT) {
        int result = secure_control(session);
        if (result < 0) {
            leave_draining(session);
            return result;
        }
        session_reset(session);
    }
    return reply_send(session, 220, "Welcome to the FTP server");
}

/* Reads and runs one command. Returns 0, or a negative errno if the client cannot be reached. */
static int step(struct session *session) {
    struct command command = {0};
    switch (read_command(session, &command)) {
    case READ_LINE: /* the client may have been lost while uploads before it were replied to */
        return session->leave.over ? 0 : run_command(session, &command);
    case READ_IDLE:
        return give_up(session);
    case READ_STOP:
        return reply_stop(session);
    default:
        leave(session);
        return 0;
    }
}

/* Ends the transcript with what came of a line that has no end. */
static void end_transcript(struct session *session) {
    char none[] = "";
    struct command rest = {.text = none, .argument = none};
    if (session->line.begun)
        understand(session, &rest);
    transcript_end(session, &rest);
}

/* A firewall that closes the passive ports leaves nothing else in the log: most clients go before
 * they ask for a transfer. */
static void tell_unused_port(const struct session *session) {
    unsigned port = data_unused(&session->data);
    if (port)
        log_event(
            session->given->log, EVENT_PORT_UNUSED,
            "%s was given port %u, and never connected to it: is it open in the firewall? See "
            "--passive-ports; behind NAT, --passive-address",
            session->given->peer->text, port);
}

static void part(struct session *session) {
    const struct leave *end = &session->leave;
    (void)pipeline_commit(session);
    end_transcript(session);
    control_finish(&session->control);
    if (end->must_drain || control_has_unread(&session->control))
        control_drain(&session->control, end->stopping ? STOP_TIME : DRAIN_TIME);
    tell_unused_port(session);
    data_reset(&session->data);
    conn_bare(&session->control.conn);
    const struct uploads *uploads = &session->uploads;
    const struct log_facts facts = {
        .moved = true, .bytes = uploads->bytes, .seconds = clock_seconds() - session->begun};
    log_about(session->given->log, EVENT_CLOSED, &facts,
              "Connection closed: %s (%u files, %llu bytes)", session->given->peer->text,
              uploads->files, (unsigned long long)uploads->bytes);
}

void loop_run(struct session *session) {
    watch_begin_session(&session->watch, attend);
    int result = greet(session);
    while (result == 0 && !session->leave.over)
        result = step(session);
    part(session);
    session_close(session);
    if (flush_ends_late(&session->pipeline.flush)) /* the client need not wait for that */
        control_close(&session->control);
}
