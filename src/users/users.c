#include "users/users.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/date.h"
#include "base/path.h"
#include "base/rights.h"
#include "base/sum.h"
#include "users/certname.h"
#include "users/cidr.h"

enum { FIELDS = 5, FILE_LIMIT = 64 << 20, COMPLAINT_SIZE = 256 };

enum option {
    OPTION_TLS,
    OPTION_FROM,
    OPTION_MAX_FILE,
    OPTION_QUOTA,
    OPTION_CONFLICT,
    OPTION_FILE_MODE,
    OPTION_CERTIFICATE,
    OPTION_LENIENT,
    OPTION_UNTIL,
    OPTION_WHEN_FULL,
    OPTION_GATE,
    OPTION_COUNT
};

/* State of one read_users. */
struct reader {
    struct users *users;
    size_t room;   /* rows that have memory */
    unsigned line; /* being read */
    bool broken;   /* something was wrong */
    users_complain *complain;
    void *context;
};

static bool wrong(struct reader *reader, const char *complaint) {
    reader->broken = true;
    reader->complain(reader->context, reader->line, complaint);
    return false;
}

bool users_is_strong(const char *hash) {
    static const char *const methods[] = {"$y$", "$gy$", "$2a$", "$2b$", "$2y$", "$6$"};
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (strncmp(hash, methods[i], strlen(methods[i])) == 0)
            return true;
    }
    return false;
}

/* Is it what `stordctl user lock` makes of a hash, or of a lack of one? */
static bool is_locked(const char *hash) {
    return *hash == '!' && (hash[1] == '!' || hash[1] == '*' || users_is_strong(hash + 1));
}

static bool check_hash(struct reader *reader, const char *hash) {
    if (*hash == '!' || *hash == '*' || users_is_strong(hash))
        return true;
    return wrong(reader, *hash ? "the hash is not yescrypt ($y$), bcrypt ($2b$) or sha512 ($6$)"
                               : "there is no hash; ! means no password");
}

static bool read_home(struct reader *reader, struct user *user, const char *home) {
    char path[PATH_SIZE];
    if (*home != '/' || path_resolve("/", home, path) < 0 || strcmp(path, home) != 0)
        return wrong(reader, "the home is not a plain path that begins with /");
    if (strlen(path) > ACCOUNT_HOME_LIMIT)
        return wrong(reader, "the home is too long");
    user->account.home = home;
    return true;
}

static bool read_rights(struct reader *reader, struct user *user, const char *words) {
    int rights = rights_parse(words);
    if (rights < 0)
        return wrong(reader, "the rights are not a comma list of upload, append, replace, list, "
                             "read, mkdir, rename, delete");
    user->account.has_rights = *words != '\0';
    user->account.rights = (unsigned)rights;
    return true;
}

/* Steps from separator to separator. Returns the length of the piece at *at, and moves *at past it
 * and its separator. */
static size_t next_piece(const char **at, char separator) {
    const char *end = strchrnul(*at, separator);
    size_t length = (size_t)(end - *at);
    *at = *end ? end + 1 : end;
    return length;
}

static const char *set_from(struct user *user, const char *ranges) {
    struct cidr cidr;
    const char *at = ranges;
    do {
        const char *range = at;
        size_t length = next_piece(&at, '+');
        bool trailing = range[length] == '+' && range[length + 1] == '\0';
        if (cidr_parse(range, length, &cidr) < 0 || trailing)
            return "addresses like 192.0.2.0/24+2001:db8::/32, without bits after the prefix";
    } while (*at);
    user->from = ranges;
    return NULL;
}

static enum option find_option(const char *name, size_t length) {
    static const char *const names[] = {"tls",         "from",      "max-file", "quota",
                                        "on-conflict", "file-mode", "cert",     "lenient",
                                        "until",       "when-full", "gate"};
    unsigned i = 0;
    while (i < OPTION_COUNT && (strlen(names[i]) != length || memcmp(names[i], name, length) != 0))
        i++;
    return (enum option)i;
}

/* Is there another option in the name of a certificate? It would be taken for a part of the
 * subject; no such part has an option's name. */
static bool has_option(const char *name) {
    while (*name) {
        const char *piece = name;
        size_t length = next_piece(&name, ','), key = strcspn(piece, "=");
        if (find_option(piece, key < length ? key : length) < OPTION_COUNT)
            return true;
    }
    return false;
}

static const char *set_certificate(struct user *user, const char *name) {
    user->certificate = name;
    if (has_option(name))
        return "a fingerprint or a subject, which ends the line: other options come before it";
    return certname_check(name);
}

static const char *set_until(struct user *user, const char *day) {
    user->until = day;
    return date_end(day, &user->end) < 0 ? "a day like 2026-12-31, the last one" : NULL;
}

