/*
 * client - uploads files to an FTP server; installed as stor. Here: what the options come to; all
 * else is in src/client/.
 */
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/fingerprint.h"
#include "client/limit.h"
#include "client/number.h"
#include "client/options.h"
#include "client/plan.h"
#include "client/progress.h"
#include "client/report.h"
#include "client/run.h"
#include "client/say.h"
#include "client/session.h"

/* The name for the only file, if the URL's path ends with one; splits it off. */
static const char *split_path(struct url *url) {
    char *slash = strrchr(url->path, '/');
    char *name = slash ? slash + 1 : url->path;
    static char kept[URL_PATH_SIZE];
    if (!*name)
        return NULL;
    (void)snprintf(kept, sizeof(kept), "%s", name);
    *name = '\0';
    return kept;
}

/* Finds out where to, from the URL that is the last argument, or from -h. Returns the name for the
 * only file, or NULL. */
static const char *find_server(const struct options *options, struct session *session,
                               const char *destination) {
    struct url *url = &session->server;
    const char *text = destination ? destination : options->host ? options->host : "localhost";
    if (destination && options->host)
        options_refuse("--host", "the last argument says where to");
    if (options->port && !url_is_port(options->port))
        options_refuse(options->port, "not a port");
    const char *wrong = url_read(text, options->port, url);
    if (wrong) /* a password may be in it */
        options_refuse(strchr(text, '@') ? "the URL" : text, wrong);
    if (*url->user && options->user && strcmp(url->user, options->user) != 0)
        options_refuse("--user", "the URL names another one");
    if (*url->path && options->folder)
        options_refuse("--dir", "the URL has a path");
    url_server(url, session->server_name);
    const char *name = split_path(url);
    if (name && options->name)
        options_refuse("--name", "the URL has a name; end a folder with a slash");
    if (strpbrk(options->folder ? options->folder : "", "\r\n"))
        options_refuse("--dir", "a name with a line break cannot be sent");
    if (options->name && strchr(options->name, '/'))
        options_refuse("--name", "a name has no slash: --dir is the folder");
    session->folder = options->folder ? options->folder : url->path;
    session->make_folder = options->make_folders;
    return options->name ? options->name : name;
}

/* How the session gets TLS. */
static void choose_security(const struct options *options, struct url *url) {
    if (options->tls && url->security == SECURITY_NONE)
        url->security = SECURITY_EXPLICIT;
    else if (options->tls)
        options_refuse("--tls", "ftps:// is TLS from the beginning: leave out --tls");
    if (url->security == SECURITY_NONE &&
        (options->ca || options->pin || options->certificate || options->key))
        options_refuse("--cacert, --pin, --cert, --key", "not without --tls or ftps://HOST");
    if (options->ca && options->pin)
        options_refuse("--pin", "not together with --cacert");
    if (options->key && !options->certificate)
        options_refuse("--key", "not without --cert");
}

/* How connections are made. */
static void choose_link(const struct options *options, struct session *session) {
    struct link *link = &session->link;
    link->host = session->server.host;
    link->port = session->server.port;
    link->program = options->program;
    link->rules.timeout = options->connect_timeout;
    link->family = options->only4 ? AF_INET : options->only6 ? AF_INET6 : AF_UNSPEC;
    if (options->only4 && options->only6)
        options_refuse("-4, -6", "one of them, not both");
    if (options->bind && !link_bind(link, options->bind))
        options_refuse("--bind", "not an address");
    if (options->active && options->program)
        options_refuse("--active", "not with -e");
    session->active = options->active;
    session->verifies = options->verify && strcmp(options->verify, "hash") == 0;
    session->control.timeout = options->timeout;
    session->control.verbose = options->verbose && !options->quiet;
    long long rate = options->limit_rate ? number_size(options->limit_rate) : 0;
    if (rate < 0 || (options->limit_rate && rate == 0))
        options_refuse("--limit-rate", "not a number of bytes, or of K, M or G");
    limit_set(rate);
}

