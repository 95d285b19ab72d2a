#!/usr/bin/perl

# What an administrator puts around a site does not get between a sender and a
# policy: redirects, passwords, access rules, proxies, error pages.  What is
# meant to work on every answer does: real addresses in the log, compression,
# charset, extra headers.

use strict;
use warnings;

use lib 't/lib';
use IO::Uncompress::Gunzip qw(gunzip);
use MtaSts;
use Test::More;

my @servers = (

    # name, what stands in the server, what another path of it answers

    ['return 301', 'return 301 https://www.example.com$request_uri;',
     qr{^HTTP/1\.1 301 }],
    ['rewrite', 'rewrite ^ /elsewhere last; location / { return 410; }',
     qr{^HTTP/1\.1 410 }],
    ['rewrite in a location', 'location / { rewrite ^ /x/$uri redirect; }',
     qr{^HTTP/1\.1 302 }],
    ['if', 'if ($request_method = GET) { return 403; }', qr{^HTTP/1\.1 403 }],
    ['auth_basic', 'auth_basic closed; auth_basic_user_file %%DIR%%/none;',
     qr{^HTTP/1\.1 401 }],
    ['deny all', 'deny all;', qr{^HTTP/1\.1 403 }],
    ['satisfy', 'satisfy all; deny all; auth_basic x;', qr{^HTTP/1\.1 403 }],
    ['proxy_pass', 'location / { proxy_pass http://127.0.0.1:1; }',
     qr{^HTTP/1\.1 502 }],
    ['a location of its own', 'location = /.well-known/mta-sts.txt '
     . '{ return 500; } location /.well-known/ { return 500; }',
     qr{^HTTP/1\.1 404 }],
    ['error_page', 'error_page 405 404 =200 /error; location = /error '
     . '{ return 200 "an error page"; }', qr{an error page}],
    ['try_files', 'location / { try_files $uri =418; }', qr{^HTTP/1\.1 418 }],
    ['limit_except', 'location / { limit_except HEAD { deny all; } }',
     qr{^HTTP/1\.1 403 }],
    ['limit_req', 'limit_req zone=slow; location / { return 404; }',
     qr{^HTTP/1\.1 (?:404|503) }],
    ['internal', 'location / { internal; }', qr{^HTTP/1\.1 404 }],
);

my $conf = "limit_req_zone \$server_name zone=slow:1m rate=1r/m;\n";

for my $i (0 .. $#servers) {
    $conf .= "server { listen 127.0.0.1:%%PORT0%%; server_name "
        . "mta-sts.d$i.example; mta_sts_mx mx.d$i.example; "
        . "$servers[$i][1] }\n";
}

$conf .= <<'EOC';
log_format addr '$remote_addr $request_uri';
server {
    listen            127.0.0.1:%%PORT0%%;
    server_name       mta-sts.example.com;
    mta_sts_mx        mail.example.com;

    access_log        %%DIR%%/logs/addr.log addr;
    set_real_ip_from  127.0.0.1;
    real_ip_header    X-Forwarded-For;

    gzip              on;
    gzip_types        text/plain;
    gzip_min_length   1;
    charset           utf-8;
    server_tokens     off;
    add_header        X-Frame-Options DENY;
    add_header        X-Mta-Sts $mta_sts_id always;
}
server {
    listen            127.0.0.1:%%PORT0%%;
    server_name       mta-sts.example.net;
    mta_sts_mx        mail.example.net;
    gzip              on;
    gzip_min_length   1;
    expires           1h;
    return            404;
}
server {
    listen            127.0.0.1:%%PORT0%%;
    server_name       mta-sts.example.org;
    mta_sts_mx        mail.example.org;

    # internal redirects pass through the phase again

    location = /mta-sts.txt { try_files /nothing /.well-known/mta-sts.txt; }
    location = /error       { error_page 410 =200 /.well-known/mta-sts.txt;
                              return 410; }
}
EOC

my $nginx = MtaSts->new($conf);
$nginx->start;

my $policy = "version: STSv1\r\nmode: testing\r\nmx: mx.d0.example\r\n"
    . "max_age: 604800\r\n";

for my $i (0 .. $#servers) {
    my ($name, undef, $other) = @{ $servers[$i] };
    my $expect = $policy =~ s/d0/d$i/r;

    for my $method (qw(GET HEAD)) {
        my $got = $nginx->get(0, "mta-sts.d$i.example", method => $method);
        like($got, qr{^HTTP/1\.1 200 }, "$method with $name: 200");
        is((split_response($got))[1], $method eq 'GET' ? $expect : '',
           "$method with $name: the policy");
    }

    my $got = $nginx->get(0, "mta-sts.d$i.example", method => 'POST',
                          headers => ['Content-Length: 0']);
    like($got, qr{^HTTP/1\.1 405 }, "POST with $name: 405");
    is(fields($got, 'Allow'), 'GET, HEAD', "POST with $name: Allow");

    like($nginx->get(0, "mta-sts.d$i.example", path => '/other'), $other,
         "$name still works for the rest");
}


# what is for every answer

my $got = $nginx->get(0, 'mta-sts.example.com',
                      headers => ['X-Forwarded-For: 192.0.2.77']);
my ($head, $body) = split_response($got);
my ($rc, $out) = helper('list', '-c', $nginx->dir . '/nginx.conf',
                        'example.com');
my ($id) = $out =~ /testing  (\w{20})  /;

is(fields($got, 'Server'), 'nginx', 'server_tokens off');
is(fields($got, 'Content-Type'), 'text/plain; charset=utf-8', 'charset');
is(fields($got, 'X-Frame-Options'), 'DENY', 'add_header');
is(fields($got, 'X-Mta-Sts'), $id, 'add_header with a variable');
is(fields($got, 'Content-Encoding'), '', 'no gzip that was not asked for');

my $plain = $body;
$got = $nginx->get(0, 'mta-sts.example.com',
                   headers => ['Accept-Encoding: gzip']);
($head, $body) = split_response($got);
is(fields($got, 'Content-Encoding'), 'gzip', 'gzip that was asked for');
$body =~ s/^[0-9a-f]+\r\n//i;
gunzip(\$body => \my $unzipped);
is($unzipped, $plain, '... of the same bytes');

$got = $nginx->get(0, 'mta-sts.example.net',
                   headers => ['Accept-Encoding: gzip']);
is(fields($got, 'Content-Encoding'), '',
   'gzip leaves text/plain alone unless it is in gzip_types');
is(() = $got =~ /^Cache-Control:/mig, 1,
   'expires replaces Cache-Control and adds no second one');


# internal redirects

for my $path ('/mta-sts.txt', '/error') {
    $got = $nginx->get(0, 'mta-sts.example.org', path => $path);
    like($got, qr{^HTTP/1\.1 200 .*mx: mail\.example\.org\r\n}s,
         "$path leads to the policy");
}

$nginx->stop(qr/none" failed/);

like(slurp($nginx->dir . '/logs/addr.log'),
     qr{^192\.0\.2\.77 /\.well-known/mta-sts\.txt$}m,
     'realip: the log has the client behind the proxy');

done_testing();