static const char *set_when_full(struct account *account, const char *word) {
    account->ousts = strcmp(word, "oldest") == 0;
    return account->ousts || strcmp(word, "refuse") == 0 ? NULL : "refuse or oldest";
}

/* Sets one option. Returns NULL, or what it should have been. */
static const char *set_option(struct user *user, enum option option, const char *value) {
    struct account *account = &user->account;
    switch (option) {
    case OPTION_TLS:
        user->tls = true;
        return value ? "tls, without a value" : NULL;
    case OPTION_LENIENT:
        account->lenient = true;
        return value ? "lenient, without a value" : NULL;
    case OPTION_GATE:
        account->no_gate = strcmp(value, "no") == 0;
        return account->no_gate ? NULL : "gate=no";
    case OPTION_FROM:
        return set_from(user, value);
    case OPTION_MAX_FILE:
        account->has_max_file_size = true;
        return value_limit(&account->max_file_size, value);
    case OPTION_QUOTA:
        return value_limit(&account->quota, value);
    case OPTION_CONFLICT:
        account->has_conflict = true;
        return value_conflict(&account->conflict, value);
    case OPTION_CERTIFICATE:
        return set_certificate(user, value);
    case OPTION_UNTIL:
        return set_until(user, value);
    case OPTION_WHEN_FULL:
        return set_when_full(account, value);
    default:
        account->has_file_mode = true;
        return value_file_mode(&account->file_mode, value);
    }
}

/* given: the options that the user has so far, as bits. */
static bool read_option(struct reader *reader, struct user *user, char *text, unsigned *given) {
    char complaint[COMPLAINT_SIZE];
    char *value = strchr(text, '=');
    if (value)
        *value++ = '\0';
    enum option option = find_option(text, strlen(text));
    const char *expected =
        "tls, from=, until=, max-file=, quota=, when-full=, on-conflict=, file-mode=, gate=no, "
        "lenient or cert=";
    bool is_flag = option == OPTION_TLS || option == OPTION_LENIENT;
    if (option < OPTION_COUNT)
        expected = set_option(user, option, value || is_flag ? value : "");
    if (!expected && !(*given >> option & 1)) {
        *given |= 1U << option;
        return true;
    }
    if (expected)
        (void)snprintf(complaint, sizeof(complaint), "option \"%.64s\" wants %s", text, expected);
    else
        (void)snprintf(complaint, sizeof(complaint), "option \"%.64s\" is given twice", text);
    return wrong(reader, complaint);
}

static bool read_options(struct reader *reader, struct user *user, char *options) {
    static const char certificate[] = "cert=";
    bool good = true;
    unsigned given = 0;
    if (*options == '\0')
        return true;
    while (options) {
        char *option = options;
        if (strncmp(option, certificate, strlen(certificate)) == 0)
            options = NULL; /* the last one: a subject has commas of its own */
        else
            (void)strsep(&options, ",");
        good = read_option(reader, user, option, &given) && good;
    }
    return good;
}

static bool read_name(struct reader *reader, struct user *user, const char *name) {
    if (*name == '\0')
        return wrong(reader, "there is no name");
    if (strlen(name) > USERS_NAME_LIMIT)
        return wrong(reader, "the name is longer than 64 bytes");
    user->name = name;
    return true;
}

/* Cuts the line into its fields; all after the fourth colon is the last one. */
static bool split(struct reader *reader, char *line, char *field[FIELDS]) {
    for (int i = 0; i < FIELDS; i++) {
        field[i] = line;
        line = i + 1 < FIELDS ? strchr(line, ':') : NULL;
        if (!line && i + 1 < FIELDS)
            return wrong(reader, "there are not five fields: name:hash:home:rights:options");
        if (line)
            *line++ = '\0';
    }
    return true;
}

/* Where the row of that name is noted, or a free place for it. */
static uint32_t *place_of(const struct users *users, const char *name) {
    /* Once more, because names with numbers in them have sums that are close to each other */
    size_t at = (size_t)(sum_add_number(sum_add_text(0, name), 0) >> 32);
    uint32_t *place;
    do
        place = &users->places[at++ & (users->places_count - 1)];
    while (*place && strcmp(users->rows[*place - 1].name, name) != 0);
    return place;
}

/* Makes places for the rows, of which half stay free. Returns 0 or -ENOMEM. */
static int make_places(struct users *users, size_t room) {
    free(users->places);
    users->places_count = 2 * room; /* a power of two */
    users->places = calloc(users->places_count, sizeof(*users->places));
    if (!users->places)
        return -ENOMEM;
    for (size_t i = 0; i < users->count; i++)
        *place_of(users, users->rows[i].name) = (uint32_t)i + 1;
    return 0;
}

