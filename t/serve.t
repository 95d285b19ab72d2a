#!/usr/bin/perl

# A sender's view of a policy over plain bytes: methods, versions of HTTP,
# ways to write the Host and the path, bodies, conditional requests.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use Test::More;

# so that what is said for debugging runs, too

$MtaSts::LEVEL = 'debug';

my $nginx = MtaSts->new(<<'EOC');
log_format vars '$request_method [$mta_sts_domain] [$mta_sts_host] [$mta_sts_mode] [$mta_sts_id]';
server {
    listen       127.0.0.1:%%PORT0%%;
    server_name  mta-sts.example.com mta-sts.example.net;
    access_log   %%DIR%%/logs/vars.log vars;

    mta_sts_mode     enforce;
    mta_sts_mx       Mail.Example.COM. *.mx.example.net;
    mta_sts_mx       backup.example.org;
    mta_sts_max_age  2w;

    location / { return 404 "the rest of the server\n"; }
}
server {
    listen       127.0.0.1:%%PORT0%%;
    server_name  other.example.com;
    location /   { return 200 "another server\n"; }
}
server {
    listen       127.0.0.1:%%PORT1%%;
    server_name  mta-sts.* mta-sts.exact.example;
    mta_sts_mx   a.example;
    location /   { return 404 "the rest of the server\n"; }
}
server {
    listen       127.0.0.1:%%PORT2%%;
    server_name  ~^mta-sts\.(?<d>.+)\.example$;
    mta_sts_mx   b.example;
    merge_slashes off;
}
server {
    listen              127.0.0.1:%%PORT3%%;
    server_name         mta-sts.example.com;
    keepalive_requests  3;
    mta_sts_mode        enforce;
    mta_sts_mx          mail.example.com *.mx.example.net backup.example.org;
    mta_sts_max_age     2w;
}
server {
    listen              127.0.0.1:%%PORT4%%;
    server_name         mta-sts.example.com;
    keepalive_timeout   0;
    mta_sts_mode        enforce;
    mta_sts_mx          mail.example.com *.mx.example.net backup.example.org;
    mta_sts_max_age     2w;
}
EOC

$nginx->start;

my $path = '/.well-known/mta-sts.txt';
my $policy = "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\n"
    . "mx: *.mx.example.net\r\nmx: backup.example.org\r\nmax_age: 1209600\r\n";

my $ok = qr{^HTTP/1\.1\ 200\ OK\r\n}x;


# the answer, as a whole

my $response = $nginx->get(0, 'mta-sts.example.com');
my ($head, $body) = split_response($response);

is($body, $policy, 'the body, byte for byte');
is_deeply([sort map { /^([^:]+)/ } grep { !/^HTTP/ } split /\r\n/, $head],
          ['Cache-Control', 'Connection', 'Content-Length', 'Content-Type',
           'Date', 'Server'], 'the header has these fields and no other');
like($head, $ok, 'status 200');
is(fields($response, 'Content-Type'), 'text/plain', 'Content-Type');
is(fields($response, 'Content-Length'), length $policy, 'Content-Length');
is(fields($response, 'Cache-Control'), 'no-cache', 'Cache-Control');

