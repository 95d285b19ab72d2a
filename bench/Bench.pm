package Bench;

# What the benchmarks share: nginx as one process under callgrind, and what a
# running nginx takes of memory and time.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use POSIX qw(:sys_wait_h);
use Time::HiRes qw(sleep time);


# nothing of a request is to be logged

$MtaSts::LEVEL = 'error';


# Instructions of one nginx process that serves $client->($n) and quits; with
# options of callgrind.

sub instructions {
    my ($nginx, $n, $client, @options) = @_;
    my $dir = $nginx->dir;

    MtaSts::spew("$dir/single.conf", 'master_process off; '
                 . MtaSts::slurp("$dir/nginx.conf"));

    my $pid = fork // die;

    if ($pid == 0) {
        open STDERR, '>', "$dir/valgrind.log";
        exec 'valgrind', '--tool=callgrind', @options,
            "--callgrind-out-file=$dir/callgrind.$n", $MtaSts::NGINX,
            '-p', "$dir/", '-c', 'single.conf', '-e', "$dir/logs/error.log";
    }

    for (1 .. 3000) {
        last if IO::Socket::INET->new(
            PeerAddr => '127.0.0.1:' . $nginx->port(0));
        select undef, undef, undef, 0.1;
    }

    $client->($n);

    # a signal that comes right before epoll_wait() is only seen after it

    while (waitpid($pid, WNOHANG) == 0) {
        kill 'QUIT', $pid;
        select undef, undef, undef, 0.2;
    }

    MtaSts::slurp("$dir/callgrind.$n") =~ /^(?:summary|totals): (\d+)/m
        or die MtaSts::slurp("$dir/valgrind.log");

    return $1;
}


# Instructions for one: the difference of a long and a short run.

sub per_one {
    my ($nginx, $short, $long, $client) = @_;

    return (instructions($nginx, $long, $client)
            - instructions($nginx, $short, $client)) / ($long - $short);
}


# The same for a configuration that takes long to read: callgrind counts nothing
# until the process has started, and $warm has returned, and is then asked for its
# counts by vgdb.  The first requests pay for what later ones find done.

sub per_one_warm {
    my ($nginx, $short, $long, $client, $warm) = @_;
    my $dir = $nginx->dir;
    my $dumps = 0;

    MtaSts::spew("$dir/single.conf", 'master_process off; '
                 . MtaSts::slurp("$dir/nginx.conf"));

    my $pid = fork // die;

    if ($pid == 0) {
        open STDERR, '>', "$dir/valgrind.log";
        exec 'valgrind', '--tool=callgrind', '--instr-atstart=no',
            "--callgrind-out-file=$dir/callgrind", $MtaSts::NGINX,
            '-p', "$dir/", '-c', 'single.conf', '-e', "$dir/logs/error.log";
    }

    my $counted = sub {
        $client->($_[0]);
        MtaSts::run('', 'vgdb', "--pid=$pid", 'dump');
        MtaSts::slurp("$dir/callgrind." . ++$dumps) =~ /^totals: (\d+)/m
            or die MtaSts::slurp("$dir/valgrind.log");
        return $1;
    };

    answers($nginx) or die MtaSts::slurp("$dir/valgrind.log");
    $warm->() if $warm;
    MtaSts::run('', 'vgdb', "--pid=$pid", 'instrumentation on');
    $counted->($short);

    my $few = $counted->($short);
    my $many = $counted->($long);

    # no need to count the end; by then it only holds memory

    kill 'KILL', $pid;
    waitpid $pid, 0;

    return ($many - $few) / ($long - $short);
}


sub answers {
    my ($nginx) = @_;

    for (1 .. 1200) {
        return 1 if IO::Socket::INET->new(
            PeerAddr => '127.0.0.1:' . $nginx->port(0));
        sleep 0.1;
    }

    return 0;
}


# Wall seconds of a command, the best of three where that is soon, and its peak
# memory in MB.  time(1) is small: a child has at least the peak of its parent.

sub cost {
    my @command = @_;
    my ($best, $peak);

    for (1 .. 3) {
        my $start = time;
        my ($status, undef, $err) = MtaSts::run('', '/usr/bin/time', '-f',
                                             'peak %M', @command);
        my $took = time - $start;

        die $err if $status;
        $best = $took unless defined $best && $best < $took;
        ($peak) = $err =~ /^peak (\d+)/m;
        last if $took > 2;
    }

    return ($best, $peak / 1024);
}


# MB that a process holds: its share of all pages, its own alone, and anonymous
# ones, be they shared or not.

sub memory {
    my ($pid) = @_;
    my $text = eval { MtaSts::slurp("/proc/$pid/smaps_rollup") } // '';
    my $status = eval { MtaSts::slurp("/proc/$pid/status") } // '';
    my %kb = $text =~ /^(\w+): +(\d+) kB/mg;
    my ($anon) = $status =~ /^RssAnon:\s+(\d+)/m;

    return {
        pss => ($kb{Pss} // 0) / 1024,
        own => (($kb{Private_Clean} // 0) + ($kb{Private_Dirty} // 0)) / 1024,
        anon => ($anon // 0) / 1024,
    };
}


sub workers {
    my ($nginx) = @_;
    my $pid = $nginx->{pid};

    return split ' ', MtaSts::slurp("/proc/$pid/task/$pid/children");
}


# The one worker, as soon as there is only one.

sub worker {
    my ($nginx) = @_;

    for (1 .. 1200) {
        my @workers = workers($nginx);
        return $workers[0] if @workers == 1;
        sleep 0.05;
    }

    die 'not one worker';
}


# Seconds from HUP until a new worker answers.  Port 1 says who does.

sub reload_time {
    my ($nginx) = @_;
    my $old = worker($nginx);
    my $start = time;

    kill 'HUP', $nginx->{pid};

    while (time - $start < 120) {
        my ($pid) = $nginx->get(1, 'pid') =~ /pid=(\d+)/;
        return time - $start if $pid && $pid != $old;
        sleep 0.003;
    }

    die 'no reload: ' . MtaSts::slurp($nginx->dir . '/logs/error.log');
}


# MB of master and workers together, at most, from HUP until the old worker is
# gone.  Looking takes time itself, so reload_time() does not.

sub reload_peak {
    my ($nginx) = @_;
    my $old = worker($nginx);
    my ($peak, $start) = (0, time);

    kill 'HUP', $nginx->{pid};

    while (time - $start < 120) {
        my @workers = workers($nginx);
        my $sum = 0;
        $sum += memory($_)->{pss} for $nginx->{pid}, @workers;
        $peak = $sum if $sum > $peak;
        return $peak if @workers == 1 && $workers[0] != $old;
        sleep 0.01;
    }

    die 'no reload: ' . MtaSts::slurp($nginx->dir . '/logs/error.log');
}


sub quit {
    my ($nginx) = @_;

    kill 'TERM', $nginx->{pid};
    waitpid delete $nginx->{pid}, 0;
}


1;
