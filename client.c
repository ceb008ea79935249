/*
 * client - uploads files to an FTP server. Here: its options; all else is in src/client/.
 */
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/fingerprint.h"
#include "client/address.h"
#include "client/say.h"
#include "client/session.h"
#include "client/upload.h"

#ifndef STORD_VERSION
#define STORD_VERSION "unknown"
#endif

enum { TIMEOUT_MOST = 86400 /* s */ };

/* Options without a letter */
enum { HELP = 256, VERSION, TLS, CACERT, PIN, CERT, KEY, TIMEOUT };

static const struct option long_options[] = {{"help", no_argument, NULL, HELP},
                                             {"version", no_argument, NULL, VERSION},
                                             {"tls", no_argument, NULL, TLS},
                                             {"cacert", required_argument, NULL, CACERT},
                                             {"pin", required_argument, NULL, PIN},
                                             {"cert", required_argument, NULL, CERT},
                                             {"key", required_argument, NULL, KEY},
                                             {"timeout", required_argument, NULL, TIMEOUT},
                                             {0}};

/* What the command line says, as it says it. */
struct options {
    const char *host, *port, *user;
    const char *ca, *pin, *certificate, *key, *timeout;
    bool tls, quiet;
};

static void print_help(FILE *out) {
    (void)fputs(
        "usage: client [-h HOST] [-p PORT] [-u USER] [-q] [--timeout SECONDS] [--tls]\n"
        "              [--cacert FILE | --pin FINGERPRINT] [--cert FILE [--key FILE]] FILE...\n"
        "Uploads files to an FTP server.\n"
        "\n"
        "  -h HOST            the server (default: localhost), or as a URL:\n"
        "                     ftp://HOST[:PORT] (default: port 21), or\n"
        "                     ftps://HOST[:PORT], TLS from the beginning (default: port 990)\n"
        "  -p PORT            its port (default: 22000)\n"
        "  -u USER            log in as USER, with the password in $STOR_PASSWORD if the server\n"
        "                     wants one (default: anonymous, where a login is wanted)\n"
        "  -q                 do not print the server's replies\n"
        "  --timeout SECONDS  give up when a reply takes longer, or no more of a file is taken\n"
        "                     (default: 300)\n"
        "  --tls              ask the server for TLS, and send nothing if it refuses\n"
        "  --cacert FILE      who may sign the server's certificate, as PEM (default: the\n"
        "                     system's authorities)\n"
        "  --pin FINGERPRINT  take this certificate and no other: its SHA-256, in hexadecimal\n"
        "  --cert FILE        our own certificate, as PEM\n"
        "  --key FILE         its private key (default: the file of --cert)\n"
        "  --help             print this and exit\n"
        "  --version          print the version and exit\n"
        "\n"
        "Exits with 0 if the server has confirmed every file, with 1 if not.\n",
        out);
}

static _Noreturn void usage_error(void) {
    (void)fputs("Try 'client --help'.\n", stderr);
    exit(EX_USAGE);
}

static _Noreturn void refuse(const char *what, const char *why) {
    complain("%s: %s", what, why);
    usage_error();
}

/* What getopt_long has refused. last: the argument that it came to. */
static _Noreturn void refuse_option(const char *last) {
    const char letter[] = {'-', (char)optopt, '\0'};
    bool is_long = optopt == 0 || optopt >= HELP;
    refuse(is_long ? last : letter, "no such option, or one with a value too few or too many");
}

/* Reads the options; returns the index of the first FILE. */
static int read_options(struct options *o, int argc, char **argv) {
    /* from CACERT on */
    const char **texts[] = {&o->ca, &o->pin, &o->certificate, &o->key, &o->timeout};
    int option;
    opterr = 0; /* it would print any bytes */
    while ((option = getopt_long(argc, argv, "h:p:u:q", long_options, NULL)) != -1) {
        if (option == 'h')
            o->host = optarg;
        else if (option == 'p')
            o->port = optarg;
        else if (option == 'u')
            o->user = optarg;
        else if (option == 'q')
            o->quiet = true;
        else if (option == TLS)
            o->tls = true;
        else if (option >= CACERT && option <= TIMEOUT)
            *texts[option - CACERT] = optarg;
        else if (option == HELP)
            print_help(stdout);
        else if (option == VERSION)
            (void)puts("client (stord) " STORD_VERSION);
        else
            refuse_option(argv[optind - 1]);
        if (option == HELP || option == VERSION)
            exit(0);
    }
    return optind;
}

/* Where the server is, and how TLS is come to. What cannot be meant ends the program. */
static void find_server(const struct options *o, struct address *ret) {
    if (o->port && !port_is_valid(o->port))
        refuse(o->port, "not a port");
    const char *wrong = address_read(o->host, o->port, ret);
    if (wrong)
        refuse(o->host, wrong);
    if (o->tls && ret->security == SECURITY_NONE)
        ret->security = SECURITY_EXPLICIT;
    else if (o->tls)
        refuse("--tls", "ftps:// is TLS from the beginning, which nobody asks for");
    if (ret->security == SECURITY_NONE && (o->ca || o->pin || o->certificate || o->key))
        refuse("--cacert, --pin, --cert, --key", "not without --tls or -h ftps://HOST");
    if (o->ca && o->pin)
        refuse("--pin", "leaves nothing for --cacert to say");
    if (o->key && !o->certificate)
        refuse("--key", "not without --cert");
}

/* How long servers are waited for, in seconds. */
static int read_timeout(const char *text) {
    int seconds = text ? take_number(&text, TIMEOUT_MOST) : DEFAULT_TIMEOUT;
    if (seconds < 1 || (text && *text))
        refuse("--timeout", "wanted is a number of seconds from 1 to 86400");
    return seconds;
}

/* Makes ready for TLS. False: the user has been told why not. */
static bool prepare_tls(struct session *s, const struct options *o) {
    char host[sizeof(s->server.host)], error[TLS_ERROR_SIZE], pin[TLS_FINGERPRINT_SIZE];
    struct tls_client_settings settings = {.host = host,
                                           .ca = o->ca,
                                           .pin = o->pin ? pin : NULL,
                                           .certificate = o->certificate,
                                           .key = o->key ? o->key : o->certificate};
    if (o->pin && !fingerprint_read(o->pin, pin))
        refuse("--pin", "a SHA-256 fingerprint has 64 hexadecimal digits");
    address_name(&s->server, host);
    if (stord_tls.use(&settings, &s->context, error) == 0)
        return true;
    complain("TLS: %s", error);
    return false;
}

int main(int argc, char **argv) {
    static struct session s = {.control.conn.fd = -1};
    struct options options = {.host = "localhost"};
    int failed = 0;

    int first = read_options(&options, argc, argv);
    find_server(&options, &s.server);
    if (first == argc) {
        complain("no file to upload");
        usage_error();
    }
    s.user = options.user;
    s.password = getenv("STOR_PASSWORD");
    s.control.timeout = read_timeout(options.timeout);
    s.control.quiet = options.quiet;
    (void)signal(SIGPIPE, SIG_IGN);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    if (s.server.security != SECURITY_NONE && !prepare_tls(&s, &options))
        return 1;
    for (int i = first; i < argc; i++)
        if (!upload(&s, argv[i]))
            failed++;
    session_end(&s);
    stord_tls.free_context(s.context);
    return failed > 0;
}
