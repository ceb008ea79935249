#include "check/figures.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/config.h"
#include "base/escape.h"
#include "base/path.h"
#include "base/terminal.h"
#include "log/metrics.h"
#include "store/usage.h"

/* All verdicts of uploads: doc/design.md */
static const char *const verdicts[] = {
    "size",     "close",     "short",      "reset",   "tls-truncated", "tls-broken",
    "stalled",  "vanished",  "aborted",    "stopped", "tls-unasked",   "contested",
    "no-space", "too-large", "quota",      "failed",  "no-connection", "refused",
    "digest",   "gate",      "gate-later", "untold",
};

enum { VERDICTS = sizeof(verdicts) / sizeof(verdicts[0]) };

/* ---------------------------------------------------------------- what is there */

static void ignore(void *context, unsigned line, const char *complaint) {
    (void)context;
    (void)line;
    (void)complaint;
}

static void read_disk(struct figures *figures, const struct path_root *root) {
    const struct room *least = &figures->config->min_free;
    struct statvfs fs;
    if (fstatvfs(root->fd, &fs) < 0)
        return;
    figures->disk = true;
    figures->size = fs.f_blocks * fs.f_frsize;
    figures->free = fs.f_bavail * fs.f_frsize;
    figures->reserve = least->percent ? figures->size / 100 * least->percent : least->bytes;
    if (figures->free <= figures->reserve)
        figures->ill = "the disk is full";
}

static void read_quotas(struct figures *figures, const struct path_root *root) {
    const char *file = figures->config->users;
    if (!file)
        return;
    if (users_load(&figures->users, file, ignore, NULL) < 0) {
        figures->ill = "the users file is broken";
        figures->users.count = 0;
    }
    figures->held = calloc(figures->users.count + 1, sizeof(*figures->held));
    for (size_t i = 0; figures->held && i < figures->users.count; i++) {
        const struct account *account = &figures->users.rows[i].account;
        if (account->quota == VALUE_UNLIMITED ||
            !usage_peek(root, account->home, &figures->held[i]))
            figures->held[i].bytes = UINT64_MAX;
    }
}

int figures_read(struct figures *ret_figures, const struct config *config) {
    struct figures *figures = ret_figures;
    struct path_root root;
    *figures = (struct figures){.config = config};
    int result = path_root_open(&root, config->root, false);
    if (result < 0) {
        figures->ill = "no root";
    } else {
        read_disk(figures, &root);
        read_quotas(figures, &root);
        (void)close(root.fd);
    }
    result = config->metrics_file ? metrics_read(&figures->view, config->metrics_file) : -ENOENT;
    if (result < 0)
        figures->ill = "no metrics";
    return result;
}

void figures_free(struct figures *figures) {
    metrics_view_free(figures->view);
    users_free(&figures->users);
    free(figures->held);
}

/* ---------------------------------------------------------------- the text */

/* One text, and in which format. */
struct text {
    FILE *to;
    const struct figures *figures;
    bool openmetrics;
    const char *name, *suffix; /* of the family being written */
};

/* Begins a family. In the older format "_total" belongs to its name. */
static void begin(struct text *text, const char *name, const char *type, const char *help) {
    text->name = name;
    text->suffix = strcmp(type, "counter") == 0 ? "_total" : "";
    const char *suffix = text->openmetrics ? "" : text->suffix;
    (void)fprintf(text->to, "# HELP %s%s %s.\n# TYPE %s%s %s\n", name, suffix, help, name, suffix,
                  type);
}

static void put_label(const struct text *text, char before, const char *label, const char *value) {
    (void)fprintf(text->to, "%c%s=\"", before, label);
    bool good = escape_is_utf8(value);
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            (void)fputc('\\', text->to);
        if (!good && (unsigned char)*value >= 0x80)
            (void)fprintf(text->to, "\\\\x%02x", (unsigned char)*value);
        else
            (void)fputc(*value, text->to);
    }
    (void)fputc('"', text->to);
}

/* A sample with a label, or without (NULL). */
static void put(const struct text *text, const char *label, const char *value, uint64_t figure) {
    (void)fprintf(text->to, "%s%s", text->name, text->suffix);
    if (label) {
        put_label(text, '{', label, value);
        (void)fputc('}', text->to);
    }
    (void)fprintf(text->to, " %" PRIu64 "\n", figure);
}

/* The same in seconds. */
static void put_seconds(const struct text *text, const char *label, const char *value,
                        uint64_t microseconds) {
    (void)fprintf(text->to, "%s%s", text->name, text->suffix);
    if (label) {
        put_label(text, '{', label, value);
        (void)fputc('}', text->to);
    }
    (void)fprintf(text->to, " %" PRIu64 ".%06" PRIu64 "\n", microseconds / 1000000,
                  microseconds % 1000000);
}

