# make            the helper, and the module for Debian's nginx, in build/
# make deps       installs what make needs, from Debian's packages
# make install    the module, the helper, its manual and the documents; DESTDIR
#                 and PREFIX are honoured
# make install-services  services for systemd, and their settings unless they are there
# make uninstall  removes all of these but the settings
# make demo       an nginx with conf.example on loopback; make demo-stop ends it
#
# make check      the tests: installs nothing, asks for no password in between
# make test       installs what the tests need, then make check
# make test-chroot  some of them with Debian 13, or SUITE
# make lint       style, static analysis
# make test-asan  the tests under ASan and UBSan, with Debian 13's nginx
# make coverage   the tests, and which lines they reach
# make fuzz       fuzz targets, each for FUZZ_TIME seconds
# make bench      tables of cost
# make deb        Debian's packages, in build/deb; as root, make deb-chroot and make
#                 deb-test build and test those of SUITE
# make rpm        RPM packages, as far as Debian can build them
# make dist       a release tarball, in build/dist
# make compile_commands.json  for editors and analyzers
#
# CC, CPPFLAGS, CFLAGS, LDFLAGS and PKG_CONFIG are taken from the environment or
# the command line; NGINX and MODULE are what is tested.

VERSION     = 0.2.0

BUILD       = build
NGINX       = /usr/sbin/nginx
NGINX_SRC   = /usr/share/nginx/src

PREFIX      = /usr/local
MODULES_DIR = /usr/lib/nginx/modules
BASH_DIR    = $(PREFIX)/share/bash-completion/completions
ZSH_DIR     = $(PREFIX)/share/zsh/vendor-completions
CONF_PATH   = /etc/nginx/nginx.conf
DOC_DIR     = $(PREFIX)/share/doc/mta-sts
LIBEXEC_DIR = $(PREFIX)/libexec/mta-sts
CONF_DIR    = /etc
UNIT_DIR    = $(PREFIX)/lib/systemd/system

PKG_CONFIG ?= pkg-config
export PKG_CONFIG

# Libraries: pkg-config's name, the lowest version, Debian's package.  What the
# core needs, the module needs, too: see config

CORE_NEEDS  = libcrypto:3.0:libssl-dev  libidn2:2.0:libidn2-dev \
              yaml-0.1:0.2:libyaml-dev
CLI_NEEDS   = libssl:3.0:libssl-dev     libcurl:7.85:libcurl4-openssl-dev \
              libcares:1.18:libc-ares-dev libpcre2-8:10.36:libpcre2-dev \
              libpsl:0.20:libpsl-dev sqlite3:3.34:libsqlite3-dev \
              jansson:2.11:libjansson-dev

# of the program that reads reports, besides

REPORTS_NEEDS = gmime-3.0:3.2:libgmime-3.0-dev zlib:1.2:zlib1g-dev

# of the one that follows a database

FOLLOW_NEEDS = libpq:13:libpq-dev libmariadb:3.1:libmariadb-dev

pkg         = $(shell $(PKG_CONFIG) $(1) \
              $(foreach need,$(2),$(firstword $(subst :, ,$(need)))) 2>/dev/null)

LIB_CFLAGS := $(call pkg,--cflags,$(CLI_NEEDS) $(CORE_NEEDS))
CORE_LIBS  := $(call pkg,--libs,$(CORE_NEEDS))
REPORTS_CFLAGS := $(call pkg,--cflags,$(REPORTS_NEEDS))
REPORTS_LIBS := $(call pkg,--libs,$(REPORTS_NEEDS))
FOLLOW_CFLAGS := $(call pkg,--cflags,$(FOLLOW_NEEDS))
FOLLOW_LIBS := $(call pkg,--libs,$(FOLLOW_NEEDS))
LIBS       := $(call pkg,--libs,$(CLI_NEEDS)) $(CORE_LIBS) -lresolv

# Debian's hardening, where the compiler has it

cc-option   = $(shell $(CC) -Werror $(1) -c -x c /dev/null -o /dev/null \
              2>/dev/null && echo $(1))

HARDEN     := -fstack-protector-strong -Wformat -Werror=format-security \
              -Werror=implicit-function-declaration \
              $(call cc-option,-fstack-clash-protection) \
              $(call cc-option,-fcf-protection) \
              $(call cc-option,-mbranch-protection=standard)

