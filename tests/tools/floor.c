/*
 * floor DIR: one FTP session that receives files in DIR by the system calls that the protocol
 * takes, and no others: nothing is checked, logged, synced or published in one step. For
 * tests/bench: what any server costs that has a process for each session. It knows what
 * tests/tools/uploads sends.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static char input[65536]; /* what came and is not used yet is from .. to */
static size_t from, to;
static char block[1 << 20];
static int listener = -1;
static long long announced = -1;

static void put(const char *text) {
    if (write(STDOUT_FILENO, text, strlen(text)) < 0)
        _exit(0);
}

/* Whether there is more input; it is moved to the front first. */
static int fill(void) {
    memmove(input, input + from, to - from);
    to -= from;
    from = 0;
    ssize_t got = read(STDIN_FILENO, input + to, sizeof input - to);
    if (got > 0)
        to += (size_t)got;
    return got > 0;
}

/* The next line, without its end; NULL at the end of input. */
static char *next_line(void) {
    char *end;
    while ((end = memchr(input + from, '\n', to - from)) == NULL) {
        if (!fill())
            return NULL;
    }
    char *line = input + from;
    from = (size_t)(end - input) + 1;
    end[end > line && end[-1] == '\r' ? -1 : 0] = '\0';
    return line;
}

static void passive(void) {
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    if (getsockname(STDIN_FILENO, (struct sockaddr *)&address, &length) < 0)
        _exit(1);
    address.sin_port = 0;
    listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, length) < 0 || listen(listener, 1) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) < 0)
        _exit(1);
    char text[64];
    (void)snprintf(text, sizeof text, "229 Here (|||%u|)\r\n", ntohs(address.sin_port));
    put(text);
}

static void keep(int file, const char *bytes, size_t count) {
    if (write(file, bytes, count) != (ssize_t)count)
        _exit(1);
}

static void receive(int file) {
    int data = accept(listener, NULL, NULL);
    (void)close(listener);
    listener = -1;
    ssize_t got;
    while ((got = read(data, block, sizeof block)) > 0)
        keep(file, block, (size_t)got);
    (void)close(data);
}

static void receive_inline(int file, size_t left) {
    while (left > 0 && (from < to || fill())) {
        size_t count = to - from < left ? to - from : left;
        keep(file, input + from, count);
        from += count;
        left -= count;
    }
}

static void store(const char *name) {
    int file = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) {
        put("550 Cannot\r\n");
        return;
    }
    put("150 Go\r\n");
    if (listener >= 0)
        receive(file);
    else
        receive_inline(file, announced > 0 ? (size_t)announced : 0);
    announced = -1;
    (void)close(file);
    put("226 Stored\r\n");
}

static void run(char *line) {
    if (strncasecmp(line, "USER", 4) == 0)
        put("331 Password\r\n");
    else if (strncasecmp(line, "PASS", 4) == 0)
        put("230 In\r\n");
    else if (strncasecmp(line, "CWD ", 4) == 0)
        put(chdir(line + 4) == 0 ? "250 There\r\n" : "550 Cannot\r\n");
    else if (strncasecmp(line, "EPSV", 4) == 0)
        passive();
    else if (strncasecmp(line, "STOR ", 5) == 0)
        store(line + 5);
    else if (strncasecmp(line, "ALLO ", 5) == 0) {
        announced = atoll(line + 5);
        put("200 Noted\r\n");
    } else
        put("200 Fine\r\n");
}

int main(int argc, char **argv) {
    if (argc != 2 || chdir(argv[1]) < 0)
        return 64;
    const int on = 1; /* else two replies in a row wait for the client's acknowledgement */
    (void)setsockopt(STDOUT_FILENO, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    put("220 Floor\r\n");
    char *line;
    while ((line = next_line()) != NULL) {
        if (strncasecmp(line, "QUIT", 4) == 0) {
            put("221 Bye\r\n");
            break;
        }
        run(line);
    }
    return 0;
}
