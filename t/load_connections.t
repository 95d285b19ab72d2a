#!/usr/bin/perl

# Ten thousand open connections, and others under load: each of them gets its
# policy, is kept, and gets another one long after.  A reload ends them all.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use MtaSts::Load;
use MtaSts::Wrk;
use Test::More;

use constant OPEN => 10_000;

# all may come to one worker, and nginx closes idle ones when the last sixteenth
# is in use

use constant { ROOM => 12_000, FILES => 14_000 };

raise_files(FILES);

my $nginx = MtaSts::Load->new(10_000,
    main => 'daemon off; worker_rlimit_nofile ' . FILES . ';',
    events => 'worker_connections ' . ROOM . ';');

my @hosts = sort keys %{ $nginx->policies };

$nginx->start;
ok($nginx->settled, 'two workers');

sub rss {
    my $all = 0;
    $all += ($nginx->memory($_))[0] for $nginx->workers;
    return $all;
}

sub held {
    my $all = 0;
    $all += $nginx->connections($_) for $nginx->workers;
    return $all;
}

# has each worker answer, so that its memory is not what it has for the first
# time

$nginx->get(0, $hosts[0]) for 1 .. 200;

my $before = rss();
my @open;

sub ask {
    my ($n, $step) = @_;
    my $host = $hosts[($n + $step) % @hosts];

    syswrite $open[$n], $nginx->request($host);

    return bytes($nginx->response($open[$n]))
        eq $nginx->answer($nginx->policy($host));
}

# from addresses of their own, a thousand each: ports are left for wrk

my $right = 0;

for my $n (0 .. OPEN - 1) {
    $open[$n] = $nginx->connection(0, from => '127.0.1.' . int $n / 1000)
        // last;
    $right += ask($n, 0);
}

is($right, OPEN, OPEN . ' connections, each with its policy');
ok(within(sub { held() == OPEN }), '... which nginx holds') or diag(held());

my $after = rss();
my $each = ($after - $before) * 1024 / OPEN;

# nginx: a pool of 512 bytes, a buffer, and what its connection table takes when
# it is first written to

cmp_ok($each, '<', 4096 * ($ENV{ASAN_OPTIONS} ? 4 : 1),
       sprintf '... at %d bytes each', $each);

my $load = MtaSts::Wrk->start($nginx->dir, 'http://127.0.0.1:'
                              . $nginx->port(0), 'close', $nginx->policies);

for my $step (1 .. slow(4, 1)) {
    $right = 0;
    $right += ask($_, $step * 37) for 0 .. OPEN - 1;
    is($right, OPEN, "round $step: each gets another policy");
}

# the half requests of some, the ends of others: nothing to the rest

$right = 0;

for my $n (0 .. OPEN - 1) {
    if ($n % 10 == 0) {
        syswrite $open[$n], "GET / HT";
        $nginx->hang_up($open[$n], $n % 20);
        $open[$n] = undef;

    } else {
        $right += ask($n, 5);
    }
}

is($right, OPEN * 0.9, 'a tenth breaks off, the rest get theirs');
ok(within(sub { held() <= OPEN * 0.9 + MtaSts::Wrk::THREADS }),
   '... and nginx let go of those');

ok($nginx->renew(604801), 'a reload: the old workers end');

my $closed = grep { defined && $nginx->response($_) eq '' } @open;
is($closed, OPEN * 0.9, '... and close each connection, without a byte');
@open = ();

$load->right('new connections all the time');

$nginx->stop;

done_testing();
