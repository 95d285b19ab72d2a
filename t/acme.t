#!/usr/bin/perl

# From a new domain to a served policy, with a real ACME client and server:
# domains file, list --hosts, dehydrated with HTTP-01 through nginx, policy over
# verified TLS.  Servers, hook and commands are those of docs/hosting.md.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use MtaSts::Acme;
use MtaSts::Docs qw(snippet);
use Test::More;

delete @ENV{grep { /_proxy$|^PEBBLE_/i } keys %ENV};
$ENV{LC_ALL} = 'C';

my $document = 'docs/hosting.md';
my $acme = 'location /.well-known/acme-challenge/ { root %%DIR%%/www; }';

# the document's servers, the second one with challenges, too; and one with policy
# and challenges over plain HTTP

my $http = MtaSts::Acme::servers(snippet($document,
                                         'One server block for all', 0, 'nginx'));

$http =~ s/(mta_sts_domains .*)/$1\n    $acme/;
$http .= <<"EOC";
server {
    listen               127.0.0.1:%%PORT2%%;
    server_name          mta-sts.*;
    mta_sts_domains      %%DIR%%/mta-sts.yaml;
    $acme
    location / { return 301 https://\$host\$request_uri; }
}
EOC

my $yaml = <<'EOC';
policies:
  hosted: {mode: enforce, mx: [mx1.hoster.example]}
domains:
  a.example: hosted
EOC

my $nginx = MtaSts->new($http, 'mta-sts.yaml' => $yaml);
my $dir = $nginx->dir;

# The document's folders, hook and configuration of dehydrated, and what a CA of
# our own needs besides.

sub commands { return MtaSts::Acme::commands($dir, @_) }


my ($status, $out, $err) = run('', 'sh', '-ec',
    commands(snippet($document, 'Certificates', 1, 'sh')));
is("$status $out$err", '0 ', 'the folders');

spew("$dir/deploy", commands(snippet($document, 'Certificates', 0, 'sh')));
chmod 0755, "$dir/deploy";

my $ca = MtaSts::Acme->new($nginx, '127.0.0.1');

mkdir "$dir/dehydrated" or die "$dir/dehydrated: $!";
spew("$dir/dehydrated.conf", <<"EOC" . commands(snippet($document, 'dehydrated', 0)));
CA="@{[$ca->directory]}"
CURL_OPTS="-q --cacert @{[$ca->api_ca]}"
BASEDIR="$dir/dehydrated"
DOMAINS_TXT="$dir/dehydrated/domains.txt"
CERTDIR="$dir/dehydrated/certs"
EOC

# Commands of the document; returns the output.

sub dehydrated {
    my ($n) = @_;
    my $command = commands(snippet($document, 'dehydrated', $n))
        =~ s{\bdehydrated -}{dehydrated --config $dir/dehydrated.conf -}gr;
    my ($status, $out, $err) = run('', 'sh', '-c', $command);
    is($status, 0, 'dehydrated') or diag("$command\n$out$err", $ca->log);
    return $out;
}


# The hosts that the client gets certificates for.

sub hosts {
    my ($status, $out, $err) = helper('list', '--hosts', '-c',
                                      "$dir/nginx.conf");
    is("$status $err", '0 ', 'list --hosts');
    my ($alone, $same) = helper('list', '--hosts', '-d', "$dir/mta-sts.yaml");
    is("$alone $same", "0 $out", '... and of the domains file alone the same');
    return $out;
}


my $path = '/.well-known/mta-sts.txt';
my $refused = qr/^TLS: .*alert/;

# What is served over TLS has to be what the helper says.

sub served {
    my ($domain) = @_;
    my $host = "mta-sts.$domain";
    my ($status, $policy) = helper('policy', '-c', "$dir/nginx.conf", $domain);

    is($status, 0, "$domain: a policy");
    like($policy, qr/^version: STSv1\r\n/, '... that is one');

    my $got = $nginx->get(1, $host, sni => $host);
    like($got, qr{^HTTP/1\.1 200 OK\r\n}, '... verified TLS, 200');
    is((split_response($got))[1], $policy, '... the exact bytes');

    my $port = $nginx->port(1);
    my ($failed, $out, $err) = run('', 'curl', '-qsS', '--http2',
        '--max-time', 60, '--cacert', "$dir/ca.pem",
        '--resolve', "$host:$port:127.0.0.1", "https://$host:$port$path");
    is("$failed $err$out", "0 $policy", '... and with HTTP/2');

    return $policy;
}


sub not_served {
    my ($domain, $why) = @_;
    like($nginx->get(1, "mta-sts.$domain", sni => "mta-sts.$domain"), $refused,
         "$domain: $why, the handshake fails");
}


# A file among the challenges comes from port $n, over TLS if asked.

my $token = 'evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA';
spew("$dir/www/.well-known/acme-challenge/by-hand", $token);

sub challenge {
    my ($n, $host, @sni) = @_;
    my $got = $nginx->get($n, $host, @sni,
        path => '/.well-known/acme-challenge/by-hand');
    like($got, qr{^HTTP/1\.1 200 OK\r\n.*\r\n\r\n\Q$token\E\z}s,
         "$host: a challenge, port $n");
}


# one domain, no certificate yet

$nginx->start;

not_served('a.example', 'no certificate');
challenge($_, 'mta-sts.a.example') for 0, 2;

is(hosts(), "mta-sts.a.example\n", 'the list');

dehydrated(1);
my $said = dehydrated(2);
like($said, qr/^Processing mta-sts\.a\.example$/m, '... has the domain');

my $policy = served('a.example');

is($policy, "version: STSv1\r\nmode: enforce\r\nmx: mx1.hoster.example\r\n"
   . "max_age: 604800\r\n", 'the policy of the domains file');


# policy and challenges side by side

sub side_by_side {
    my ($n, $host, @sni) = @_;

    challenge($n, $host, @sni);
    is((split_response($nginx->get($n, $host, @sni)))[1], $policy,
       '... and the policy');
    like($nginx->get($n, $host, @sni,
                     path => '/.well-known/acme-challenge/none'),
         qr{^HTTP/1\.1 404 }, '... and a challenge that is not there');
}

side_by_side(1, 'mta-sts.a.example', sni => 'mta-sts.a.example');
side_by_side(2, 'mta-sts.a.example');

like($nginx->get(0, 'mta-sts.a.example'), qr{^HTTP/1\.1 404 },
     'the server for challenges alone serves no policy');


# one more, in a server block of its own for the CA's visit, too

spew("$dir/mta-sts.yaml", $yaml . "  b.example: hosted\n");
$nginx->conf($http . <<"EOC");
server {
    listen               127.0.0.1:%%PORT0%%;
    server_name          mta-sts.b.example;
    mta_sts_domains      %%DIR%%/mta-sts.yaml;
    $acme
}
EOC

my $cert = "$dir/certs/mta-sts.a.example/fullchain.pem";
my $first = slurp($cert);

ok($nginx->reload, 'reload with one more domain');

not_served('b.example', 'no certificate');
served('a.example');
side_by_side(0, 'mta-sts.b.example');
side_by_side(2, 'mta-sts.b.example');

is(hosts(), "mta-sts.a.example\nmta-sts.b.example\n", 'the list');

$said = dehydrated(2);
is(join(' ', $said =~ /^Processing (\S+)/mg),
   'mta-sts.a.example mta-sts.b.example', 'the client has both');
my $orders = () = $said =~ /Requesting new certificate order/g;
is($orders, 1, '... and orders one');

served($_) for 'a.example', 'b.example';
side_by_side(1, 'mta-sts.b.example', sni => 'mta-sts.b.example');

is(slurp($cert), $first, 'the first domain has its first certificate');


# a domain leaves: its certificate is there and not used

spew("$dir/mta-sts.yaml", $yaml);
$nginx->conf($http);

ok($nginx->reload, 'reload without a domain');

ok(-e "$dir/certs/mta-sts.b.example/fullchain.pem", 'b.example: a certificate');
like($nginx->get(1, 'mta-sts.b.example', sni => 'mta-sts.b.example'),
     qr/^TLS: .*unrecognized name/, '... is not used, without a policy');
served('a.example');


# nginx says that a file is not there with [crit], which is right

$nginx->stop(qr/cannot load certificate/);

is(join(' ', map { s{.*/}{}r } glob "$dir/www/.well-known/acme-challenge/*"),
   'by-hand',
   'no challenge is left over');

done_testing();
