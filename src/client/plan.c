#include "client/plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "client/failure.h"
#include "client/finish.h"
#include "client/say.h"
#include "client/settled.h"
#include "client/tree.h"

enum { NAME_SIZE = 8192 };

/* What goes on while a plan is made. */
struct making {
    struct plan *plan;
    const struct options *options;
};

void plan_note(struct plan *plan, int status) {
    if (plan->status == 0)
        plan->status = status;
}

static _Noreturn void end_without_memory(void) {
    say_error("%s", strerror(ENOMEM));
    exit(FAILURE_OTHER);
}

static char *copy(const char *text) {
    char *new = strdup(text);
    if (!new)
        end_without_memory();
    return new;
}

/* st: NULL for standard input */
static void add(struct plan *plan, const struct stat *st, const char *source, const char *target) {
    if (plan->count == plan->room) {
        size_t room = plan->room ? plan->room * 2 : 64;
        struct job *jobs = reallocarray(plan->jobs, room, sizeof(*jobs));
        if (!jobs)
            end_without_memory();
        plan->jobs = jobs;
        plan->room = room;
    }
    bool is_folder = st && S_ISDIR(st->st_mode);
    plan->jobs[plan->count++] =
        (struct job){.kind = is_folder ? JOB_FOLDER : JOB_FILE,
                     .source = copy(source),
                     .target = copy(target),
                     .before = JOB_NOT_ASKED,
                     .bytes = st && !is_folder ? st->st_size : -1,
                     .may_lack_size = !st || !S_ISREG(st->st_mode) || st->st_size == 0};
    plan->files += !is_folder;
}

/* A line of a command ends with CR and LF. */
static void check_target(const char *source, const char *target) {
    if (strpbrk(target, "\r\n"))
        options_refuse(source, "a name with a line break cannot be sent");
}

static void visit(void *context, const struct stat *st, const char *path, const char *target) {
    struct making *making = context;
    struct plan *plan = making->plan;
    check_target(path, target);
    if (S_ISREG(st->st_mode) && making->options->outbox && !settled_is(path)) {
        plan->unsent++;
        return;
    }
    add(plan, st, path, target);
    plan->jobs[plan->count - 1].is_found = !making->options->dereference;
}

static void add_folder(struct making *making, const char *path, const char *target, bool hidden) {
    struct tree_rules rules = {.follow = making->options->dereference, .hidden = hidden};
    size_t skipped;
    plan_note(making->plan, tree_walk(path, target, rules, visit, making, &skipped));
    if (making->options->outbox)
        making->plan->unsent += skipped;
}

/* The last part of a path, without slashes behind it; "." and ".." have none. */
static char *base_of(const char *path) {
    char *base = copy(path), *end = base + strlen(base);
    while (end > base && end[-1] == '/')
        *--end = '\0';
    char *slash = strrchr(base, '/');
    if (slash)
        memmove(base, slash + 1, strlen(slash));
    if (strcmp(base, ".") == 0 || strcmp(base, "..") == 0)
        *base = '\0';
    return base;
}

/* A file or folder that the user has named. */
static void add_named(struct making *making, const char *path, const char *name) {
    struct stat st;
    char *base = base_of(path);
    const char *target = name ? name : base;
    bool is_input = strcmp(path, "-") == 0;
    int error = is_input || stat(path, &st) == 0 ? 0 : errno;
    bool is_folder = !is_input && error == 0 && S_ISDIR(st.st_mode);
    if (is_input && !name)
        options_refuse("-", "standard input needs a name: --name, or a URL with one");
    check_target(path, target);
    if (error == 0 && is_folder && !making->options->recursive)
        error = EISDIR;
    if (is_folder && error == 0) {
        add_folder(making, path, target, true);
    } else {
        add(making->plan, is_input || error ? NULL : &st, path, target);
        making->plan->jobs[making->plan->count - 1].error = error;
    }
    free(base);
}

/* Reads all of a file, with a NUL behind it. Returns its length. */
static size_t read_all(FILE *file, char **ret) {
    size_t length = 0, room = 65536;
    *ret = malloc(room);
    while (*ret) {
        length += fread(*ret + length, 1, room - length - 1, file);
        (*ret)[length] = '\0';
        if (length < room - 1)
            return length;
        *ret = realloc(*ret, room *= 2);
    }
    end_without_memory();
}

/* Reads the names in a list. A NUL in it says that NULs end them. */
static void add_list(struct making *making, const char *list) {
    bool is_input = strcmp(list, "-") == 0;
    FILE *file = is_input ? stdin : fopen(list, "re");
    char *names = NULL;
    size_t length = file ? read_all(file, &names) : 0;
    if (!file || ferror(file)) {
        say_error("%s: %s", list, strerror(errno));
        exit(EX_NOINPUT);
    }
    char end = length > 0 && memchr(names, '\0', length) ? '\0' : '\n';
    for (char *at = names, *next; at < names + length; at = next) {
        char *stop = memchr(at, end, (size_t)(names + length - at));
        next = stop ? stop + 1 : names + length;
        if (stop)
            *stop = '\0';
        if (*at)
            add_named(making, at, NULL);
    }
    free(names);
    if (!is_input)
        (void)fclose(file);
}

