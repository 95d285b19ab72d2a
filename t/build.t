#!/usr/bin/perl

# The module builds without a warning, linked in and as a dynamic module, from
# a plain nginx source tree and with Debian's nginx-dev, by gcc and by clang;
# and what was built serves a policy.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use Test::More;

my $dir = "$ENV{PWD}/build/builds";


sub serves {
    my ($what) = @_;
    my $nginx = MtaSts->new('server { listen 127.0.0.1:%%PORT0%%; '
        . 'server_name mta-sts.example.com; mta_sts_mx mail.example.com; }');

    $nginx->start;
    like($nginx->get(0, 'mta-sts.example.com'),
         qr{^HTTP/1\.1 200 .*^mx: mail\.example\.com\r$}ms,
         "$what serves a policy");
    $nginx->stop;
}


# -O0: what is compiled is the point, not how fast it is

for my $cc ('gcc', 'clang') {
    for my $link ('static', 'dynamic') {
        my $to = "$dir/$cc-$link";
        my ($status, $out, $err) = run('', 'tools/nginx-build', $to, $cc,
                                       $link, '-O0');

        is($status, 0, "$cc, $link, from plain source") or diag($out . $err);

        local $MtaSts::NGINX = $link eq 'static' ? "$to/sbin/nginx"
                                                 : '/usr/sbin/nginx';
        local $MtaSts::MODULE = $link eq 'static' ? ''
            : "$to/ngx_http_mta_sts_module.so";
        serves("$cc, $link,");
    }
}

# gcc with Debian's nginx-dev is what all other tests run

mkdir "$dir/clang-debian";
my ($status, $out, $err) = run('', 'tools/module', "$dir/clang-debian/nginx",
                               'clang', '-O0', '');
is($status, 0, 'clang with nginx-dev') or diag($out . $err);

local $MtaSts::NGINX = '/usr/sbin/nginx';
local $MtaSts::MODULE = "$dir/clang-debian/ngx_http_mta_sts_module.so";
serves('clang with nginx-dev');


# nothing is exported but what nginx needs and names of ours

my ($rc, $names) = run('', 'nm', '-D', '--defined-only',
                       "$ENV{PWD}/build/ngx_http_mta_sts_module.so");
is($rc, 0, 'nm reads the module');

my @foreign = grep { !/^(?:ngx_http_mta_sts_|mta_sts_|ngx_module_(?:names|order)$
                         |ngx_modules$|_init$|_fini$)/x }
              map { (split)[2] } split /\n/, $names;
is("@foreign", '', 'the module exports ngx_http_mta_sts_*, mta_sts_* alone');

done_testing();
