#!/usr/bin/perl

# mta-sts import from what others have served so far: nginx by hand, Debian's
# Apache and Caddy.  A random domains file is written as files with
# mta-sts policy --tree, also with other line ends, and comes back as it was, with
# the old id, and from nginx.conf and the folder as from the live world.
#
# MTA_STS_TEST_SEED repeats a run.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use MtaSts::Random;
use MtaSts::Web;
use MtaSts::World;
use Test::More;

enter_world();

$ENV{PATH} .= ':/usr/sbin:/sbin';

my $seed = seed();
begin_case($seed);
note("MTA_STS_TEST_SEED=$seed");

my $world = MtaSts::World->new;
my $dir = $world->dir;
my $tree = "$dir/tree";
my @domains = map { "d$_.example" } 1 .. 12;

# what others serve has no tlsrpt_rua; that is in the DNS

my $yaml = "domains:\n" . join '', map {
    my ($age, $mode) = (86400 + int rand 31_000_000, pick(qw(enforce testing)));
    my @mx = map { '"' . (random_mx())[1] . '"' } 1 .. 1 + int rand 3;
    my %once = map { $_ => 1 } grep { length $_ < 200 } @mx, '"mx.example"';
    "  $_: {mode: $mode, max_age: $age, mx: [" . join(', ', sort keys %once)
    . "]}\n" } @domains;

spew("$dir/x.yaml", $yaml);
mkdir $tree;

my ($rc, undef, $err) = helper('policy', '--tree', $tree, '-d', "$dir/x.yaml");
is($rc, 0, 'policy --tree') or diag $err;
my (undef, $records) = helper('records', '-d', "$dir/x.yaml");

# one more in a spelling of its own: with LF

my $lf = "$tree/mta-sts.d1.example/.well-known/mta-sts.txt";
spew($lf, slurp($lf) =~ s/\r\n/\n/gr);

my $cert = $world->cert('all', [map { "mta-sts.$_" } @domains]);

$world->dns(join('', map { "mta-sts.$_. A 192.0.2.1\n$_. MX 1 mx\n"
                           . "_mta-sts.$_. TXT \"v=STSv1; id=before;\"\n" }
                     @domains) . "mx A 192.0.2.1\n", [], []);

my @net = ('--resolver', $world->resolver, '--ca', $world->ca);


# Imports and compares with what was written; said are the comments of d1.example
# and d2.example.

sub import_from {
    my ($how, $said, @args) = @_;
    my ($status, $out, $err) = run('', "$MtaSts::BUILD/mta-sts", 'import', @args);
    my @said = map { $out =~ /^  \Q$_\E:.*?# (.*)$/m ? $1 : '' }
               qw(d1.example d2.example);

    s/ -> [0-9a-f]{20}/ -> NEW/ for @said;

    is($status, 0, "$how: imported") or diag $err;
    spew("$dir/y.yaml", $out);
    is((helper('records', '-d', "$dir/y.yaml"))[1], $records,
       '... and as it was: the same ids');
    is_deeply(\@said, $said, '... with what will be others');
}

my $live = ['id before -> NEW; bytes: line ends', 'id before -> NEW'];

import_from('the folder', ["was $lf; bytes: line ends",
                           'was ' . $lf =~ s/d1/d2/r], '--from-conf', $tree);

# nginx: files, and texts in the configuration

my $by_hand = '';

for my $domain (@domains) {
    my $text = slurp("$tree/mta-sts.$domain/.well-known/mta-sts.txt")
               =~ s/\r/\\r/gr =~ s/\n/\\n/gr;

    $by_hand .= web("mta-sts.$domain", $cert, 'default_type text/plain; '
        . "location = /.well-known/mta-sts.txt { return 200 '$text'; }");
}

for (['files', web(join(' ', map { "mta-sts.$_" } @domains), $cert,
                   "default_type text/plain; root $tree/\$host;")],
     ['return', $by_hand]) {
    my ($how, $http) = @$_;
    $world->nginx($http);
    spew("$dir/hand.conf", "http { $http }");
    import_from("nginx, $how", $live, @net, @domains);
    my ($status, $out) = helper('import', '--from-conf', "$dir/hand.conf");
    spew("$dir/y.yaml", $out);
    is((helper('records', '-d', "$dir/y.yaml"))[1], $records,
       '... and from its nginx.conf');
    $world->{nginx}->stop;
}

# Apache and Caddy

my $apache = MtaSts::Web->apache("<Directory $tree>\nRequire all granted\n"
    . "</Directory>\n" . join '', map { <<"EOC" } map { "mta-sts.$_" } @domains);
<VirtualHost *:443>
    ServerName             $_
    DocumentRoot           $tree/$_
    SSLEngine              on
    SSLCertificateFile     $cert.pem
    SSLCertificateKeyFile  $cert.key
</VirtualHost>
EOC
import_from('Apache', $live, @net, @domains);
$apache->stop;

my $caddy = MtaSts::Web->caddy(join '', map { <<"EOC" } map { "mta-sts.$_" } @domains);
$_ {
    tls $cert.pem $cert.key
    root * $tree/$_
    file_server
}
EOC
import_from('Caddy', $live, @net, @domains);
$caddy->stop;

$world->stop;
done_testing();
