# What `make lint` runs: scripts/floors finds circles, and calls that go up, in a house that is built here; scripts/owners who
# writes what is not its own.
# shellcheck shell=bats
bats_require_minimum_version 1.5.0
load helpers

setup() {
    setup_sandbox
    cd "$T" || return
    # what calls down, and within its folder
    module src/serve '#include "verbs/rename.h"' 'int serve(void) { return verb_rename(); }'
    module src/verbs/rename '#include "store/store.h"' 'int verb_rename(void) { return store_move() + reply(); }'
    module src/verbs/reply '#include "base/clock.h"' 'extern int clock_ms; int reply(void) { return clock_ms + 1; }'
    module src/store/store '#include "base/clock.h"' 'extern int clock_ms; int store_move(void) { return clock_ms; }'
    module src/base/clock '' 'int clock_ms = 1;'
}
teardown() { teardown_sandbox; }

# module NAME INCLUDES CODE: a source, and a header that has nothing in it
module() {
    mkdir -p "${1%/*}"
    : >"$1.h"
    printf '%s\n%s\n' "$2" "$3" >"$1.c"
}

# ask [--left]: builds what is there, and asks scripts/floors about it
ask() {
    local source sources
    mapfile -t sources < <(find src -name '*.c' | sort)
    for source in "${sources[@]}"; do
        mkdir -p "obj/${source%/*}"
        gcc -O2 -Isrc -Wno-implicit-function-declaration -c -o "obj/${source%.c}.o" "$source"
    done
    "$TOP/scripts/floors" "$@" obj "${sources[@]}"
}

@test "floors: calls that go down, or stay in their folder, pass without a word" {
    run -0 ask
    [ -z "$output" ]
}

@test "floors: a circle of modules is told with all of them, and with what ties each two" {
    module src/verbs/reply '' 'int reply(void) { return finish(); } int reply_twice(void) { return reply(); }'
    module src/verbs/list '' 'int finish(void) { return verb_rename(); }'
    run -1 ask
    [ "$output" = "circle of 3 modules: verbs/list verbs/rename verbs/reply
  verbs/list -> verbs/rename: verb_rename
  verbs/rename -> verbs/reply: reply
  verbs/reply -> verbs/list: finish" ]
}

@test "floors: two circles are two, and who only calls into one is in none" {
    module src/verbs/reply '' 'int reply(void) { return verb_rename(); }'
    module src/base/path '' 'int path(void) { return fold() + tick(); }'
    module src/base/fold '' 'int fold(void) { return path(); }'
    module src/base/tick '' 'int tick(void) { return 1; }'
    run -1 ask
    [ "$(grep -v '^ ' <<<"$output")" = "circle of 2 modules: base/fold base/path
circle of 2 modules: verbs/rename verbs/reply" ]
}

@test "floors: a call that goes up is told, though it makes no circle of modules" {
    module src/store/stage '' 'int stage(void) { return reply(); }'
    run -1 ask
    [ "$output" = "call up: store/stage -> verbs/reply: reply
circle of 2 folders: store verbs
  store -> verbs: store/stage->verbs/reply
  verbs -> store: verbs/rename->store/store" ]
}

@test "floors: a call down into a folder that is none of its business is told" {
    module src/log/log '' 'int log_event(void) { return 0; }'
    module src/store/publish '' 'int publish(void) { return log_event(); }'
    run -1 ask
    [ "$output" = 'call aside: src/store/publish -> src/log/log: log_event' ]
}

@test "floors: the address of a function, and a table, are calls like others" {
    module src/base/hook '' 'extern int verb_rename(void); int (*const hook)(void) = verb_rename;'
    module src/base/names '' 'extern const int rows[]; int first(void) { return rows[0]; }'
    module src/store/table '' 'const int rows[] = {1};'
    run -1 ask
    grep -qx 'call up: base/hook -> verbs/rename: verb_rename' <<<"$output"
    grep -qx 'call up: base/names -> store/table: rows' <<<"$output"
}

@test "floors: a header of a floor above is not included, by a source or a header" {
    module src/base/clock '#include "store/store.h"' 'int clock_ms = 1;'
    printf '#include "serve.h"\n' >src/store/store.h
    run -1 ask
    [ "$output" = "base/clock.c includes upwards: store/store.h
store/store.h includes upwards: serve.h" ]
}

@test "floors: a folder that has no floor is told" {
    module src/attic/box '' 'extern int clock_ms; int box(void) { return clock_ms; }'
    run -1 ask
    grep -qx 'src/attic has no floor: see scripts/floors' <<<"$output"
}

@test "floors: objects that are not there, or in which nobody calls anybody, do not pass" {
    run -0 ask
    run ! "$TOP/scripts/floors" obj src/serve.c src/missing.c
    run -1 "$TOP/scripts/floors" obj src/base/clock.c
    [ "$output" = "no calls between modules were found in these objects" ]
    run -64 "$TOP/scripts/floors" obj
}

@test "floors: --left tells the same and how much it is, and does not fail" {
    module src/base/path '' 'int path(void) { return fold() + reply(); }'
    module src/base/fold '' 'int fold(void) { return path(); }'
    run -1 ask
    local told=$output
    run -0 ask --left
    [ "$output" = "$told
3 faults left among 7 modules" ]
}

@test "owners: a module that writes another's part of the session's state is told, its owner is not" {
    mkdir -p src/session src/verbs
    cat >src/session/watch.c <<'CODE'
void watch(struct session *session) { session->watch.aborted = true; session->watch.moved++; }
CODE
    cat >src/verbs/reader.c <<'CODE'
bool reads(struct session *session) { return session->watch.aborted == true && session->watch.moved >= 1; }
CODE
    run -0 "$TOP/scripts/owners" src/session/watch.c src/verbs/reader.c
    [ -z "$output" ]
    printf '%s\n' 'void a(struct session *session) {' '    session->watch.aborted = true;' \
        '    job->session->watch.moved += 5;' '    session->leave.over |= true;' '    ++session->who.tries;' \
        '    memcpy(session->place.cwd, "/", 2);' '    session->watch = (struct watch){0};' \
        '    session->watch.moved *= 2;' '    session->watch.moved <<= 1;' '    explicit_bzero(&session->retry.path, 9);' \
        '    (void)read(fd, session->reply.out, 9);' '    session->command = NULL;' '}' >src/verbs/writer.c
    run -1 "$TOP/scripts/owners" src/session/watch.c src/verbs/writer.c
    [ "$(cut -d: -f1-3 <<<"$output")" = "src/verbs/writer.c:2: writes what is owned by watch
src/verbs/writer.c:3: writes what is owned by watch
src/verbs/writer.c:4: writes what is owned by leave
src/verbs/writer.c:5: writes what is owned by who
src/verbs/writer.c:6: writes what is owned by place
src/verbs/writer.c:7: writes what is owned by session
src/verbs/writer.c:8: writes what is owned by watch
src/verbs/writer.c:9: writes what is owned by watch
src/verbs/writer.c:10: writes what is owned by retry
src/verbs/writer.c:11: writes what is owned by reply
src/verbs/writer.c:12: writes what is owned by session" ]
}
