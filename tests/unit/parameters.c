/* How long what a client has said about its transfers holds. */
#include "session/parameters.h"

#include <stdio.h>
#include <string.h>

#include "check.h"

static struct parameters parameters;
static uint64_t size;

static void allo_is_for_one_upload(void) {
    parameters_reset(&parameters, false);
    CHECK(!parameters_announced(&parameters, true, &size) && size == 0);
    parameters_announce(&parameters, 7);
    CHECK(parameters_announced(&parameters, true, &size) && size == 7);
    CHECK(parameters_announced(&parameters, false, &size) && size == 7);
    parameters_spend(&parameters, true);
    CHECK(!parameters_announced(&parameters, true, &size) && size == 0);
}

static void other_commands_end_allo_but_for_inline_data(void) {
    parameters_reset(&parameters, false);
    parameters_announce(&parameters, 7);
    parameters_spend(&parameters, false);
    CHECK(!parameters_announced(&parameters, false, &size) && size == 0);
    CHECK(parameters_announced(&parameters, true, &size) && size == 7);
    parameters_announce(&parameters, 8);
    CHECK(parameters_announced(&parameters, false, &size) && size == 8);
}

static void allo_that_is_not_understood_is_refused(void) {
    parameters_reset(&parameters, false);
    parameters_announce(&parameters, 7);
    parameters_doubt_size(&parameters);
    CHECK(parameters.allo_refused && !parameters_announced(&parameters, true, &size));
    parameters_spend(&parameters, false);
    CHECK(parameters.allo_refused); /* where the data end is still unknown */
    parameters_spend(&parameters, true);
    CHECK(!parameters.allo_refused);
}

static void rest_is_for_the_next_command(void) {
    parameters_reset(&parameters, false);
    parameters_restart_at(&parameters, 5);
    parameters_spend(&parameters, false);
    CHECK(parameters.restart == 0);
}

static void type_is_the_default_until_it_is_given(void) {
    parameters_reset(&parameters, true);
    CHECK(parameters.ascii && !parameters.type_given);
    parameters_set_type(&parameters, false);
    CHECK(!parameters.ascii && parameters.type_given);
    parameters_spend(&parameters, true);
    CHECK(parameters.type_given);
    parameters_reset(&parameters, true);
    CHECK(parameters.ascii && !parameters.type_given);
}

static void a_declared_digest_is_for_the_next_upload(void) {
    static const uint8_t digest[DIGEST_SIZE] = {1, 2, 3};
    parameters_reset(&parameters, false);
    CHECK(!parameters.declared);
    parameters_declare(&parameters, digest);
    CHECK(parameters.declared && memcmp(parameters.digest, digest, sizeof(digest)) == 0);
    parameters_spend(&parameters, false); /* whatever comes between */
    CHECK(parameters.declared);
    parameters_spend(&parameters, true);
    CHECK(!parameters.declared);
    parameters_declare(&parameters, digest);
    parameters_declare(&parameters, NULL);
    CHECK(!parameters.declared);
    parameters_declare(&parameters, digest);
    parameters_reset(&parameters, false);
    CHECK(!parameters.declared);
}

int main(void) {
    check_run("parameters: ALLO is for one upload", allo_is_for_one_upload);
    check_run("parameters: other commands end ALLO, except for inline data",
              other_commands_end_allo_but_for_inline_data);
    check_run("parameters: where ALLO is not understood, no inline upload may begin",
              allo_that_is_not_understood_is_refused);
    check_run("parameters: a declared digest is for the next upload, whatever comes between",
              a_declared_digest_is_for_the_next_upload);
    check_run("parameters: REST is for the next command", rest_is_for_the_next_command);
    check_run("parameters: the type is the default until TYPE",
              type_is_the_default_until_it_is_given);
    return check_end();
}
