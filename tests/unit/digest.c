/* The names of digests, their texts, and those of the module, by the vectors of their standards. */
#include "base/digest.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

enum { ALL = (1 << DIGEST_KINDS) - 1 };

static void lists_of_names(void) {
    CHECK(digest_parse_kinds("none") == 0);
    CHECK(digest_parse_kinds("sha256") == 1 << DIGEST_SHA256);
    CHECK(digest_parse_kinds("crc32,sha1") == (1 << DIGEST_CRC32 | 1 << DIGEST_SHA1));
    CHECK(digest_parse_kinds("sha256,sha1,md5,crc32") == ALL);
    CHECK(digest_parse_kinds("md5,md5") == 1 << DIGEST_MD5);
    static const char *const bad[] = {"",      ",",           "sha256,", ",sha256", "sha256,,md5",
                                      "sha25", "sha256,none", "SHA256",  "sha2566", "sha256 "};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK(digest_parse_kinds(bad[i]) == -1);
}

static void texts(void) {
    struct digest_set set = {.kinds = ALL};
    char text[DIGEST_TEXT];
    CHECK(digest_parse(DIGEST_CRC32, "00ff10aB", set.bytes[DIGEST_CRC32]));
    CHECK(strcmp(digest_text(&set, DIGEST_CRC32, text), "00ff10ab") == 0);
    static const char *const bad[] = {"",         "0",        "00ff10a",   "00ff10abc", "00ff10ag",
                                      "0x0f10ab", "-0ff10ab", " 00ff10ab", "00ff10ab "};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK(!digest_parse(DIGEST_CRC32, bad[i], set.bytes[DIGEST_CRC32]));
}

/* FIPS 180-4, RFC 1321, and "123456789" of CRC-32 */
static const struct {
    const char *bytes, *texts[DIGEST_KINDS];
} vectors[] = {
    {"",
     {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "da39a3ee5e6b4b0d3255bfef95601890afd80709", "d41d8cd98f00b204e9800998ecf8427e", "00000000"}},
    {"abc",
     {"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      "a9993e364706816aba3e25717850c26c9cd0d89d", "900150983cd24fb0d6963f7d28e17f72", "352441c2"}},
    {"123456789",
     {"15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
      "f7c3bc1d808e04732adf679965ccc34ca7ae3441", "25f9e794323b453885f5181f1b624d0b", "cbf43926"}},
};

/* The module stands beside the program, one or two folders above this test. */
static const struct digest *load(void) {
    static const char *const folders[] = {"..", "../.."};
    char own[PATH_MAX] = "", path[2 * PATH_MAX];
    CHECK(readlink("/proc/self/exe", own, sizeof(own) - 1) > 0);
    *strrchr(own, '/') = '\0';
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s/" DIGEST_MODULE, own, folders[i]);
        void *module = dlopen(path, RTLD_NOW);
        if (module)
            return dlsym(module, DIGEST_SYMBOL);
    }
    printf("# %s\n", dlerror());
    return NULL;
}

static void check_vector(const struct digest *digest, size_t at, size_t piece) {
    struct digest_state state;
    struct digest_set set;
    char text[DIGEST_TEXT];
    const char *bytes = vectors[at].bytes;
    digest->begin(&state, ALL);
    for (size_t left = strlen(bytes), n; left > 0; left -= n, bytes += n) {
        n = left < piece ? left : piece;
        digest->add(&state, bytes, n);
    }
    digest->end(&state, &set);
    CHECK(set.kinds == ALL);
    for (unsigned kind = 0; kind < DIGEST_KINDS; kind++)
        CHECK(strcmp(digest_text(&set, kind, text), vectors[at].texts[kind]) == 0);
}

static void vectors_of_the_standards(void) {
    const struct digest *digest = load();
    CHECK(digest != NULL);
    for (size_t i = 0; digest && i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        check_vector(digest, i, SIZE_MAX);
        check_vector(digest, i, 1);
    }
}

static void a_state_begins_anew(void) {
    const struct digest *digest = load();
    struct digest_state state;
    struct digest_set set;
    char text[DIGEST_TEXT];
    CHECK(digest != NULL);
    if (!digest)
        return;
    digest->begin(&state, ALL);
    digest->add(&state, "x", 1);
    digest->begin(&state, 1U << DIGEST_CRC32);
    digest->add(&state, "abc", 3);
    digest->end(&state, &set);
    CHECK(set.kinds == 1U << DIGEST_CRC32);
    CHECK(strcmp(digest_text(&set, DIGEST_CRC32, text), "352441c2") == 0);
}

int main(void) {
    check_run("digest: a list of names, and nothing else", lists_of_names);
    check_run("digest: hexadecimal of the right length, and nothing else", texts);
    check_run("digest: the module makes those of the standards, however the bytes are cut",
              vectors_of_the_standards);
    check_run("digest: nothing is left of what was begun before", a_state_begins_anew);
    return check_end();
}
