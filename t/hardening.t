#!/usr/bin/perl

# Module and helper are built with the flags with which Debian hardens its own
# packages: in the compiler's command lines and in the files that were built.  The
# module exports what nginx looks up in it and nothing else.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use Test::More;

# what "make" builds by default; the tests may run on another build

my $to = $MtaSts::PLAIN;
my $module = "$to/ngx_http_mta_sts_module.so";
my $helper = "$to/mta-sts";


sub flags {
    my ($name) = @_;
    local $ENV{DEB_BUILD_MAINT_OPTIONS} = 'hardening=+all,+pie reproducible=-all';
    my ($status, $out, $err) = run('', 'dpkg-buildflags', '--get', $name);
    is($status, 0, "Debian's $name") or diag($err);
    return split ' ', $out;
}

delete @ENV{qw(MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL
               CC CPPFLAGS CFLAGS LDFLAGS)};
my ($status, $commands) = run('', 'make', '-n', '-B', 'build/mta-sts');
is($status, 0, 'the commands of make');

my ($compile) = $commands =~ /^(.* -c -o .*main\.o .*)$/m;
my ($link) = $commands =~ /^(\S+ .* -o build\/mta-sts .*)$/m;
my $configured = slurp("$to/nginx/stamp");

# PIE is an option here, where dpkg has a specs file of gcc; the prefix map names
# the folder of a package

for my $flag (grep { !/^-(?:g|O2|specs=.*|ffile-prefix-map=.*)$/ }
              flags('CPPFLAGS'), flags('CFLAGS'))
{
    like("$compile ", qr/ \Q$flag\E /, "the helper is compiled with $flag");
    like($configured, qr/ \Q$flag\E /, "... and the module");
}

for my $flag (grep { !/^-specs=/ } flags('LDFLAGS')) {
    like("$link ", qr/ \Q$flag\E /, "the helper is linked with $flag");
    like($configured, qr/ \Q$flag\E /, "... and the module");
}

like($compile, qr/ -fPIE /, 'the helper is compiled as PIE');


sub readelf {
    my ($file, @options) = @_;
    my ($rc, $out, $err) = run('', 'readelf', '-W', @options, $file);
    is($rc, 0, "readelf @options") or diag($err);
    return $out;
}

for my $file ($helper, $module) {
    my $headers = readelf($file, '-h', '-l');
    my $dynamic = readelf($file, '-d');
    my $symbols = readelf($file, '--dyn-syms');

    like($headers, qr/^\s*Type:\s+DYN /m, "$file has no fixed address");
    like($headers, qr/^\s*GNU_RELRO\s/m, '... has RELRO');
    like($headers, qr/^\s*GNU_STACK\s.* RW\s/m, '... its stack is no code');
    unlike($headers, qr/^\s*LOAD\s.* RWE\s/m, '... nothing is data and code');
    like($dynamic, qr/BIND_NOW|FLAGS_1.*\bNOW\b/, '... is bound at once');
    unlike($dynamic, qr/TEXTREL|RPATH|RUNPATH/, '... no TEXTREL, no RPATH');
    like($symbols, qr/ __stack_chk_fail\b/, '... protects its stack');
}

like(readelf($helper, '-d'), qr/FLAGS_1.*\bPIE\b/, 'the helper is PIE');
like(readelf($helper, '--dyn-syms'), qr/ __\w+_chk\b/, '... is fortified');


# Modules share one name space with nginx and with each other.

my ($rc, $names) = run('', 'nm', '-D', '--defined-only', $module);
is($rc, 0, 'nm reads the module');
is(join(' ', sort map { (split)[2] } split /\n/, $names),
   'ngx_module_names ngx_module_order ngx_modules',
   'the module exports what nginx looks up, and nothing else');

my @objects = glob "$to/src/{base,policy,serve,domains,records,generator}/*.o";
cmp_ok(scalar @objects, '>', 20, 'objects of the core');

my ($rc2, $symbols) = run('', 'readelf', '-W', '-s', @objects);
my @visible = $symbols =~ / GLOBAL DEFAULT +\d+ (\S+)$/mg;
is("@visible", '', 'what the core defines has hidden visibility');

done_testing();
