#!/usr/bin/perl

# Policies over TLS as senders fetch them: HTTP/1.1 and HTTP/2 with the
# certificate verified, and $mta_sts_host, which chooses the certificate during
# the handshake from what senders really put into SNI.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use Test::More;

my $nginx = MtaSts->new(<<'EOC');
server {
    listen               127.0.0.1:%%PORT0%% ssl http2;
    server_name          mta-sts.example.com;
    ssl_certificate      %%DIR%%/one.pem;
    ssl_certificate_key  %%DIR%%/one.key;
    mta_sts_mx           mail.example.com;
}
server {
    listen               127.0.0.1:%%PORT1%% ssl http2;
    server_name          mta-sts.a.example mta-sts.b.example mta-sts.no-cert.example;
    ssl_certificate      %%DIR%%/$mta_sts_host.pem;
    ssl_certificate_key  %%DIR%%/$mta_sts_host.key;
    mta_sts_mode         enforce;
    mta_sts_mx           mx.example;
    add_header           X-Host $mta_sts_host;
}
log_format host '[$mta_sts_host]';
server {
    listen               127.0.0.1:%%PORT2%% ssl http2;
    server_name          mta-sts.*;
    ssl_certificate      %%DIR%%/$mta_sts_host.pem;
    ssl_certificate_key  %%DIR%%/$mta_sts_host.key;
    mta_sts_mx           any.example;
    access_log           %%DIR%%/logs/host.log host;
}
EOC

my $dir = $nginx->dir;

make_cert($dir, 'one', 'mta-sts.example.com');
make_cert($dir, "mta-sts.$_", "mta-sts.$_")
    for 'a.example', 'b.example', 'c.example';

# what a stranger might ask for

make_cert($dir, 'secret', 'secret.example');
make_cert($dir, 'mta-sts.x_y.example', 'mta-sts.x_y.example');

$nginx->start;

my $path = '/.well-known/mta-sts.txt';


sub curl {
    my ($n, $host, @options) = @_;
    my $port = $nginx->port($n);
    my ($status, $out, $err) = run('', 'curl', '-sS', '--max-time', 60,
        '--cacert', "$dir/ca.pem", '--resolve', "$host:$port:127.0.0.1",
        '-w', '\n%{http_version} %{http_code} %{content_type}', @options,
        "https://$host:$port$path");
    return $status ? $err : $out;
}

my $one = "version: STSv1\r\nmode: testing\r\nmx: mail.example.com\r\n"
    . "max_age: 604800\r\n";

is(curl(0, 'mta-sts.example.com', '--http1.1'), "$one\n1.1 200 text/plain",
   'HTTP/1.1');
is(curl(0, 'mta-sts.example.com', '--http2'), "$one\n2 200 text/plain",
   'HTTP/2');
like(curl(0, 'mta-sts.example.com', '--http2', '-I'),
     qr{^HTTP/2 200 .*^content-length: \d+\r\n.*^cache-control: no-cache\r\n}ms,
     'HTTP/2 HEAD');
like(curl(0, 'mta-sts.example.com', '--http2', '-i', '-d', 'body'),
     qr{^HTTP/2 405 .*^allow: GET, HEAD\r\n}ms, 'HTTP/2 POST');
is(curl(0, 'mta-sts.example.com', '--http2', '-H',
        'Host: MTA-STS.Example.com.'), "$one\n2 200 text/plain",
   'HTTP/2 with capitals and a dot in :authority');
is(curl(0, 'mta-sts.example.com', '--http2', '-H', 'Range: bytes=0-1'),
   "$one\n2 200 text/plain", 'HTTP/2 with a Range');

my $port = $nginx->port(0);
my ($status, $out) = run('', 'curl', '-sS', '--http2', '--cacert',
    "$dir/ca.pem", '--resolve', "mta-sts.example.com:$port:127.0.0.1",
    ("https://mta-sts.example.com:$port$path") x 20);
is($out, $one x 20, '20 requests on one HTTP/2 connection');


# the certificate follows SNI; what comes back is verified against the name

# the server's own word that it has none, not a name that does not verify

my $refused = qr/^TLS: .*alert/;
my $unknown = qr/^TLS: .*unrecognized name/;

my $two = "version: STSv1\r\nmode: enforce\r\nmx: mx.example\r\n"
    . "max_age: 604800\r\n";

for my $case (['mta-sts.a.example', 'mta-sts.a.example'],
              ['mta-sts.b.example', 'mta-sts.b.example'],
              ['MTA-STS.A.Example', 'mta-sts.a.example'],
              ['mta-sts.b.example.', 'mta-sts.b.example'],
              ['MTA-STS.B.EXAMPLE.', 'mta-sts.b.example'])
{
    my ($sni, $name) = @$case;
    my $got = $nginx->get(1, $sni, sni => $sni, verify => $name);

    like($got, qr{^HTTP/1\.1 200 }, "SNI $sni: 200");
    is((split_response($got))[1], $two, "SNI $sni: the policy");
    is(fields($got, 'X-Host'), $name, "SNI $sni: \$mta_sts_host");
}

like($nginx->get(1, 'mta-sts.no-cert.example', sni => 'mta-sts.no-cert.example'),
     $refused, 'no certificate yet: the handshake fails');
like($nginx->get(1, 'mta-sts.a.example', sni => 'mta-sts.a.example'),
     qr{^HTTP/1\.1 200 }, '... and others are not touched');

for my $sni ('mta-sts.c.example', 'secret', 'secret.example', '../secret',
             'mta-sts.', 'a.example')
{
    like($nginx->get(1, 'mta-sts.a.example', sni => $sni,
                     verify => 'x.example'), $unknown,
         "SNI $sni names no file");
}

like($nginx->get(1, 'mta-sts.a.example', sni => '', verify => 'x.example'),
     $refused, 'no SNI names no file');


# with a wildcard name, any policy host that is one

my $any = $two =~ s/enforce/testing/r =~ s/mx\.example/any.example/r;

like($nginx->get(2, 'mta-sts.c.example', sni => 'mta-sts.c.example'),
     qr/\r\n\r\n\Q$any\E/, 'a wildcard name takes any policy host');
like($nginx->get(2, $_, sni => $_, verify => 'x.example'), $unknown,
     "... but not $_")
    for 'mta-sts.x_y.example', 'secret', 'mta-sts.d/../secret';

# nginx says that a file is not there with [crit], which is right

$nginx->stop(qr/cannot load certificate/);

is(slurp("$dir/logs/host.log"), "[mta-sts.c.example]\n",
   '$mta_sts_host in a log');

done_testing();
