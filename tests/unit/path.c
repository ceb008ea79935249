#include "base/path.c"

#include <stdlib.h>

#include "check.h"

static void expect(const char *cwd, const char *name, const char *path) {
    char got[PATH_SIZE];
    int result = path_resolve(cwd, name, got);
    CHECK(result == 0);
    if (result == 0 && strcmp(got, path) != 0)
        printf("# %s from %s: %s, not %s\n", name, cwd, got, path);
    CHECK(result == 0 && strcmp(got, path) == 0);
}

static void refuse(const char *cwd, const char *name, int error) {
    char got[PATH_SIZE];
    CHECK(path_resolve(cwd, name, got) == error);
}

static void names_resolve(void) {
    expect("/", "a", "/a");
    expect("/", "a/b/c", "/a/b/c");
    expect("/x/y", "a", "/x/y/a");
    expect("/x/y", "/a", "/a");
    expect("/x/y", "//a//b/", "/a/b");
    expect("/x/y", ".", "/x/y");
    expect("/x/y", "", "/x/y");
    expect("/x/y", "..", "/x");
    expect("/x/y", "../..", "/");
    expect("/x/y", "../../z/./w", "/z/w");
    expect("/", "/", "/");
    expect("/", " a b ", "/ a b ");
    expect("/", "-rf", "/-rf");
    expect("/", "...", "/...");
    expect("/", "..a", "/..a");
    expect("/", "\xff\xfe", "/\xff\xfe");
}

static void escapes_are_refused(void) {
    refuse("/", "..", -EXDEV);
    refuse("/", "../etc/passwd", -EXDEV);
    refuse("/", "a/../../b", -EXDEV);
    refuse("/x", "/../x", -EXDEV);
    refuse("/x", "../..", -EXDEV);
}

static void bad_names_are_refused(void) {
    refuse("/", "a\nb", -EINVAL);
    refuse("/", "a\x7f", -EINVAL);
    refuse("/", "\x01", -EINVAL);
    refuse("/", ".stord.x", -PATH_RESERVED);
    refuse("/", "a/.stord./b", -PATH_RESERVED);
    expect("/", ".stord", "/.stord");
}

/* Wherever it is in a word of the machine, and beside bytes that are no control characters. */
static void every_control_character_is_seen(void) {
    static const char beside[] = {' ', '\x7e', '\x80', '\xff', '\xa0', '!'};
    char text[24];
    for (unsigned byte = 0; byte < 256; byte++) {
        for (size_t at = 0; at < sizeof(text); at++) {
            memset(text, beside[(byte + at) % sizeof(beside)], sizeof(text));
            text[at] = (char)byte;
            bool is = path_is_control((unsigned char)byte);
            CHECK(path_has_control(text, sizeof(text)) == is);
            CHECK(path_has_control(text, at + 1) == is && !path_has_control(text, at));
        }
    }
}

static void long_names(void) {
    char name[PATH_SIZE + 10];
    memset(name, 'x', sizeof(name));
    name[NAME_MAX] = '\0';
    char got[PATH_SIZE];
    CHECK(path_resolve("/", name, got) == 0);
    name[NAME_MAX] = 'x';
    name[NAME_MAX + 1] = '\0';
    refuse("/", name, -ENAMETOOLONG);
    for (size_t i = 0; i < sizeof(name) - 1; i++)
        name[i] = i % 2 ? '/' : 'x';
    name[sizeof(name) - 1] = '\0';
    refuse("/", name, -ENAMETOOLONG);
    name[PATH_SIZE - 2] = '\0'; /* "x/x/...": one slash in front makes it one byte longer */
    CHECK(path_resolve("/", name, got) == 0);
    CHECK(strlen(got) < PATH_SIZE);
}

/* Each way of opening, on a tree of its own. */
static void opens(bool walk) {
    char folder[] = "/tmp/stord-path-XXXXXX";
    if (!mkdtemp(folder))
        abort();
    struct path_root root;
    CHECK(path_root_open(&root, folder, false) == 0);
    root.walk = walk;
    CHECK(mkdirat(root.fd, "a", 0777) == 0 && mkdirat(root.fd, "a/b", 0777) == 0);
    CHECK(symlinkat("/etc", root.fd, "out") == 0 && symlinkat("b", root.fd, "a/in") == 0);
    const char *name;
    int fd = path_open_parent(&root, "/a/b/c", &name);
    CHECK(fd >= 0 && strcmp(name, "c") == 0);
    (void)close(fd);
    fd = path_open_parent(&root, "/c", &name);
    CHECK(fd >= 0 && strcmp(name, "c") == 0);
    (void)close(fd);
    fd = path_open_parent(&root, "/", &name);
    CHECK(fd >= 0 && *name == '\0');
    (void)close(fd);
    fd = path_open(&root, "/a/b/new", O_WRONLY | O_CREAT, 0600);
    CHECK(fd >= 0);
    (void)close(fd);
    CHECK(path_open(&root, "/a/x/c", O_RDONLY, 0) == -ENOENT);
    CHECK(path_open(&root, "/a/b/new/c", O_RDONLY, 0) == -ENOTDIR);
    static const char *const links[] = {"/out", "/out/passwd", "/a/in", "/a/in/new", "/a/in/../b"};
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        fd = path_open(&root, links[i], O_RDONLY, 0);
        CHECK(fd == -ELOOP || fd == -ENOTDIR);
    }
    CHECK(unlinkat(root.fd, "a/b/new", 0) == 0 && unlinkat(root.fd, "a/in", 0) == 0);
    CHECK(unlinkat(root.fd, "a/b", AT_REMOVEDIR) == 0 && unlinkat(root.fd, "a", AT_REMOVEDIR) == 0);
    CHECK(unlinkat(root.fd, "out", 0) == 0 && rmdir(folder) == 0);
    (void)close(root.fd);
}

static void opens_by_openat2(void) {
    opens(false);
}

static void opens_by_walking(void) {
    opens(true);
}

static void only_a_wanted_root_is_created(void) {
    char folder[] = "/tmp/stord-path-XXXXXX";
    struct path_root root;
    if (!mkdtemp(folder) || rmdir(folder) < 0)
        abort();
    CHECK(path_root_open(&root, folder, false) == -ENOENT);
    CHECK(path_root_open(&root, folder, true) == 0);
    (void)close(root.fd);
    CHECK(path_root_open(&root, folder, true) == 0);
    (void)close(root.fd);
    CHECK(rmdir(folder) == 0);
    CHECK(path_root_open(&root, "/dev/null", true) == -ENOTDIR);
}

int main(void) {
    check_run("path: names resolve against the working directory", names_resolve);
    check_run("path: no name leads above the root (promise 4)", escapes_are_refused);
    check_run("path: control characters and reserved names", bad_names_are_refused);
    check_run("path: control characters are seen at any place", every_control_character_is_seen);
    check_run("path: too long names", long_names);
    check_run("path: opens beneath the root by openat2, follows no link", opens_by_openat2);
    check_run("path: opens beneath the root by walking, follows no link", opens_by_walking);
    check_run("path: only the default root is created", only_a_wanted_root_is_created);
    return check_end();
}
