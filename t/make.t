#!/usr/bin/perl

# The Makefile: flags of the environment, missing and old libraries, a build without
# nginx's headers, dependencies on headers, install, uninstall.

use strict;
use warnings;

use lib 't/lib';
use File::Find qw(find);
use File::Temp qw(tempdir);
use MtaSts;
use Test::More;

my $dir = tempdir(CLEANUP => 1);

delete @ENV{qw(MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL CC CPPFLAGS CFLAGS LDFLAGS
               PKG_CONFIG)};


# make with an environment; returns status, stdout and stderr.

sub make {
    my ($env, @args) = @_;
    local @ENV{keys %$env} = values %$env;
    return run('', 'make', "BUILD=$dir/build", @args);
}

sub script {
    my ($name, $text) = @_;
    spew("$dir/$name", "#!/bin/sh\n$text\n");
    chmod 0755, "$dir/$name";
    return "$dir/$name";
}


# The environment.

my %env = (CC => script('my-cc', 'exec cc "$@"'), CPPFLAGS => '-DOURS=1',
           CFLAGS => '-O0 -fno-common', LDFLAGS => '-Wl,-z,norelro');
my ($status, $out, $err) = make(\%env, '-n', 'helper');
my ($compile) = $out =~ /^(.* -c -o .*main\.o .*)$/m;
my ($link) = $out =~ m{^(.* -o \S+/mta-sts .*)$}m;

is($status, 0, 'make with an environment') or diag($err);
like($compile, qr/^\Q$env{CC}\E .* -DOURS=1 .* -O0 -fno-common /,
     '... compiles with its flags');
unlike($compile, qr/-O2|-Werror/, '... and no others');
like($link, qr/^\Q$env{CC}\E -O0 -fno-common .*-Wl,-z,norelro /,
     '... links with its flags');

(undef, $out) = make({}, '-n', 'helper', 'WERROR=-Werror');
like($out, qr/ -Werror /, 'WERROR');


# Libraries.

my $no_curl = script('no-curl', <<'EOC');
case "$*" in
    *libcurl*) exit 1 ;;
    *) exec pkg-config "$@" ;;
esac
EOC

my $old_curl = script('old-curl', <<'EOC');
case "$*" in
    --modversion*libcurl*) echo 7.74.0 ;;
    *libcurl*) exit 1 ;;
    *) exec pkg-config "$@" ;;
esac
EOC

for my $case (['missing', $no_curl, qr/^mta-sts: libcurl is missing, /],
              ['too old', $old_curl, qr/^mta-sts: libcurl 7\.74\.0 is too old, /],
              ['without pkg-config', "$dir/none",
               qr{^mta-sts: \S+/none is missing }])
{
    my ($name, $program, $expected) = @$case;

    ($status, $out, $err) = make({ PKG_CONFIG => $program }, 'helper');
    isnt($status, 0, "libcurl is $name");
    my @said = $err =~ /^(mta-sts: .*)$/mg;
    is(scalar @said, 1, '... one line') or diag($err);
    like($said[0], $expected, '... says so');
    like($said[0], qr/\(Debian: [a-z0-9-]+\)$/, '... with the package');
}

ok(!-e "$dir/build/mta-sts", 'nothing was built');


# A missing command.

($status, $out, $err) = run('', 'tools/need', 'sh:dash', 'no-such-tool:some-package');
is("$status $err", "1 mta-sts: no-such-tool is missing (Debian: some-package)\n",
   'a missing command is named with its package');


# Without nginx's headers.  The helper comes from the ordinary build: it is not
# compiled again.

($status, $out, $err) = run('', 'make', 'NGINX_SRC=/nonexistent',
                            "BUILD=$MtaSts::PLAIN", '-o', 'helper', 'all');
is($status, 0, 'make without nginx-dev');
like($out, qr/skipped.*nginx-dev/, '... says that there is no module');

# A header that has changed.

my $plain = $MtaSts::PLAIN =~ s{^\Q$ENV{PWD}\E/}{}r;

sub compiled {
    my ($header) = @_;
    (undef, $out) = run('', 'make', '-n', '-W', $header, "BUILD=$plain", 'helper');
    return join ' ', $out =~ m{ -c -o \S+/src/(\S+)\.o }g;
}

like(compiled('src/base/base.h'), qr{\bbase/error\b.* cli/probe/dns\b},
     'what includes a header is compiled again');
my $compiled = compiled('src/cli/probe/probe.h');
like($compiled, qr{\bcli/probe/dns\b}, '... in its room');
unlike($compiled, qr{\bbase/}, '... and nothing else');


# install and uninstall

my @install = ("BUILD=$MtaSts::PLAIN", "DESTDIR=$dir/root", 'PREFIX=/usr');
my %kept = ('/usr/lib/nginx/modules/other.so' => 1, '/usr/bin/other' => 1);

sub files {
    my %files;
    find(sub { $files{$File::Find::name =~ s/^\Q$dir\E\/root//r} = 1 if -f },
         "$dir/root");
    return \%files;
}

for my $file (keys %kept) {
    run('', 'install', '-D', '/dev/null', "$dir/root$file");
}

($status, undef, $err) = run('', 'make', @install, 'install');
is($status, 0, 'make install') or diag($err);

my @services = ('make', "BUILD=$dir/services", @install[1 .. 2], 'install-services');
my $settings = '/etc/default/mta-sts';

($status, undef, $err) = run('', @services);
is($status, 0, 'make install-services') or diag($err);
spew("$dir/root$settings", "MTA_STS_SPOOL=/mine\n");
run('', @services);
is(slurp("$dir/root$settings"), "MTA_STS_SPOOL=/mine\n", '... keeps settings');
$kept{$settings} = 1;

my $files = files();
ok($files->{$_}, "... installs $_")
    for '/usr/bin/mta-sts', '/usr/share/man/man1/mta-sts.1',
        '/usr/lib/nginx/modules/ngx_http_mta_sts_module.so',
        map { "/usr/share/doc/mta-sts/$_" } 'README.md', 'CHANGES.md',
            'conf.example', 'examples/publish-nsupdate.conf',
            (map { "examples/$_" } glob 'monitoring/*'), glob 'docs/*.md';

for my $file (grep { /\.md$/ } keys %$files) {
    my $text = slurp("$dir/root$file") =~ s/^ *```.*?^ *```$//msgr;
    my @dead = grep { !-e "$dir/root" . $file =~ s{[^/]*$}{}r . s/#.*//r }
               grep { !/^(?:https?:|#)/ } $text =~ /\]\(\s*([^)\s]+)\s*\)/g;
    is("@dead", '', "$file: links");
}

($status, undef, $err) = run('', 'make', @install, 'uninstall');
is($status, 0, 'make uninstall') or diag($err);
is_deeply(files(), \%kept, '... removes all of that but the settings, and nothing else');

($status, undef, $err) = run('', 'make', "BUILD=$dir/empty", "DESTDIR=$dir/root",
                             'install');
isnt($status, 0, 'make install before make');
like($err, qr/^nothing is built, /m, '... says so');

done_testing();
