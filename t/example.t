#!/usr/bin/perl

# conf.example runs as it is, except for free ports, and serves what it says.

use strict;
use warnings;

use lib 't/lib';
use File::Copy qw(copy);
use MtaSts;
use Test::More;

my $nginx = MtaSts->new('');
my $dir = $nginx->dir;
my $conf = slurp('conf.example');

is($conf =~ s/127\.0\.0\.1:8443/127.0.0.1:%%PORT0%%/g, 4,
   'conf.example listens on a TLS port');
is($conf =~ s/127\.0\.0\.1:8080/127.0.0.1:%%PORT1%%/g, 1,
   'conf.example listens on a plain port');

# what the demo does: the module and certificates beside it

mkdir "$dir/$_" for 'modules', 'certs';
copy('mta-sts.yaml', $dir) or die $!;

if ($MtaSts::MODULE) {
    copy($MtaSts::MODULE, "$dir/modules/") or die $!;

} else {
    like($conf, qr/^load_module /m, 'conf.example loads the module');
    $conf =~ s/^load_module .*//m;
}

$conf = "daemon off;\n" . ($> == 0 ? "user root;\n" : '') . $conf;
spew("$dir/nginx.conf", $nginx->expand($conf));

my ($rc, $out, $err) = helper('list', '-c', "$dir/nginx.conf");
is($rc, 0, 'the helper reads it');
is($err, '', '... without a warning');

my @domains = map { (split)[0] } split /\n/, $out;
is("@domains", 'customer1.example customer2.example customer3.example '
   . 'customer4.example example.com example.net example.org leaving.example '
   . 'xn--bcher-kva.example', '... and finds its domains');

make_cert($dir, "certs/mta-sts.$_", "mta-sts.$_") for @domains;

my ($status, $said) = $nginx->test;
is($status, 0, 'nginx accepts it') or diag($said);
unlike($said, qr/warn/, '... without a warning');

$nginx->start;

for my $domain (@domains) {
    my (undef, $policy) = helper('policy', '-c', "$dir/nginx.conf", $domain);
    my $got = $nginx->get(0, "mta-sts.$domain", sni => "mta-sts.$domain");
    is((split_response($got))[1], $policy, "the policy of $domain");
    like($policy, qr/^version: STSv1\r\n/, '... is one');
}

like($nginx->get(0, 'mta-sts.example.net', path => '/',
                 sni => 'mta-sts.example.net'),
     qr/This host serves an MTA-STS policy/, 'a page beside the policy');
like($nginx->get(1, 'mta-sts.example.net', path => '/x'),
     qr{^HTTP/1\.1 301 .*^Location: https://mta-sts\.example\.net/x\r$}ms,
     'plain HTTP redirects');

$nginx->stop;

like(slurp("$dir/logs/access.log"),
     qr{^127\.0\.0\.1\ "GET\ /\.well-known/mta-sts\.txt\ HTTP/1\.1"\ 200
        \ example\.com\ enforce\ [0-9a-f]{20}$}mx, 'the log format');

done_testing();
