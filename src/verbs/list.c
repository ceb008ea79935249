#include "verbs/list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "session/reply.h"
#include "session/session.h"
#include "session/view.h"
#include "verbs/send.h"

static const char failed[] = "Failed to list";

enum form {
    FORM_LONG,  /* as `ls -l` */
    FORM_NAMES, /* names that RETR and CWD take */
    FORM_FACTS  /* RFC 3659 */
};

/* One listing, from its command to its last line. */
struct listing {
    struct session *session;
    struct sender *sender;       /* where lines go; NULL: the control connection */
    enum form form;              /* what lines look like */
    time_t now;                  /* when it was asked for */
    char path[PATH_SIZE];        /* virtual path of the folder or file */
    const char *prefix;          /* what comes before names */
    size_t prefix_length;        /* bytes of it */
    bool slash;                  /* followed by "/" */
    char match[NAME_MAX + 1];    /* pattern that names must match, or "" */
    bool all;                    /* option a: also the folder itself and its parent */
    bool is_folder;              /* else a file */
    DIR *folder;                 /* the folder; NULL: only the client's own is shown */
    struct partial partial;      /* where interrupted uploads to it are */
    struct addition_watch watch; /* for bytes that are just being added */
    DIR *partials;               /* these; NULL: there are none, or they are not shown */
    struct stat st;              /* of the file */
    unsigned rights;             /* what the client may do with what is shown */
};

/* Copies a name with control characters replaced. Returns whether there were any. */
static bool clean(const char *name, char out[NAME_MAX + 1]) {
    bool found = false;
    size_t n = 0;
    for (; n < NAME_MAX && name[n]; n++) {
        bool control = path_is_control((unsigned char)name[n]);
        out[n] = (char)(control ? '?' : name[n]);
        found |= control;
    }
    out[n] = '\0';
    return found;
}

static int put(const struct listing *listing, const char *text) {
    return send_bytes(listing->sender, text, strlen(text));
}

/* A path of n bytes, as the client writes it. */
static int put_path(const struct listing *listing, const char *path, size_t n) {
    char room[NAMES_PART];
    int result = 0;
    while (n > 0 && result == 0) {
        const char *slash = memchr(path, '/', n);
        size_t part = slash ? (size_t)(slash - path) : n, shown = part;
        const char *bytes = names_show(&listing->session->names, path, &shown, room);
        result = send_bytes(listing->sender, bytes, shown);
        if (result == 0 && slash)
            result = put(listing, "/");
        n -= part + (slash != NULL);
        path += part + (slash != NULL);
    }
    return result;
}

/* One line, of the listing or of the reply. */
static int put_line(const struct listing *listing, const char *head, const char *name) {
    if (!listing->sender)
        return reply_line(listing->session, "%s%s", head, name);
    int result = put(listing, head);
    if (result == 0 && listing->prefix_length > 0)
        result = put_path(listing, listing->prefix, listing->prefix_length);
    if (result == 0 && listing->slash)
        result = put(listing, "/");
    if (result == 0)
        result = put_path(listing, name, strlen(name));
    return result < 0 ? result : put(listing, "\r\n");
}

static int put_entry(const struct listing *listing, const char *name, const struct stat *st) {
    char long_form[FACTS_LONG_SIZE], facts[FACTS_SIZE];
    switch (listing->form) {
    case FORM_LONG:
        facts_long(st, listing->now, long_form);
        return put_line(listing, long_form, name);
    case FORM_FACTS:
        facts_format(st, listing->session->parameters.facts, listing->rights, facts);
        return put_line(listing, facts, name);
    default:
        return put_line(listing, "", name);
    }
}

static bool is_plain(const struct stat *st) {
    return S_ISREG(st->st_mode) || S_ISDIR(st->st_mode);
}

static bool is_hidden(const struct listing *listing, const char *name) {
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return true;
    if (path_is_reserved(name))
        return true;
    return *listing->match && fnmatch(listing->match, name, FNM_PERIOD) != 0;
}

/* What is published under a name in the folder, and which version the client sees. Returns 0 or a
 * negative errno. */
