#include "gate/keeper.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "gate/errand.h"
#include "users/aide.h"

enum { FACTS_MOST = 16 };

/* What came with a message. There is one descriptor with a question, and none with anything else.
 */
static int take_file(struct msghdr *message) {
    const struct cmsghdr *header = CMSG_FIRSTHDR(message);
    if (!header || header->cmsg_type != SCM_RIGHTS || header->cmsg_len < CMSG_LEN(sizeof(int)))
        return -1;
    size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    int file;
    for (size_t i = 0; i < count; i++) {
        memcpy(&file, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
        if (count > 1)
            (void)close(file);
    }
    return count == 1 ? file : -1;
}

/* Receives a question: its number, and an environment; or what is none. Returns the bytes of the
 * environment and *ret_file, below 0 at the end of the session. */
static ssize_t receive(int fd, unsigned *ret_question, char facts[GATE_FACTS], int *ret_file) {
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec parts[] = {{ret_question, sizeof(*ret_question)}, {facts, GATE_FACTS}};
    struct msghdr message = {.msg_iov = parts,
                             .msg_iovlen = 2,
                             .msg_control = control.room,
                             .msg_controllen = sizeof(control.room)};
    ssize_t n;
    do
        n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    *ret_file = n > 0 ? take_file(&message) : -1;
    if (n <= 0)
        return -1;
    return n > (ssize_t)sizeof(*ret_question) ? n - (ssize_t)sizeof(*ret_question) : 0;
}

/* Makes an environment of n bytes of texts. The session may have been taken over: they may be
 * anything. Returns false if they are no environment. */
static bool split(char *facts, size_t n, char *environment[FACTS_MOST + 1]) {
    size_t count = 0;
    if (n == 0 || facts[n - 1] != '\0')
        return false;
    for (char *at = facts; at < facts + n; at += strlen(at) + 1) {
        if (count == FACTS_MOST || strncmp(at, "STORD_", 6) != 0 || !strchr(at, '='))
            return false;
        environment[count++] = at;
    }
    environment[count] = NULL;
    return true;
}

_Noreturn void keeper_run(const void *context, int fd) {
    const struct gate_setup *setup = context;
    static char facts[GATE_FACTS];
    char *environment[FACTS_MOST + 1];
    int file;
    aide_begin(setup->metrics);
    (void)signal(SIGPIPE, SIG_IGN); /* of programs' outputs; errand gives them back the default */
    aide_become(setup->user, setup->metrics);
    for (;;) {
        struct gate_answer answer = {.outcome = GATE_BROKEN};
        ssize_t n = receive(fd, &answer.question, facts, &file);
        if (n < 0)
            _exit(EXIT_SUCCESS);
        if (file < 0)
            continue; /* what was to be called off has ended */
        if (split(facts, (size_t)n, environment))
            errand_run(setup, fd, file, environment, &answer);
        (void)close(file);
        if (send(fd, &answer, sizeof(answer), MSG_NOSIGNAL) < 0)
            _exit(EXIT_SUCCESS);
    }
}