CPPFLAGS   ?= -D_FORTIFY_SOURCE=2
CFLAGS     ?= -g -O2 $(HARDEN)
LDFLAGS    ?= -Wl,-z,relro -Wl,-z,now

# WERROR=-Werror is for make lint

WERROR      =
WARN        = -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes $(WERROR)

# POSIX, and what BSD and glibc have in common for the resolver; tests may use more

API         = -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE
$(BUILD)/t/%.o: API = -D_GNU_SOURCE

# syncfs()

$(BUILD)/src/cli/tree/tree.o: API = -D_GNU_SOURCE

# how a file is compiled, and how an object is linked

COMPILE     = $(CC) -std=c11 $(API) -Isrc -I$(BUILD)/web \
              $(LIB_CFLAGS) $(CPPFLAGS) \
              -DMTA_STS_VERSION='"$(VERSION)"' \
              -DMTA_STS_CONF_PATH='"$(CONF_PATH)"' \
              $(WARN) -MMD -MP -fPIE -fvisibility=hidden $(CFLAGS)
LINK        = $(CC) $(CFLAGS) -pie $(LDFLAGS)

ROOMS       = base page policy serve domains records formats generator status
CORE        = $(foreach room,$(ROOMS),$(wildcard src/$(room)/*.c))
REPORTS     = $(wildcard src/cli/reports/*.c)
FOLLOW      = $(wildcard src/cli/source/*.c src/cli/follow/*.c)
CLI         = $(filter-out $(REPORTS) $(FOLLOW),$(wildcard src/cli/*.c src/cli/*/*.c))

CORE_OBJS   = $(CORE:%.c=$(BUILD)/%.o)
CLI_OBJS    = $(CLI:%.c=$(BUILD)/%.o)
REPORTS_OBJS = $(REPORTS:%.c=$(BUILD)/%.o)
FOLLOW_OBJS = $(FOLLOW:%.c=$(BUILD)/%.o)

$(REPORTS_OBJS) $(BUILD)/t/unit/reports_test.o \
    $(BUILD)/t/fuzz/reports.o: LIB_CFLAGS += $(REPORTS_CFLAGS)
$(FOLLOW_OBJS): LIB_CFLAGS += $(FOLLOW_CFLAGS)

# all but main(): what unit tests and fuzz targets are linked with

TEST_OBJS   = $(CORE_OBJS) $(filter-out %/main.o,$(CLI_OBJS))