sub serves {
    my ($got, $what, $expect) = @_;
    my (undef, $bytes) = split_response($got);
    like($got, qr{^HTTP/1\.[01] 200 }, "$what: 200");
    is($bytes, $expect // $policy, "$what: the whole policy");
}


# methods

$response = $nginx->get(0, 'mta-sts.example.com', method => 'HEAD');
like($response, $ok, 'HEAD: 200');
is((split_response($response))[1], '', 'HEAD: no body');
is(fields($response, 'Content-Length'), length $policy, 'HEAD: the length');

for my $method (qw(POST PUT DELETE OPTIONS PATCH PROPFIND)) {
    $response = $nginx->get(0, 'mta-sts.example.com', method => $method,
                            headers => ['Content-Length: 3'], body => 'abc');
    like($response, qr{^HTTP/1\.1 405 }, "$method: 405");
    is(fields($response, 'Allow'), 'GET, HEAD', "$method: Allow");
    is((split_response($response))[1], '', "$method: no bytes after it");
}


# versions of HTTP

$response = $nginx->http(0, "GET $path HTTP/1.0\r\n"
                            . "Host: mta-sts.example.com\r\n\r\n");
serves($response, 'HTTP/1.0');
is(fields($response, 'Connection'), 'close', 'HTTP/1.0: closes');

like($nginx->http(0, "GET $path HTTP/1.0\r\n\r\n"),
     qr/the rest of the server/, 'HTTP/1.0 without Host: the rest');
like($nginx->http(0, "GET $path HTTP/1.1\r\nConnection: close\r\n\r\n"),
     qr{^HTTP/1\.1 400 }, 'HTTP/1.1 without Host: 400');


# the Host

serves($nginx->get(0, $_), "Host $_")
    for 'MTA-STS.EXAMPLE.COM', 'mta-sts.example.com:443',
        'mta-sts.example.com.', 'Mta-Sts.Example.Net.:8443';

serves($nginx->http(0, "GET http://MTA-STS.example.com$path HTTP/1.1\r\n"
       . "Host: other.example.com\r\nConnection: close\r\n\r\n"),
       'absolute URI, which beats Host');

like($nginx->get(0, 'mta-sts.example.org'), qr/the rest of the server/,
     'an unknown policy host falls through');
like($nginx->get(0, 'www.example.org'), qr/the rest of the server/,
     'another host falls through');
like($nginx->get(0, 'mta-sts.'), qr/the rest of the server/,
     'a prefix without a domain falls through');
like($nginx->get(0, 'mta-sts'), qr/the rest of the server/,
     'half a prefix falls through');
like($nginx->get(0, 'other.example.com'), qr/another server/,
     'another server is not touched');


# the path

serves($nginx->get(0, 'mta-sts.example.com', path => $_), "path $_")
    for '/%2ewell-known/mta-sts.txt', '//.well-known//mta-sts.txt',
        '/.well-known/x/../mta-sts.txt', '/.well-known/./mta-sts%2Etxt',
        "$path?", "$path?a=b";

for my $other ('/', '/.well-known/', "$path/", '/.well-known/MTA-STS.txt',
               '/.well-known/mta-sts.txt%00', '/.well-known/mta-sts',
               '/x/.well-known/mta-sts.txt')
{
    unlike($nginx->get(0, 'mta-sts.example.com', path => $other),
           qr/STSv1/, "path $other: no policy");
}


# keep-alive and pipelining, after bodies of every kind

my $last = "GET $path HTTP/1.1\r\nHost: mta-sts.example.com\r\n"
    . "Connection: close\r\n\r\n";

for my $case (['a body', "Content-Length: 5\r\n\r\nhello"],
              ['a chunked body', "Transfer-Encoding: chunked\r\n\r\n"
               . "5\r\nhello\r\n0\r\n\r\n"],
              ['a large body', "Content-Length: 100000\r\n\r\n"
               . 'x' x 100_000],
              ['no body', "\r\n"])
{
    my ($what, $rest) = @$case;

    for my $method (qw(GET POST HEAD)) {
        my $all = $nginx->http(0, "$method $path HTTP/1.1\r\n"
            . "Host: mta-sts.example.com\r\n$rest$last");
        my $answers = () = $all =~ m{^HTTP/1\.1 \d+ }mg;

        is($answers, 2, "$method with $what: the connection goes on");
        like($all, qr/\Q$policy\E\z/, '... to a whole policy');
    }
}

my $all = $nginx->http(0, ("GET $path HTTP/1.1\r\n"
    . "Host: mta-sts.example.com\r\n\r\n") x 50 . $last);
is(() = $all =~ /\r\n\r\n\Q$policy\E/g, 51, '51 pipelined requests');

$all = $nginx->http(0, "POST $path HTTP/1.1\r\nHost: mta-sts.example.com\r\n"
    . "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nab$last");
like($all, qr{^HTTP/1\.1 100 .*^HTTP/1\.1 405 .*^HTTP/1\.1 200 }ms,
     'Expect: 100-continue');


# the limits of keep-alive hold here as for a location

my $one = "GET $path HTTP/1.1\r\nHost: mta-sts.example.com\r\n\r\n";

is(() = $nginx->http(3, $one x 6) =~ /\r\n\r\n\Q$policy\E/g, 3,
   'keepalive_requests');
is(fields($nginx->http(4, $one), 'Connection'), 'close', 'keepalive_timeout 0');


# conditional and partial requests get the whole policy

for my $field ('If-None-Match: *', 'If-None-Match: "x"', 'If-Match: "x"',
               'If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT',
               'If-Unmodified-Since: Thu, 01 Jan 1970 00:00:01 GMT',
               'Range: bytes=0-3', 'Range: bytes=9999-',
               'Cache-Control: only-if-cached', 'Accept: application/json')
{
    serves($nginx->get(0, 'mta-sts.example.com', headers => [$field]), $field);
}


# wildcard and regex names

my $fallback = "version: STSv1\r\nmode: testing\r\nmx: a.example\r\n"
    . "max_age: 604800\r\n";

serves($nginx->get(1, $_), "$_ by a wildcard name", $fallback)
    for 'mta-sts.example.com', 'mta-sts.a.b.c.example', 'mta-sts.exact.example',
        'MTA-STS.example.com.', 'mta-sts.' . ('a' x 59 . '.') x 4 . 'bc';

for my $host ('mta-sts.a_b.example', 'mta-sts.-a.example', 'mta-sts.192.0.2.1',
              'mta-sts.' . 'a' x 64 . '.example', 'www.example.com',
              'mta-sts.' . ('a' x 59 . '.') x 4 . 'bcd',
              'mta-sts.a%2e.example')
{
    like($nginx->get(1, $host), qr/the rest of the server/,
         "$host is no policy host");
}

serves($nginx->get(2, 'mta-sts.a.example'), 'a regex name',
       $fallback =~ s/a\.example/b.example/r);
unlike($nginx->get(2, 'mta-sts.a.example', path => "/$path"), qr/STSv1/,
       'merge_slashes off is honoured');

$nginx->stop;


like(slurp($nginx->dir . '/logs/error.log'),
     qr/mta-sts policy of "example\.com", id [0-9a-f]{20}/,
     'the debug log says which policy was served');


# variables

my @log = split /\n/, slurp($nginx->dir . '/logs/vars.log');
my ($rc, $out) = helper('list', '-c', $nginx->dir . '/nginx.conf',
                        'example.com');
my ($id) = $out =~ /enforce  (\w{20})  /;

is($log[0], "GET [example.com] [mta-sts.example.com] [enforce] [$id]",
   'variables of a policy request');
is((grep { $_ eq 'GET [-] [-] [-] [-]' } @log) > 0, 1,
   'variables of a request for another host');
is((grep { $_ eq 'GET [-] [mta-sts.example.com] [-] [-]' } @log) > 0, 1,
   'variables of a request for another path');

done_testing();
