#!/usr/bin/perl

# mta-sts follow and a real PostgreSQL: what is committed gets into the table,
# also when it was deleted, or commits after what began later; a server that is
# stopped, killed or frozen costs nothing but time; what is wrong with a source
# is said with what to do.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use MtaSts;
use MtaSts::Database;
use MtaSts::Docs qw(snippet);
use MtaSts::Follow;
use Test::More;

my $db = MtaSts::Database->postgresql(conf => ['log_statement=all',
                                                'log_line_prefix=%u ']);
my $port = $db->port;
my $url = "postgresql://follow\@127.0.0.1:$port/hosting";
my $dir = tempdir(CLEANUP => 1);
my $run = 0;

# as on a node: the password is in a file

$ENV{PGPASSFILE} = "$dir/pgpass";

sub password {
    my ($password) = @_;
    spew("$dir/pgpass", "*:*:*:*:$password\n");
    chmod 0600, "$dir/pgpass";
}

sub follow {
    my (@options) = @_;
    mkdir "$dir/" . ++$run;
    return MtaSts::Follow->new("$dir/$run", $url, @options);
}

sub insert {
    my (@domains) = @_;
    return 'INSERT INTO mta_sts_domains (domain, mode, mx, max_age) VALUES '
        . join ', ', map { "('$_', 'enforce', 'mx1.$_ mx2.$_', '86400')" }
          @domains;
}


# A command of the document, for this server.

sub shell {
    my ($text) = @_;
    my %env = (PGHOST => $db->dir, PGPORT => $port, PGUSER => 'root',
               PATH => "$ENV{PWD}/$MtaSts::BUILD:$ENV{PATH}");
    return run('', 'env', '-C', 'sql', (map { "$_=$env{$_}" } keys %env),
               'sh', '-ec', $text);
}


# What is wrong, and what to do.

my $once = follow();

password('wrong-secret');
$once->refuses('a wrong password',
    qr/password authentication failed for user "follow".*: passwords come from/);
unlink "$dir/pgpass";
$once->refuses('no password', qr/no password supplied: passwords come from/);
password('secret');
$once->refuses('no table', qr/"mta_sts_domains" does not exist: create it with/);

# the schema, by the commands of the document

$db->sql('DROP ROLE follow');
is((shell(snippet('docs/follow.md', 'The schema', 0)))[0], 0, 'the schema');
is($db->sql('TABLE mta_sts_domains'), "example.com\thosted\t\t\t\t",
   '... and a first domain');
$db->sql("DELETE FROM mta_sts_domains; ALTER ROLE follow PASSWORD 'secret'; "
         . 'REVOKE ALL ON mta_sts_domains, mta_sts_changes FROM follow');
$once->refuses('no right', qr/denied for table mta_sts_domains: GRANT SELECT/);
$db->sql('GRANT SELECT ON mta_sts_domains, mta_sts_changes TO follow');

for (['a column that is not there', qr/column "x" does not exist: see/,
      '--query', 'SELECT x AS domain FROM mta_sts_domains'],
     ['a column of another name',
      qr/unknown column "customer".*leave it out, or name it with AS/,
      '--query', 'SELECT domain, 1 AS customer FROM mta_sts_domains'],
     ['no domain', qr/no column "domain": name one with AS domain/,
      '--query', 'SELECT mode FROM mta_sts_domains'],
     ['changes without a cursor', qr/no column "cursor".*AS "cursor"/,
      '--query', 'SELECT domain FROM mta_sts_domains',
      '--changes', 'SELECT domain FROM mta_sts_domains WHERE $1 IS NULL'],
     ['a query that writes', qr/read-only transaction: the queries must only/,
      '--query', 'DELETE FROM mta_sts_domains RETURNING domain'],
     ['two queries', qr/PostgreSQL: cannot insert multiple commands/,
      '--query', 'SELECT 1 AS domain; DROP TABLE mta_sts_domains'],
     ['no query', qr/gives no rows, must be a SELECT/, '--query', 'COMMIT'])
{
    $once->refuses(@$_);
}

for (['nothere', qr/database "nothere" does not exist/],
     ['hosting?port=1', qr/Connection refused/],
     ['hosting?sslmode=require', qr/server does not support SSL/])
{
    my ($path, $regex) = @$_;
    local $once->{url} = $url =~ s/hosting$/$path/r;
    $once->refuses($path, $regex);
}

for ("postgresql://follow:secret\@127.0.0.1:$port/hosting",
     "$url?password=secret", "$url?nonsense=1")
{
    local $once->{url} = $_;
    my ($status, $said) = $once->once;
    is($status, 2, 'a URL that is refused');
    unlike($said, qr/secret/, '... not with the password');
    like($said, qr/a password must not be in the URL|invalid URL of a source/,
         '... with the reason');
}

is($db->sql('SELECT count(*) FROM mta_sts_domains'), 0, 'nothing was changed');


# Changes, found with a cursor: the table is empty in the beginning.

my $follow = follow('--every', '1s', '--full', '1h')->start;

$follow->await('an empty table', sub { -e $follow->table });
$db->sql(insert('a.example', 'b.example', 'c.example'));
$follow->await_equal($db, 'rows in an empty table');

$db->sql("UPDATE mta_sts_domains SET mode = 'testing', max_age = '1d' "
         . "WHERE domain = 'a.example'");
$db->sql("UPDATE mta_sts_domains SET max_age = '86400' "
         . "WHERE domain = 'a.example'");
$follow->await_equal($db, 'an update');

$db->sql("DELETE FROM mta_sts_domains WHERE domain = 'b.example'; "
         . insert('d.example'));
$follow->await_equal($db, 'a deletion and an insertion');
$follow->await_log(qr/b\.example/);

