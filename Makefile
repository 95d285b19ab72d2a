# make            the module and the helper, in build/
# make deps       what make needs, from Debian's packages
# make demo       an nginx with conf.example on loopback; make demo-stop ends it
# make test       installs what the tests need and runs them; NGINX= and, if it
#                 is to load another one, MODULE= are what is tested
# make test-asan  the same tests under ASan and UBSan, with Debian 13's nginx
# make coverage   the same tests, and which lines they reach
# make fuzz       fuzz targets, each for FUZZ_TIME seconds
# make lint       style, static analysis
# make bench      tables of cost
# make install    the module, the helper and its manual; DESTDIR is honoured

VERSION     = 0.1.0

BUILD       = build
NGINX       = /usr/sbin/nginx
CC          = gcc

CFLAGS      = -g -O2 -fstack-protector-strong -Wformat \
              -Werror=format-security -D_FORTIFY_SOURCE=2
LDFLAGS     = -Wl,-z,relro -Wl,-z,now
WARN        = -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Werror

PREFIX      = /usr/local
MODULES_DIR = /usr/lib/nginx/modules
CONF_PATH   = /etc/nginx/nginx.conf

HELPER_CPP  = -std=c11 -D_GNU_SOURCE -Isrc -DMTA_STS_VERSION='"$(VERSION)"' \
              -DMTA_STS_CONF_PATH='"$(CONF_PATH)"'
LIBS        = -lidn2 -lcrypto -lyaml -ljansson

# the helper alone looks at the network

NET_LIBS    = -lcurl -lcares -lssl -lresolv -lpcre2-8

