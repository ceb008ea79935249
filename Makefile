# `make help` lists the targets.
VERSION = 0.1.0

# Where things are installed
PREFIX = /usr/local
SYSCONFDIR = /etc
LIBEXECDIR = $(PREFIX)/libexec/stord
UNITDIR = $(PREFIX)/lib/systemd/system
SBINDIR = $(PREFIX)/sbin
ZSHDIR = $(PREFIX)/share/zsh/site-functions
DESTDIR =

# OUT and OBJ: where programs and objects go; other builds (make asan) have their own
OUT = .
OBJ = build/obj

CC = gcc
CFLAGS = -O2 -g
WARNINGS = -Wall -Wextra -Wshadow -Wconversion -Werror
HARDENING = -fstack-protector-strong -fstack-clash-protection $(CONTROL_FLOW) -D_FORTIFY_SOURCE=2
# which compilers for other processors refuse
CONTROL_FLOW := $(if $(filter x86_64-% i%86-%,$(shell $(CC) -dumpmachine)),-fcf-protection)
LINK_HARDENING = -Wl,-z,relro,-z,now,-z,noexecstack
COMPILE = $(CC) -std=gnu17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 -DSTORD_VERSION='"$(VERSION)"' -Isrc $(WARNINGS) $(HARDENING) \
	-MMD -MP $(CPPFLAGS) $(CFLAGS)

