#!/usr/bin/perl

# Certificates by name over HTTP/3, where the handshake has other callbacks.  The
# nginx and the openssl of Debian 13 can do it: see "make test-chroot".

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use Test::More;

my (undef, undef, $built) = run('', $MtaSts::NGINX, '-V');
my (undef, $out, $err) = run('', 'openssl', 's_client', '-help');

plan skip_all => 'nginx without HTTP/3' unless $built =~ /http_v3_module/;
plan skip_all => 'openssl without QUIC' unless "$out$err" =~ /^ *-quic /m;

$MtaSts::LEVEL = 'debug';

my $server = 'listen 127.0.0.1:%%PORT0%% quic; listen 127.0.0.1:%%PORT0%% ssl; '
    . 'ssl_certificate %%DIR%%/$mta_sts_host.pem; '
    . 'ssl_certificate_key %%DIR%%/$mta_sts_host.key;';

my $nginx = MtaSts->new(<<"EOC");
server {
    listen 127.0.0.1:%%PORT0%% quic default_server;
    listen 127.0.0.1:%%PORT0%% ssl default_server;
    server_name www.example;
    ssl_certificate %%DIR%%/www.pem;
    ssl_certificate_key %%DIR%%/www.key;
}
server {
    $server
    server_name mta-sts.a.example mta-sts.none.example;
    mta_sts_mx mx.example;
    mta_sts_certificate_cache max=10;
}
server {
    $server
    server_name mta-sts.*;
    mta_sts_domains d.yaml;
}
EOC

my $dir = $nginx->dir;

spew("$dir/d.yaml", "domains: {b.example: {mx: mx.example}}\n");
make_cert($dir, $_, $_) for 'mta-sts.a.example', 'mta-sts.b.example';
make_cert($dir, 'www', 'www.example');

$nginx->start;


# The name that the certificate has, or ''.

sub got {
    my ($sni) = @_;
    my $port = $nginx->port(0);
    my ($status, $said, $error) = run('', 'timeout', 60, 'openssl', 's_client',
        '-quic', '-alpn', 'h3', '-connect', "127.0.0.1:$port", '-CAfile',
        "$dir/ca.pem", '-servername', $sni, '-verify_hostname', $sni);

    return '' unless $said =~ /^ALPN protocol: h3$/m;
    return $said =~ /^Verified peername: (.*)$/m ? $1 : '';
}

sub lines {
    my ($what) = @_;
    return scalar(() = slurp("$dir/logs/error.log") =~ /$what/g);
}

is(got('mta-sts.a.example'), 'mta-sts.a.example', 'a policy host') for 1, 2;
is(lines('certificate load: '), 1, '... parsed once');
is(got('mta-sts.b.example'), 'mta-sts.b.example', 'without a cache');
is(got('www.example'), 'www.example', 'the default server');
is(got('mta-sts.none.example'), '', 'a host without a certificate');
is(lines('no certificate for "mta-sts.none.example": open'), 1, '... is logged');
is(got('mta-sts.c.example'), '', 'a host without a policy');
is(lines('no policy for server name "mta-sts.c.example"'), 1, '... is logged');
is(got('mta-sts.a.example'), 'mta-sts.a.example', 'the first one again');

$nginx->stop;

done_testing();