static bool make_room(struct reader *reader) {
    if (reader->users->count < reader->room)
        return true;
    size_t room = reader->room ? 2 * reader->room : 16;
    struct user *rows = reallocarray(reader->users->rows, room, sizeof(*rows));
    if (rows)
        reader->users->rows = rows;
    if (!rows || make_places(reader->users, room) < 0)
        return wrong(reader, "out of memory");
    reader->room = room;
    return true;
}

static void add_user(struct reader *reader, const struct user *user) {
    struct users *users = reader->users;
    uint32_t *place = place_of(users, user->name);
    if (*place) {
        (void)wrong(reader, "that user is in an earlier line, too");
        return;
    }
    users->rows[users->count++] = *user;
    *place = (uint32_t)users->count;
}

static void read_user(struct reader *reader, char *line, size_t n) {
    char *field[FIELDS];
    struct user user = {.from = "",
                        .until = "",
                        .certificate = "",
                        .line = reader->line,
                        .account = {.quota = VALUE_UNLIMITED}};
    if (path_has_control(line, n)) {
        (void)wrong(reader, "there is a control character");
        return;
    }
    if (!split(reader, line, field) || !make_room(reader))
        return;
    user.hash = field[1];
    user.locked = is_locked(field[1]);
    bool good = read_name(reader, &user, field[0]);
    good = check_hash(reader, field[1]) && good;
    good = read_home(reader, &user, field[2]) && good;
    good = read_rights(reader, &user, field[3]) && good;
    good = read_options(reader, &user, field[4]) && good;
    if (good)
        add_user(reader, &user);
}

/* The last line must have an end: a file that was cut off could lose an option, or a digit of a
 * limit. */
static void read_lines(struct reader *reader, size_t size) {
    char *at = reader->users->text;
    if (memchr(at, '\0', size)) /* NOLINT: if there is a size there is a text */
        (void)wrong(reader, "there is a NUL byte");
    reader->line = 1;
    if (strncmp(at, "\xef\xbb\xbf", 3) == 0)
        (void)wrong(reader, "there is a byte order mark before the first line");
    reader->line = 0;
    while (*at) {
        char *end = strchrnul(at, '\n');
        bool last = *end == '\0';
        *end = '\0';
        reader->line++;
        if (last)
            (void)wrong(reader, "the last line has no end: the file may be cut off");
        if (end > at && end[-1] == '\r')
            end[-1] = '\0';
        if (*at && *at != '#')
            read_user(reader, at, strlen(at));
        at = last ? end : end + 1;
    }
}

/* Reads the whole file into users->text, followed by a NUL. Returns its size or a negative
 * errno. */
static ssize_t read_text(struct users *users, int fd) {
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (st.st_size > FILE_LIMIT)
        return -EFBIG;
    size_t size = 0, room = S_ISREG(st.st_mode) ? (size_t)st.st_size + 2 : 1 << 16;
    users->text = malloc(room);
    while (users->text) {
        ssize_t n = read(fd, users->text + size, room - size - 1);
        if (n < 0 && errno != EINTR)
            return -errno;
        size += n > 0 ? (size_t)n : 0;
        users->text[size] = '\0';
        if (n == 0)
            return (ssize_t)size;
        if (size > FILE_LIMIT)
            return -EFBIG;
        if (size + 1 == room) {
            char *more = realloc(users->text, room *= 2);
            if (!more)
                return -ENOMEM;
            users->text = more;
        }
    }
    return -ENOMEM;
}

static int read_users(struct users *ret_users, int fd, users_complain *complain, void *context) {
    *ret_users = (struct users){0};
    struct reader reader = {.users = ret_users, .complain = complain, .context = context};
    ssize_t size = read_text(ret_users, fd);
    if (size < 0)
        return (int)size;
    read_lines(&reader, (size_t)size);
    return reader.broken ? -EINVAL : 0;
}

int users_load(struct users *ret_users, const char *file, users_complain *complain, void *context) {
    *ret_users = (struct users){0};
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return -errno;
    int result = read_users(ret_users, fd, complain, context);
    (void)close(fd);
    return result;
}

void users_free(struct users *users) {
    free(users->text);
    free(users->rows);
    free(users->places);
    *users = (struct users){0};
}

const struct user *users_find(const struct users *users, const char *name) {
    size_t row = users->count > 0 ? *place_of(users, name) : 0;
    return row > 0 ? &users->rows[row - 1] : NULL;
}

bool users_may_come_from(const struct user *user, const struct peer *peer) {
    union address here = {.in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    const union address *address = &peer->address;
    const char *at = user->from;
    if (address->any.sa_family == AF_UNSPEC && peer->local)
        address = &here;
    if (*at == '\0')
        return true;
    while (*at) {
        struct cidr cidr;
        const char *range = at;
        if (cidr_parse(range, next_piece(&at, '+'), &cidr) == 0 && cidr_has(&cidr, address))
            return true;
    }
    return false;
}

bool users_is_over(const struct user *user, time_t now) {
    return *user->until && now >= user->end;
}
