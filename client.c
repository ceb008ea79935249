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
#include "client/number.h"
#include "client/outgoing.h"
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

/* The options as they were given. */
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
        "                     wants one (default: anonymous, if a login is needed)\n"
        "  -q                 do not print the server's replies\n"
        "  --timeout SECONDS  give up if a reply takes longer, or no more of a file is taken\n"
        "                     (default: 300)\n"
        "  --tls              ask the server for TLS, and send nothing if it refuses\n"
        "  --cacert FILE      who may sign the server's certificate, as PEM (default: the\n"
        "                     system's authorities)\n"
        "  --pin FINGERPRINT  accept only this certificate: its SHA-256, in hexadecimal\n"
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
    say_error("%s: %s", what, why);
    usage_error();
}

/* Refuses what getopt_long has refused. last: the argument that it read last. */
static _Noreturn void refuse_option(const char *last) {
    const char letter[] = {'-', (char)optopt, '\0'};
    bool is_long = optopt == 0 || optopt >= HELP;
    refuse(is_long ? last : letter, "no such option, or one with a value too few or too many");
}

/* Reads the options; returns the index of the first FILE. */
static int read_options(struct options *options, int argc, char **argv) {
    /* from CACERT on */
    const char **texts[] = {&options->ca, &options->pin, &options->certificate, &options->key,
                            &options->timeout};
    int option;
    opterr = 0; /* it would print any bytes */
    while ((option = getopt_long(argc, argv, "h:p:u:q", long_options, NULL)) != -1) {
        if (option == 'h')
            options->host = optarg;
        else if (option == 'p')
            options->port = optarg;
        else if (option == 'u')
            options->user = optarg;
        else if (option == 'q')
            options->quiet = true;
        else if (option == TLS)
            options->tls = true;
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

/* Finds where the server is, and how the session gets TLS. Options that contradict each other end
 * the program. */
static void find_server(const struct options *options, struct url *ret) {
    if (options->port && !url_is_port(options->port))
        refuse(options->port, "not a port");
    const char *wrong = url_read(options->host, options->port, ret);
    if (wrong)
        refuse(options->host, wrong);
    if (options->tls && ret->security == SECURITY_NONE)
        ret->security = SECURITY_EXPLICIT;
    else if (options->tls)
        refuse("--tls", "ftps:// is TLS from the beginning: leave out --tls");
    if (ret->security == SECURITY_NONE &&
        (options->ca || options->pin || options->certificate || options->key))
        refuse("--cacert, --pin, --cert, --key", "not without --tls or -h ftps://HOST");
    if (options->ca && options->pin)
        refuse("--pin", "not together with --cacert");
    if (options->key && !options->certificate)
        refuse("--key", "not without --cert");
}

/* Reads how long a server may take: s. */
static int read_timeout(const char *text) {
    int seconds = text ? number_take(&text, TIMEOUT_MOST) : CONTROL_TIMEOUT;
    if (seconds < 1 || (text && *text))
        refuse("--timeout", "not a number of seconds from 1 to 86400");
    return seconds;
}

/* Prepares TLS. False: the user has been told why. */
static bool prepare_tls(struct session *session, const struct options *options) {
    char host[sizeof(session->server.host)], error[TLS_ERROR_SIZE], pin[TLS_FINGERPRINT_SIZE];
    struct tls_client_settings settings = {.host = host,
                                           .ca = options->ca,
                                           .pin = options->pin ? pin : NULL,
                                           .certificate = options->certificate,
                                           .key =
                                               options->key ? options->key : options->certificate};
    if (options->pin && !fingerprint_read(options->pin, pin))
        refuse("--pin", "a SHA-256 fingerprint has 64 hexadecimal digits");
    url_certified_host(&session->server, host);
    if (stord_tls.use(&settings, &session->context, error) == 0)
        return true;
    say_error("TLS: %s", error);
    return false;
}

int main(int argc, char **argv) {
    static struct session session = {.control.conn.in = -1};
    struct options options = {.host = "localhost"};
    int failed = 0;

    int first = read_options(&options, argc, argv);
    find_server(&options, &session.server);
    if (first == argc) {
        say_error("no file to upload");
        usage_error();
    }
    session.user = options.user;
    session.password = getenv("STOR_PASSWORD");
    session.control.timeout = read_timeout(options.timeout);
    session.control.quiet = options.quiet;
    (void)signal(SIGPIPE, SIG_IGN);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    if (session.server.security != SECURITY_NONE && !prepare_tls(&session, &options))
        return 1;
    for (int i = first; i < argc; i++)
        if (!upload_file(&session, argv[i]))
            failed++;
    session_end(&session);
    stord_tls.free_context(session.context);
    return failed > 0;
}
