#!/usr/bin/perl

# What an nginx in service goes through, under load: reloads, workers that are
# killed, the end.  No answer has a wrong byte, and no request fails that the
# fault does not explain.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use MtaSts::Keeper;
use MtaSts::Load;
use MtaSts::Wrk;
use Test::More;

# one policy is so long, and one port has so little to send from, that nginx
# itself must wait for a slow reader

my @long = map { sprintf 'mx%03d.%s.example', $_, 'a' x 60 } 1 .. 400;

my $nginx = MtaSts::Load->new(10_000, more => '
    server {
        listen 127.0.0.1:%%PORT2%% sndbuf=4k;
        server_name mta-sts.long.example;
        mta_sts_max_age 1w;
        ' . join(' ', map { "mta_sts_mx $_;" } @long) . '
    }');

my $long = "version: STSv1\r\nmode: testing\r\n"
    . join('', map { "mx: $_\r\n" } @long) . "max_age: 604800\r\n";

my $plain = 'http://127.0.0.1:' . $nginx->port(0);
my $tls = 'https://127.0.0.1:' . $nginx->port(1);
my $age = 604800;

$nginx->start;
ok($nginx->settled, 'two workers');

sub load {
    my ($url, $mode) = @_;
    return MtaSts::Wrk->start($nginx->dir, $url, $mode, $nginx->policies);
}


# Reloads: a connection that is closed after its answer fails never, one that is
# kept may be closed by an old worker, but only between two requests.

{
    my $reloads = slow(60, 10);
    my $close = load($plain, 'close');
    my $keeper = MtaSts::Keeper->start($nginx);
    my $fresh = 0;

    for (1 .. $reloads) {
        $nginx->renew(++$age) or last;
        my $host = 'mta-sts.c' . $age % 9999 . '.example';
        $fresh++ if bytes($nginx->get(0, $host))
            eq $nginx->answer($nginx->policy($host), 'close');
    }

    is($fresh, $reloads, "$reloads reloads, each with its new policy");
    $close->right('new connections');

    my $kept = $keeper->stop;

    cmp_ok($kept->{answers}, '>', 0,
           "connections kept: $kept->{answers} answers");
    is($kept->{broken}, 0, '... none wrong or broken');
    is($kept->{refused}, 0, '... none refused');

    # a client that comes back at once may meet the other old worker

    cmp_ok($kept->{idle}, '<=', $reloads * MtaSts::Keeper::CONNECTIONS
                                * MtaSts::Load::WORKERS,
           "... $kept->{idle} closed between two requests");
}


# A worker is killed: what it had open breaks, and nothing else.  It is stopped
# first, so that what it has open can be counted.

my @killed;

sub kill_worker {
    my ($pid) = @_;
    my $stopped = sub { slurp("/proc/$pid/stat") =~ /\) T / };

    kill 'STOP', $pid;
    within($stopped) or return;

    my $open = $nginx->connections($pid);
    my @others = grep { $_ != $pid } $nginx->workers;

    push @killed, $pid;
    kill 'KILL', $pid;
    $nginx->settled($pid) or return;

    my %now = map { $_ => 1 } $nginx->workers;

    return (1, $open, scalar grep { !$now{$_} } @others);
}

{
    my $kills = slow(25, 6);
    my @load = (load($plain, 'close'), load($tls, 'keep-alive'));
    my $keeper = MtaSts::Keeper->start($nginx);
    my ($done, $open, $gone) = (0, 0, 0);

    for my $round (1 .. $kills) {
        my ($ok, $had, $others) = kill_worker(($nginx->workers)[$round % 2]);
        $ok or last;
        $done++;
        $open += $had;
        $gone += $others;

        # long enough for the clients to come back to both

        $nginx->get(0, 'mta-sts.d0.example') for 1 .. 50;
    }

    is($done, $kills, "$kills workers killed, and a new one each time");
    is($gone, 0, '... the other worker went on');

    my $kept = $keeper->stop;
    my $failed = $kept->{idle} + $kept->{broken};

    for my $name ('new connections', 'TLS, kept') {
        $failed += (shift @load)->right("kills, $name", $open)->{failed};
    }

    is($kept->{refused}, 0, '... no connection was refused');
    cmp_ok($failed, '<=', $open,
           "... $failed failed in all, the dead had $open connections open");

    my @after = (load($plain, 'close'), load($tls, 'keep-alive'));
    $keeper = MtaSts::Keeper->start($nginx);
    $nginx->get(0, 'mta-sts.d0.example') for 1 .. 500;
    $_->right('afterwards') for @after;
    $kept = $keeper->stop;
    is("$kept->{idle} $kept->{broken} $kept->{refused}", '0 0 0',
       "... and none of $kept->{answers} on connections kept");
}


# nginx -s quit: what is under way is finished, whole; what is idle is closed;
# nobody new is let in; then it ends.

{
    my $half = int length($nginx->request('mta-sts.c7.example', 'close')) / 2;
    my $request = $nginx->request('mta-sts.c7.example', 'close');
    my (@readers, @writers, @idle, $byte);

    for (1 .. 20) {
        push @readers, $nginx->connection(2, rcvbuf => 2048);
        print { $readers[-1] } $nginx->request('mta-sts.long.example') x 16;
        sysread $readers[-1], $byte, 1;

        push @idle, $nginx->connection(0);
        print { $idle[-1] } $nginx->request('mta-sts.c7.example');
        $nginx->response($idle[-1]);

        push @writers, $nginx->connection(0);
        print { $writers[-1] } substr $request, 0, $half;
    }

    my $connected = within(sub {
        my $all = 0;
        $all += $nginx->connections($_) for $nginx->workers;
        return $all == 60;
    });
    ok($connected, 'slow readers, slow writers, idle ones');

    my $load = load($plain, 'close');

    is(($nginx->nginx('-squit'))[0], 0, 'nginx -s quit');

    ok(within(sub { !grep { $nginx->connection($_) } 0 .. 2 }),
       '... nobody is let in');
    is(scalar(grep { $nginx->connection($_ % 3) } 1 .. 30), 0,
       '... at no port');

    # what was waiting to be accepted was reset, and later ones were refused

    my $count = $load->stop;
    cmp_ok($count->{answers}, '>', 0, "... $count->{answers} answers before");
    is($count->{wrong}, 0, '... none with a wrong byte');

    is(scalar(grep { $nginx->response($_) ne '' } @idle), 0,
       '... idle connections are closed');

    is(waitpid($nginx->{pid}, POSIX::WNOHANG()), 0,
       '... it waits for what is under way');

    # of the sixteen requests of a slow reader, the one that is under way is the
    # last

    my ($read, $written, $whole) = (0, 0, $nginx->answer($long));

    for my $sock (@readers) {
        my ($n, $all) = (0, $byte . $nginx->response($sock, 50));

        while (bytes($all) eq $whole) {
            $n++;
            $all = $nginx->response($sock, 50);
        }

        $read++ if $all eq '' && $n > 0 && $n < 16;
        close $sock;
    }

    for my $sock (@writers) {
        print $sock substr $request, $half;
        $written++ if bytes($nginx->response($sock)) eq
            $nginx->answer($nginx->policy('mta-sts.c7.example'), 'close');
    }

    is($read, 20, '... slow readers get whole answers');
    is($written, 20, '... slow writers get their answer');

    is(waitpid($nginx->{pid}, 0), $nginx->{pid}, '... then it ends by itself');
    is($?, 0, '... with status 0');
    delete $nginx->{pid};
}

my $pids = join '|', @killed;
$nginx->stop(qr/\[alert\] .*: worker process (?:$pids) exited on signal 9$/);

done_testing();
