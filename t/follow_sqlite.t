#!/usr/bin/perl

# mta-sts follow and a file of SQLite, which is the source of who has no database:
# --init makes it, sqlite3 or a program changes it, and all of it gets into the
# table.  A file of somebody else is never changed.

use strict;
use warnings;

use lib 't/lib';
use Digest::SHA qw(sha256_hex);
use File::Temp qw(tempdir);
use MtaSts;
use MtaSts::Follow;
use MtaSts::Sqlite;
use Test::More;

my $dir = tempdir(CLEANUP => 1);
my $file = "$dir/domains.db";
my $run = 0;

sub follow {
    my ($source, @options) = @_;
    mkdir "$dir/" . ++$run;
    return MtaSts::Follow->new("$dir/$run", "sqlite:$source", @options);
}


sub insert {
    my (@domains) = @_;
    return ' INTO mta_sts_domains (domain, mode, mx, max_age) VALUES '
        . join ', ', map { "('$_', 'enforce', 'mx1.$_ mx2.$_', '86400')" }
          @domains;
}


# What is wrong, and what to do.

follow("$dir/nothere.db")->refuses('no file',
    qr/nothere\.db" failed \(2:.*\): create it with "mta-sts follow --init/);
ok(!-e "$dir/nothere.db", '... which is not created');

spew("$dir/text", "some text\n" x 1000);
follow("$dir/text")->refuses('another file', qr/file is not a database/);

my $other = MtaSts::Sqlite->new("$dir/other.db");
$other->sql('CREATE TABLE customers (name, changed); INSERT INTO customers '
            . "VALUES ('own.example', 1)");
my $digest = sha256_hex(slurp("$dir/other.db"));

