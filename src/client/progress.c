#include "client/progress.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/escape.h"

enum { BAR_MS = 200, PLAIN_MS = 5000, NAME_SIZE = 256, LINE_SIZE = 512, WIDTH = 80 };

/* Standard error, which the process has once. */
static struct {
    enum progress_style style;
    size_t files, done;
    char name[NAME_SIZE];
    off_t size, sent;
    long long began, drawn; /* clock_ms: of this file, and when it was told last */
    bool shown;
} progress;

void progress_begin(enum progress_style style, size_t files) {
    progress.style = style;
    progress.files = files;
}

void progress_file(const char *name, off_t bytes) {
    if (progress.style == PROGRESS_NONE)
        return;
    const char *slash = strrchr(name, '/');
    (void)snprintf(progress.name, sizeof(progress.name), "%s", slash ? slash + 1 : name);
    escape_in_place(progress.name, strlen(progress.name));
    progress.size = bytes;
    progress.sent = 0;
    progress.began = clock_ms();
}

/* "12.3 MB" */
static void write_bytes(char *out, size_t size, double bytes) {
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    size_t unit = 0;
    for (; bytes >= 1000 && unit < 4; unit++)
        bytes /= 1000;
    (void)snprintf(out, size, unit ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
}

static int columns(void) {
    struct winsize window = {0};
    bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 20;
    return known && window.ws_col < LINE_SIZE ? window.ws_col : WIDTH;
}

/* File n of m, its name, bytes, rate, and the time that is left. */
static void write_line(char line[LINE_SIZE], long long now) {
    char sent[16], rate[16], share[8] = "", left[32] = "";
    double seconds = (double)(now - progress.began) / 1000 + 0.001;
    double speed = (double)progress.sent / seconds;
    write_bytes(sent, sizeof(sent), (double)progress.sent);
    write_bytes(rate, sizeof(rate), speed);
    double part = progress.size > 0 ? (double)progress.sent / (double)progress.size : 0;
    if (progress.size > 0)
        (void)snprintf(share, sizeof(share), " %d%%", part < 1 ? (int)(part * 100) : 100);
    if (progress.size > 0 && speed > 0) {
        double rest = (double)(progress.size - progress.sent) / speed;
        long long s = rest > 0 && rest < 1e6 ? (long long)rest : 0;
        (void)snprintf(left, sizeof(left), ", %lld:%02lld left", s / 60, s % 60);
    }
    (void)snprintf(line, LINE_SIZE, "%zu/%zu%s, %s, %s/s%s, %s", progress.done + 1, progress.files,
                   share, sent, rate, left, progress.name);
}

static void draw(long long now) {
    char line[LINE_SIZE];
    write_line(line, now);
    progress.drawn = now;
    if (progress.style == PROGRESS_PLAIN) {
        (void)fprintf(stderr, "%s\n", line);
        return;
    }
    (void)fprintf(stderr, "\r%.*s\033[K", columns() - 1, line);
    (void)fflush(stderr);
    progress.shown = true;
}

void progress_add(size_t bytes) {
    if (progress.style == PROGRESS_NONE)
        return;
    progress.sent += (off_t)bytes;
    long long now = clock_ms(), since = now - progress.drawn;
    if (progress.drawn == 0)
        progress.drawn = now - (progress.style == PROGRESS_BAR ? BAR_MS : 0);
    else if (since >= (progress.style == PROGRESS_BAR ? BAR_MS : PLAIN_MS))
        draw(now);
}

void progress_done(void) {
    progress.done++;
}

void progress_hide(void) {
    if (progress.shown)
        (void)fputs("\r\033[K", stderr);
    progress.shown = false;
}
