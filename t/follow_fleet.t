#!/usr/bin/perl

# Three nginx in networks of their own follow one PostgreSQL, while everything
# that can be killed is: the engine, follow, workers, a cable.  Every answer is
# compared: none is wrong, none is lost, and in the end all are equal to the
# source.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use MtaSts::Database;
use MtaSts::Fleet;
use MtaSts::Versions;
use Test::More;
use Time::HiRes qw(time);

enter_network();

# A fleet that is there to the end of its test leaves nothing, and says nothing.

{
    my ($rc, $out, $err) = run('', $^X, '-It/lib', '-MMtaSts', '-MMtaSts::Fleet', '-e',
        'our @fleet = MtaSts::Fleet->new(1, sub { () }); '
        . 'print map { $_->{pid} } map { $_->nodes } @fleet');
    is("$rc $err", '0 ', 'the end of a fleet');
    isnt((run('', 'ip', 'link', 'show', 'node1'))[0], 0, '... its cable is gone');
    ok(!kill(0, $out), '... and its process');
}

my $slow = $ENV{MTA_STS_TEST_SLOW};
my $SECONDS = $slow ? 3 : 1.2;      # of each kind of trouble
my $DOMAINS = $slow ? 20000 : 2000;

my $db = MtaSts::Database->postgresql(address => $MtaSts::Fleet::ADDRESS);
my $versions = MtaSts::Versions->new('ON CONFLICT (domain) DO UPDATE SET '
                                     . 'max_age = excluded.max_age');

$db->sql(slurp('sql/postgresql.sql'));
$db->sql('GRANT SELECT ON mta_sts_domains, mta_sts_changes TO follow');
$db->sql($versions->batch($DOMAINS, 0));

my $url = "postgresql://follow\@$MtaSts::Fleet::ADDRESS:" . $db->port
          . '/hosting';
my $fleet = MtaSts::Fleet->new(3, sub {
    my ($dir) = @_;
    spew("$dir/pgpass", "*:*:*:*:secret\n");
    chmod 0600, "$dir/pgpass";
    return ("$url?passfile=$dir/pgpass", '--listen', 'mta_sts', '--every', '5s',
            '--timeout', '2s', '--full', $slow ? '20s' : '1h');
});
my @nodes = $fleet->nodes;

for my $node (@nodes) {
    $node->follow->start;
    $node->follow->await('the first table', sub { -e $node->follow->table });
    $node->start;
}

my $session = $db->session;


sub load {
    my ($seconds, $trouble) = @_;
    $versions->load($seconds, \@nodes, sub {
        $session->sql($versions->batch(1, 50)) if $session;
    }, $trouble);
}


# A part of the calls; so that it happens some times in each load.

sub sometimes {
    my ($code) = @_;
    my $next = time + rand $SECONDS / 3;

    return sub {
        return if time < $next;
        $next = time + rand $SECONDS / 3;
        $code->($nodes[rand @nodes]);
    };
}

my %trouble;

load($SECONDS);

load($SECONDS, sometimes(sub {
    my ($node) = @_;
    $trouble{follow}++;
    $node->follow->kill;
    $node->follow->start;
}));

load($SECONDS, sometimes(sub {
    my ($node) = @_;
    $trouble{reload}++;
    kill 'HUP', $node->nginx->{pid};
}));

load($SECONDS, sometimes(sub {
    my ($node) = @_;
    $trouble{worker}++;
    kill 'KILL', ($node->workers)[0] // return;
}));

load($SECONDS, sometimes(sub {
    $trouble{backends}++;
    $db->sql('SELECT pg_terminate_backend(pid) FROM pg_stat_activity '
             . "WHERE usename = 'follow'");
}));


# What is sent and not answered yet when the engine stops, is killed or frozen, is
# committed or is not.

for my $end (qw(stop crash)) {
    $session->post($versions->batch(1, 200));
    $db->$end;
    undef $session;
    load($SECONDS);
    $db->start;
    $versions->resolve($db);
    $session = $db->session;
    load($SECONDS);
}

$session->post($versions->batch(1, 200));
$db->freeze;
my $waits = $session;
undef $session;
load($slow ? 6 : 4);
$db->thaw;
$session = $waits;
$session->wait;
load($SECONDS);

$_->cut for @nodes[0, 1];
load($slow ? 6 : 4);
$_->restore for @nodes;
load($SECONDS);


# Everything at once.

load(2 * $SECONDS, sometimes(sub {
    my ($node) = @_;
    $node->follow->kill;
    kill 'HUP', $node->nginx->{pid};
    kill 'KILL', ($node->workers)[0] // return;
    $db->sql('SELECT pg_terminate_backend(pid) FROM pg_stat_activity '
             . "WHERE usename = 'follow'");
    $node->follow->start;
}));

note(join ', ', $versions->summary, map { "$_ $trouble{$_}" }
                                    sort keys %trouble);

for my $node (@nodes) {
    $versions->await_equal($node);
    $node->follow->await_equal($db, 'so is its table');
}

for my $node (@nodes) {
    $node->follow->stop;
    $node->nginx->stop('exited on signal 9');
}

done_testing();
