#!/usr/bin/perl

# Another binary takes over under load, as a package's upgrade does it (USR2,
# WINCH, QUIT), and the way back: no request fails.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use MtaSts::Keeper;
use MtaSts::Load;
use MtaSts::Wrk;
use Test::More;

# only a daemon can be replaced; the new binary has just the environment that it
# is told to keep

my $nginx = MtaSts::Load->new(10_000, main => 'daemon on; env ASAN_OPTIONS; '
                              . 'env UBSAN_OPTIONS;');
my $dir = $nginx->dir;
my $age = 604800;

# of a file that may go away at any moment

sub content { return eval { slurp($_[0]) } // '' }

# masters are no children of this test, so they are ended by name of the folder

sub masters {
    return grep { content("/proc/$_/cmdline") =~ /master process .*\Q$dir\E/ }
           map { content($_) =~ /^(\d+)/ } glob "$dir/logs/nginx.pid*";
}

END {
    kill 'TERM', masters() if $dir;
}

$SIG{$_} = sub { exit 1 } for qw(INT TERM HUP PIPE);

sub pid_of {
    my ($file) = @_;
    return within(sub {
        (content("$dir/logs/$file") =~ /^(\d+)\n/)[0];
    });
}

sub gone {
    my ($pid) = @_;
    return within(sub {
        content("/proc/$pid/stat") !~ /\) [^ZX] /;
    });
}

# the policy of before or after the change, and no other

sub right {
    my ($name, $age) = @_;
    my $host = 'mta-sts.c7.example';
    my $policy = $nginx->{policies}{$host} . "max_age: $age\r\n";
    my $same = grep { bytes($nginx->get(0, $host))
                      eq $nginx->answer($policy, 'close') } 1 .. 20;
    is($same, 20, "$name: right answers");
}

# USR2: a second master beside the first one, with workers of its own

sub usr2 {
    my ($old) = @_;

    kill 'USR2', $old;

    is(pid_of('nginx.pid.oldbin'), $old, 'USR2: the old master stands aside');

    my $new = within(sub {
        my $pid = pid_of('nginx.pid');
        return $pid != $old && $pid;
    });

    isnt($new, undef, '... for a new one');
    ok($nginx->settled_of($new), '... which has its workers');

    return $new;
}

sub without_workers {
    my ($master) = @_;
    return within(sub {
        my @left = $nginx->workers($master);
        return !@left;
    });
}


my ($status, undef, $err) = $nginx->nginx('-q');
is($status, 0, 'a daemon');
spew("$dir/logs/stderr", $err);

my $old = pid_of('nginx.pid');
ok($nginx->settled_of($old), '... with two workers');

my $rounds = slow(8, 2);
my @load = map { MtaSts::Wrk->start($dir, @$_, $nginx->policies) }
    ['http://127.0.0.1:' . $nginx->port(0), 'close'],
    ['https://127.0.0.1:' . $nginx->port(1), 'close'];
my $keeper = MtaSts::Keeper->start($nginx);

for my $round (1 .. $rounds) {

    # there, with another policy ...

    $nginx->age(++$age);

    my $new = usr2($old);

    kill 'WINCH', $old;
    ok(without_workers($old), 'WINCH: the old workers end');
    right('the new one alone', $age);

    # ... and back: the old master starts workers with what it has read long ago

    kill 'HUP', $old;
    ok($nginx->settled_of($old), 'HUP: the old master has workers again');
    kill 'QUIT', $new;
    ok(gone($new), '... and the new master ends');
    is(within(sub { !-e "$dir/logs/nginx.pid.oldbin" }), 1,
       '... the old pid file has its name back');
    is(pid_of('nginx.pid'), $old, '... and its process');
    ok(without_workers($new), '... the new workers have ended');
    right('the old one alone', $age - 1);

    # ... and for good

    $new = usr2($old);
    kill 'QUIT', $old;
    ok(gone($old), 'QUIT: the old master ends');
    ok(without_workers($old), '... with its workers');
    right('the new one for good', $age);
    $old = $new;
}

$_->right('all the time, new connections') for @load;

my $kept = $keeper->stop;

is("$kept->{broken} $kept->{refused}", '0 0',
   "... connections kept, $kept->{answers} answers: none broken or refused");

# each of the three times that workers end, and by a client that meets the other
# one of them

cmp_ok($kept->{idle}, '<=', $rounds * 3 * MtaSts::Keeper::CONNECTIONS
                            * MtaSts::Load::WORKERS,
       "... $kept->{idle} closed between two requests");

kill 'QUIT', $old;
ok(gone($old), 'the last one ends');
is(scalar(masters()), 0, '... nothing is left');

$nginx->stop;

done_testing();