static void put_uploads(struct text *text) {
    const struct metrics_view *view = text->figures->view;
    begin(text, "stord_uploads", "counter", "Uploads that have ended, by verdict");
    for (int i = 0; i < VERDICTS; i++)
        put(text, "verdict", verdicts[i], metrics_of_verdict(view, verdicts[i]).count);
    begin(text, "stord_upload_bytes", "counter", "Bytes that came in them");
    for (int i = 0; i < VERDICTS; i++)
        put(text, "verdict", verdicts[i], metrics_of_verdict(view, verdicts[i]).bytes);
    begin(text, "stord_upload_seconds", "counter", "Seconds that they took");
    for (int i = 0; i < VERDICTS; i++)
        put_seconds(text, "verdict", verdicts[i],
                    metrics_of_verdict(view, verdicts[i]).microseconds);
}

static void put_sessions(struct text *text) {
    const struct metrics_view *view = text->figures->view;
    begin(text, "stord_sessions", "counter", "Connections accepted");
    put(text, NULL, NULL, metrics_of_event(view, EVENT_ACCEPTED).count);
    begin(text, "stord_sessions_open", "gauge", "Sessions that run");
    put(text, NULL, NULL, metrics_sessions(view));
    begin(text, "stord_session_seconds", "counter", "Seconds that sessions took that have ended");
    put_seconds(text, NULL, NULL, metrics_of_event(view, EVENT_CLOSED).microseconds);
    begin(text, "stord_logins", "counter", "Logins, by how they ended");
    put(text, "result", "accepted", metrics_of_event(view, EVENT_LOGGED_IN).count);
    put(text, "result", "failed", metrics_of_event(view, EVENT_LOGIN_FAILED).count);
    begin(text, "stord_sent_bytes", "counter", "Bytes of files that clients have fetched");
    put(text, NULL, NULL, metrics_of_event(view, EVENT_SENT).bytes);
}

static void put_events(struct text *text) {
    begin(text, "stord_events", "counter", "Events of each kind, as the log has them");
    for (unsigned i = 0; i < EVENT_KINDS; i++)
        put(text, "event", event_kinds[i].name,
            metrics_of_event(text->figures->view, (enum event)i).count);
}

static void put_disk(struct text *text) {
    const struct figures *figures = text->figures;
    if (!figures->disk)
        return;
    begin(text, "stord_disk_size_bytes", "gauge", "Size of the root's file system");
    put(text, NULL, NULL, figures->size);
    begin(text, "stord_disk_free_bytes", "gauge", "What is free there");
    put(text, NULL, NULL, figures->free);
    begin(text, "stord_disk_reserve_bytes", "gauge", "What uploads must leave free (--min-free)");
    put(text, NULL, NULL, figures->reserve);
}

/* bytes: of each user, UINT64_MAX if there is no such figure. */
static void put_homes(struct text *text, uint64_t (*bytes)(const struct figures *, size_t)) {
    for (size_t i = 0; i < text->figures->users.count; i++) {
        const struct user *user = &text->figures->users.rows[i];
        uint64_t figure = bytes(text->figures, i);
        if (figure == UINT64_MAX)
            continue;
        (void)fprintf(text->to, "%s", text->name);
        put_label(text, '{', "user", user->name);
        put_label(text, ',', "home", user->account.home);
        (void)fprintf(text->to, "} %" PRIu64 "\n", figure);
    }
}

static uint64_t quota_of(const struct figures *figures, size_t i) {
    return figures->users.rows[i].account.quota;
}

static uint64_t held_of(const struct figures *figures, size_t i) {
    return figures->held ? figures->held[i].bytes : UINT64_MAX;
}

static void put_quotas(struct text *text) {
    if (text->figures->users.count == 0)
        return;
    begin(text, "stord_quota_bytes", "gauge", "Quota of a user's home");
    put_homes(text, quota_of);
    begin(text, "stord_quota_used_bytes", "gauge", "What the home holds, as last counted");
    put_homes(text, held_of);
}

void figures_write(FILE *to, const struct figures *figures, bool openmetrics) {
    struct text text = {.to = to, .figures = figures, .openmetrics = openmetrics};
    /* Not of the type "info", which node-exporter does not know */
    begin(&text, "stord_build_info", "gauge", "Which version this is");
    (void)fprintf(to, "stord_build_info{version=\"%s\"} 1\n", STORD_VERSION);
    put_uploads(&text);
    put_sessions(&text);
    put_events(&text);
    put_disk(&text);
    put_quotas(&text);
    if (openmetrics)
        (void)fputs("# EOF\n", to);
}

int figures_run(const struct config *config) {
    struct figures figures;
    int status = EX_CONFIG, result = figures_read(&figures, config);
    if (!config->metrics_file)
        terminal_line(stderr, "handler: --metrics wants --metrics-file");
    else if (result < 0)
        terminal_line(stderr, "handler: metrics file %s: %s", config->metrics_file,
                      metrics_reason(result));
    else
        status = EX_OK;
    if (status == EX_OK)
        figures_write(stdout, &figures, true);
    figures_free(&figures);
    return fflush(stdout) == 0 ? status : EX_IOERR;
}