ROOMS       = base policy serve domains records generator
CORE        = $(foreach room,$(ROOMS),$(wildcard src/$(room)/*.c))
CLI         = $(wildcard src/cli/*.c src/cli/*/*.c)
HEADERS     = $(wildcard src/*/*.h src/*/*/*.h)

CORE_OBJS   = $(CORE:%.c=$(BUILD)/%.o)
CLI_OBJS    = $(CLI:%.c=$(BUILD)/%.o)

UNITS       = $(patsubst t/unit/%.c,$(BUILD)/t/%,$(wildcard t/unit/*_test.c))

MODULE      = $(BUILD)/ngx_http_mta_sts_module.so

# NGINX loads the module, unless it is linked in

LINKED      = $(shell grep -ls ngx_http_mta_sts_module $(NGINX))

# what tests have besides of a build with sanitizers or for coverage

PLAIN       = $(BUILD)

RUN_ENV     = MTA_STS_BUILD=$(BUILD) MTA_STS_PLAIN=$(abspath $(PLAIN)) \
              MTA_STS_NGINX=$(abspath $(NGINX)) \
              MTA_STS_MODULE=$(if $(LINKED),,$(abspath $(MODULE)))

# two test files at a time

PROVE       = -j2

# nginx itself reads this from the environment, as a list of sockets

unexport NGINX


all: module helper

helper: $(BUILD)/mta-sts

module:
	@echo "MOD  $(MODULE)"
	@tools/module $(BUILD)/nginx "$(CC)" "$(CFLAGS)" "$(LDFLAGS)"

$(BUILD)/mta-sts: $(CORE_OBJS) $(CLI_OBJS)
	@echo "LINK $@"
	@$(CC) $(CFLAGS) -pie $(LDFLAGS) -o $@ $^ $(NET_LIBS) $(LIBS)

$(BUILD)/%.o: %.c $(HEADERS) Makefile
	@mkdir -p $(@D)
	@echo "CC   $@"
	@$(CC) $(HELPER_CPP) $(CFLAGS) -fPIE $(WARN) -c -o $@ $<

# a unit test is linked with all but main()

$(BUILD)/t/%: t/unit/%.c $(wildcard t/unit/*.h) $(CORE_OBJS) $(CLI_OBJS)
	@mkdir -p $(@D)
	@echo "LINK $@"
	@$(CC) $(HELPER_CPP) $(CFLAGS) -fPIE $(WARN) -pie $(LDFLAGS) -o $@ $< \
	    $(CORE_OBJS) $(filter-out %/main.o,$(CLI_OBJS)) $(NET_LIBS) $(LIBS)

# one lets each allocation fail, those of libyaml, too

$(BUILD)/t/domains_memory_test: override LDFLAGS += -Wl,--wrap=malloc \
    -Wl,--wrap=calloc -Wl,--wrap=realloc
$(BUILD)/t/domains_memory_test: LIBS := $(LIBS:-lyaml=-l:libyaml.a)


# what lets allocations fail is preloaded, by itself without a sanitizer; for each
# of the helper's to be one, its arena has no chunks for many

FAULT       = $(BUILD)/t/fault/malloc.so $(BUILD)/t/fault/mta-sts

# the same for nginx and its pools; that of the sanitizers has none, either

fault-nginx:
	@tools/nginx-build $(BUILD)/t/fault/nginx $(CC) static \
	    "-g -O1 -fno-omit-frame-pointer -DNGX_DEBUG_PALLOC=1"

$(BUILD)/t/fault/malloc.so: t/fault/malloc.c
	@mkdir -p $(@D)
	@echo "LINK $@"
	@$(CC) -std=c11 -D_GNU_SOURCE -g -O2 -fno-builtin -fno-omit-frame-pointer \
	    -fPIC $(WARN) -shared -o $@ $<

$(BUILD)/t/fault/mta-sts: src/base/arena.c $(CORE_OBJS) $(CLI_OBJS)
	@mkdir -p $(@D)
	@echo "LINK $@"
	@$(CC) $(HELPER_CPP) -DARENA_CHUNK=1 $(CFLAGS) -fPIE $(WARN) -pie $(LDFLAGS) \
	    -o $@ $< $(filter-out %/arena.o,$(CORE_OBJS)) $(CLI_OBJS) $(NET_LIBS) \
	    $(LIBS)


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

plain: all fault-nginx

check: plain $(UNITS) $(FAULT)
	$(RUN_ENV) prove -r $(PROVE) t $(UNITS)

# nginx itself is built with the sanitizers, too, with the module linked in; its
# own code hands NULL with a length of 0 to memcpy() and stores words unaligned.
# The plain tests have Debian 12's nginx, these have Debian 13's

SANITIZE    = -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
              -fno-sanitize-recover=undefined

test-asan:
	tools/deps test
	$(MAKE) plain
	tools/nginx-build -s build/src/trixie/nginx $(BUILD)/asan/nginx $(CC) static \
	    "$(SANITIZE) -fno-sanitize=nonnull-attribute,alignment \
	     -DNGX_DEBUG_PALLOC=1" \
	    "-fsanitize=address,undefined"
	$(MAKE) check-asan BUILD=$(BUILD)/asan PLAIN=$(BUILD) \
	    CFLAGS="$(SANITIZE)" LDFLAGS=

check-asan: NGINX = $(BUILD)/nginx/sbin/nginx
check-asan: helper $(UNITS) $(FAULT)
	$(RUN_ENV) tools/asan-env prove -r $(PROVE) t $(UNITS)

# Lines that the tests reach.  At least so many of 100 must be: of the core, and of
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
	    CFLAGS="-g -O0 --coverage" LDFLAGS=
	tools/coverage $(BUILD)/coverage $(COVER_CORE) $(COVER_REST)

check-coverage: NGINX = $(BUILD)/nginx/sbin/nginx
check-coverage: helper $(UNITS) $(FAULT)
	$(RUN_ENV) prove -r $(PROVE) t $(UNITS)

# what libFuzzer runs, FUZZ_TIME seconds each; fuzz and again are for all

FUZZ_TIME   = 600
FUZZ_OBJS   = $(patsubst %.c,$(BUILD)/%.o,$(wildcard t/fuzz/*.c))
FUZZ_SHARED = $(BUILD)/t/fuzz/fuzz.o $(BUILD)/t/fuzz/again.o
FUZZERS     = $(patsubst %.o,%,$(filter-out $(FUZZ_SHARED),$(FUZZ_OBJS)))

$(FUZZ_OBJS): $(wildcard t/fuzz/*.h)

$(FUZZERS): %: %.o $(FUZZ_SHARED) $(CORE_OBJS) $(CLI_OBJS)
	@echo "LINK $@"
	@$(CC) $(CFLAGS) -fsanitize=fuzzer -o $@ $< $(FUZZ_SHARED) $(CORE_OBJS) \
	    $(filter-out %/main.o,$(CLI_OBJS)) $(NET_LIBS) $(LIBS) -lpcre2-8

fuzzers: $(FUZZERS)

fuzz:
	tools/deps test
	$(MAKE) fuzzers BUILD=$(BUILD)/fuzz CC=clang \
	    CFLAGS="$(SANITIZE) -fsanitize=fuzzer-no-link"
	tools/fuzz $(BUILD)/fuzz $(FUZZ_TIME) $(notdir $(FUZZERS))


lint:
	tools/deps test
	tools/lint

$(BUILD)/bench/table: bench/table.c $(CORE_OBJS)
	@mkdir -p $(@D)
	@echo "LINK $@"
	@$(CC) $(HELPER_CPP) $(CFLAGS) -fPIE $(WARN) -pie $(LDFLAGS) -o $@ $< \
	    $(CORE_OBJS) $(LIBS)

bench:
	tools/deps bench
	$(MAKE) all $(BUILD)/bench/table
	$(RUN_ENV) bench/requests
	$(RUN_ENV) bench/handshakes
	$(RUN_ENV) bench/domains
	$(RUN_ENV) bench/records
	$(RUN_ENV) bench/check


install: all
	install -D -m 644 $(MODULE) \
	    $(DESTDIR)$(MODULES_DIR)/ngx_http_mta_sts_module.so
	install -D -m 755 $(BUILD)/mta-sts $(DESTDIR)$(PREFIX)/bin/mta-sts
	install -D -m 644 man/mta-sts.1 $(DESTDIR)$(PREFIX)/share/man/man1/mta-sts.1

clean:
	rm -rf $(BUILD)

.PHONY: all module helper fault-nginx plain deps demo demo-stop test check \
        test-asan check-asan coverage check-coverage fuzzers fuzz lint bench install clean