static int look_in_folder(struct listing *listing, const char *name, struct stat *ret_st,
                          uint64_t *ret_version) {
    struct session *session = listing->session;
    char path[PATH_SIZE], real[PATH_SIZE];
    if (listing->folder) {
        int folder = dirfd(listing->folder),
            result = version_look(folder, name, ret_st, ret_version);
        if (result == 0 && S_ISREG(ret_st->st_mode) &&
            addition_watch_may(&listing->watch, ret_st->st_ino))
            result = addition_look(&session->who.top, session->given->boot, folder, name, ret_st,
                                   ret_version);
        return result;
    }
    int result = path_resolve(listing->path, name, path);
    if (result == 0 && view_is_known_own(session, path, real))
        return view_own_stat(session, path, real, ret_st, ret_version);
    if (result == 0)
        result = view_version(session, path, ret_version);
    return result < 0 ? result : -ENOENT;
}

/* Does an interrupted upload hide that version? */
static bool is_interrupted(const struct listing *listing, const char *name, uint64_t version,
                           struct partial_found *ret_found) {
    return listing->partials &&
           partial_find_in(&listing->partial, listing->partials, name, ret_found) == 0 &&
           !partial_is_void(ret_found, version);
}

/* The same, and notes what the client is shown. NLST shows no interrupted uploads. */
static bool show(const struct listing *listing, const char *name, uint64_t version,
                 struct partial_found *ret_found) {
    struct shown *shown = &listing->session->view.shown;
    char path[PATH_SIZE];
    if (listing->form == FORM_NAMES || path_resolve(listing->path, name, path) < 0)
        return false;
    bool interrupted = is_interrupted(listing, name, version, ret_found);
    if (interrupted)
        shown_note(shown, path, ret_found->id, VERSION_NOTHING);
    else if (version == VERSION_NOTHING)
        shown_forget(shown, path);
    else
        shown_note(shown, path, 0, version);
    return interrupted;
}

/* partial: the name is from the list of interrupted uploads. Those hide a file of that name. */
static int list_one(struct listing *listing, const char *name, bool partial) {
    char shown[NAME_MAX + 1];
    struct partial_found hiding;
    struct stat st;
    if (is_hidden(listing, name))
        return 0;
    if (clean(name, shown) && listing->form != FORM_LONG)
        return 0;
    uint64_t version = VERSION_NOTHING;
    bool there = look_in_folder(listing, name, &st, &version) == 0;
    if (there == partial) /* it is gone, or already listed */
        return 0;
    if ((partial || S_ISREG(st.st_mode)) && show(listing, name, version, &hiding))
        return put_entry(listing, shown, &hiding.st);
    if (partial || (!is_plain(&st) && listing->form != FORM_LONG))
        return 0;
    return put_entry(listing, shown, &st);
}

/* How many bytes of a name come before its last part. */
static size_t folder_part(const char *name) {
    const char *slash = strrchr(name, '/');
    return slash ? (size_t)(slash + 1 - name) : 0;
}

static int list_names(struct listing *listing, DIR *folder, bool partial) {
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (!entry)
            return -errno;
        int result = list_one(listing, entry->d_name, partial);
        if (result < 0)
            return result;
    }
}

static int list_own(void *context, const char *name) {
    return list_one(context, name, false);
}

/* The line for the folder itself or its parent. Of one that the client may not look at, only that
 * it exists. */
static int put_dot(const struct listing *listing, const char *name, struct stat st) {
    if (st.st_ino == 0)
        st.st_nlink = 2;
    return put_entry(listing, name, &st);
}

/* The lines "." and "..": Emacs does not upload into a folder without them. Only LIST shows them;
 * the root's parent is the root. */
static int list_dots(const struct listing *listing) {
    struct stat above;
    char path[PATH_SIZE];
    uint64_t version;
    if (!listing->all || !listing->sender || listing->form != FORM_LONG || *listing->match)
        return 0;
    if (path_resolve(listing->path, "..", path) < 0 ||
        view_published(listing->session, path, RIGHT_LIST, &above, &version) < 0)
        above = listing->st;
    int result = put_dot(listing, ".", listing->st);
    return result < 0 ? result : put_dot(listing, "..", above);
}

static int list_published(struct listing *listing) {
    if (listing->folder)
        return list_names(listing, listing->folder, false);
    return own_each(&listing->session->view.own, listing->path, list_own, listing);
}

