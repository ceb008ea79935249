#include "client/netrc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_SIZE = 1 << 18 /* bytes that are read of it */ };

static const char blanks[] = " \t\r\n";

/* Takes a word that begins with a double quote. */
static char *take_quoted(char **at) {
    char *word = ++*at, *to = word;
    while (**at && **at != '"') {
        if (**at == '\\' && (*at)[1])
            ++*at;
        *to++ = *(*at)++;
    }
    *at += **at == '"';
    *to = '\0';
    return word;
}

/* Takes the next word, whatever it begins with, and moves *at past it; NULL at the end. */
static char *take_value(char **at) {
    *at += strspn(*at, blanks);
    if (!**at)
        return NULL;
    if (**at == '"')
        return take_quoted(at);
    char *word = *at;
    *at += strcspn(*at, blanks);
    if (**at)
        *(*at)++ = '\0';
    return word;
}

/* The same where a comment may stand, which goes to the end of its line. */
static char *take_word(char **at) {
    for (*at += strspn(*at, blanks); **at == '#'; *at += strspn(*at, blanks))
        *at += strcspn(*at, "\n");
    return take_value(at);
}

/* Reads up to the end of a line. Returns whether anything but blanks was there. */
static bool skip_line(char **at) {
    size_t length = strcspn(*at, "\n");
    bool is_empty = strspn(*at, " \t\r") >= length;
    *at += length + ((*at)[length] == '\n');
    return !is_empty;
}

/* Passes over a macro: up to an empty line. */
static void skip_macro(char **at) {
    (void)skip_line(at); /* its name */
    while (**at && skip_line(at))
        continue;
}

static void keep(char to[NETRC_WORD_SIZE], const char *word) {
    (void)snprintf(to, NETRC_WORD_SIZE, "%s", word ? word : "");
}

/* Reads the words of one entry, up to the next one. Returns the word that begins that. */
static char *read_entry(char **at, struct netrc *entry) {
    char *word;
    while ((word = take_word(at))) {
        if (strcmp(word, "machine") == 0 || strcmp(word, "default") == 0)
            return word;
        if (strcmp(word, "login") == 0)
            keep(entry->login, take_value(at));
        else if (strcmp(word, "password") == 0)
            keep(entry->password, take_value(at));
        else if (strcmp(word, "account") == 0)
            keep(entry->account, take_value(at));
        else if (strcmp(word, "macdef") == 0)
            skip_macro(at);
    }
    return NULL;
}

bool netrc_find(char *text, const char *host, const char *user, struct netrc *ret) {
    char *word = take_word(&text);
    while (word) {
        struct netrc entry = {0};
        if (strcmp(word, "macdef") == 0)
            skip_macro(&text);
        bool fits = strcmp(word, "default") == 0;
        if (strcmp(word, "machine") == 0) {
            const char *name = take_value(&text);
            fits = name && strcasecmp(name, host) == 0;
        }
        word = read_entry(&text, &entry);
        if (fits && (!user || !*entry.login || strcmp(entry.login, user) == 0)) {
            *ret = entry;
            explicit_bzero(&entry, sizeof(entry));
            return true;
        }
    }
    return false;
}

int netrc_read(const char *host, const char *user, struct netrc *ret) {
    static char text[FILE_SIZE];
    char path[4096];
    struct stat st;
    const char *home = getenv("HOME");
    (void)snprintf(path, sizeof(path), "%s/.netrc", home ? home : "");
    int fd = home ? open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
    if (fd < 0)
        return 0;
    bool is_open_to_others = fstat(fd, &st) < 0 || st.st_mode & (S_IRWXG | S_IRWXO);
    ssize_t n = read(fd, text, sizeof(text) - 1);
    (void)close(fd);
    text[n > 0 ? n : 0] = '\0';
    int result = netrc_find(text, host, user, ret);
    explicit_bzero(text, sizeof(text));
    if (result && is_open_to_others && *ret->password) {
        explicit_bzero(ret, sizeof(*ret));
        result = -EPERM;
    }
    return result;
}