UNITS       = $(patsubst t/unit/%.c,$(BUILD)/t/unit/%,$(wildcard t/unit/*_test.c))

MODULE      = $(BUILD)/ngx_http_mta_sts_module.so

# what may be read again from what -MMD wrote

DEPENDS     = $(wildcard $(BUILD)/src/*/*.d $(BUILD)/src/*/*/*.d \
              $(BUILD)/t/*/*.d $(BUILD)/bench/*.d)

# NGINX loads the module, unless it is linked in

LINKED      = $(shell grep -ls ngx_http_mta_sts_module $(NGINX))

# the ordinary build, next to one with sanitizers or for coverage

PLAIN       = $(BUILD)

RUN_ENV     = MTA_STS_BUILD=$(BUILD) MTA_STS_PLAIN=$(abspath $(PLAIN)) \
              MTA_STS_NGINX=$(abspath $(NGINX)) \
              MTA_STS_MODULE=$(if $(LINKED),,$(abspath $(MODULE)))

# two test files run concurrently

PROVE       = prove -r -j2

# nginx itself reads this from the environment, as a list of sockets

unexport NGINX


# the module needs nginx's headers, the helper does not

all: helper $(if $(wildcard $(NGINX_SRC)/conf_flags),module,no-module)

helper: $(BUILD)/mta-sts $(BUILD)/mta-sts-reports $(BUILD)/mta-sts-follow

objects: $(CORE_OBJS) $(CLI_OBJS)

module:
	@echo "MOD  $(MODULE)"
	@tools/module -s $(NGINX_SRC) $(BUILD)/nginx "$(CC)" \
	    "$(CPPFLAGS) $(CFLAGS)" "$(LDFLAGS)"

no-module:
	@echo "MOD  skipped: no nginx headers in $(NGINX_SRC) (Debian: nginx-dev)"

needs:
	@tools/need $(firstword $(CC)):gcc $(CLI_NEEDS) $(CORE_NEEDS) \
	    $(REPORTS_NEEDS) $(FOLLOW_NEEDS)

$(BUILD)/mta-sts: $(CORE_OBJS) $(CLI_OBJS)
	@echo "LINK $@"
	@$(LINK) -o $@ $^ $(LIBS)

$(BUILD)/mta-sts-reports: $(TEST_OBJS) $(REPORTS_OBJS)
	@echo "LINK $@"
	@$(LINK) -o $@ $^ $(LIBS) $(REPORTS_LIBS)

$(BUILD)/mta-sts-follow: $(TEST_OBJS) $(FOLLOW_OBJS)
	@echo "LINK $@"
	@$(LINK) -o $@ $^ $(LIBS) $(FOLLOW_LIBS)

$(BUILD)/%.o: %.c Makefile | needs
	@mkdir -p $(@D)
	@echo "CC   $@"
	@$(COMPILE) -c -o $@ $<

# pages and their JSON are compiled from templates

$(BUILD)/src/generator/page.o: $(BUILD)/web/mta_sts_page_html.h \
    $(BUILD)/web/mta_sts_page_json.h

$(BUILD)/src/status/page.o: $(BUILD)/web/mta_sts_status_html.h \
    $(BUILD)/web/mta_sts_status_json.h

$(BUILD)/web/mta_sts_page_%.h: src/generator/web/page.% tools/template
	@mkdir -p $(@D)
	@tools/template $* < $< > $@.tmp
	@mv $@.tmp $@

$(BUILD)/web/mta_sts_status_%.h: src/status/web/status.% tools/template
	@mkdir -p $(@D)
	@tools/template $* < $< > $@.tmp
	@mv $@.tmp $@

-include $(DEPENDS)

compile_commands.json: $(if $(wildcard $(NGINX_SRC)/conf_flags),module)
	@tools/compile-commands $(BUILD) > $@.new
	@mv $@.new $@


# unit tests

units: $(UNITS)

$(UNITS): %: %.o $(TEST_OBJS)
	@echo "LINK $@"
	@$(LINK) $(UNIT_LINK) -o $@ $^ $(UNIT_LIBS)

UNIT_LIBS   = $(LIBS)

# two know the reader of reports, which only its own program has

REPORTS_TESTS = $(BUILD)/t/unit/reports_test $(BUILD)/t/fuzz/reports

$(REPORTS_TESTS): $(filter-out %/main.o,$(REPORTS_OBJS))
$(BUILD)/t/unit/reports_test: UNIT_LIBS = $(LIBS) $(REPORTS_LIBS)
$(BUILD)/t/fuzz/reports: FUZZ_LIBS = $(REPORTS_LIBS)

# and one those of follow

FOLLOW_TESTS = $(BUILD)/t/unit/source_test $(BUILD)/t/unit/columns_test \
              $(BUILD)/t/unit/mysql_url_test $(BUILD)/t/unit/leaving_test \
              $(BUILD)/t/fuzz/lines

$(FOLLOW_TESTS): $(filter-out %/main.o,$(FOLLOW_OBJS))
$(FOLLOW_TESTS): UNIT_LIBS = $(LIBS) $(FOLLOW_LIBS)
$(BUILD)/t/fuzz/lines: FUZZ_LIBS = $(FOLLOW_LIBS)

# one lets each allocation fail, those of libyaml, too

$(BUILD)/t/unit/domains_memory_test: UNIT_LINK = -Wl,--wrap=malloc \
    -Wl,--wrap=calloc -Wl,--wrap=realloc
$(BUILD)/t/unit/domains_memory_test: UNIT_LIBS = $(LIBS:-lyaml=-l:libyaml.a)

# what lets allocations fail is preloaded, without a sanitizer of its own

FAULT       = $(BUILD)/t/fault/malloc.so

$(FAULT): t/fault/malloc.c Makefile
	@mkdir -p $(@D)
	@echo "LINK $@"
	@$(CC) -std=c11 -D_GNU_SOURCE -g -O2 -fno-builtin -fno-omit-frame-pointer \
	    -fPIC $(WARN) -shared -o $@ $<

# an nginx whose pools ask malloc() for each piece

fault-nginx:
	@tools/nginx-build $(BUILD)/t/fault/nginx "$(CC)" static \
	    "-g -O1 -fno-omit-frame-pointer -DNGX_DEBUG_PALLOC=1"


deps:
	tools/deps build

demo:
	tools/deps demo
	$(MAKE) all
	$(RUN_ENV) tools/demo start

demo-stop:
	$(RUN_ENV) tools/demo stop


test:
	tools/deps test
	$(MAKE) check

# all that check has besides of what is tested

plain: all fault-nginx

check: plain $(UNITS) $(FAULT)
	$(RUN_ENV) tools/check $(PROVE) t $(UNITS)

# with another release of Debian, in a chroot: the unit tests, those of the helper,
# and those that serve policies, with the nginx and OpenSSL of that release

SUITE       = trixie
CHROOT_TESTS = certificates certificates_quic check directives domains formats \
              helper memory plan records reload serve state table tls

test-chroot:
	tools/chroot -k $(SUITE)-test tools/deps chroot
	tools/chroot $(SUITE)-test make -j2 check-chroot BUILD=build/$(SUITE) \
	    WERROR=-Werror

check-units: $(UNITS)
	$(RUN_ENV) $(PROVE) $(UNITS)

check-chroot: all $(UNITS) $(FAULT)
	$(RUN_ENV) $(PROVE) $(CHROOT_TESTS:%=t/%.t) $(UNITS)

# nginx itself is built with the sanitizers, too, with the module linked in; its
# own code passes NULL with a length of 0 to memcpy() and stores words unaligned.
# The plain tests have Debian 12's nginx, these have Debian 13's.  Neither nginx's
# pools nor the helper's arena put two allocations into one of malloc()

SANITIZE    = -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
              -fno-sanitize-recover=undefined

test-asan:
	tools/deps test
	$(MAKE) plain
	tools/nginx-build -s build/src/trixie/nginx $(BUILD)/asan/nginx "$(CC)" \
	    static "$(SANITIZE) -fno-sanitize=nonnull-attribute,alignment \
	            -DNGX_DEBUG_PALLOC=1" "-fsanitize=address,undefined"
	$(MAKE) check-asan BUILD=$(BUILD)/asan PLAIN=$(BUILD) \
	    CPPFLAGS=-DARENA_CHUNK=1 CFLAGS="$(SANITIZE)" LDFLAGS=

check-asan: NGINX = $(BUILD)/nginx/sbin/nginx
check-asan: helper $(UNITS) $(FAULT)
	$(RUN_ENV) tools/asan-env tools/check $(PROVE) t $(UNITS)

# lines that the tests reach, and how many of 100 must be: of the core, and of
# module and helper

COVER_CORE  = 95
COVER_REST  = 85

coverage:
	tools/deps test
	$(MAKE) plain
	tools/nginx-build $(BUILD)/coverage/nginx gcc static "-O0 --coverage" \
	    --coverage
	find $(BUILD)/coverage -name '*.gcda' -delete
	$(MAKE) check-coverage BUILD=$(BUILD)/coverage PLAIN=$(BUILD) CC=gcc \
	    CPPFLAGS= CFLAGS="-g -O0 --coverage" LDFLAGS=
	tools/coverage $(BUILD)/coverage $(COVER_CORE) $(COVER_REST)

check-coverage: NGINX = $(BUILD)/nginx/sbin/nginx
check-coverage: helper $(UNITS) $(FAULT)
	$(RUN_ENV) tools/check $(PROVE) t $(UNITS)

# libFuzzer runs each target for FUZZ_TIME seconds; fuzz.c and again.c are shared

FUZZ_TIME   = 600
FUZZ_SHARED = $(BUILD)/t/fuzz/fuzz.o $(BUILD)/t/fuzz/again.o
FUZZERS     = $(filter-out $(FUZZ_SHARED:.o=), \
              $(patsubst %.c,$(BUILD)/%,$(wildcard t/fuzz/*.c)))

$(FUZZERS): %: %.o $(FUZZ_SHARED) $(TEST_OBJS)
	@echo "LINK $@"
	@$(CC) $(CFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS) $(FUZZ_LIBS)

fuzzers: $(FUZZERS)

fuzz:
	tools/deps test
	$(MAKE) fuzzers BUILD=$(BUILD)/fuzz CC=clang CPPFLAGS= \
	    CFLAGS="$(SANITIZE) -fsanitize=fuzzer-no-link"
	tools/fuzz $(BUILD)/fuzz $(FUZZ_TIME) $(notdir $(FUZZERS))


lint:
	tools/deps test
	$(MAKE) helper units BUILD=$(BUILD)/lint WERROR=-Werror
	$(MAKE) musl m32
	tools/lint $(BUILD)/lint

# all but the module compiles with another libc's headers, without what only
# glibc's have; those of the libraries are next to glibc's

musl:
	@tools/need musl-gcc:musl-tools
	$(MAKE) objects BUILD=$(BUILD)/musl CC=musl-gcc WERROR=-Werror LIB_CFLAGS= \
	    CFLAGS=-O1 CPPFLAGS="-idirafter /usr/include -idirafter \
	    /usr/include/$(shell $(CC) -print-multiarch)"

# and for a machine whose long and pointers have 32 bits, where gcc has one

M32         = $(filter x86_64-linux-gnu,$(shell gcc -print-multiarch))

m32:
	@$(if $(M32),$(MAKE) objects BUILD=$(BUILD)/m32 CC="gcc -m32" WERROR=-Werror \
	    LIB_CFLAGS= CFLAGS="-O1 -Wno-psabi -Wno-stringop-overread" \
	    CPPFLAGS="-idirafter /usr/include -idirafter /usr/include/$(M32)",:)

$(BUILD)/bench/table: $(BUILD)/bench/table.o $(CORE_OBJS)
	@echo "LINK $@"
	@$(LINK) -o $@ $^ $(CORE_LIBS)

$(BUILD)/bench/state: $(BUILD)/bench/state.o $(TEST_OBJS)
	@echo "LINK $@"
	@$(LINK) -o $@ $^ $(LIBS)

bench:
	tools/deps bench
	$(MAKE) all $(BUILD)/bench/table $(BUILD)/bench/state
	$(RUN_ENV) bench/requests
	$(RUN_ENV) bench/handshakes
	$(RUN_ENV) bench/domains
	$(RUN_ENV) bench/compiled
	$(RUN_ENV) bench/records
	$(RUN_ENV) bench/check
	$(RUN_ENV) bench/plan
	$(RUN_ENV) bench/reports
	$(RUN_ENV) bench/generator
	$(RUN_ENV) bench/follow


# Installs what was built: as root, make would take another environment

DOCS        = $(wildcard docs/*.md docs/*.png)
EXAMPLES    = mta-sts.yaml $(wildcard sql/*.sql)
MONITORING  = $(wildcard monitoring/*)

install:
	@[ -x $(BUILD)/mta-sts ] || { echo "nothing is built, run make" >&2; exit 1; }
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 \
	    $(DESTDIR)$(DOC_DIR)/docs $(DESTDIR)$(DOC_DIR)/examples/monitoring \
	    $(DESTDIR)$(BASH_DIR) $(DESTDIR)$(ZSH_DIR)
	install -m 755 $(BUILD)/mta-sts $(DESTDIR)$(PREFIX)/bin/
	install -D -m 755 $(BUILD)/mta-sts-reports \
	    $(DESTDIR)$(LIBEXEC_DIR)/mta-sts-reports
	install -m 755 $(BUILD)/mta-sts-follow $(DESTDIR)$(LIBEXEC_DIR)/
	install -m 644 man/mta-sts.1 $(DESTDIR)$(PREFIX)/share/man/man1/
	install -m 644 README.md CHANGES.md SECURITY.md LICENSE conf.example \
	    $(DESTDIR)$(DOC_DIR)/
	install -m 644 $(DOCS) $(DESTDIR)$(DOC_DIR)/docs/
	install -m 644 $(EXAMPLES) $(DESTDIR)$(DOC_DIR)/examples/
	install -m 644 $(MONITORING) $(DESTDIR)$(DOC_DIR)/examples/monitoring/
	install -m 644 completion/mta-sts.bash $(DESTDIR)$(BASH_DIR)/mta-sts
	install -m 644 completion/_mta-sts $(DESTDIR)$(ZSH_DIR)/
	[ ! -e $(MODULE) ] || \
	    install -D -m 644 $(MODULE) $(DESTDIR)$(MODULES_DIR)/$(notdir $(MODULE))

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/mta-sts \
	    $(DESTDIR)$(LIBEXEC_DIR)/mta-sts-reports \
	    $(DESTDIR)$(LIBEXEC_DIR)/mta-sts-follow \
	    $(DESTDIR)$(PREFIX)/share/man/man1/mta-sts.1 \
	    $(DESTDIR)$(BASH_DIR)/mta-sts $(DESTDIR)$(ZSH_DIR)/_mta-sts \
	    $(DESTDIR)$(MODULES_DIR)/$(notdir $(MODULE)) \
	    $(PROGRAMS:systemd/%=$(DESTDIR)$(LIBEXEC_DIR)/%) \
	    $(UNITS_IN:systemd/%.in=$(DESTDIR)$(UNIT_DIR)/%) \
	    $(DESTDIR)$(PREFIX)/lib/sysusers.d/mta-sts.conf \
	    $(TMPFILES:systemd/%.tmpfiles=$(DESTDIR)$(PREFIX)/lib/tmpfiles.d/%.conf)
	rm -rf $(DESTDIR)$(DOC_DIR)

# Services for systemd: their units name other files' places, and have the hardening in
# common

UNITS_IN    = $(wildcard systemd/*.service.in systemd/*.timer.in)
SERVICES    = $(UNITS_IN:%.in=$(BUILD)/%)
PROGRAMS    = systemd/check systemd/publish systemd/spool
TMPFILES    = $(wildcard systemd/*.tmpfiles)

services: $(SERVICES)

$(BUILD)/systemd/%: systemd/%.in systemd/common.in Makefile
	@mkdir -p $(@D)
	@sed -e '/@COMMON@/{' -e 'r systemd/common.in' -e d -e '}' $< \
	    | sed -e 's,@LIBEXEC_DIR@,$(LIBEXEC_DIR),' \
	          -e 's,@CONF_DIR@,$(CONF_DIR),' > $@

install-services: $(SERVICES)
	install -d $(DESTDIR)$(LIBEXEC_DIR) $(DESTDIR)$(CONF_DIR)/default \
	    $(DESTDIR)$(UNIT_DIR) $(DESTDIR)$(PREFIX)/lib/sysusers.d \
	    $(DESTDIR)$(PREFIX)/lib/tmpfiles.d $(DESTDIR)$(DOC_DIR)/examples
	install -m 755 $(PROGRAMS) $(DESTDIR)$(LIBEXEC_DIR)/
	[ -e $(DESTDIR)$(CONF_DIR)/default/mta-sts ] || \
	    install -m 644 systemd/mta-sts.default $(DESTDIR)$(CONF_DIR)/default/mta-sts
	install -m 644 $(SERVICES) $(DESTDIR)$(UNIT_DIR)/
	install -m 644 systemd/mta-sts.sysusers \
	    $(DESTDIR)$(PREFIX)/lib/sysusers.d/mta-sts.conf
	for file in $(TMPFILES:systemd/%.tmpfiles=%); do \
	    install -m 644 systemd/$$file.tmpfiles \
	        $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/$$file.conf || exit 1; \
	done
	install -m 644 systemd/publish-nsupdate.conf \
	    $(DESTDIR)$(DOC_DIR)/examples/

# A release: the version is in this file; make lint compares those of CHANGES.md and
# debian/changelog.  A program with libraries of its own (follow, reports) is a target
# of its own here, in "all" and "install"; debian/rules says what its package needs

dist:
	tools/dist $(VERSION) $(BUILD)/dist

# packages for the Debian that this is; deb-chroot: for SUITE

TARBALL     = $(BUILD)/dist/nginx-mta-sts-$(VERSION).tar.gz

deb: dist
	tools/deps deb
	tools/deb $(TARBALL) $(BUILD)/deb

deb-chroot: dist
	tools/chroot -k $(SUITE)-deb tools/deps deb
	tools/chroot $(SUITE)-deb tools/deb -r $(TARBALL) $(BUILD)/deb-$(SUITE)

# with Debian's nginx-dev where Fedora has macros of its own

rpm: dist
	tools/rpm $(BUILD)/dist

# debian/tests, in a system that has nothing else

deb-test:
	tools/chroot -k $(SUITE)-install tools/deps install
	tools/chroot $(SUITE)-install tools/autopkgtest $(BUILD)/deb-$(SUITE)

clean:
	rm -rf $(BUILD)

.PHONY: all helper objects module no-module needs units fault-nginx deps demo \
        demo-stop test plain check check-units test-chroot check-chroot \
        test-asan check-asan coverage check-coverage fuzzers fuzz lint musl m32 \
        bench install uninstall services install-services dist deb deb-chroot \
        deb-test rpm clean