/* What is sorted. */
struct entry {
    struct job *job;
};

static int compare(const void *a, const void *b) {
    const struct job *left = ((const struct entry *)a)->job,
                     *right = ((const struct entry *)b)->job;
    int result = strcmp(left->target, right->target);
    if (result == 0)
        result = strcmp(left->source, right->source);
    return result ? result : (left > right) - (left < right); /* the first one stays */
}

static int compare_target(const void *key, const void *entry) {
    return strcmp(key, ((const struct entry *)entry)->job->target);
}

/* Two sources of one target: one of them would be lost. What is named twice is sent once. */
static void refuse_collisions(struct plan *plan, const struct entry *sorted, size_t count) {
    for (size_t i = 1; i < count; i++) {
        struct job *a = sorted[i - 1].job, *b = sorted[i].job;
        bool are_folders = a->kind == JOB_FOLDER && b->kind == JOB_FOLDER;
        if (strcmp(a->target, b->target) != 0 || are_folders)
            continue;
        if (strcmp(a->source, b->source) != 0) {
            say_error("%s and %s: both would become %s", a->source, b->source, a->target);
            exit(EX_USAGE);
        }
        b->state = JOB_DONE;
        plan->files--;
    }
}

/* The same with the names that files have there until they are renamed. */
static void refuse_temporary_collisions(const struct entry *sorted, size_t count,
                                        const char *prefix) {
    for (size_t i = 0; i < count; i++) {
        const struct job *job = sorted[i].job;
        char name[NAME_SIZE];
        if (job->kind != JOB_FILE)
            continue;
        finish_prefix(job->target, prefix, name, sizeof(name));
        if (!bsearch(name, sorted, count, sizeof(*sorted), compare_target))
            continue;
        say_error("%s: its temporary name %s is another file's: choose another --temp", job->source,
                  name);
        exit(EX_USAGE);
    }
}

static void check_collisions(struct plan *plan, const char *prefix) {
    struct entry *sorted = reallocarray(NULL, plan->count + 1, sizeof(*sorted));
    size_t count = 0;
    if (!sorted)
        end_without_memory();
    for (size_t i = 0; i < plan->count; i++)
        if (!plan->jobs[i].error)
            sorted[count++].job = &plan->jobs[i];
    qsort(sorted, count, sizeof(*sorted), compare);
    refuse_collisions(plan, sorted, count);
    if (prefix)
        refuse_temporary_collisions(sorted, count, prefix);
    free(sorted);
}

/* Folders first: files can follow each other without a pause then. The order stays otherwise. */
static void put_folders_first(struct plan *plan) {
    struct job *ordered = reallocarray(NULL, plan->count + 1, sizeof(*ordered));
    size_t count = 0;
    if (!ordered)
        end_without_memory();
    for (int kind = JOB_FOLDER; kind <= JOB_FILE; kind++)
        for (size_t i = 0; i < plan->count; i++)
            if (plan->jobs[i].kind == (enum job_kind)kind)
                ordered[count++] = plan->jobs[i];
    free(plan->jobs);
    plan->jobs = ordered;
    plan->room = plan->count + 1;
}

void plan_make(struct plan *plan, const struct options *options, const char *name, char **arguments,
               int count) {
    struct making making = {.plan = plan, .options = options};
    if (name && (count != 1 || options->files_from || options->outbox))
        options_refuse(name, "one name for several files: end a folder's URL with a slash");
    for (int i = 0; i < count; i++)
        add_named(&making, arguments[i], name);
    if (options->files_from)
        add_list(&making, options->files_from);
    if (options->outbox)
        add_folder(&making, options->outbox, "", false);
    check_collisions(plan, options->temp);
    put_folders_first(plan);
}

struct job *plan_next(struct plan *plan) {
    while (plan->next < plan->count && plan->jobs[plan->next].state != JOB_WAITING)
        plan->next++;
    return plan->next < plan->count ? &plan->jobs[plan->next] : NULL;
}

void plan_put_back(struct plan *plan, struct job *job) {
    size_t index = (size_t)(job - plan->jobs);
    job->state = JOB_WAITING;
    plan->next = index < plan->next ? index : plan->next;
}

void plan_free(struct plan *plan) {
    for (size_t i = 0; i < plan->count; i++) {
        free(plan->jobs[i].source);
        free(plan->jobs[i].target);
    }
    free(plan->jobs);
    *plan = (struct plan){0};
}
