/* Waiting during a transfer: real sockets and a real clock, but no transfer. */
#include "session/watch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/config.h"
#include "check.h"
#include "session/session.h"

enum { LONG = 60000 /* ms; nothing here waits so long unless it is wrong */ };

static struct session session;
static int client, control, data, stop, attended;

/* What the loop does: takes all that has come. A line with a W waits. */
static void attend(struct session *of) {
    attended++;
    int result = control_fill(&of->control, 0);
    if (result == 0)
        watch_note_end(of);
    else if (result < 0)
        watch_lose_control(&of->watch);
    else if (memchr(of->control.buffer, 'A', control_pending(&of->control)))
        CHECK(watch_abort(&of->watch));
    else if (memchr(of->control.buffer, 'W', control_pending(&of->control)))
        watch_keep_line(&of->watch, &(struct command){.length = 1});
    (void)control_drop(&of->control);
}

/* Two ends of a TCP connection over loopback. */
static void connect_tcp(int *ret_here, int *ret_there) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    *ret_there = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(bind(listener, (struct sockaddr *)&address, length) == 0 && listen(listener, 1) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
    CHECK(connect(*ret_there, (struct sockaddr *)&address, length) == 0);
    *ret_here = accept(listener, NULL, NULL);
    CHECK(*ret_here >= 0);
    (void)close(listener);
}

static void begin(void) {
    static struct config config;
    static struct log log;
    static const struct peer peer = {.kind = PEER_INET, .local = true};
    static const struct path_root root = {.fd = -1};
    static const struct helper helper = {.fd = -1};
    static const struct secure_setup secure;
    static const struct names names;
    static struct session_parts parts;
    connect_tcp(&control, &client);
    stop = eventfd(0, EFD_CLOEXEC);
    log.setup = (struct log_setup){.target = LOG_TARGET_STDERR, .stderr_is_client = true};
    parts = (struct session_parts){.config = &config,
                                   .log = &log,
                                   .folder = "/",
                                   .boot = "",
                                   .peer = &peer,
                                   .root = &root,
                                   .helper = &helper,
                                   .secure = &secure,
                                   .names = &names,
                                   .in = control,
                                   .out = control,
                                   .stop = stop};
    session_init(&session, &parts);
    watch_begin_session(&session.watch, attend);
    data = eventfd(0, EFD_CLOEXEC);
    attended = 0;
    watch_begin(&session.watch, true);
}

static void end(void) {
    (void)close(client);
    (void)close(control);
    (void)close(data);
    (void)close(stop);
}

static void make_ready(int fd) {
    CHECK(eventfd_write(fd, 1) == 0);
}

static void say(const char *line) {
    CHECK(send(client, line, strlen(line), 0) == (ssize_t)strlen(line));
}

static int wait_for(int ms) {
    return watch_wait(&session, data, POLLIN, clock_ms() + ms);
}

static void ends_by_data_or_time(void) {
    begin();
    CHECK(wait_for(0) == -ETIMEDOUT);
    make_ready(data);
    CHECK(wait_for(LONG) == 0 && attended == 0);
    end();
}

static void ends_by_stop(void) {
    begin();
    make_ready(stop);
    CHECK(wait_for(LONG) == -ESHUTDOWN && session.leave.stopping && session.leave.over);
    CHECK(wait_for(LONG) == -ESHUTDOWN); /* and again, though it is told once */
    end();
}

static void ends_by_abor(void) {
    begin();
    say("A");
    make_ready(data);
    int result = wait_for(LONG);
    if (result == 0) /* both had come: the data may be taken first */
        result = wait_for(LONG);
    CHECK(result == -ECANCELED && attended == 1);
    CHECK(!watch_take_abort(&session.watch)); /* not before the transfer has ended */
    watch_end(&session.watch);
    CHECK(watch_take_abort(&session.watch) && !watch_take_abort(&session.watch));
    end();
}

static void attends_to_commands(void) {
    begin();
    say("x");
    while (attended == 0)
        CHECK(watch_wait(&session, -1, 0, clock_ms() + 10) == -ETIMEDOUT);
    watch_be_deaf(&session.watch, true);
    say("x");
    CHECK(watch_wait(&session, -1, 0, clock_ms() + 10) == -ETIMEDOUT && attended == 1);
    watch_be_deaf(&session.watch, false);
    while (attended == 1)
        CHECK(watch_wait(&session, -1, 0, clock_ms() + 10) == -ETIMEDOUT);
    end();
}

static void a_line_waits_and_its_client_may_leave(void) {
    begin();
    say("W");
    while (!session.watch.line_waiting)
        CHECK(watch_wait(&session, -1, 0, clock_ms() + 10) == -ETIMEDOUT);
    say("x");
    CHECK(watch_wait(&session, -1, 0, clock_ms() + 10) == -ETIMEDOUT && attended == 1);
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    CHECK(setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) == 0);
    (void)close(client);
    client = -1;
    CHECK(watch_wait(&session, -1, 0, clock_ms() + LONG) == -ENOTCONN);
    CHECK(session.watch.control_gone && watch_take_line(&session.watch, true));
    CHECK(!watch_take_line(&session.watch, true));
    end();
}

/* A client that has half closed has ended behind a line that waits; with the line more may come. */
static void what_is_behind_a_waiting_line_is_read(void) {
    begin();
    watch_keep_line(&session.watch, &(struct command){.length = 2});
    CHECK(shutdown(client, SHUT_WR) == 0);
    while (!session.watch.half_closed)
        CHECK(watch_wait(&session, -1, 0, clock_ms() + 10) == -ETIMEDOUT);
    CHECK(session.watch.end_seen || session.watch.half_closed);
    const struct command *waiting = watch_take_line(&session.watch, false);
    CHECK(waiting && waiting->length == 2 && !session.watch.half_closed && !session.watch.end_seen);
    watch_keep_line(&session.watch, waiting);
    watch_note_end(&session);
    CHECK(watch_take_line(&session.watch, true) && session.watch.half_closed);
    end();
}

static void half_closing_leaves_some_time(void) {
    begin();
    CHECK(shutdown(client, SHUT_WR) == 0);
    while (!session.watch.half_closed)
        CHECK(watch_wait(&session, -1, 0, clock_ms() + 10) == -ETIMEDOUT);
    CHECK(!session.watch.control_gone);
    watch_be_brief(&session.watch);
    session.watch.half_until = clock_ms();
    CHECK(wait_for(LONG) == -ENOTCONN);
    watch_renew(&session.watch);
    CHECK(wait_for(10) == -ETIMEDOUT);
    watch_be_patient(&session.watch);
    session.watch.half_until = clock_ms();
    CHECK(wait_for(10) == -ETIMEDOUT);
    make_ready(data);
    CHECK(wait_for(LONG) == 0);
    end();
}

int main(void) {
    check_run("watch: waiting ends when the descriptor is ready, or at the deadline",
              ends_by_data_or_time);
    check_run("watch: waiting ends when we are to stop", ends_by_stop);
    check_run("watch: waiting ends by ABOR, which is answered once and later", ends_by_abor);
    check_run("watch: commands are attended to meanwhile, but not before 150", attends_to_commands);
    check_run("watch: while a line waits no more are read, and the client's end is seen",
              a_line_waits_and_its_client_may_leave);
    check_run("watch: the end is forgotten with a line that waits, for more may stand before it",
              what_is_behind_a_waiting_line_is_read);
    check_run("watch: a client that has half closed has some time where nothing goes on",
              half_closing_leaves_some_time);
    return check_end();
}
