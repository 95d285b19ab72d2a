#!/usr/bin/perl

# mta-sts follow and a real PostgreSQL: the story of MtaSts::Story; passwords, the
# schema, notices and somebody's own table.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use MtaSts::Database;
use MtaSts::Docs qw(snippet);
use MtaSts::Story;
use Test::More;

my $db = MtaSts::Database->postgresql(conf => ['log_statement=all',
                                                'log_line_prefix=%u ']);
my $port = $db->port;
my $url = "postgresql://follow\@127.0.0.1:$port/hosting";
my $story = MtaSts::Story->new($db, $url,
    name => 'PostgreSQL', parameter => '$1',
    no_column => qr/column "x" does not exist: see/,
    writes => qr/read-only transaction: the queries must only/,
    two_queries => qr/PostgreSQL: cannot insert multiple commands/,
    frozen => qr/.*(?:sent nothing for 2 seconds|timeout)/,
    upserts => ["INSERT INTO mta_sts_domains (domain, mode, mx, max_age) VALUES "
                . "('a.example', 'none', '', '1'), ('c.example', 'none', '', '2') "
                . "ON CONFLICT (domain) DO UPDATE SET max_age = '90001'"]);
my $dir = $story->dir;

# as on a node: the password is in a file

$ENV{PGPASSFILE} = "$dir/pgpass";

sub password {
    my ($password) = @_;
    spew("$dir/pgpass", "*:*:*:*:$password\n");
    chmod 0600, "$dir/pgpass";
}

sub follow { return $story->follow(@_) }
sub insert { return MtaSts::Story::insert(@_) }


# A command of the document, for this server.

sub shell {
    my ($text) = @_;
    my %env = (PGHOST => $db->dir, PGPORT => $port, PGUSER => 'root',
               PATH => "$ENV{PWD}/$MtaSts::BUILD:$ENV{PATH}");
    return run('', 'env', '-C', 'sql', (map { "$_=$env{$_}" } keys %env),
               'sh', '-ec', $text);
}


# What is wrong, and what to do.

my $once = $story->once;

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

$story->queries(['a query that returns what it writes', $story->{writes}, '--query',
                 'DELETE FROM mta_sts_domains RETURNING domain']);
$story->urls(["$url?port=1", qr/Connection refused/],
             ["$url?sslmode=require", qr/server does not support SSL/],
             [$url =~ s/hosting$/nothere/r, qr/database "nothere" does not exist/]);
$story->secrets("postgresql://follow:secret\@127.0.0.1:$port/hosting",
                "$url?password=secret", "$url?nonsense=1");


# What is committed gets into the table.

my $follow = follow('--every', '1s', '--full', '1h')->start;

$story->changes($follow);
$story->late($follow);


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

$story->outages($follow);

$db->sql('SELECT pg_terminate_backend(pid) FROM pg_stat_activity '
         . "WHERE usename = 'follow'");
$db->sql(insert('terminated.example'));
$follow->await_equal($db, 'after the connection was closed by the server');
$follow->stop;


# What is committed while changes are read comes as a notice with their last rows.  The
# query waits for a lock.

my $cursor = 'pg_snapshot_xmin(pg_current_snapshot()) AS cursor';
my $select = "SELECT domain, mode, mx, max_age, $cursor FROM mta_sts_domains";

$follow = follow('--every', '1h', '--full', '1h', '--listen', 'mta_sts',
                 '--query', $select, '--changes', "$select JOIN "
                 . 'mta_sts_changes USING (domain) WHERE xid >= $1::xid8 '
                 . 'AND pg_advisory_xact_lock_shared(1) IS NOT NULL')->start;
$follow->await_equal($db, 'before a slow query');
my $session = $db->session;
$session->sql('SELECT pg_advisory_lock(1)');
$db->sql(insert('first.example'));
$follow->await('a slow query', sub {
    return $db->sql('SELECT count(*) FROM pg_stat_activity WHERE usename = '
                    . "'follow' AND wait_event = 'advisory'");
});
$db->sql(insert('meanwhile.example'));
$session->sql('SELECT pg_advisory_unlock(1)');
$follow->await_equal($db, 'what was committed during a slow query');
$follow->stop;


$story->frozen;


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
