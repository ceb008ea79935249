#include "client/number.c"
#include "client/reply.c"

#include "check.h"

/* Adds lines up to NULL, as control does. Returns what was wrong with the last one. */
static const char *add(struct reply *reply, const char *const *lines) {
    const char *wrong = NULL;
    reply_reset(reply);
    for (; *lines; lines++)
        wrong = reply_add(reply, *lines, strlen(*lines));
    return wrong;
}

#define ADD(reply, ...) add(reply, (const char *const[]){__VA_ARGS__, NULL})

static void one_line(void) {
    static struct reply reply;
    CHECK(ADD(&reply, "226 stored") == NULL);
    CHECK(reply.whole && reply.code == 226 && reply.lines == 1);
    CHECK(strcmp(reply_last_line(&reply), "226 stored") == 0);
    CHECK(ADD(&reply, "226") == NULL);
    CHECK(reply.whole && reply.code == 226);
}

static void many_lines(void) {
    static struct reply reply;
    CHECK(ADD(&reply, "211-Features:", "211-of this server", " 226 no end", "226 no end") == NULL);
    CHECK(!reply.whole && reply.code == 211);
    CHECK(reply_add(&reply, "211 End", 7) == NULL);
    CHECK(reply.whole && reply.lines == 5);
    CHECK(strcmp(reply_last_line(&reply), "211 End") == 0);
}

static void no_reply(void) {
    static struct reply reply;
    CHECK(ADD(&reply, "SSH-2.0-OpenSSH") != NULL);
    CHECK(reply.whole && reply.code == REPLY_NONE);
    CHECK(reply_last_line(&reply) == NULL);
    CHECK(ADD(&reply, "2260 stored") != NULL && reply.code == REPLY_NONE);
    CHECK(ADD(&reply, "22") != NULL && reply.code == REPLY_NONE);
}

static void reply_without_end(void) {
    static struct reply reply;
    const char *wrong = ADD(&reply, "211-Features:");
    int lines = 1;
    for (; !wrong && lines < 2 * REPLY_LINES_MOST; lines++)
        wrong = reply_add(&reply, " more", 5);
    CHECK(lines == REPLY_LINES_MOST + 1 && reply.whole && reply.code == REPLY_NONE);
    reply_reset(&reply);
    CHECK(reply_count(&reply, REPLY_BYTES_MOST) == NULL && !reply.whole);
    CHECK(reply_count(&reply, 1) != NULL && reply.code == REPLY_NONE);
}

static void too_much_to_keep(void) {
    static struct reply reply;
    static char line[REPLY_SIZE];
    memset(line, 'x', sizeof(line) - 1);
    CHECK(ADD(&reply, "211-Features:", " INLINE ALLO", line, "211 End") == NULL);
    CHECK(reply.whole && reply.length < REPLY_SIZE);
    CHECK(reply_has_feature(&reply, "INLINE ALLO"));
    CHECK(strcmp(reply_last_line(&reply), "211 End") == 0);
}

static void features(void) {
    static struct reply reply;
    (void)ADD(&reply, "211-Features:", " inline allo", " REST STREAM", "MDTM", " SIZE", "211 End");
    CHECK(reply_has_feature(&reply, "INLINE ALLO") && reply_has_feature(&reply, "SIZE"));
    CHECK(!reply_has_feature(&reply, "REST") && !reply_has_feature(&reply, "STREAM"));
    CHECK(!reply_has_feature(&reply, "MDTM") && !reply_has_feature(&reply, "INLINE"));
}

static void epsv(void) {
    CHECK(reply_epsv_port("229 Extended Passive Mode (|||50000|)") == 50000);
    CHECK(reply_epsv_port("229 (!!!1!)") == 1);
    CHECK(reply_epsv_port("229 (|||65535|)") == 65535);
    CHECK(reply_epsv_port("229 (|||65536|)") == -1);
    CHECK(reply_epsv_port("229 (|||0|)") == -1);
    CHECK(reply_epsv_port("229 (|||50000!)") == -1);
    CHECK(reply_epsv_port("229 (||!50000|)") == -1);
    CHECK(reply_epsv_port("229 (   50000 )") == -1);
    CHECK(reply_epsv_port("229 (|||-1|)") == -1);
    CHECK(reply_epsv_port("229 (") == -1 && reply_epsv_port("229") == -1);
}

static void pasv(void) {
    CHECK(reply_pasv_port("227 Entering Passive Mode (127,0,0,1,195,80)") == 50000);
    CHECK(reply_pasv_port("227 =127,0,0,1,0,1") == 1);
    CHECK(reply_pasv_port("227 127,0,0,1,255,255") == 65535);
    CHECK(reply_pasv_port("227 (127,0,0,1,256,0)") == -1);
    CHECK(reply_pasv_port("227 (127,0,0,1,0,0)") == -1);
    CHECK(reply_pasv_port("227 (127,0,0,1,195)") == -1);
    CHECK(reply_pasv_port("227 (127,0,0,1,-1,80)") == -1);
    CHECK(reply_pasv_port("227") == -1);
}

static void paths_sizes_and_digests(void) {
    char path[16], digest[9];
    CHECK(reply_path("257 \"/a\" is it", path, sizeof(path)) && strcmp(path, "/a") == 0);
    CHECK(reply_path("257 \"/a\"\"b\"", path, sizeof(path)) && strcmp(path, "/a\"b") == 0);
    CHECK(!reply_path("257 /a", path, sizeof(path)) && !reply_path("257 \"", path, sizeof(path)));
    CHECK(!reply_path("257 \"\"", path, sizeof(path)));
    CHECK(!reply_path("257 \"/longer than fits\"", path, sizeof(path)));
    CHECK(reply_size("213 42") == 42 && reply_size("213 0") == 0 && reply_size("213") == -1);
    CHECK(reply_size("213 -1") == -1 && reply_size("213 99999999999999999999") == -1);
    CHECK(reply_size("213 4x") == -1);
    CHECK(reply_digest("250 DEADbeef", digest, 8) && strcmp(digest, "deadbeef") == 0);
    CHECK(reply_digest("213 MD5 0-5 deadbeef a", digest, 8) &&
          !reply_digest("250 dead", digest, 8));
    CHECK(!reply_digest("250 deadbeef0", digest, 8) && !reply_digest("250 deadbeeg", digest, 8));
}

static void values_of_features(void) {
    static struct reply reply;
    char value[8];
    CHECK(ADD(&reply, "211-Features:", " HASHES no", " HASH MD5;SHA-1*", " MFMT", "211 End") ==
          NULL);
    CHECK(reply_feature_value(&reply, "HASH", value, sizeof(value)));
    CHECK(strcmp(value, "MD5;SHA") == 0);
    CHECK(!reply_feature_value(&reply, "MFMT", value, sizeof(value)));
    CHECK(reply_has_feature(&reply, "MFMT") && !reply_has_feature(&reply, "HASH"));
}

int main(void) {
    check_run("reply of the server: of one line, with text or without", one_line);
    check_run("reply of the server: many lines, up to a blank after the same code", many_lines);
    check_run("reply of the server: what begins without a code is none", no_reply);
    check_run("reply of the server: one that does not end is none", reply_without_end);
    check_run("reply of the server: of a long one the lines that fit are kept", too_much_to_keep);
    check_run("reply of the server: a feature is a whole line of FEAT, in any case", features);
    check_run("reply of the server: the port in 229", epsv);
    check_run("reply of the server: the port in 227", pasv);
    check_run("reply: paths, sizes and digests", paths_sizes_and_digests);
    check_run("reply: values of features", values_of_features);
    return check_end();
}