# Modules, which link what handler loads only when it is needed, and their libraries by pkg-config
MODULES = systemd password tls digest
systemd_LIBRARY = libsystemd
password_LIBRARY = libcrypt
tls_LIBRARY = openssl
digest_LIBRARY = nettle zlib
TLS_OBJECTS = $(patsubst %.c,$(OBJ)/%.o,$(wildcard src/tls/*.c))

SOURCES = handler.c client.c $(wildcard src/*.c src/*/*.c)
HEADERS = $(wildcard src/*.h src/*/*.h)
HANDLER_SOURCES = $(filter-out client.c src/client/% src/tls/% %_module.c,$(SOURCES))
CLIENT_SOURCES = client.c $(wildcard src/client/*.c) src/net/conn.c src/base/await.c src/base/clock.c src/base/escape.c src/base/fingerprint.c
UNITS = $(notdir $(basename $(wildcard tests/unit/*.c)))
FUZZERS = $(notdir $(basename $(wildcard tests/fuzz/*.c)))
SCRIPTS = .ci/run $(filter-out scripts/ctl,$(wildcard scripts/*)) $(wildcard scripts/ctl/*.bash) tests/run tests/npm tests/peers tests/mirror tests/trixie tests/with-systemd \
	tests/ktls/guest tests/ktls/run tests/machines/guest tests/machines/run tests/oldkernel/guest tests/oldkernel/run \
	tests/powercut/guest tests/powercut/kernel tests/powercut/prepare \
	$(wildcard tests/*.bash tests/systemd/*.sh debian/*.prerm debian/*.postinst debian/*.postrm)
FUZZ_SECONDS = 60

# For the makes that are started here and build something
ALL_CORES = -j$(shell nproc)

# What has to be installed, by Debian's names, as scripts/need takes them
BUILD_PACKAGES = gcc make libc6-dev libcrypt-dev pkg-config libssl-dev libsystemd-dev nettle-dev zlib1g-dev
DEMO_PACKAGES = $(BUILD_PACKAGES) systemd
TEST_PACKAGES = $(DEMO_PACKAGES) aria2 bats bsdextrautils busybox ckermit clamav-daemon clamdscan curl gnutls-bin inetutils-ftp iproute2 ipsvd \
	libio-socket-ssl-perl lftp lua-socket lua5.4 man-db mandoc mono-mcs ncftp openssh-client openssl passwd perl php-cli procps \
	python3 python3-prometheus-client python3-pyftpdlib rclone socat strace testssl.sh tnftp ucspi-tcp util-linux webalizer/- wput zsh $(PEER_LIBRARIES) $(FILE_SYSTEMS) $(DEB_PACKAGES) \
	$(CLANG_PACKAGES) $(CONTAINER_PACKAGES)
# what builds and runs containers
CONTAINER_PACKAGES = crun nftables podman uidmap
# what makes, mounts and watches file systems
FILE_SYSTEMS = acl bindfs btrfs-progs dosfstools e2fsprogs exfat-fuse exfatprogs fuse3 fusefat \
	inotify-tools mergerfs mount xfsprogs
# what the daemons need that tests/peers unpacks
PEER_LIBRARIES = libaudit1 libbsd0 libcap-ng0 libevent-2.1-7t64/libevent-2.1-7 libgssapi-krb5-2 libhashkit2t64/libhashkit2 \
	libhiredis1.1.0/libhiredis0.14 libmemcached11t64/libmemcached11 libmemcachedutil2t64/libmemcachedutil2 libnsl2 \
	libpam0g libpcre2-posix3 libselinux1 libsodium23 libtirpc3t64/libtirpc3 libwrap0 libwtmpdb0/-
LINT_PACKAGES = $(BUILD_PACKAGES) clang clang-format clang-tidy cppcheck shellcheck systemd mandoc
DEB_PACKAGES = $(BUILD_PACKAGES) build-essential debhelper dpkg-dev lintian
# what sanitizers need of clang; the package without a number has those of each release's clang
CLANG_PACKAGES = clang libclang-rt-dev
SANITIZER_PACKAGES = $(TEST_PACKAGES)
FUZZ_PACKAGES = $(CLANG_PACKAGES)

# What has the tables of options in it; other builds make none.
MANUAL = build/man/stord-handler.8
FROM_OPTIONS = $(MANUAL) build/man/stor.1 build/completion/stor build/completion/_stor

all: $(OUT)/handler $(OUT)/client $(MODULES:%=$(OUT)/stord-%.so) $(if $(filter .,$(OUT)),$(FROM_OPTIONS)) ## build everything

$(OUT)/handler: $(HANDLER_SOURCES:%.c=$(OBJ)/%.o)
	@echo "  LINK $@"
	@$(COMPILE) -pie $(LINK_HARDENING) -o $@ $^ $(LDFLAGS)

$(OUT)/client: $(CLIENT_SOURCES:%.c=$(OBJ)/%.o) $(TLS_OBJECTS)
	@echo "  LINK $@"
	@$(COMPILE) -pie $(LINK_HARDENING) -o $@ $^ $$(pkg-config --libs $(tls_LIBRARY)) $(LDFLAGS)

$(OUT)/stord-tls.so: $(TLS_OBJECTS)
$(OUT)/stord-systemd.so: $(OBJ)/src/log/systemd_module.o
$(OUT)/stord-password.so: $(OBJ)/src/users/password_module.o
$(OUT)/stord-digest.so: $(OBJ)/src/base/digest_module.o
$(OUT)/stord-%.so:
	@echo "  LINK $@"
	@$(COMPILE) -shared $(LINK_HARDENING) -o $@ $^ $$(pkg-config --libs $($*_LIBRARY)) $(LDFLAGS) -Wl,--no-as-needed -lc

$(OBJ)/src/log/systemd_module.o $(OBJ)/src/users/password_module.o $(OBJ)/src/base/digest_module.o: $(OBJ)/%.o: %.c
	@echo "  CC $<"
	@mkdir -p $(@D)
	@$(COMPILE) -fPIC -fvisibility=hidden $$(pkg-config --cflags $($(patsubst %_module,%,$(*F))_LIBRARY)) -c -o $@ $<

$(OBJ)/src/tls/%.o: src/tls/%.c
	@echo "  CC $<"
	@mkdir -p $(@D)
	@$(COMPILE) -fPIC -fvisibility=hidden $$(pkg-config --cflags $(tls_LIBRARY)) -c -o $@ $<

$(MANUAL): doc/stord-handler.8 doc/options.mdoc handler scripts/manual
	@echo "  MAN $@"
	@mkdir -p $(@D)
	@scripts/manual ./handler doc/stord-handler.8 doc/options.mdoc >$@.new
	@mv $@.new $@

build/man/stor.1: doc/stor.1 client
	@echo "  MAN $@"
	@mkdir -p $(@D)
	@./client --help=mdoc >$@.list
	@sed -e '/^\.\\" @OPTIONS@/{r $@.list' -e 'd}' doc/stor.1 >$@.new
	@rm $@.list
	@mv $@.new $@

build/completion/stor: client
	@mkdir -p $(@D)
	@./client --help=bash >$@

build/completion/_stor: client
	@mkdir -p $(@D)
	@./client --help=zsh >$@

$(OBJ)/%.o: %.c
	@echo "  CC $<"
	@mkdir -p $(@D)
	@$(COMPILE) -fPIE -c -o $@ $<

# Unit tests include the .c under test, or are linked with the modules that they need.
$(OBJ)/handler.a: $(filter-out $(OBJ)/handler.o,$(HANDLER_SOURCES:%.c=$(OBJ)/%.o))
	@rm -f $@
	@ar rcs $@ $^

$(OBJ)/../unit/%: tests/unit/%.c $(OBJ)/handler.a
	@echo "  CC $<"
	@mkdir -p $(@D)
	@$(COMPILE) -o $@ $< $(OBJ)/handler.a $(LDFLAGS)

build/tools/%: tests/tools/%.c
	@echo "  CC $<"
	@mkdir -p $(@D)
	@$(COMPILE) -o $@ $<

# What measures, and what is measured against: never with sanitizers; floor without libraries to load
BENCH_TOOLS = build/tools/floor build/tools/spawner build/tools/uploads
$(BENCH_TOOLS): build/tools/%: tests/tools/%.c
	@echo "  CC $<"
	@mkdir -p $(@D)
	@$(CC) -std=gnu17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -O2 $(WARNINGS) $(if $(findstring floor,$@),-static) -o $@ $<

# Linked with the library whose functions it stands before
build/tools/%.so: tests/preload/%.c
	@echo "  CC $<"
	@mkdir -p $(@D)
	@$(COMPILE) -fPIC -shared -Wl,--no-as-needed -o $@ $< $$(pkg-config --libs libcrypt)

# A handler that tries what an intruder would, by a command of its own: see tests/intruder. Modules
# are looked for beside it.
INTRUDER_WRAPPED = verb_run sandbox_enter sandbox_narrow sandbox_enter_helper landlock_enter filter_enter \
	users_find
INTRUDER_SOURCES = $(wildcard tests/intruder/*.c)
$(OBJ)/../intruder/handler: $(INTRUDER_SOURCES:%.c=$(OBJ)/%.o) $(HANDLER_SOURCES:%.c=$(OBJ)/%.o) \
		$(MODULES:%=$(OUT)/stord-%.so)
	@echo "  LINK $@"
	@mkdir -p $(@D)
	@cp $(filter %.so,$^) $(@D)
	@$(COMPILE) -pie $(LINK_HARDENING) $(INTRUDER_WRAPPED:%=-Wl,--wrap=%) -o $@ $(filter %.o,$^) $(LDFLAGS)

-include $(SOURCES:%.c=$(OBJ)/%.d) $(UNITS:%=$(OBJ)/../unit/%.d) $(INTRUDER_SOURCES:%.c=$(OBJ)/%.d)

need-%:
	@scripts/need $($*_PACKAGES)

tests-built: all $(UNITS:%=$(OBJ)/../unit/%) build/tools/count build/tools/deny build/tools/plainfs \
	build/tools/count_crypt.so build/tools/complain.so build/tools/no_exchange.so build/tools/later.so \
	$(BENCH_TOOLS) $(OBJ)/../intruder/handler

demo: need-DEMO ## install what is missing, build, and show an upload by socket activation
	@$(MAKE) $(ALL_CORES) --no-print-directory all
	@scripts/demo

export TEST # to tests/run, whatever quotes it has
check: need-TEST ## install what tests need, build, run all tests, JOBS files at once; TESTS='FILE...': only these files; TEST='words': only tests with these words in their names
	@$(MAKE) $(ALL_CORES) --no-print-directory tests-built
	@tests/peers
	@command -v node >/dev/null || scripts/need nodejs
	@tests/npm
	@tests/run $(TESTS)

# On another Debian, which tests/trixie makes for it; of a Debian 12 it is the next one. SHORT_TESTS: what is bound
# most to versions of tools and libraries.
TRIXIE = INSTEAD='make -C $(CURDIR) $@' tests/trixie
SHORT_TESTS = tests/packages.bats tests/tls_clients.bats tests/testssl.bats tests/systemd.bats tests/check.bats \
	$(wildcard tests/filesystems*.bats) tests/client_tls.bats tests/xferlog.bats tests/run.bats
# what these need, of all that tests need; each says so where something is missing, and fails
SHORT_PACKAGES = $(DEMO_PACKAGES) $(DEB_PACKAGES) $(FILE_SYSTEMS) $(PEER_LIBRARIES) bats bsdextrautils curl gnutls-bin \
	iproute2 ipsvd libio-socket-ssl-perl lftp man-db nftables openssl passwd perl php-cli procps python3 rclone socat strace \
	testssl.sh util-linux webalizer/- wput
trixie: ## on a new Debian 13, as root: build, demo, packages, and the tests that its versions break first; 6 minutes
	@$(TRIXIE) make demo check TESTS='$(SHORT_TESTS)' TEST_PACKAGES='$(SHORT_PACKAGES)'

check-trixie: ## all tests on a new Debian 13, as root; TMPFS=yes: with /tmp in memory
	@$(TRIXIE) make check TESTS='$(TESTS)'

faults: need-TEST ## let every system call of an upload fail once, in every way; takes minutes
	@$(MAKE) $(ALL_CORES) --no-print-directory tests-built
	@tests/faults

N = 1000
torture: need-TEST ## kill handlers and clients N times in the middle of uploads, and some more in bad conditions
	@$(MAKE) $(ALL_CORES) --no-print-directory tests-built
	@tests/torture $(N)
	@tests/kills --wait auto,20 --kills $$(( $(N) / 20 ))
	@tests/couriers --uploads $$(( $(N) * 10 ))

SECONDS = 3600
model: need-TEST ## sessions at random against a model of what must be there, SECONDS long, by SEED
	@$(MAKE) $(ALL_CORES) --no-print-directory all
	@tests/model.py --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

STORM = --seconds 60 --kill
storm: need-TEST ## eight sessions that write to the same files at once, and are killed; STORM: how
	@$(MAKE) $(ALL_CORES) --no-print-directory all
	@tests/storm $(STORM)

POWERCUT_PACKAGES = $(BUILD_PACKAGES) busybox cpio e2fsprogs gzip python3
powercut: need-POWERCUT ## cut the power of an emulated machine that stores uploads, ROUNDS times
	@$(MAKE) $(ALL_CORES) --no-print-directory all
	@tests/powercut/run

KTLS_PACKAGES = $(POWERCUT_PACKAGES) curl openssl
ktls: need-KTLS ## upload under TLS in an emulated machine whose kernel knows TLS
	@$(MAKE) --no-print-directory all
	@tests/ktls/run

OLDKERNEL_PACKAGES = $(POWERCUT_PACKAGES) curl
oldkernel: need-OLDKERNEL ## sessions in an emulated machine whose kernel has an older Landlock, or none
	@$(MAKE) $(ALL_CORES) --no-print-directory all $(OBJ)/../intruder/handler
	@tests/oldkernel/run

MACHINES_PACKAGES = debootstrap git util-linux
MACHINES =
machines: need-MACHINES ## build and test for arm64, armhf, i386, riscv64 in a Debian 13 with emulators; MACHINES: which
	@tests/trixie tests/machines/run $(MACHINES)

BENCH_CLIENT_PACKAGES = $(BUILD_PACKAGES) curl lftp ncftp python3 systemd
BENCH_PACKAGES = $(BENCH_CLIENT_PACKAGES) gnuplot-nox iproute2 ipsvd openssl perl util-linux $(PEER_LIBRARIES)
BENCH = tests/bench/run $(ROUNDS:%=--rounds %) $(if $(ONLY),--only '$(ONLY)')
bench: bench-built ## compare with other FTP servers, and the uploader with others, ROUNDS times, and write doc/bench.md; ONLY='small idle': only print these measures of servers
	@$(BENCH) $(if $(ONLY),,--report doc/bench.md --plot doc/bench.svg --readme README.md)
	@$(if $(ONLY),:,tests/bench-client --report doc/bench.md $(ROUNDS))

bench-quick: bench-built ## the same with less of all, and only print; 3 minutes
	@$(BENCH) --size quick

bench-built: need-BENCH
	@$(MAKE) -s $(ALL_CORES) --no-print-directory all $(BENCH_TOOLS)
	@tests/peers

BENCH_APPEND_PACKAGES = $(BUILD_PACKAGES) e2fsprogs mount python3 $(PEER_LIBRARIES)
bench-append: need-BENCH_APPEND ## measure appends to a large file, ROUNDS times, and compare
	@$(MAKE) $(ALL_CORES) --no-print-directory all
	@tests/peers
	@tests/bench-append $(ROUNDS)

bench-client: need-BENCH_CLIENT ## compare the uploader with curl, lftp and ncftpput, ROUNDS times, and only print
	@$(MAKE) $(ALL_CORES) --no-print-directory all
	@tests/bench-client $(ROUNDS)

BENCH_UNITS_PACKAGES = $(BUILD_PACKAGES) ipsvd procps python3 strace systemd ucspi-tcp util-linux $(PEER_LIBRARIES)
bench-units: need-BENCH_UNITS ## measure small sessions by systemd, stord-busy.service and xinetd, and compare
	@$(MAKE) $(ALL_CORES) --no-print-directory all
	@tests/peers
	@tests/bench-units $(ROUNDS)

growth: need-BENCH_UNITS ## what 200,000 uploads, 1,000,000 names and 1,000 idle sessions cost; some minutes, as root
	@$(MAKE) $(ALL_CORES) --no-print-directory all
	@tests/peers
	@tests/growth uploads
	@tests/growth folder
	@tests/growth sessions

# Each compiler has its own objects
ASAN_OUT = build/asan$(if $(findstring clang,$(CC)),-clang)
ASAN = OUT=$(ASAN_OUT) OBJ=$(ASAN_OUT)/obj HARDENING= \
	CFLAGS='-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer'
asan: need-SANITIZER ## the tests of files with the tag asan (or TESTS, or TEST) with AddressSanitizer and UBSan; also with CC=clang
	@$(MAKE) --no-print-directory asan-built
	@tests/peers
	@BUILD=$(ASAN_OUT) HANDLER=$(CURDIR)/$(ASAN_OUT)/handler CLIENT=$(CURDIR)/$(ASAN_OUT)/client \
		TAG=$(if $(TESTS),,asan) tests/run $(TESTS)
asan-built:
	@mkdir -p $(ASAN_OUT)
	@$(MAKE) $(ALL_CORES) --no-print-directory $(ASAN) tests-built

fuzz: need-FUZZ ## fuzz what reads bytes from strangers, FUZZ_SECONDS each
	@$(MAKE) $(ALL_CORES) --no-print-directory $(FUZZERS:%=build/fuzz/%)
	@scripts/fuzz $(FUZZ_SECONDS) $(FUZZERS)

FUZZ_COMPILE = clang -std=gnu17 -D_GNU_SOURCE -Isrc -DSTORD_VERSION='"$(VERSION)"' $(WARNINGS) -g -O1 \
	-fno-sanitize-recover=all
build/fuzz/%: tests/fuzz/%.c $(SOURCES) $(HEADERS)
	@echo "  FUZZ $<"
	@mkdir -p $(@D)
	@$(FUZZ_COMPILE) -fsanitize=fuzzer,address,undefined -o $@ $<

# The whole session is linked, with what it would wait for or reach by a network replaced.
FUZZ_SESSION = $(patsubst %.c,build/fuzz/%.o,$(filter-out $(NO_SESSION),$(HANDLER_SOURCES)))
NO_SESSION = handler.c src/serve.c src/start.c src/rlimits.c src/log/systemd.c src/check/% src/sandbox/%
FUZZ_WRAPPED = sandbox_narrow sandbox_enter_helper poll ppoll clock_gettime socket bind listen getsockname accept4 connect fallocate
build/fuzz/session: tests/fuzz/session.c $(FUZZ_SESSION)
	@echo "  FUZZ $<"
	@$(FUZZ_COMPILE) -fsanitize=fuzzer,address,undefined $(FUZZ_WRAPPED:%=-Wl,--wrap=%) -o $@ $^

# The same, over what stands in for TLS
build/fuzz/tls: tests/fuzz/tls.c tests/fuzz/session.c tests/fuzz/tls_standin.h $(FUZZ_SESSION)
	@echo "  FUZZ $<"
	@$(FUZZ_COMPILE) -fsanitize=fuzzer,address,undefined $(FUZZ_WRAPPED:%=-Wl,--wrap=%) -o $@ $< $(filter %.o,$^)

# The uploader's session, with what it would wait for or reach by a network replaced, over the same
FUZZ_CLIENT = $(patsubst %.c,build/fuzz/%.o,$(filter-out client.c,$(CLIENT_SOURCES)))
FUZZ_CLIENT_WRAPPED = poll clock_gettime socket connect getaddrinfo freeaddrinfo getpeername getsockopt setsockopt printf fprintf \
	report_stored secret_want_password secret_want_account
build/fuzz/client: tests/fuzz/client.c tests/fuzz/tls_standin.h $(FUZZ_CLIENT)
	@echo "  FUZZ $<"
	@$(FUZZ_COMPILE) -fsanitize=fuzzer,address,undefined $(FUZZ_CLIENT_WRAPPED:%=-Wl,--wrap=%) -o $@ $< $(filter %.o,$^)

build/fuzz/src/%.o: src/%.c $(HEADERS)
	@mkdir -p $(@D)
	@$(FUZZ_COMPILE) -fsanitize=fuzzer-no-link,address,undefined -c -o $@ $<

lint: need-LINT ## formatting, warnings of gcc and clang, who calls whom, clang-tidy, cppcheck, shellcheck, units, man pages
	@scripts/lint '$(SOURCES)' '$(SCRIPTS)' '$(wildcard tests/*.bats)'

FLOORS =
floors: all ## who calls whom: circles, and calls that go up; FLOORS=--left: without failing
	@scripts/floors $(FLOORS) $(OBJ) $(HANDLER_SOURCES)
	@scripts/floors $(FLOORS) $(OBJ) $(CLIENT_SOURCES) $(wildcard src/tls/*.c)

EVENT_UNITS = stord-events.path stord-events.timer stord-events.service

INSTALLED = $(LIBEXECDIR)/handler $(MODULES:%=$(LIBEXECDIR)/stord-%.so) $(PREFIX)/bin/stor \
	$(UNITDIR)/stord.socket $(UNITDIR)/stord@.service $(PREFIX)/lib/sysusers.d/stord.conf \
	$(UNITDIR)/stord-tls.socket $(UNITDIR)/stord-busy.service \
	$(EVENT_UNITS:%=$(UNITDIR)/%) \
	$(UNITDIR)/stord-tls@.service $(UNITDIR)/stord-tls@.service.d/00-tls.conf \
	$(UNITDIR)/stord-inline.socket $(UNITDIR)/stord-metrics.socket $(UNITDIR)/stord-metrics@.service \
	$(UNITDIR)/stord-inline@.service $(UNITDIR)/stord-inline@.service.d/00-inline.conf \
	$(UNITDIR)/stord.slice $(PREFIX)/share/doc/stord/fast.conf \
	$(PREFIX)/lib/systemd/catalog/stord.catalog \
	$(PREFIX)/lib/tmpfiles.d/stord.conf $(SYSCONFDIR)/xinetd.d/stord \
	$(PREFIX)/share/man/man8/stord-handler.8 $(PREFIX)/share/man/man7/stord.7 \
	$(PREFIX)/share/man/man1/stor.1 $(UNITDIR)/stor-outbox@.path $(UNITDIR)/stor-outbox@.service \
	$(PREFIX)/share/bash-completion/completions/stor $(ZSHDIR)/_stor \
	$(UNITDIR)/stord-check.service $(UNITDIR)/stord-check.timer \
	$(CHECKED:%=$(UNITDIR)/%@check.service.d/zz-check.conf) \
	$(SBINDIR)/stordctl $(CTL:scripts/ctl/%=$(PREFIX)/share/stord/%) $(PREFIX)/share/man/man8/stordctl.8 \
	$(PREFIX)/share/bash-completion/completions/stordctl $(ZSHDIR)/_stordctl

# Whose instance "check" looks at the settings of the others
CHECKED = stord stord-tls stord-inline
CTL = $(wildcard scripts/ctl/*.bash)

# $(call put,MODE,FROM,TO): installs one file, with its paths changed to where things go
put = install -d "$(DESTDIR)$(dir $(3))" && \
	sed 's|/usr/local/libexec/stord|$(LIBEXECDIR)|g; s|/usr/local/lib/systemd/system|$(UNITDIR)|g; s|/usr/local/sbin|$(SBINDIR)|g' $(2) | \
	sed 's|/usr/local/share/|$(PREFIX)/share/|g; s|/usr/local/lib/|$(PREFIX)/lib/|g; s|/usr/local/bin/|$(PREFIX)/bin/|g' >"$(DESTDIR)$(3)" && \
	chmod $(1) "$(DESTDIR)$(3)"

install: all ## install below PREFIX (and SYSCONFDIR), perhaps into DESTDIR
	@install -D -m 755 handler "$(DESTDIR)$(LIBEXECDIR)/handler"
	@install -D -m 644 -t "$(DESTDIR)$(LIBEXECDIR)" $(MODULES:%=stord-%.so)
	@install -D -m 755 client "$(DESTDIR)$(PREFIX)/bin/stor"
	@$(call put,644,units/stord.socket,$(UNITDIR)/stord.socket)
	@$(call put,644,units/stord-busy.service,$(UNITDIR)/stord-busy.service)
	@$(call put,644,units/stord@.service,$(UNITDIR)/stord@.service)
	@$(foreach unit,$(EVENT_UNITS),$(call put,644,units/$(unit),$(UNITDIR)/$(unit)) &&) :
	@$(call put,644,units/stord-tls.socket,$(UNITDIR)/stord-tls.socket)
	@$(call put,644,units/stord@.service,$(UNITDIR)/stord-tls@.service)
	@$(call put,644,units/stord-tls@.service.conf,$(UNITDIR)/stord-tls@.service.d/00-tls.conf)
	@$(call put,644,units/stord-inline.socket,$(UNITDIR)/stord-inline.socket)
	@$(call put,644,units/stord-metrics.socket,$(UNITDIR)/stord-metrics.socket)
	@$(call put,644,units/stord-metrics@.service,$(UNITDIR)/stord-metrics@.service)
	@$(call put,644,units/stord@.service,$(UNITDIR)/stord-inline@.service)
	@$(call put,644,units/stord-inline@.service.conf,$(UNITDIR)/stord-inline@.service.d/00-inline.conf)
	@$(call put,644,units/stord.slice,$(UNITDIR)/stord.slice)
	@$(call put,644,units/fast.conf,$(PREFIX)/share/doc/stord/fast.conf)
	@$(call put,644,units/stord.catalog,$(PREFIX)/lib/systemd/catalog/stord.catalog)
	@$(call put,644,units/stord.sysusers.conf,$(PREFIX)/lib/sysusers.d/stord.conf)
	@$(call put,644,units/stord.tmpfiles.conf,$(PREFIX)/lib/tmpfiles.d/stord.conf)
	@$(call put,644,xinetd.d/stord,$(SYSCONFDIR)/xinetd.d/stord)
	@install -d "$(DESTDIR)$(SYSCONFDIR)/stord"
	@$(call put,644,$(MANUAL),$(PREFIX)/share/man/man8/stord-handler.8)
	@$(call put,644,doc/stord.7,$(PREFIX)/share/man/man7/stord.7)
	@$(call put,644,build/man/stor.1,$(PREFIX)/share/man/man1/stor.1)
	@$(call put,644,units/stor-outbox@.path,$(UNITDIR)/stor-outbox@.path)
	@$(call put,644,units/stor-outbox@.service,$(UNITDIR)/stor-outbox@.service)
	@$(call put,644,build/completion/stor,$(PREFIX)/share/bash-completion/completions/stor)
	@$(call put,644,build/completion/_stor,$(ZSHDIR)/_stor)
	@$(call put,644,units/stord-check.service,$(UNITDIR)/stord-check.service)
	@$(call put,644,units/stord-check.timer,$(UNITDIR)/stord-check.timer)
	@for unit in $(CHECKED); do $(call put,644,units/stord-check.conf,$(UNITDIR)/$$unit@check.service.d/zz-check.conf) || exit; done
	@$(call put,755,scripts/stordctl,$(SBINDIR)/stordctl)
	@for file in $(notdir $(CTL)); do $(call put,644,scripts/ctl/$$file,$(PREFIX)/share/stord/$$file) || exit; done
	@$(call put,644,doc/stordctl.8,$(PREFIX)/share/man/man8/stordctl.8)
	@$(call put,644,scripts/ctl/completion/stordctl,$(PREFIX)/share/bash-completion/completions/stordctl)
	@$(call put,644,scripts/ctl/completion/_stordctl,$(ZSHDIR)/_stordctl)
	@$(if $(DESTDIR),:,scripts/next $(PREFIX) $(LIBEXECDIR))

deb: need-DEB ## build Debian packages in build/deb
	@scripts/deb

IMAGE_PACKAGES = $(BUILD_PACKAGES) ipsvd
image: need-IMAGE ## build a container image, by podman, buildah or docker
	@$(MAKE) $(ALL_CORES) --no-print-directory all
	@scripts/image

uninstall: ## take away what install put there
	rm -f $(INSTALLED:%="$(DESTDIR)%")
	rmdir "$(DESTDIR)$(PREFIX)/share/stord" "$(DESTDIR)$(LIBEXECDIR)" "$(DESTDIR)$(UNITDIR)"/stord*@*.d \
		"$(DESTDIR)$(PREFIX)/share/doc/stord" "$(DESTDIR)$(SYSCONFDIR)/stord" 2>/dev/null || :

clean: ## remove what was built
	rm -rf build handler client $(MODULES:%=stord-%.so)

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' Makefile | expand -t 12

.SECONDARY: # objects stay
.PHONY: all demo check check-trixie asan asan-built bench bench-append bench-built bench-quick bench-client bench-units deb faults floors fuzz image ktls lint machines model oldkernel powercut storm torture trixie install uninstall clean help tests-built
