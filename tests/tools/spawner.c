/*
 * spawner PORT COMMAND ARGUMENT...: a super-server and nothing else. It listens on 127.0.0.1 and
 * starts the command for each connection, which is its standard input and output, by vfork and
 * exec. For tests/bench: there is no cheaper one that starts a process for each session.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const int backlog = 4096;

static int listen_at(const char *port) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((in_port_t)atoi(port)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, backlog) < 0) {
        perror("spawner");
        exit(71);
    }
    return fd;
}

static void start(int connection, char **command, const sigset_t *mask) {
    pid_t pid = vfork();
    if (pid == 0) {
        (void)sigprocmask(SIG_SETMASK, mask, NULL);
        if (dup2(connection, STDIN_FILENO) >= 0 && dup2(connection, STDOUT_FILENO) >= 0)
            (void)execv(*command, command);
        _exit(71);
    }
    if (pid < 0)
        perror("spawner: vfork");
}

static void wake(int number) {
    (void)number; /* ppoll ends by it */
}

int main(int argc, char **argv) {
    if (argc < 3)
        return 64;
    sigset_t chld, mask;
    (void)sigemptyset(&chld);
    (void)sigaddset(&chld, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &chld, &mask);
    (void)signal(SIGCHLD, wake);
    struct pollfd listener = {.fd = listen_at(argv[1]), .events = POLLIN};
    for (;;) {
        (void)ppoll(&listener, 1, NULL, &mask);
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
        int connection = accept4(listener.fd, NULL, NULL, SOCK_CLOEXEC);
        if (connection < 0)
            continue;
        start(connection, argv + 2, &mask);
        (void)close(connection);
    }
}
