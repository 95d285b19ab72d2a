#!/usr/bin/perl

# One server block for a hundred domains of a file: each over TLS with the
# certificate that SNI asks for, HTTP/1.1 and HTTP/2, in whatever spelling
# senders use; and what is not in the file, or has no certificate yet.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use Test::More;

use constant N => 100;

my $server = 'ssl_certificate %%DIR%%/certs/$mta_sts_host.pem; '
    . 'ssl_certificate_key %%DIR%%/certs/$mta_sts_host.key;';

my $nginx = MtaSts->new("
server {
    listen 127.0.0.1:%%PORT0%% ssl http2;
    server_name mta-sts.*;
    $server
    mta_sts_certificate_cache max=1000;
    mta_sts_domains d.yaml;
}
server {
    listen 127.0.0.1:%%PORT1%% ssl http2;
    server_name ~^mta-sts\\.;
    $server
    mta_sts_domains default.yaml;
}
server {
    listen 127.0.0.1:%%PORT2%% ssl http2;
    server_name mta-sts.*;
    ssl_certificate %%DIR%%/any.pem;
    ssl_certificate_key %%DIR%%/any.key;
    mta_sts_domains d.yaml;
}");

my $dir = $nginx->dir;
my $path = '/.well-known/mta-sts.txt';
my @domains = map { sprintf 'c%03d.example', $_ } 1 .. N;

my $yaml = "policies:\n"
    . join('', map { "  p$_: { mode: enforce, mx: mx$_.example }\n" } 0 .. 9)
    . "domains:\n"
    . join('', map { "  $domains[$_]: p" . $_ % 10 . "\n" } 0 .. $#domains)
    . "  no-cert.example: p0\n";

spew("$dir/d.yaml", $yaml);
spew("$dir/default.yaml", "${yaml}default: { mx: any.example }\n");

# one key for all but the first, which makes a hundred certificates quick

mkdir "$dir/certs";
make_cert($dir, "certs/mta-sts.$_", "mta-sts.$_") for @domains, 'other.example';
make_cert($dir, 'any', 'mta-sts.no-cert.example', 'mta-sts.c001.example',
          'mta-sts.other.example');

$nginx->start;

sub body_of {
    my ($mode, $mx) = @_;
    return "version: STSv1\r\nmode: $mode\r\nmx: $mx\r\nmax_age: 604800\r\n";
}

my $any = body_of('testing', 'any.example');

# capitals, a dot, both

sub spellings {
    my ($name) = @_;
    return ($name, uc $name, ucfirst($name) . '.', "$name.");
}


# HTTP/1.1: the certificate is verified against each name

for my $n (0, 1) {
    my ($bad_cert, $bad_body) = (0, 0);

    for my $i (0 .. $#domains) {
        my $host = "mta-sts.$domains[$i]";
        my $sni = (spellings($host))[$i % 4];
        my $got = $nginx->get($n, $sni, sni => $sni, verify => $host);

        $bad_cert++ unless $got =~ m{^HTTP/1\.1 200 };
        $bad_body++ unless ((split_response($got))[1] // '')
                           eq body_of('enforce', 'mx' . $i % 10 . '.example');
    }

    is($bad_cert, 0, "server $n: " . N . ' domains with their certificates');
    is($bad_body, 0, '... and their policies');
}

# each spelling of one name

for my $sni (spellings('mta-sts.c042.example')) {
    like($nginx->get(0, $sni, sni => $sni, verify => 'mta-sts.c042.example'),
         qr/^HTTP\/1\.1 200 .*^mx: mx1\.example\r$/ms, "SNI and Host $sni");
}


# HTTP/2, all in one go of curl, which verifies, too

sub curl {
    my ($n, @hosts) = @_;
    my $port = $nginx->port($n);
    my ($status, $out, $err) = run('', 'curl', '-sS', '--http2', '--max-time',
        60, '--cacert', "$dir/ca.pem", '-w', '%{http_version} ',
        (map { ('--resolve', "$_:$port:127.0.0.1") } @hosts),
        map { "https://$_:$port$path" } @hosts);
    return $status ? $err : $out;
}

is(curl(0, map { "mta-sts.$_" } @domains),
   join('', map { body_of('enforce', 'mx' . $_ % 10 . '.example') . '2 ' }
        0 .. $#domains), N . ' domains over HTTP/2');
is(curl(0, 'MTA-STS.C007.Example'), body_of('enforce', 'mx6.example') . '2 ',
   'HTTP/2 with capitals');


# not in the file, not there yet

my $refused = qr/^TLS: .*alert internal error/;
my $unknown = qr/^TLS: .*unrecognized name/;

for my $case ([0, $refused, 'mta-sts.no-cert.example', 'no certificate yet'],
              [0, $unknown, 'mta-sts.other.example', 'not in the file'],
              [0, $unknown, 'other.example', 'no policy host'],
              [0, $unknown, 'mta-sts.../certs/mta-sts.c001.example', 'a path'],
              [1, $refused, 'mta-sts.no-cert.example', 'the default policy'],
              [1, $refused, 'mta-sts.third.example', 'not known, default'])
{
    my ($n, $alert, $sni, $name) = @$case;
    like($nginx->get($n, $sni, sni => $sni), $alert,
         "$name: the handshake fails");
}

like($nginx->get(0, 'mta-sts.c001.example', sni => 'mta-sts.c001.example'),
     qr{^HTTP/1\.1 200 }, '... and others are not touched');

# a connection that is open stays so while another one fails

{
    my $open = IO::Socket::SSL->new(PeerAddr => '127.0.0.1:' . $nginx->port(0),
        SSL_hostname => 'mta-sts.c002.example', SSL_verifycn_scheme => 'http',
        SSL_ca_file => "$dir/ca.pem", Timeout => 60) or die;
    my $sni = 'mta-sts.no-cert.example';

    like($nginx->get(0, $sni, sni => $sni), $refused, 'a failing handshake');
    print $open "GET $path HTTP/1.1\r\nHost: mta-sts.c002.example\r\n"
        . "Connection: close\r\n\r\n";
    local $/;
    like(scalar <$open>, qr{^HTTP/1\.1 200 }, '... beside an open connection');
}

make_cert($dir, 'certs/mta-sts.no-cert.example', 'mta-sts.no-cert.example');
like($nginx->get(0, 'mta-sts.no-cert.example', sni => 'mta-sts.no-cert.example'),
     qr{^HTTP/1\.1 200 }, 'a new certificate serves without a reload');

is((split_response($nginx->get(1, 'mta-sts.other.example',
                               sni => 'mta-sts.other.example')))[1], $any,
   'the default is served');
like($nginx->get(2, 'mta-sts.other.example',
                 sni => 'mta-sts.other.example'),
     qr{^HTTP/1\.1 404 },
     'a certificate of many names: what is not in the file falls through');


# the hosts to get certificates for

is((helper('list', '--hosts', '-c', "$dir/nginx.conf", @domains))[1],
   join('', map { "mta-sts.$_\n" } sort @domains), 'mta-sts list --hosts');

$nginx->stop(qr/cannot load certificate/);

done_testing();
