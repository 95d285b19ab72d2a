#!/usr/bin/perl

# mta-sts follow and a real MariaDB: what is committed gets into the table, also
# when it was deleted, or commits after what began later; a server that is
# stopped, killed or frozen costs nothing but time; what is wrong with a source
# is said with what to do.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use IO::Socket::INET;
use MtaSts;
use MtaSts::Database;
use MtaSts::Follow;
use POSIX ();
use Test::More;

my $db = MtaSts::Database->mariadb;
my $port = $db->port;
my $dir = tempdir(CLEANUP => 1);
my $file = "$dir/my.cnf";
my $host = "mysql://follow\@127.0.0.1:$port/hosting";
my $url = "$host?defaults-file=$file";
my $run = 0;

sub password {
    my ($password) = @_;
    spew($file, "[client]\npassword = wrong\n[mta-sts]\n"
         . "password = $password\n");
}

sub follow {
    my (@options) = @_;
    mkdir "$dir/" . ++$run;
    return MtaSts::Follow->new("$dir/$run", $url, @options);
}

sub insert {
    my (@domains) = @_;
    return 'INSERT INTO mta_sts_domains (domain, mode, mx, max_age) VALUES '
        . join(', ', map { "('$_', 'enforce', 'mx1.$_ mx2.$_', '86400')" }
               @domains) . ';';
}


# What is wrong, and what to do.

my $once = follow();

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

for (['a column that is not there', qr/Unknown column 'x' in .*: see/,
      '--query', 'SELECT x AS domain FROM mta_sts_domains'],
     ['a column of another name',
      qr/unknown column "customer".*leave it out, or name it with AS/,
      '--query', 'SELECT domain, 1 AS customer FROM mta_sts_domains'],
     ['no domain', qr/no column "domain": name one with AS domain/,
      '--query', 'SELECT mode FROM mta_sts_domains'],
     ['changes without a cursor', qr/no column "cursor".*AS "cursor"/,
      '--query', 'SELECT domain FROM mta_sts_domains',
      '--changes', 'SELECT domain FROM mta_sts_domains WHERE domain > ?'],
     ['a parameter too many', qr/has 1 parameters "\?", must have none/,
      '--query', 'SELECT domain FROM mta_sts_domains WHERE domain > ?'],
     ['a query that writes', qr/denied|READ ONLY transaction/,
      '--query', 'DELETE FROM mta_sts_domains'],
     ['no query', qr/gives no rows, must be a SELECT/, '--query', 'COMMIT'],
     ['two queries', qr/error in your SQL syntax/,
      '--query', 'SELECT 1 AS domain; DROP TABLE mta_sts_domains'])
{
    $once->refuses(@$_);
}

for ([$url =~ s/hosting/nothere/r, qr/Access denied.*database 'nothere'/],
     [$url =~ s/hosting//r, qr/No database selected: name it in the URL/],
     [$url =~ s/:$port/:1/r, qr/Can't connect to server on '127\.0\.0\.1'/],
     ["$host?socket=/nonexistent/s&defaults-file=$file",
      qr/Can't connect to local server/])
{
    my ($other, $regex) = @$_;
    local $once->{url} = $other =~ s/127\.0\.0\.1.*(?=\?socket)/\/hosting/r;
    $once->refuses($other, $regex);
}

for ("mysql://follow:secret\@127.0.0.1:$port/hosting", "$url&password=secret",
     "$host?nonsense=1", 'mysql://[::1')
{
    local $once->{url} = $_;
    my ($status, $said) = $once->once;
    is($status, 2, 'a URL that is refused');
    unlike($said, qr/secret/, '... not with the password');
    like($said, qr/a password must not be in the URL|invalid URL of a source/,
         '... with the reason');
}

is($db->sql('SELECT count(*) FROM mta_sts_domains'), 0, 'nothing was changed');


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
    1 while sysread $sock, $got, 65536, length $got;
    spew("$dir/stolen", $got);
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
                                     '--timeout', '2s');
    my ($status, $said) = $stolen->once;
    waitpid $thief, 0;

    is($status, 3, 'a server that asks for a file');
    like(slurp("$dir/stolen"), qr/SET SESSION TRANSACTION/, '... was talked to');
    unlike(slurp("$dir/stolen"), qr/secret/, '... and has nothing of it');
}


# Changes, found with a cursor: the table is empty in the beginning.

my $follow = follow('--every', '1s', '--full', '1h', '--exec',
                    "ls -l /proc/self/fd > $dir/exec.new; "
                    . "mv $dir/exec.new $dir/exec")->start;

$follow->await('an empty table', sub { -e $follow->table });
$db->sql(insert('a.example', 'b.example', 'c.example'));
$follow->await_equal($db, 'rows in an empty table');
$follow->await('--exec is run', sub { -e "$dir/exec" });
my %own = map { (readlink // '') => 1 } glob "/proc/$$/fd/*";
is(join(' ', grep { !$own{$_} } slurp("$dir/exec") =~ /socket:\S+/g), '',
   '... without the connection');

$db->sql("UPDATE mta_sts_domains SET mode = 'testing', max_age = '90000' "
         . "WHERE domain = 'a.example'");
$follow->await_equal($db, 'an update');

$db->sql("DELETE FROM mta_sts_domains WHERE domain = 'b.example'; "
         . insert('d.example'));
$follow->await_equal($db, 'a deletion and an insertion');
$follow->await_log(qr/b\.example/);

$db->sql("UPDATE mta_sts_domains SET domain = 'e.example', mx = 'e.example' "
         . "WHERE domain = 'd.example'");
$db->sql("REPLACE INTO mta_sts_domains (domain, mode, mx, max_age) VALUES "
         . "('c.example', 'none', '', '86401'); INSERT INTO mta_sts_domains "
         . "(domain, mode, mx, max_age) VALUES ('a.example', 'none', '', '1') "
         . 'ON DUPLICATE KEY UPDATE max_age = 90001');
$follow->await_equal($db, 'a domain that is renamed, and others replaced');


# A transaction that began before others and commits after them.

my $late = $db->session;
$late->sql('BEGIN');
$late->sql(insert('late1.example', 'late2.example') =~ s/;$//r);
$db->sql(insert('early.example'));
$follow->await_equal($db, 'what was committed first');
ok(!grep(/late/, keys %{ $follow->ids }), '... and nothing else');
$late->sql('COMMIT');
$follow->await_equal($db, 'what began first');
ok(exists $follow->ids->{'late2.example'}, '... all of it');


# A statement of 40 seconds, or a replica that lags.

$db->sql('SET timestamp = UNIX_TIMESTAMP() - 40; ' . insert('old.example'));
$db->sql(insert('now.example'));
$follow->await_equal($db, 'what has an older time');


# The server is restarted, killed and frozen.

$db->stop;
$follow->await_log(qr/MariaDB: /);
$db->start;
$db->sql(insert('stopped.example'));
$follow->await_equal($db, 'after a restart of the server');

$db->crash;
$db->start;
$db->sql(insert('killed.example'));
$follow->await_equal($db, 'after the server was killed');
$follow->stop;

$follow = follow('--every', '1s', '--timeout', '2s')->start;
$follow->await_equal($db, 'before the server is frozen');
my $ids = $follow->ids;
$db->freeze;
$follow->await_log(qr/MariaDB: (?:.*nothing for 2 seconds|Can't connect|Lost)/);
is_deeply($follow->ids, $ids, 'the table is as it was');
$db->thaw;
$db->sql(insert('frozen.example'));
$follow->await_equal($db, 'after the server was frozen');
$follow->stop;


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
