package Bench;

# What the benchmarks share: nginx as one process under callgrind.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use POSIX qw(:sys_wait_h);


# nothing of a request is to be logged

$MtaSts::LEVEL = 'error';


# Instructions of one nginx process that serves $client->($n) and quits.

sub instructions {
    my ($nginx, $n, $client) = @_;
    my $dir = $nginx->dir;

    MtaSts::spew("$dir/single.conf", 'master_process off; '
                 . MtaSts::slurp("$dir/nginx.conf"));

    my $pid = fork // die;

    if ($pid == 0) {
        open STDERR, '>', "$dir/valgrind.log";
        exec 'valgrind', '--tool=callgrind',
            "--callgrind-out-file=$dir/callgrind.$n", $MtaSts::NGINX,
            '-p', "$dir/", '-c', 'single.conf', '-e', "$dir/logs/error.log";
    }

    for (1 .. 600) {
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


1;
