#!/usr/bin/perl

# MariaDB, SQLite and standard input as sources of two nginx in networks of their
# own, while the engine, follow and workers are killed: what t/follow_fleet.t does
# with PostgreSQL, shorter.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use MtaSts;
use MtaSts::Database;
use MtaSts::Fleet;
use MtaSts::Sqlite;
use MtaSts::Versions;
use Test::More;
use Time::HiRes qw(time);

enter_network();

my $slow = $ENV{MTA_STS_TEST_SLOW};
my $SECONDS = $slow ? 3 : 0.8;      # of each kind of trouble
my $DOMAINS = $slow ? 10000 : 1000;

my @OPTIONS = ('--every', '1s', '--timeout', '2s', '--full', '1h');
my $UPSERT = 'ON CONFLICT (domain) DO UPDATE SET max_age = excluded.max_age';


# Starts the nodes; $feed is called after each start of follow.

sub start {
    my ($source, $feed) = @_;
    my $fleet = MtaSts::Fleet->new(2, $source);

    for my $node ($fleet->nodes) {
        $node->follow->start;
        $feed->($node) if $feed;
        $node->follow->await('the first table',
                             sub { -e $node->follow->table });
        $node->start;
    }

    return $fleet;
}


# Follow is killed, nginx is reloaded and its workers killed, all the time.

sub trouble {
    my ($fleet, $feed) = @_;
    my $next = 0;

    return sub {
        return if time < $next;
        $next = time + rand $SECONDS / 3;

        my $node = ($fleet->nodes)[rand 2];
        $node->follow->kill;
        $node->follow->start;
        $feed->($node) if $feed;
        kill 'HUP', $node->nginx->{pid} if rand() < 0.5;
        kill 'KILL', ($node->workers)[0] // return;
    };
}


sub finish {
    my ($what, $versions, $fleet, $db) = @_;

    for my $node ($fleet->nodes) {
        $versions->await_equal($node);
        $node->follow->await_equal($db, 'so is its table') if $db;
        $node->follow->stop;
        $node->nginx->stop('exited on signal 9');
    }

    note("$what: " . $versions->summary);
}


sub mariadb {
    my $db = MtaSts::Database->mariadb(address => '0.0.0.0');
    my $versions = MtaSts::Versions->new('ON DUPLICATE KEY UPDATE max_age = '
                                         . 'VALUES(max_age)');

    $db->sql(slurp('sql/mariadb.sql'));
    $db->sql('GRANT SELECT ON hosting.* TO follow');
    $db->sql($versions->batch($DOMAINS, 0));

    my $fleet = start(sub {
        my ($dir) = @_;
        spew("$dir/my.cnf", "[client]\npassword = secret\n");
        return ("mysql://follow\@$MtaSts::Fleet::ADDRESS:" . $db->port
                . "/hosting?defaults-file=$dir/my.cnf", @OPTIONS);
    });
    my $session = $db->session;
    my $write = sub { $session->sql($versions->batch(1, 50)) };

    $versions->load($SECONDS, $fleet->{nodes}, $write);
    $versions->load(2 * $SECONDS, $fleet->{nodes}, $write, trouble($fleet));

    for my $end (qw(stop crash)) {
        $session->post($versions->batch(1, 200));
        $db->$end;
        undef $session;
        $versions->load($SECONDS, $fleet->{nodes});
        $db->start;
        $versions->resolve($db);
        $session = $db->session;
        $versions->load($SECONDS, $fleet->{nodes}, $write);
    }

    $session->post($versions->batch(1, 200));
    $db->freeze;
    $versions->load(3, $fleet->{nodes});
    $db->thaw;
    $session->wait;
    $versions->load($SECONDS, $fleet->{nodes}, $write);

    finish('MariaDB', $versions, $fleet, $db);
}


# A writer that is killed in the middle of a transaction is rolled back.

sub sqlite {
    my $dir = tempdir(CLEANUP => 1);
    my $db = MtaSts::Sqlite->new("$dir/domains.db");
    my $versions = MtaSts::Versions->new($UPSERT);

    is((helper('follow', '--init', "sqlite:$dir/domains.db"))[0], 0, '--init');
    $db->sql($versions->batch($DOMAINS, 0));

    my $fleet = start(sub { return ("sqlite:$dir/domains.db", @OPTIONS) });
    my $session = $db->session;
    my $write = sub { $session->sql($versions->batch(1, 50)) };

    $versions->load($SECONDS, $fleet->{nodes}, $write);
    $versions->load(2 * $SECONDS, $fleet->{nodes}, $write, trouble($fleet));

    for (1 .. 3) {
        $session->post('BEGIN; ' . $versions->batch(1, 200));
        select undef, undef, undef, rand 0.01;
        undef $session;
        $versions->resolve($db);
        $session = $db->session;
        $versions->load($SECONDS / 3, $fleet->{nodes}, $write);
    }

    finish('SQLite', $versions, $fleet, $db);
}


# What etcdctl, redis-cli or a script would write, with all domains in the
# beginning.

sub lines {
    my $versions = MtaSts::Versions->new('');
    my %line;

    my $batch = sub {
        my $sql = $versions->batch(@_);
        my $text = '';

        while ($sql =~ /\('(\S+)', '(\S+)', '(\S+)', '(\S+)'\)/g) {
            $line{$1} = "set $1 mode=$2 mx=$3 max_age=$4\n";
            $text .= $line{$1};
        }

        return $text;
    };

    my $feed = sub {
        my ($node) = @_;
        $node->follow->say(join '', "begin\n", values %line, "end\n");
    };

    $batch->($DOMAINS, 0);

    my $fleet = start(sub { return '-' }, $feed);
    my $write = sub {
        my $text = $batch->(1, 50);
        $_->follow->say($text) for $fleet->nodes;
    };

    $versions->load($SECONDS, $fleet->{nodes}, $write);
    $versions->load(2 * $SECONDS, $fleet->{nodes}, $write,
                    trouble($fleet, $feed));

    finish('lines', $versions, $fleet);
}


mariadb();
sqlite();
lines();

done_testing();