/* All lines. Returns 0 or a negative errno. */
static int list_all(struct listing *listing) {
    if (!listing->is_folder)
        return put_entry(listing, listing->path + folder_part(listing->path), &listing->st);
    int result = list_dots(listing);
    if (result == 0)
        result = list_published(listing);
    if (result == 0 && listing->partials)
        result = list_names(listing, listing->partials, true);
    return result;
}

static void close_folders(struct listing *listing) {
    if (listing->folder)
        (void)closedir(listing->folder);
    if (listing->partials)
        (void)closedir(listing->partials);
    addition_watch_end(&listing->watch);
}

/* Opens the interrupted uploads to the folder. */
static void open_partials(struct listing *listing) {
    listing->partial = view_partial(listing->session, listing->path);
    if (listing->form != FORM_NAMES) /* NLST is for RETR, which does not send them */
        listing->partials = partial_folder(&listing->partial);
    addition_watch_begin(&listing->watch, &listing->session->who.top);
}

static int open_folder(struct listing *listing) {
    bool sees = listing->session->who.rights & RIGHT_LIST;
    int flags = O_DIRECTORY | (sees ? O_RDONLY : O_PATH);
    int fd = path_open(&listing->session->who.root, listing->path, flags, 0);
    if (fd < 0)
        return fd;
    if (sees)
        listing->folder = fdopendir(fd);
    if (!listing->folder) {
        int error = sees ? -errno : 0;
        (void)close(fd);
        if (error < 0)
            return error;
    }
    listing->is_folder = true;
    open_partials(listing);
    return 0;
}

/* The result of looking up, or an error if it is not a file or folder. */
static int plain_only(int result, const struct stat *st) {
    if (result == 0 && !is_plain(st))
        return S_ISLNK(st->st_mode) ? -ELOOP : -ENXIO;
    return result;
}

/* What NLST puts before names, so that RETR takes them: the first n bytes of the argument. */
static void set_prefix(struct listing *listing, const char *argument, size_t n) {
    if (listing->form != FORM_NAMES)
        return;
    listing->prefix = argument;
    listing->prefix_length = n;
    listing->slash = n > 0 && argument[n - 1] != '/';
}

/* Finds what is listed. NLST shows no interrupted uploads, because RETR does not send them. */
static int look_up(struct listing *listing) {
    struct session *session = listing->session;
    struct stat *st = &listing->st;
    uint64_t version;
    int result = listing->form == FORM_NAMES
                     ? view_published(session, listing->path, RIGHT_LIST, st, &version)
                     : view_show(session, listing->path, RIGHT_LIST, st);
    return listing->form == FORM_LONG ? result : plain_only(result, st);
}

/* Opens the file or folder of that name. */
static int open_name(struct listing *listing, const char *name) {
    const struct session *session = listing->session;
    int result = path_resolve(session->place.cwd, name, listing->path);
    if (result < 0)
        return result;
    result = look_up(listing);
    if (result < 0)
        return result;
    size_t length = strcmp(name, ".") == 0 ? 0 : strlen(name), before = folder_part(name);
    bool folder = S_ISDIR(listing->st.st_mode);
    set_prefix(listing, name, folder ? length : before);
    if (folder)
        return open_folder(listing);
    /* "file/" and "file/." do not name a file */
    return strcmp(name + before, listing->path + folder_part(listing->path)) ? -ENOTDIR : 0;
}

/* Opens the folder whose files the last part of a name is a pattern for. */
static int open_pattern(struct listing *listing, const char *name) {
    int result = path_resolve(listing->session->place.cwd, name, listing->path);
    if (result < 0)
        return result;
    size_t n = folder_part(listing->path);
    memcpy(listing->match, listing->path + n, strlen(listing->path + n) + 1);
    listing->path[n > 1 ? n - 1 : n] = '\0';
    set_prefix(listing, name, folder_part(name));
    return open_folder(listing);
}

static bool is_pattern(const char *name) {
    return strpbrk(name + folder_part(name), "*?[") != NULL;
}

/* Is there an a among these options, "-la"? */
static bool asks_for_all(const char *options, size_t n) {
    return options[1] != '-' && memchr(options, 'a', n);
}

/* Opens what the argument of LIST, NLST or STAT means. A name that exists is always that: first the
 * whole argument is tried, then what is left without the options in front of it. */
