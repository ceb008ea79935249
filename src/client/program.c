#include "client/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COMMAND_SIZE = 8192, AT_ONCE = 4, PATIENCE = 100 /* times 20 ms */ };

/* The children of this process: our ends, and who has the others. */
static struct {
    int fd;
    pid_t pid;
} children[AT_ONCE];

/* A command that is being written. */
struct expansion {
    char text[COMMAND_SIZE];
    size_t length; /* COMMAND_SIZE: it does not fit */
};

static void append(struct expansion *to, const char *text, size_t length) {
    if (length >= COMMAND_SIZE - to->length) {
        to->length = COMMAND_SIZE;
        return;
    }
    memcpy(to->text + to->length, text, length);
    to->length += length;
    to->text[to->length] = '\0';
}

/* Appends text between single quotes. */
static void append_quoted(struct expansion *to, const char *text) {
    append(to, "'", 1);
    for (; *text; text++)
        append(to, *text == '\'' ? "'\\''" : text, *text == '\'' ? 4 : 1);
    append(to, "'", 1);
}

/* Writes the command with %h and %p replaced. False: it is too long. */
static bool expand(struct expansion *to, const char *command, const char *host, const char *port) {
    to->length = 0;
    for (const char *at = command; *at; at++) {
        bool is_mark = *at == '%' && at[1] && strchr("hp%", at[1]);
        if (!is_mark) {
            append(to, at, 1);
            continue;
        }
        at++;
        if (*at == '%')
            append(to, at, 1);
        else
            append_quoted(to, *at == 'h' ? host : port);
    }
    return to->length < COMMAND_SIZE;
}

/* What the child does. */
static _Noreturn void become(const char *command, int end) {
    (void)signal(SIGPIPE, SIG_DFL);
    if (dup2(end, STDIN_FILENO) >= 0 && dup2(end, STDOUT_FILENO) >= 0)
        (void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

int program_start(const char *command, const char *host, const char *port) {
    struct expansion expanded;
    int pair[2];
    size_t slot = 0;
    while (slot < AT_ONCE && children[slot].pid)
        slot++;
    if (slot == AT_ONCE)
        return -EMFILE;
    if (!expand(&expanded, command, host, port))
        return -E2BIG;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    pid_t pid = fork();
    if (pid == 0)
        become(expanded.text, pair[1]);
    int error = errno;
    (void)close(pair[1]);
    if (pid < 0 || fcntl(pair[0], F_SETFL, O_NONBLOCK) < 0) {
        (void)close(pair[0]);
        return -error;
    }
    children[slot].fd = pair[0];
    children[slot].pid = pid;
    return pair[0];
}

bool program_takes_port(const char *command) {
    for (const char *at = command; (at = strchr(at, '%')); at += at[1] ? 2 : 1)
        if (at[1] == 'p')
            return true;
    return false;
}

/* Waits for the end of a child; kills it in the end. */
static void wait_for(pid_t pid) {
    for (int i = 0; i < PATIENCE; i++) {
        if (waitpid(pid, NULL, WNOHANG) != 0)
            return;
        (void)usleep(20000);
    }
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
}

void program_forget(int fd, bool kill_it) {
    for (size_t i = 0; i < AT_ONCE; i++) {
        if (!children[i].pid || children[i].fd != fd)
            continue;
        (void)shutdown(fd, SHUT_RDWR);
        if (kill_it)
            (void)kill(children[i].pid, SIGTERM);
        wait_for(children[i].pid);
        children[i].pid = 0;
    }
}
