#!/usr/bin/perl

# docs/hosting.md, "From a row to a record", word for word: a row in PostgreSQL
# becomes an address record, a certificate, a policy and TXT records, by mta-sts
# follow, BIND, dehydrated, a real ACME CA and nginx.  Prints how long each took.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use MtaSts::Acme;
use MtaSts::Database;
use MtaSts::Dns;
use MtaSts::Docs qw(snippet);
use MtaSts::Follow qw(table_of);
use MtaSts::World;
use POSIX ();
use Test::More;
use Time::HiRes qw(time);

enter_world();

delete @ENV{grep { /_proxy$|^PEBBLE_/i } keys %ENV};
$ENV{LC_ALL} = 'C';
$ENV{PATH} .= ':/usr/sbin:/sbin';

# a command that fails is run again after ten seconds, and then after twenty

my $PATIENCE = 180;

my $document = 'docs/hosting.md';
my $title = 'From a row to a record';
my @user = ('setpriv', '--reuid=nobody', '--regid=nogroup', '--groups=www-data');


# The zones, on BIND, and what asks it.

sub zone {
    my ($text) = @_;
    return "\$TTL 300\n@ SOA ns.hoster.example. hostmaster 1 3600 600 86400 60\n"
        . "@ NS ns.hoster.example.\n$text\n";
}

my $bind = MtaSts::Dns->named(address => '192.0.2.11', key => 1, zones => {
    'hoster.example' => zone("ns A 192.0.2.11\nmx1 A 192.0.2.20"),
    map { ("$_.example" => zone('@ MX 10 mx1.hoster.example.')) }
        qw(customer second) });
my $unbound = MtaSts::Dns->unbound(address => '192.0.2.10',
    stubs => { map { $_ => $bind } $bind->zones },
    conf => "cache-max-ttl: 0\n    cache-max-negative-ttl: 0");


# nginx: the two servers of the document, on the real port for TLS.  Port 0 is
# where the CA asks for challenges.

my $http = MtaSts::Acme::servers(snippet($document, 'One server block for all', 0,
                                         'nginx'));
my @at = ('192.0.2.1', '[2001:db8::1]');

$http =~ s{(listen )127\.0\.0\.1(:%%PORT0%%;)}
          {join ' ', map { "$1$_$2" } '127.0.0.1', @at}e or die;
$http =~ s{listen 127\.0\.0\.1:%%PORT1%% ssl http2;}
          {join ' ', map { "listen $_:443 ssl http2;" } @at}e or die;
$http =~ s{listen +\[::1\]:%%PORT1%%[^;]*;}{};
$http =~ s{%%DIR%%/mta-sts\.yaml}{%%DIR%%/follow/domains.table} or die;

my $nginx = MtaSts->new($http);
my $dir = $nginx->dir;
my $table = "$dir/follow/domains.table";
my $helper = $MtaSts::BUILD =~ m{^/} ? "$MtaSts::BUILD/mta-sts"
                                     : "$ENV{PWD}/$MtaSts::BUILD/mta-sts";

mkdir "$dir/$_" for qw(follow dehydrated state);
chmod 0755, $dir;

my $ca = MtaSts::Acme->new($nginx, undef, dns => '192.0.2.10:53');
my $db = MtaSts::Database->postgresql;

@ENV{qw(PGHOST PGPORT PGUSER)} = ($db->dir, $db->port, 'root');


# The document's words, with the places of this test.

sub words {
    my ($text) = @_;
    my $net = "-c $dir/nginx.conf --resolver 192.0.2.10 --ca $dir/ca.pem";

    $text =~ s{\bmta-sts records --removed}
              {$helper records -c $dir/nginx.conf --state $dir/state --removed}g;
    $text =~ s{\bmta-sts records}{$helper records $net}g;
    $text =~ s{\bmta-sts policy}{$helper policy -c $dir/nginx.conf}g;
    $text =~ s{\bmta-sts follow}{$helper follow}g;
    $text =~ s{\bdehydrated -}{dehydrated --config $dir/dehydrated.conf -}g;
    $text =~ s{/usr/share/doc/mta-sts/examples/}{sql/}g;
    $text =~ s{/usr/local/sbin/mta-sts-changed}{$dir/changed}g;
    $text =~ s{/var/lib/mta-sts-follow}{$dir/follow}g;
    $text =~ s{/etc/mta-sts/tsig\.key}{$dir/tsig.key}g;
    $text =~ s{/etc/mta-sts/policies\.yaml}{$dir/policies.yaml}g;
    $text =~ s{/var/lib/dehydrated}{$dir/dehydrated}g;
    $text =~ s{db\.hoster\.example}{'127.0.0.1:' . $db->port}ge;
    $text =~ s{192\.0\.2\.53}{192.0.2.11}g;
    $text =~ s{-R _nginx-mta-sts}{-R nobody}g;

    return MtaSts::Acme::commands($dir, $text);
}

sub shell {
    my ($what, $text) = @_;
    my ($status, $out, $err) = run('', 'sh', '-ec', words($text));
    is($status, 0, $what) or diag("$out$err");
}

spew("$dir/policies.yaml", <<'EOC');
max_age: 2w
tlsrpt_rua: mailto:tls-reports@hoster.example
policies:
  hosted: {mode: enforce, mx: mx1.hoster.example}
EOC

shell('the folders', snippet($document, 'Certificates', 1, 'sh'));
spew("$dir/deploy", words(snippet($document, 'Certificates', 0, 'sh')));
spew("$dir/changed", words(snippet($document, $title, 1, 'sh')));
chmod 0755, "$dir/deploy", "$dir/changed";