static int open_argument(struct listing *listing, const char *argument) {
    int result;
    while ((result = open_name(listing, argument)) < 0 && *argument == '-') {
        size_t n = strcspn(argument, " ");
        listing->all |= asks_for_all(argument, n);
        argument += n;
        argument += strspn(argument, " ");
        session_means(listing->session, argument);
    }
    if (result < 0 && is_pattern(argument))
        return open_pattern(listing, argument);
    return result;
}

static void begin(struct listing *listing, struct session *session, enum form form) {
    memset(listing, 0, sizeof(*listing));
    listing->session = session;
    view_read_others(session);
    listing->watch.reserved = -1;
    listing->form = form;
    listing->now = time(NULL);
    listing->rights = session->who.rights;
    if (!(session->who.rights & RIGHT_LIST)) /* only the client's own is shown */
        listing->rights |= VIEW_OWN_RIGHTS;
}

static int produce(struct sender *sender, void *context) {
    struct listing *listing = context;
    listing->sender = sender;
    return list_all(listing);
}

static int transfer(struct listing *listing) {
    const struct send_source source = {.path = listing->path,
                                       .what = "listing",
                                       .event = EVENT_LISTED,
                                       .note = "",
                                       .produce = produce,
                                       .context = listing};
    int result = send_transfer(listing->session, &source);
    close_folders(listing);
    return result;
}

static int list(struct session *session, const char *argument, enum form form) {
    int result = send_refuse(session);
    if (result != 0)
        return result < 0 ? result : 0;
    struct listing listing;
    begin(&listing, session, form);
    result = open_argument(&listing, argument);
    if (result == 0)
        return transfer(&listing);
    return reply_failure(session, 550, failed, result);
}

int verb_list(struct session *session, const char *argument) {
    return list(session, argument, FORM_LONG);
}

int verb_nlst(struct session *session, const char *argument) {
    return list(session, argument, FORM_NAMES);
}

int verb_mlsd(struct session *session, const char *argument) {
    int result = send_refuse(session);
    if (result != 0)
        return result < 0 ? result : 0;
    struct listing listing;
    begin(&listing, session, FORM_FACTS);
    result = open_name(&listing, argument);
    if (result == 0 && listing.is_folder)
        return transfer(&listing);
    if (result == 0)
        return reply_send(session, 501, "%s: it is not a folder", failed);
    return reply_failure(session, 550, failed, result);
}

int verb_mlst(struct session *session, const char *argument) {
    char path[PATH_SIZE], real[PATH_SIZE], facts[FACTS_SIZE];
    struct stat st = {0};
    int result = path_resolve(session->place.cwd, argument, path);
    if (result == 0)
        result = plain_only(view_show(session, path, RIGHT_LIST | RIGHT_READ, &st), &st);
    if (result < 0)
        return reply_failure(session, 550, failed, result);
    unsigned known = st.st_ino ? FACTS_ALL : FACT_TYPE | FACT_PERM, rights = session->who.rights;
    if (view_is_own(session, path, real))
        rights |= VIEW_OWN_RIGHTS;
    facts_format(&st, session->parameters.facts & known, rights, facts);
    result = reply_begin(session, 250, "Facts:");
    if (result == 0)
        result = reply_line(session, "%s%s", facts, path);
    return result < 0 ? result : reply_end(session, 250, "End");
}

int list_status(struct session *session, const char *argument) {
    struct listing listing;
    begin(&listing, session, FORM_LONG);
    int result = open_argument(&listing, argument);
    if (result < 0)
        return reply_failure(session, 550, failed, result);
    int code = listing.is_folder ? 212 : 213;
    result = reply_begin(session, code, "Status:");
    if (result == 0)
        result = list_all(&listing);
    close_folders(&listing);
    return result < 0 ? result : reply_end(session, code, "End");
}

int list_select(struct session *session, const char *facts) {
    char names[FACTS_NAMES_SIZE];
    parameters_choose_facts(&session->parameters, facts_parse(facts));
    facts_names(session->parameters.facts, false, names);
    return reply_send(session, 200, "MLST OPTS%s%s", *names ? " " : "", names);
}

int list_feature(struct session *session) {
    char names[FACTS_NAMES_SIZE];
    facts_names(session->parameters.facts, true, names);
    return reply_line(session, "MLST %s", names);
}
