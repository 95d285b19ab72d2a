#!/usr/bin/perl

# mta-sts follow and a real MariaDB: the story of MtaSts::Story; passwords in a file,
# a server that asks for files, and odd texts.

use strict;
use warnings;

use lib 't/lib';
use IO::Socket::INET;
use MtaSts;
use MtaSts::Database;
use MtaSts::Follow;
use MtaSts::Story;
use POSIX ();
use Test::More;

my $db = MtaSts::Database->mariadb;
my $port = $db->port;
my $host = "mysql://follow\@127.0.0.1:$port/hosting";
my $story = MtaSts::Story->new($db, $host,
    name => 'MariaDB', parameter => '?',
    no_column => qr/Unknown column 'x' in .*: see/,
    writes => qr/denied|READ ONLY transaction/,
    two_queries => qr/error in your SQL syntax/,
    frozen => qr/(?:.*nothing for 2 seconds|Can't connect|Lost)/,
    upserts => ["REPLACE INTO mta_sts_domains (domain, mode, mx, max_age) VALUES "
                . "('c.example', 'none', '', '86401')",
                "INSERT INTO mta_sts_domains (domain, mode, mx, max_age) VALUES "
                . "('a.example', 'none', '', '1') ON DUPLICATE KEY UPDATE max_age = 90001"]);
my $dir = $story->dir;
my $file = "$dir/my.cnf";
my $url = $story->{url} = "$host?defaults-file=$file";

sub password {
    my ($password) = @_;
    spew($file, "[client]\npassword = wrong\n[mta-sts]\n"
         . "password = $password\n");
}

sub follow { return $story->follow(@_) }


# What is wrong, and what to do.

my $once = $story->once;

$once->refuses('a file that is not there', qr/access\(\) ".*my.cnf" failed/);
password('wrong-secret');
$once->refuses('a wrong password', qr/Access denied.*: passwords come from/);
password('secret');
$once->refuses('no right', qr/Access denied for user 'follow'.*: GRANT SELECT/);

$db->sql('CREATE TABLE x (y INT); GRANT SELECT ON hosting.x TO follow');
$once->refuses('no right to one', qr/denied .*`mta_sts_domains`: GRANT SELECT/);
$db->sql('GRANT SELECT ON hosting.* TO follow');
$once->refuses('no table', qr/mta_sts_domains' doesn't exist: create it with/);

$db->sql(slurp('sql/mariadb.sql'));

$story->queries(['a parameter too many', qr/has 1 parameters "\?", must have none/,
                 '--query', 'SELECT domain FROM mta_sts_domains WHERE domain > ?']);
$story->urls([$url =~ s/hosting/nothere/r, qr/Access denied.*database 'nothere'/],
             [$url =~ s/hosting//r, qr/No database selected: name it in the URL/],
             [$url =~ s/:$port/:1/r, qr/Can't connect to server on '127\.0\.0\.1'/],
             ["mysql://follow@/hosting?socket=/nonexistent/s&defaults-file=$file",
              qr/Can't connect to local server/]);
$story->secrets("mysql://follow:secret\@127.0.0.1:$port/hosting", "$url&password=secret",
                "$host?nonsense=1", 'mysql://[::1');


# A server that asks for a file of this machine gets none of it.

sub packet {
    my ($n, $payload) = @_;
    return substr(pack('V', length $payload), 0, 3) . chr($n) . $payload;
}

sub thief {
    my ($listen, $wanted) = @_;
    my $sock = $listen->accept or return;
    my $got = '';

    syswrite $sock, packet(0, "\x0a10.11.0-MariaDB\0" . pack('V', 1)
        . ('x' x 8) . "\0" . pack('vCvvC', 0xa289, 45, 2, 8, 21)
        . ("\0" x 10) . ('x' x 12) . "\0mysql_native_password\0");
    sysread $sock, $got, 65536, length $got;
    syswrite $sock, packet(2, "\0\0\0\2\0\0\0");

    # whatever it says next

    sysread $sock, $got, 65536, length $got;
    syswrite $sock, packet(1, "\xfb$wanted");

    # a file ends with an empty packet

    my $file = '';
    1 while $file !~ /\0\0\0.\z/s && sysread $sock, $file, 65536, length $file;
    spew("$dir/stolen", $got . $file);
}

{
    my $listen = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1')
                 or die $!;
    my $thief = fork // die "fork: $!";

    if ($thief == 0) {
        thief($listen, $file);
        POSIX::_exit(0);
    }

    my $stolen = MtaSts::Follow->new("$dir/1", 'mysql://127.0.0.1:'
                                     . $listen->sockport . '/hosting',
                                     '--timeout', '20s');
    my ($status, $said) = $stolen->once;
    waitpid $thief, 0;

    is($status, 3, 'a server that asks for a file');
    like(slurp("$dir/stolen"), qr/SET SESSION TRANSACTION/, '... was talked to');
    unlike(slurp("$dir/stolen"), qr/secret/, '... and has nothing of it');
}


# What is committed gets into the table; --exec has no connection.

my $follow = follow('--every', '1s', '--full', '1h', '--exec',
                    "ls -l /proc/self/fd > $dir/exec.new; "
                    . "mv $dir/exec.new $dir/exec")->start;

$story->changes($follow);
$follow->await('--exec is run', sub { -e "$dir/exec" });
my %own = map { (readlink // '') => 1 } glob "/proc/$$/fd/*";
is(join(' ', grep { !$own{$_} } slurp("$dir/exec") =~ /socket:\S+/g), '',
   '... without the connection');
$story->late($follow);

# a statement of 40 seconds, or a replica that lags

my $row = 'INSERT INTO mta_sts_domains (domain, mode, mx, max_age) VALUES '
          . "('%s.example', 'testing', 'mx.example', '86400');";
$db->sql('SET timestamp = UNIX_TIMESTAMP() - 40; ' . sprintf $row, 'old');
$db->sql(sprintf $row, 'now');
$follow->await_equal($db, 'what has an older time');

$story->outages($follow);
$follow->stop;
$story->frozen;


# What no text should be, and texts that are long: a row for each, and the others
# are served.

$db->sql('SET GLOBAL group_concat_max_len = 1000000; CREATE TABLE odd (domain LONGBLOB, mode TEXT, mx LONGTEXT)');
$db->sql("INSERT INTO odd VALUES ('good1.example', 'testing', 'mx.example'), "
         . "(x'62006164', 'testing', 'mx.example'), "
         . "(x'ff2e6578616d706c65', 'testing', 'mx.example'), "
         . "(repeat('x', 100000), 'testing', 'mx.example'), "
         . "('long.example', 'testing', (SELECT group_concat(concat('mx', seq, '.example') SEPARATOR ' ') "
         . "FROM seq_1_to_20000)), "
         . "(NULL, 'testing', 'mx.example'), ('', 'testing', 'mx.example'), "
         . "('mode.example', 'strict', 'mx.example'), "
         . "('nul.example', 'testing', concat('mx.example', char(0), 'x')), "
         . "('GOOD1.Example', 'enforce', 'other.example'), "
         . "('good2.example', 'testing', 'mx.example')");

$follow = follow('--query', 'SELECT domain, mode, mx FROM odd');
my ($status, $said) = $follow->once;
is(join(' ', sort keys %{ $follow->ids }), 'good1.example good2.example',
   'odd rows are skipped, the others are in the table') or diag($said);
like($said, qr/$_/, "... $_ is named")
    for 'long\.example', 'mode\.example', 'nul\.example', 'good1\.example';
ok(length $said < 10000, '... in few words');
unlike($said, qr/[\x00-\x09\x0b-\x1f\x7f]/, '... without control characters');

done_testing();