/* What is printed, and how. */
static enum report_style choose_output(const struct options *options, size_t files) {
    bool plain = options->progress && strcmp(options->progress, "plain") == 0;
    bool bar = options->progress ? strcmp(options->progress, "bar") == 0
                                 : isatty(STDERR_FILENO) && !options->verbose;
    if (options->quiet && !options->progress)
        bar = false;
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    progress_begin(plain ? PROGRESS_PLAIN : bar ? PROGRESS_BAR : PROGRESS_NONE, files);
    if (options->json)
        return REPORT_JSON;
    return options->quiet ? REPORT_NOTHING : REPORT_LINES;
}

static bool has_input(char **arguments, int count) {
    for (int i = 0; i < count; i++)
        if (strcmp(arguments[i], "-") == 0)
            return true;
    return false;
}

/* Tells whether what is in that folder would be sent from the outbox. */
static bool is_sent_from(const char *outbox, const char *folder) {
    char above[PATH_MAX], below[PATH_MAX];
    if (!realpath(outbox, above) || !realpath(folder, below))
        return false;
    size_t length = strcmp(above, "/") == 0 ? 0 : strlen(above);
    bool is_in = strncmp(above, below, length) == 0 && (!below[length] || below[length] == '/');
    return is_in && !strstr(below + length, "/.");
}

/* What contradicts itself, or cannot be done. */
static void check(const struct options *options, size_t sources, bool reads_input) {
    if (sources == 0 && !options->files_from && !options->outbox)
        options_refuse("no file to upload", "name one");
    if (options->files_from && strcmp(options->files_from, "-") == 0 && reads_input)
        options_refuse("-", "standard input is the list already");
    if (options->temp && (!*options->temp || strpbrk(options->temp, "\r\n")))
        options_refuse("--temp", "not a prefix for names");
    if (options->delete_sent && options->move_to)
        options_refuse("--move-to", "not together with --delete");
    if (options->move_to && access(options->move_to, W_OK) < 0)
        options_refuse("--move-to", "not a folder that can be written to");
    if (options->outbox && options->move_to && is_sent_from(options->outbox, options->move_to))
        options_refuse("--move-to", "in the outbox it would be sent again: hide it by a dot");
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
    if (session->server.security == SECURITY_NONE)
        return true;
    if (options->pin && !fingerprint_read(options->pin, pin))
        options_refuse("--pin", "a SHA-256 fingerprint has 64 hexadecimal digits");
    url_certified_host(&session->server, host);
    if (stord_tls.use(&settings, &session->context, error) == 0)
        return true;
    say_error("TLS: %s", error);
    return false;
}

/* Finds out who logs in. Returns 0, or the exit status: the user has been told why not. */
static int prepare_login(struct session *session, const struct options *options) {
    struct failure failure = {0};
    const char *user = options->user ? options->user : session->server.user;
    session->secret.server = session->server_name;
    if (secret_find(&session->secret, user, session->server.host, options->password_file, &failure))
        return 0;
    say_error("%s", failure.why);
    return failure.status;
}

int main(int argc, char **argv) {
    static struct session session = {.control.conn.in = -1};
    static struct options options;
    static struct plan plan; /* static: what it refers to is not lost where main ends early */

    int first = options_read(&options, argc, argv);
    int last = argc > first && url_is_one(argv[argc - 1]) ? argc - 1 : argc;
    const char *name = find_server(&options, &session, last < argc ? argv[last] : NULL);
    choose_security(&options, &session.server);
    choose_link(&options, &session);
    check(&options, (size_t)(last - first), has_input(argv + first, last - first));
    plan_make(&plan, &options, name, argv + first, last - first);
    enum report_style style = choose_output(&options, plan.files);
    int status = prepare_login(&session, &options);
    if (status)
        return status;
    if (!prepare_tls(&session, &options))
        return 1;
    (void)signal(SIGPIPE, SIG_IGN);
    run_all(&session, &plan, &options, style);
    stord_tls.free_context(session.context);
    explicit_bzero(&session.secret, sizeof(session.secret));
    if (fflush(stdout) != 0 || ferror(stdout)) {
        say_error("standard output: not all could be written");
        plan_note(&plan, FAILURE_OTHER);
    }
    status = plan.status;
    if (status == 0 && plan.unsent > 0)
        status = EX_TEMPFAIL;
    plan_free(&plan);
    return status;
}