$db->sql("UPDATE mta_sts_domains SET domain = 'e.example', mx = 'e.example' "
         . "WHERE domain = 'd.example'");
$follow->await_equal($db, 'a domain that is renamed');


# A transaction that began before others and commits after them.

my $late = $db->session;
$late->sql('BEGIN');
$late->sql(insert('late1.example'));
$late->sql('SAVEPOINT s');
$late->sql(insert('late2.example'));
$db->sql(insert('early.example'));
$follow->await_equal($db, 'what was committed first');
ok(!grep(/late/, keys %{ $follow->ids }), '... and nothing else');
$late->sql('COMMIT');
$follow->await_equal($db, 'what began first');
ok(exists $follow->ids->{'late2.example'}, '... all of it');

$late->sql('BEGIN');
$late->sql(insert('never.example'));
$late->sql('ROLLBACK');
$db->sql(insert('after.example'));
$follow->await_equal($db, 'after a transaction that was rolled back');
ok(!exists $follow->ids->{'never.example'}, '... nothing of it');


# Only standard SQL so far.

$follow->stop;

my %statements = map { $_ => 1 } grep { !/mta_sts_/ }
    $db->log =~ /^follow LOG:  (?:statement|execute <unnamed>): (.*)/mg;
is(join('; ', sort keys %statements), 'COMMIT; START TRANSACTION ISOLATION LEVEL '
   . 'REPEATABLE READ, READ ONLY; START TRANSACTION READ ONLY',
   'without --listen, no statements but standard SQL');


# A notice instead of polling, also during the first read; then the server is
# restarted, killed and frozen.

$follow = follow('--every', '1h', '--full', '1h', '--timeout', '2s',
                 '--listen', 'mta_sts')->start;
$db->sql(join ";\n", map { insert("n$_.example") } 1 .. 300);
$follow->await_equal($db, 'what was committed around the first read');
$db->sql(insert('notice.example'));
$follow->await_equal($db, 'with a notice');

$db->stop;
$follow->await_log(qr/PostgreSQL: /);
$db->start;
$db->sql(insert('stopped.example'));
$follow->await_equal($db, 'after a restart of the server');

$db->crash;
$db->start;
$db->sql(insert('killed.example'));
$follow->await_equal($db, 'after the server was killed');

$db->sql('SELECT pg_terminate_backend(pid) FROM pg_stat_activity '
         . "WHERE usename = 'follow'");
$db->sql(insert('terminated.example'));
$follow->await_equal($db, 'after the connection was closed by the server');
$follow->stop;


# What is committed while changes are read comes as a notice with their last rows.

my $cursor = 'pg_snapshot_xmin(pg_current_snapshot()) AS cursor';
my $select = "SELECT domain, mode, mx, max_age, $cursor FROM mta_sts_domains";

$follow = follow('--every', '1h', '--full', '1h', '--listen', 'mta_sts',
                 '--query', $select, '--changes', "$select JOIN "
                 . 'mta_sts_changes USING (domain) WHERE xid >= $1::xid8 '
                 . 'AND pg_sleep(2) IS NOT NULL')->start;
$follow->await_equal($db, 'before a slow query');
$db->sql(insert('first.example'));
$follow->await('a slow query', sub {
    return $db->sql('SELECT count(*) FROM pg_stat_activity WHERE usename = '
                    . "'follow' AND wait_event = 'PgSleep'");
});
$db->sql(insert('meanwhile.example'));
$follow->await_equal($db, 'what was committed during a slow query');
$follow->stop;


# A server that is frozen while it is asked is noticed.

$follow = follow('--every', '1s', '--timeout', '2s')->start;
$follow->await_equal($db, 'before the server is frozen');
my $ids = $follow->ids;
$db->freeze;
$follow->await_log(qr/PostgreSQL: .*(?:sent nothing for 2 seconds|timeout)/);
is_deeply($follow->ids, $ids, 'the table is as it was');
$db->thaw;
$db->sql(insert('frozen.example'));
$follow->await_equal($db, 'after the server was frozen');
$follow->stop;


# Somebody's own table, with a mark for what is deleted and a time for a cursor, as
# in the document.

$db->sql(<<'EOS');
CREATE TABLE customer (
    name text, plan text, active boolean NOT NULL DEFAULT true,
    changed timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO customer VALUES ('own1.example', 'strict'),
    ('own2.example', 'careful');
GRANT SELECT ON customer TO follow;
EOS

spew("$dir/policies.yaml", "policies:\n  strict: {mode: enforce, mx: mx.example}\n"
     . "  careful: {mode: testing, mx: mx.example}\n");

my ($sql) = snippet('docs/follow.md', 'The schema', 2)
            =~ /(--query.*)/s;
my ($status, $out) = shell("printf '%s\\0' $sql");
$follow = follow('-d', "$dir/policies.yaml", '--every', '1s', '--full', '1h',
                 split /\0/, $out)->start;

sub modes {
    my ($status, $out, $err) = helper('list', '-d', $follow->table);
    return join ' ', $out =~ /^(\S+)\s+\S+\s+(\S+)/mg;
}

$follow->await('somebody\'s own table', sub { -e $follow->table && modes()
               eq 'own1.example enforce own2.example testing' });
$db->sql("UPDATE customer SET plan = 'strict', changed = clock_timestamp() "
         . "WHERE name = 'own2.example'; INSERT INTO customer (name, plan) "
         . "VALUES ('own3.example', 'careful')");
$follow->await('... and its changes', sub { modes()
               eq 'own1.example enforce own2.example enforce '
                  . 'own3.example testing' });
$db->sql("UPDATE customer SET active = false, changed = clock_timestamp() "
         . "WHERE name = 'own1.example'");
$follow->await_log(qr/own1\.example/);
$follow->stop;

done_testing();