spew("$dir/dehydrated.conf", <<"EOC" . words(snippet($document, 'dehydrated', 0)));
CA="@{[$ca->directory]}"
CURL_OPTS="-q --cacert @{[$ca->api_ca]}"
BASEDIR="$dir/dehydrated"
DOMAINS_TXT="$dir/dehydrated/domains.txt"
EOC

spew("$dir/tsig.key", slurp($bind->key_file));
chown +(getpwnam 'nobody')[2, 3], "$dir/tsig.key", "$dir/follow", "$dir/state";
chmod 0600, "$dir/tsig.key";
spew("$dir/pgpass", "*:*:*:follow:secret\n");
chown +(getpwnam 'nobody')[2, 3], "$dir/pgpass";
chmod 0600, "$dir/pgpass";

shell('dehydrated has an account', snippet($document, 'dehydrated', 1));
shell('the folders of its user', snippet($document, $title, 2, 'sh'));
shell('the schema', snippet($document, $title, 0, 'sh'));


# follow, as its own user, from now on.

my $command = 'exec ' . words(snippet($document, $title, 3, 'sh'));
my $follow = fork // die "fork: $!";

if ($follow == 0) {
    delete @ENV{qw(PGHOST PGPORT PGUSER)};
    $ENV{PGPASSFILE} = "$dir/pgpass";
    chdir '/';
    open STDIN, '<', '/dev/null' or POSIX::_exit(127);
    open STDOUT, '>', "$dir/follow.log" or POSIX::_exit(127);
    open STDERR, '>&', \*STDOUT or POSIX::_exit(127);
    { no warnings; exec @user, '--pdeathsig', 'TERM', 'sh', '-c', $command; }
    POSIX::_exit(127);
}

sub log_of { return -e "$dir/follow.log" ? slurp("$dir/follow.log") : '' }

ok(within(sub { -e $table }), 'a table without domains') or diag(log_of());
$nginx->start;


# What the world sees.

sub answer {
    my ($name, $type) = @_;
    return join '', $bind->dig($name, $type);
}

sub policy {
    my ($domain) = @_;
    my ($status, $out) = run('', 'curl', '-qsS', '--max-time', 20, '--cacert',
        "$dir/ca.pem", '--resolve', "mta-sts.$domain:443:192.0.2.1",
        "https://mta-sts.$domain/.well-known/mta-sts.txt");
    return $status ? '' : $out;
}

sub known {
    my ($domain) = @_;
    return exists table_of($table)->{$domain};
}

# The steps of a new domain, each with when it was seen first.

sub steps {
    my ($domain, $begin) = @_;
    my %done;
    my @steps = (
        ['in the table' => sub { known($domain) }],
        ['address record' => sub { answer("mta-sts.$domain", 'A') }],
        ['certificate' => sub {
            -e "$dir/certs/mta-sts.$domain/fullchain.pem" }],
        ['policy served' => sub { policy($domain) }],
        ['TXT record' => sub { answer("_mta-sts.$domain", 'TXT') }],
    );

    ok(within(sub {
        for my $step (grep { !$done{ $_->[0] } } @steps) {
            $step->[1]->() or return 0;
            $done{ $step->[0] } = time - $begin;
        }
        return 1;
    }, $PATIENCE), "$domain: from a row to a record") or diag(log_of(), $ca->log);

    diag("$domain: " . join ', ', map { sprintf '%s after %.1f s', $_->[0],
         $done{ $_->[0] } // 0 } @steps);
}

my $begin = time;

shell('a row', snippet($document, $title, 4, 'sh'));
steps('customer.example', $begin);

my ($status, $body) = helper('policy', '-d', $table, 'customer.example');
is(policy('customer.example'), $body, 'the policy is that of the table');
like($body, qr/^mode: enforce\r\nmx: mx1\.hoster\.example\r$/m, '... and of the row');

my $id = (split ' ', table_of($table)->{'customer.example'})[1];
is(answer('_mta-sts.customer.example', 'TXT'), "\"v=STSv1; id=$id;\"",
   'its record');
is(answer('_smtp._tls.customer.example', 'TXT'),
   '"v=TLSRPTv1; rua=mailto:tls-reports@hoster.example"', '... for reports');
is(answer('mta-sts.customer.example', 'AAAA'), '2001:db8::1', '... both addresses');

($status, my $out) = run('', $helper, 'check', '--no-smtp', '-c', "$dir/nginx.conf",
                         '--resolver', '192.0.2.10', '--ca', "$dir/ca.pem",
                         'customer.example');
is($status, 0, 'mta-sts check finds nothing wrong') or diag($out);


# Another one, and a change of the first: no certificate, a new record.

if ($ENV{MTA_STS_TEST_SLOW}) {
    $begin = time;
    $db->sql("INSERT INTO mta_sts_domains (domain, policy) "
             . "VALUES ('second.example', 'hosted')");
    steps('second.example', $begin);
}

$begin = time;
$db->sql("UPDATE mta_sts_domains SET max_age = '3w' "
         . "WHERE domain = 'customer.example'");
ok(within(sub { answer('_mta-sts.customer.example', 'TXT') !~ /\Q$id\E/ }, $PATIENCE),
   'a change of a policy: a new record') or diag(log_of());
diag(sprintf 'a change: TXT record after %.1f s', time - $begin);
like(policy('customer.example'), qr/^max_age: 1814400\r$/m,
     '... and the policy before it');

unlike(log_of(), qr/--exec|failed/, 'nothing failed') or diag(log_of());

kill 'TERM', $follow;
waitpid $follow, 0;
is($?, 0, 'follow ends');
$nginx->stop;

done_testing();
