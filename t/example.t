#!/usr/bin/perl

# conf.example runs as it is, but for free ports, and serves what it says; the
# configurations in README.md are accepted by nginx and by the helper.

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


# README

my @blocks = slurp('README.md') =~ /^```nginx\n(.*?)^```$/msg;
my @servers = grep { /^ *server \{/m } @blocks;

cmp_ok(scalar @servers, '>=', 3, 'README.md shows server blocks');

for my $block (@servers) {
    my $try = MtaSts->new('');

    make_cert($try->dir, 'any', 'mta-sts.example.com');
    $block =~ s{ssl_certificate +\S+;}{ssl_certificate any.pem;}g;
    $block =~ s{ssl_certificate_key +\S+;}{ssl_certificate_key any.key;}g;
    $block =~ s{listen +\[::\]:\d+[^;]*;}{}g;
    $block =~ s{listen +443}{listen 127.0.0.1:%%PORT0%%}g;
    $block =~ s{listen +80;}{listen 127.0.0.1:%%PORT1%%;}g;
    $block =~ s{^load_module .*}{}mg;
    $block =~ s{\Ahttp \{(.*)\}\s*\z}{$1}s;
    $block =~ s{mta_sts_domains +\S+;}{mta_sts_domains mta-sts.yaml;}g;
    copy('mta-sts.yaml', $try->dir) or die $!;
    $try->conf($block);

    ($status, $said) = $try->test;
    is($status, 0, 'nginx accepts a block of README.md')
        or diag("$block\n$said");
    unlike($said, qr/\[warn\]/, '... without a warning');
    ($rc, undef, $err) = helper('list', '-c', $try->dir . '/nginx.conf');
    is($rc, 0, 'the helper accepts it, too') or diag($err);
}

# what README says of its first block, and of the bytes that are served

my $readme = slurp('README.md');
my ($record) = $readme =~ /^    (_mta-sts\.example\.com\. .*)$/m;

spew("$dir/readme.conf", "http {\n$blocks[0]}\n");
(undef, $out) = helper('records', '-c', "$dir/readme.conf");
is($out, "$record\n", 'the record in README.md');

my ($yaml) = $readme =~ /^```yaml\n(.*?)^```$/ms;
my ($listed) = $readme =~ /^    \$ mta-sts list -d mta-sts\.yaml\n((?:    .*\n)+)/m;

spew("$dir/mta-sts.yaml", $yaml);
(undef, $out) = helper('list', '-p', $dir, '-d', 'mta-sts.yaml');
is($out =~ s{\Q$dir/\E}{}gr, $listed =~ s/^    //mgr,
   'the list of the domains file in README.md');

(undef, $out) = helper('policy', '-c', "$dir/readme.conf", 'example.com');
my ($shown) = $readme =~ /^(    version: .*?\n)\n/ms;
is($shown =~ s/^    //mgr, $out =~ s/\r//gr, 'the policy in README.md');
my ($length) = $readme =~ /^    Content-Length: (\d+)$/m;
is($length, length $out, 'and its length');

done_testing();
