#!/usr/bin/perl

# The module builds without a warning: with gcc and with clang, linked in and as
# a dynamic module, for nginx of Debian 12 and of Debian 13, from plain source
# and with Debian's nginx-dev, with what an administrator may have left out; and
# what was built serves a policy, over HTTP/2, too.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use Test::More;

my $top = $ENV{PWD};
my $dir = "$top/build/builds";

# compiler, release of Debian that the source is from, link, options of
# configure; a module alone is loaded by Debian's nginx, which is of that version

my @full = qw(--with-compat --with-debug);
my @no_pcre = qw(--without-pcre --without-http_rewrite_module);

my @builds = (
    ['gcc',   12, 'static',  @full],
    ['clang', 12, 'static',  @full],
    ['gcc',   12, 'dynamic', @full],
    ['clang', 12, 'dynamic', @full],
    ['gcc',   12, 'both'],
    ['gcc',   12, 'static',  @no_pcre],
    ['gcc',   13, 'static',  @no_pcre, '--with-debug'],
    ['gcc',   13, 'both',    @full],
    ['clang', 13, 'both'],
);

my %version = (12 => '1.22.1', 13 => '1.26.3');
my %source = (12 => "$top/build/src/nginx", 13 => "$top/build/src/trixie/nginx");


# The ways to switch HTTP/2 on; "http2 on" came with 1.25.1.

sub http2_of {
    my ($release) = @_;
    return ([' http2', ''], $release > 12 ? ['', 'http2 on;'] : ());
}


sub serves {
    my ($what, $release) = @_;
    my @ways = http2_of($release);
    my $nginx = MtaSts->new(
        'mta_sts_mx mail.example.com; '
        . 'server { listen 127.0.0.1:%%PORT0%%; '
        . "server_name mta-sts.example.com; }\n"
        . join "\n", map {
            "server { listen 127.0.0.1:%%PORT$_%% ssl$ways[$_ - 1][0]; "
            . "$ways[$_ - 1][1] server_name mta-sts.example.com; "
            . 'ssl_certificate %%DIR%%/one.pem; '
            . 'ssl_certificate_key %%DIR%%/one.key; }'
        } 1 .. @ways);

    make_cert($nginx->dir, 'one', 'mta-sts.example.com');

    my ($status, $said) = run('', $MtaSts::NGINX, '-v');
    my $expected = $version{$release};
    like(join('', (run('', $MtaSts::NGINX, '-v'))[1, 2]),
         qr{nginx/\Q$expected\E\b}, "$what is nginx $expected");

    $nginx->start;
    my $body = (split_response($nginx->get(0, 'mta-sts.example.com')))[1];
    like($body, qr{^mx: mail\.example\.com\r$}m, '... serves a policy');

    for my $n (1 .. @ways) {
        my $port = $nginx->port($n);
        my ($rc, $out, $err) = run('', 'curl', '-qsS', '--http2',
            '--cacert', $nginx->dir . '/ca.pem', '--noproxy', '*',
            '--resolve', "mta-sts.example.com:$port:127.0.0.1",
            '-w', '%{http_version} %{http_code}',
            "https://mta-sts.example.com:$port/.well-known/mta-sts.txt");

        is($out, $body . '2 200', '... over HTTP/2, switched on with "'
           . join('', @{ $ways[$n - 1] }) . '"') or diag($err);
    }

    $nginx->stop;
}


# -O0: what is compiled is the point, not how fast it is

for my $build (@builds) {
    my ($cc, $release, $link, @options) = @$build;
    my $what = join ' ', @$build;
    my $to = "$dir/" . join '', "$cc-$release-$link", @options;
    my ($status, $out, $err) = run('', 'tools/nginx-build', '-s',
        $source{$release}, '-b', $to, $cc, $link, '-O0', '', @options);

    is($status, 0, $what) or diag($out . $err);

    local $MtaSts::NGINX = $link eq 'dynamic' ? '/usr/sbin/nginx'
                                              : "$to/sbin/nginx";
    local $MtaSts::MODULE = $link eq 'static' ? ''
        : "$to/ngx_http_mta_sts_module.so";
    serves('it', $release);
}

# gcc with Debian's nginx-dev is what all other tests run

mkdir "$dir/clang-debian";
my ($status, $out, $err) = run('', 'tools/module', "$dir/clang-debian/nginx",
                               'clang', '-O0', '');
is($status, 0, 'clang with nginx-dev') or diag($out . $err);

local $MtaSts::NGINX = '/usr/sbin/nginx';
local $MtaSts::MODULE = "$dir/clang-debian/ngx_http_mta_sts_module.so";
serves('it', 12);

done_testing();