for (['a database of somebody else', qr/no such table: mta_sts_domains: create/],
     ['a column that is not there', qr/no such column: x: see/,
      '--query', 'SELECT x AS domain FROM customers'],
     ['a column of another name', qr/unknown column "name".*with AS/,
      '--query', 'SELECT name FROM customers'],
     ['changes without a cursor', qr/no column "cursor".*AS "cursor"/,
      '--query', 'SELECT name AS domain FROM customers',
      '--changes', 'SELECT name AS domain FROM customers WHERE changed > ?'],
     ['a parameter too many', qr/has 1 parameters "\?", must have none/,
      '--query', 'SELECT name AS domain FROM customers WHERE changed > ?'],
     ['a query that writes', qr/must be a SELECT|readonly database/,
      '--query', 'DELETE FROM customers RETURNING name AS domain'],
     ['no query', qr/must be a SELECT/, '--query', ''],
     ['two queries', qr/must be one statement/,
      '--query', 'SELECT name AS domain FROM customers; DROP TABLE customers'])
{
    follow("$dir/other.db", @{$_}[2 .. $#$_])->refuses(@{$_}[0, 1]);
}

my ($status, $out, $err) = helper('follow', '--init', "sqlite:$dir/other.db");
is($status, 1, 'no --init of a file of somebody else');
like($err, qr/is a database of something else.*name a new file/, '... says why');
($status, $out, $err) = helper('follow', '--init', "sqlite:$dir/text");
is($status, 1, '... or that is no database');
is(sha256_hex(slurp("$dir/other.db")), $digest, 'nothing was changed');
like(slurp("$dir/text"), qr/^some text\n/, '... in either');
ok(!-e "$dir/other.db-wal", '... or was added');

for ("sqlite:$dir/nothere/x.db", 'sqlite:') {
    ($status, $out, $err) = helper('follow', '--init', $_);
    isnt($status, 0, "--init $_");
    like($err, qr/unable to open database file|no file, must be sqlite:FILE/,
         '... says why');
}


# A new one.

for (1 .. 2) {
    ($status, $out, $err) = helper('follow', '--init', "sqlite:$file");
    is("$status$out$err", '0', '--init, also of one that is there');
}

my $db = MtaSts::Sqlite->new($file);
my $follow = follow($file, '--every', '1s', '--full', '1h')->start;

$follow->await('an empty table', sub { -e $follow->table });
$db->sql('INSERT' . insert('a.example', 'b.example', 'c.example'));
$follow->await_equal($db, 'rows in an empty table');

$db->sql("UPDATE mta_sts_domains SET mode = 'testing', max_age = 90000 "
         . "WHERE domain = 'a.example'");
$follow->await_equal($db, 'an update');

$db->sql("DELETE FROM mta_sts_domains WHERE domain = 'b.example'; INSERT"
         . insert('d.example'));
$follow->await_equal($db, 'a deletion and an insertion');
$follow->await_log(qr/b\.example/);

# conflict clauses of a statement count for its triggers, too

$db->sql('INSERT OR IGNORE' . insert('a.example', 'e.example')
         . "; UPDATE OR IGNORE mta_sts_domains SET domain = 'f.example' "
         . "WHERE domain = 'd.example'; REPLACE" . insert('a.example')
         . '; INSERT' . insert('c.example') . ' ON CONFLICT (domain) DO UPDATE '
         . "SET max_age = '90001'");
$follow->await_equal($db, 'what ignores or replaces');

$db->sql('BEGIN; INSERT' . insert('never.example') . '; ROLLBACK; INSERT'
         . insert('after.example'));
$follow->await_equal($db, 'after a transaction that was rolled back');
ok(!exists $follow->ids->{'never.example'}, '... nothing of it');

# somebody writes for longer than one look takes

my $writer = $db->session;
$writer->sql('BEGIN IMMEDIATE');
$writer->sql('INSERT' . insert('slow.example'));
select undef, undef, undef, 2.5;
ok(!exists $follow->ids->{'slow.example'}, 'a transaction that is open');
$writer->sql('COMMIT');
undef $writer;
$follow->await_equal($db, '... and committed');


# Another file in its place.

my $copy = MtaSts::Sqlite->new("$dir/copy.db");
helper('follow', '--init', "sqlite:$dir/copy.db");
$copy->sql('INSERT' . insert(map { "$_.example" } 'a' .. 'f', 'after', 'slow',
                             'copy'));
$copy->sql('PRAGMA wal_checkpoint(TRUNCATE)');
rename "$dir/copy.db", $file or die $!;
unlink "$file-wal", "$file-shm";
$follow->await_equal($db, 'a file that was replaced');
$db->sql('INSERT' . insert('last.example'));
$follow->await_equal($db, '... and its changes');

rename $file, "$file.away";
$follow->await_log(qr/stat\(\) "\Q$file\E" failed/);
my $before = $follow->ids;
rename "$file.away", $file;
$db->sql('INSERT' . insert('back.example'));
$follow->await_equal($db, 'a file that was away');
$follow->stop;


# A query that fails while its rows are read: each time, the file is closed.

sub opened {
    my ($pid, $name) = @_;
    return scalar grep { (readlink // '') =~ /^\Q$name\E/ } glob "/proc/$pid/fd/*";
}

my $rows = MtaSts::Sqlite->new("$dir/rows.db");
$rows->sql("CREATE TABLE t (domain, policy); INSERT INTO t VALUES ('a.example', '{\"p\": \"hosted\"}'), "
           . "('b.example', 'no JSON')");
MtaSts::Follow::policies("$dir/policies.yaml");
$follow = follow("$dir/rows.db", '--every', '1s', '--metrics', "$dir/rows.prom",
                 '-d', "$dir/policies.yaml", '--query',
                 q{SELECT domain, json_extract(policy, '$.p') AS policy FROM t})->start;
$follow->await_log(qr/malformed JSON/);
$follow->await('it is tried again', sub {
    return -e "$dir/rows.prom"
           && slurp("$dir/rows.prom") =~ /^mta_sts_follow_source_errors_total (?:[2-9]|\d\d)/m;
});
SKIP: {
    skip 'no /proc', 1 unless -e "/proc/$$/fd";
    $follow->await('... and leaves no file open', sub {
        return opened($follow->pid, "$dir/rows.db") == 0;
    });
}
$rows->sql("UPDATE t SET policy = '{\"p\": \"hosted\"}'");
$follow->await('... and then read', sub { exists $follow->ids->{'b.example'} });
$follow->stop;


# A table with other columns is made in its place, between two reads of all of "*".

$rows->sql("CREATE TABLE star (domain, policy); INSERT INTO star VALUES ('a.example', 'hosted')");
$follow = follow("$dir/rows.db", '--every', '1s', '--full', '1s', '-d', "$dir/policies.yaml",
                 '--query', 'SELECT * FROM star')->start;
$follow->await('the columns of "*"', sub { exists $follow->ids->{'a.example'} });
$rows->sql('BEGIN; DROP TABLE star; CREATE TABLE star (tlsrpt_rua, max_age, mx, mode, policy, domain); '
           . "INSERT INTO star (domain, mode, mx) VALUES ('a.example', 'testing', 'mx.example'), "
           . "('b.example', 'testing', 'mx.example'); COMMIT");
$follow->await('... and of another table', sub { exists $follow->ids->{'b.example'} });
unlike($follow->log, qr/invalid|is down/, '... without a row of the wrong columns');


# A cursor has its type.  Those that are NULL come last, and all is not read again for
# them: what is removed without a change is not seen.

$rows->sql("CREATE TABLE c (domain, policy, changed); INSERT INTO c VALUES ('a.example', "
           . "'hosted', '2026-01-01 00:00:00')");

my $columns = 'SELECT domain, policy, unixepoch(changed) AS cursor FROM c';
my $last = 'ORDER BY cursor NULLS LAST';

$follow = follow("$dir/rows.db", '--every', '1s', '--full', '1h', '-d', "$dir/policies.yaml",
                 '--query', "$columns $last", '--changes',
                 "$columns WHERE unixepoch(changed) >= ? OR changed IS NULL $last")->start;
$follow->await('a row with a cursor', sub { exists $follow->ids->{'a.example'} });
$rows->sql("INSERT INTO c VALUES ('b.example', 'hosted', '2026-01-02 00:00:00')");
$follow->await('... and a change', sub { exists $follow->ids->{'b.example'} });
$rows->sql("INSERT INTO c VALUES ('z.example', 'hosted', NULL)");
$follow->await('... and one without a cursor', sub { exists $follow->ids->{'z.example'} });
$rows->sql("DELETE FROM c WHERE domain = 'a.example'; INSERT INTO c VALUES ('d.example', "
           . "'hosted', '2026-01-03 00:00:00')");
$follow->await('... and another', sub { exists $follow->ids->{'d.example'} });
unlike($follow->log, qr/a\.example has left/, '... without reading all of it again');
$follow->stop;


# A backup that is restored in place: the numbers of changes go back.

my $old = MtaSts::Sqlite->new("$dir/old.db");
helper('follow', '--init', "sqlite:$dir/old.db");
$old->sql('INSERT' . insert('a.example'));
run(".backup $dir/backup.db\n", 'sqlite3', "$dir/old.db");
$old->sql('INSERT' . insert('b.example', 'c.example', 'd.example'));
$follow = follow("$dir/old.db", '--every', '1s', '--full', '1h')->start;
$follow->await_equal($old, 'a database');
run(".timeout 20000\n.restore $dir/backup.db\n", 'sqlite3', "$dir/old.db");
$old->sql('INSERT' . insert('new.example'));
$follow->await_equal($old, '... that was restored');
$follow->stop;


# A folder that may not be written, as a user who may not.

SKIP: {
    skip 'only root changes its user', 2 if $> != 0;

    my $reader = tempdir(CLEANUP => 1);
    chmod 0755, $dir;
    chown 65534, 65534, $reader;
    my $once = MtaSts::Follow->new($reader, "sqlite:$file");
    $once->{before} = ['setpriv', '--reuid=65534', '--regid=65534',
                       '--clear-groups', '--'];
    my ($rc, $said) = $once->once;
    ok($rc == 0 || $said =~ /the folder must be writable, too/,
       'a folder that may not be written') or diag($said);
    is(sha256_hex(slurp("$dir/other.db")), $digest, 'nothing was changed');
}

done_testing();
