#!/usr/bin/perl

# From a new domain to a served policy, with a real ACME client and server:
# domains file, list --hosts, dehydrated with HTTP-01 through nginx, policy over
# verified TLS.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use POSIX qw(:sys_wait_h);
use Test::More;

delete @ENV{grep { /_proxy$|^PEBBLE_/i } keys %ENV};
$ENV{LC_ALL} = 'C';

my $acme = 'location /.well-known/acme-challenge/ '
    . '{ alias %%DIR%%/challenges/; }';

my $http = <<"EOC";
server {
    listen               127.0.0.1:%%PORT0%%;
    server_name          mta-sts.*;
    $acme
    location / { return 301 https://\$host\$request_uri; }
}
server {
    listen               127.0.0.1:%%PORT1%% ssl http2;
    server_name          mta-sts.*;
    ssl_certificate      %%DIR%%/certs/\$mta_sts_host/fullchain.pem;
    ssl_certificate_key  %%DIR%%/certs/\$mta_sts_host/privkey.pem;
    mta_sts_certificate_cache  max=10000;
    mta_sts_domains      %%DIR%%/mta-sts.yaml;
    $acme
    location / { return 404; }
}
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

mkdir "$dir/$_" or die "$dir/$_: $!" for 'challenges', 'certs', 'pebble';

my $dns = '127.0.0.1:' . $nginx->port(3);
my $directory = 'https://localhost:' . $nginx->port(5) . '/dir';


# A server of the test: in the background until the end, waited for on its port.

my @servers;

sub server {
    my ($n, @command) = @_;
    my $log = "$dir/logs/$command[0]";
    my $pid = fork // die "fork: $!";

    if ($pid == 0) {
        open STDIN, '<', '/dev/null' or POSIX::_exit(127);
        open STDOUT, '>', $log or POSIX::_exit(127);
        open STDERR, '>&', \*STDOUT or POSIX::_exit(127);
        { no warnings; exec { $command[0] } @command; }
        print STDERR "$command[0]: $!";
        POSIX::_exit(127);
    }

    push @servers, $pid;

    for (1 .. 1200) {
        my $over = waitpid($pid, WNOHANG);
        if ($over) {
            pop @servers;
            last;
        }
        return if IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                        PeerPort => $nginx->port($n));
        select undef, undef, undef, 0.05;
    }

    die "$command[0] did not start: " . slurp($log);
}


my $me = $$;

END {
    if ($$ == $me) {
        local $?;
        kill 'KILL', $_ for @servers;
        waitpid $_, 0 for @servers;
    }
}

$SIG{$_} = sub { exit 1 } for 'INT', 'TERM';


# pebble asks this one where the policy hosts are: all on 127.0.0.1

server(3, 'pebble-challtestsrv', '-dns01', $dns, '-defaultIPv6', '',
       '-http01', '', '-https01', '', '-tlsalpn01', '',
       '-management', '127.0.0.1:' . $nginx->port(4));

make_cert("$dir/pebble", 'api', 'localhost');

spew("$dir/pebble/config.json", $nginx->expand(<<'EOC'));
{
    "pebble": {
        "listenAddress": "127.0.0.1:%%PORT5%%",
        "managementListenAddress": "127.0.0.1:%%PORT6%%",
        "certificate": "%%DIR%%/pebble/api.pem",
        "privateKey": "%%DIR%%/pebble/api.key",
        "httpPort": %%PORT0%%,
        "tlsPort": %%PORT7%%,
        "ocspResponderURL": "",
        "externalAccountBindingRequired": false
    }
}
EOC

{
    local $ENV{PEBBLE_VA_NOSLEEP} = 1;
    local $ENV{PEBBLE_WFE_NONCEREJECT} = 0;
    local $ENV{PEBBLE_AUTHZREUSE} = 0;
    server(5, 'pebble', '-config', "$dir/pebble/config.json",
           '-dnsserver', $dns, '-strict');
}

# its management port opens on its own

my ($status, $root, $err) = run('', 'curl', '-qsS', '--max-time', 60,
    '--retry', 20, '--retry-delay', 1, '--retry-connrefused',
    '--cacert', "$dir/pebble/ca.pem",
    'https://localhost:' . $nginx->port(6) . '/roots/0');
die "no root from pebble: $err" if $status || $root !~ /BEGIN CERTIFICATE/;
spew("$dir/ca.pem", $root);


spew("$dir/dehydrated.conf", <<"EOC");
CA="$directory"
CURL_OPTS="-q --cacert $dir/pebble/ca.pem"
BASEDIR="$dir/dehydrated"
DOMAINS_TXT="$dir/domains.txt"
WELLKNOWN="$dir/challenges"
CERTDIR="$dir/certs"
KEY_ALGO=prime256v1
KEYSIZE=2048
EOC
mkdir "$dir/dehydrated" or die "$dir/dehydrated: $!";

sub dehydrated {
    my @args = @_;
    my ($status, $out, $err) = run('', 'dehydrated', '--config',
                                   "$dir/dehydrated.conf", @args);
    is($status, 0, "dehydrated @args")
        or diag("$out$err", slurp("$dir/logs/pebble"));
    return $out;
}


# The list for the client, as the README has it.

sub list_hosts {
    my ($status, $out, $err) = helper('list', '--hosts', '-c',
                                      "$dir/nginx.conf");
    is("$status $err", '0 ', 'list --hosts');
    my ($alone, $same) = helper('list', '--hosts', '-d', "$dir/mta-sts.yaml");
    is("$alone $same", "0 $out", '... and of the domains file alone the same');
    spew("$dir/domains.txt", $out);
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
spew("$dir/challenges/by-hand", $token);

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

is(list_hosts(), "mta-sts.a.example\n", 'the list');

dehydrated('--register', '--accept-terms');
my $said = dehydrated('-c');
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

like($nginx->get(0, 'mta-sts.a.example'), qr{^HTTP/1\.1 301 },
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

is(list_hosts(), "mta-sts.a.example\nmta-sts.b.example\n", 'the list');

$said = dehydrated('-c');
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

is(join(' ', glob "$dir/challenges/*"), "$dir/challenges/by-hand",
   'no challenge is left over');

done_testing();
