#include "client/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/escape.h"
#include "client/progress.h"
#include "client/say.h"
#include "client/wire.h"

enum { TEXT_SIZE = 9216 };

static void write_target(char *out, size_t size, const struct session *session,
                         const struct job *job) {
    const char *folder = session->folder;
    bool slash = *folder && folder[strlen(folder) - 1] != '/';
    (void)snprintf(out, size, "%s%s%s%s", *folder == '/' ? "" : "/", folder, slash ? "/" : "",
                   job->target);
}

static void print_line(const struct session *session, const struct job *job) {
    char target[TEXT_SIZE], text[3 * TEXT_SIZE], other[TEXT_SIZE] = "";
    bool is_other = wire_other_name(job, job->target, other, sizeof(other));
    write_target(target, sizeof(target), session, job);
    (void)snprintf(text, sizeof(text), "%s -> %s%s%s%s%s, %jd bytes", job->source,
                   session->server_name, target, is_other ? " (there as " : "", other,
                   is_other ? ")" : "", (intmax_t)(job->bytes >= 0 ? job->bytes : 0));
    escape_in_place(text, strlen(text));
    if (job->bytes < 0)
        *strrchr(text, ',') = '\0';
    (void)printf("%s, %.1f s\n", text, (double)(clock_ms() - job->began) / 1000);
}

static void print_member(const char *name, const char *text) {
    char escaped[6 * TEXT_SIZE];
    (void)escape_json(escaped, sizeof(escaped), text);
    (void)printf(", \"%s\": \"%s\"", name, escaped);
}

/* "ftp://host:port/folder/name", as much a URL as the name is one */
static void print_json(const struct session *session, const struct job *job,
                       const struct failure *failure) {
    char target[TEXT_SIZE], escaped[6 * TEXT_SIZE], url[2 * TEXT_SIZE], other[TEXT_SIZE];
    write_target(target, sizeof(target), session, job);
    (void)snprintf(url, sizeof(url), "ftp%s://%s%s",
                   session->server.security == SECURITY_IMPLICIT ? "s" : "", session->server_name,
                   target);
    (void)escape_json(escaped, sizeof(escaped), job->source);
    (void)printf("{\"source\": \"%s\"", escaped);
    print_member("target", url);
    if (job->bytes >= 0)
        (void)printf(", \"bytes\": %jd", (intmax_t)job->bytes);
    (void)printf(", \"seconds\": %.3f, \"tries\": %u",
                 job->tries ? (double)(clock_ms() - job->began) / 1000 : 0.0, job->tries);
    if (*job->reply)
        print_member("reply", job->reply);
    if (!failure && wire_other_name(job, job->target, other, sizeof(other)))
        print_member("name", other);
    if (*job->digest)
        print_member("digest", job->digest);
    if (failure)
        print_member("error", failure->why);
    (void)printf(", \"status\": %d}\n", failure ? failure->status : 0);
}

void report_stored(enum report_style style, const struct session *session, const struct job *job) {
    progress_done();
    if (job->kind != JOB_FILE || style == REPORT_NOTHING)
        return;
    progress_hide();
    if (style == REPORT_JSON)
        print_json(session, job, NULL);
    else
        print_line(session, job);
}

/* "report.pdf: ftp.example.org:21: 550 No" */
static void say_failure(const struct session *session, const struct job *job,
                        const struct failure *failure, const char *more) {
    if (failure->ours)
        say_error("%s: %s%s", job->source, failure->why, more);
    else
        say_error("%s: %s: %s%s", job->source, session->server_name, failure->why, more);
}

void report_failed(enum report_style style, const struct session *session, const struct job *job,
                   const struct failure *failure) {
    progress_done();
    say_failure(session, job, failure, "");
    if (style == REPORT_JSON)
        print_json(session, job, failure);
}

void report_retry(enum report_style style, const struct session *session, const struct job *job,
                  const struct failure *failure, int wait) {
    char more[64];
    (void)snprintf(more, sizeof(more), " (again in %.1f s)", wait / 1000.0);
    if (style != REPORT_NOTHING)
        say_failure(session, job, failure, more);
}
