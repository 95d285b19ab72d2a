package MtaSts::Brief;

# An nginx that runs for a few requests and no longer, as one process, so that
# thousands of configurations can be served one after the other; and which of
# the servers it must choose for a host.
#
# It listens on an address of its own, since ports that are free for a moment
# would be taken by other tests, or by the requests themselves.

use strict;
use warnings;

use Exporter qw(import);
use IO::Socket::INET;
use MtaSts;
use POSIX qw(:sys_wait_h);
use Time::HiRes qw(sleep);

our @EXPORT = qw(brief_address brief_begin brief_ask brief_end chosen);


sub brief_address {
    my ($n) = @_;
    return join '.', 127, 1 + $n % 250, $$ >> 8 & 255, $$ & 255;
}


# Starts nginx in the folder of an MtaSts and waits until it listens; its
# configuration has to say master_process off and pid logs/nginx.pid.  Returns
# whether it runs.

sub brief_begin {
    my ($nginx) = @_;
    my $dir = $nginx->dir;

    unlink "$dir/logs/nginx.pid";

    $nginx->{pid} = fork // die "fork: $!";

    if ($nginx->{pid} == 0) {
        $ENV{ASAN_OPTIONS} = 'exitcode=99:detect_leaks=0';
        open STDOUT, '>>', "$dir/logs/stderr" or die;
        open STDERR, '>>', "$dir/logs/stderr" or die;
        exec $MtaSts::NGINX, '-p', "$dir/", '-c', 'nginx.conf',
             '-e', "$dir/logs/error.log" or POSIX::_exit(127);
    }

    until (-s "$dir/logs/nginx.pid") {
        if (waitpid($nginx->{pid}, WNOHANG) > 0) {
            delete $nginx->{pid};
            return 0;
        }

        sleep 0.001;
    }

    return 1;
}


# Ends it; returns its status as of wait().  A single process that is about to
# wait for events when the signal comes goes on to wait: it is told again.

sub brief_end {
    my ($nginx) = @_;
    my $pid = delete $nginx->{pid};

    for (my $n = 0; waitpid($pid, WNOHANG) == 0; $n++) {
        kill 'QUIT', $pid if $n % 100 == 0;
        sleep 0.001;
    }

    return $?;
}


# Asks an address for the policies of hosts over one connection.  Returns for
# each its body, or undef for any other answer; or nothing if nobody listens.

sub brief_ask {
    my ($address, @hosts) = @_;
    my $sock = IO::Socket::INET->new(PeerAddr => $address) or return;
    my @bodies;

    for my $i (0 .. $#hosts) {
        print $sock "GET /.well-known/mta-sts.txt HTTP/1.1\r\n"
            . "Host: $hosts[$i]\r\n"
            . ($i == $#hosts ? "Connection: close\r\n\r\n" : "\r\n");
    }

    $sock->flush;

    local $SIG{ALRM} = sub { die "no answer of $address for @hosts" };
    alarm 60;

    my $all = '';

    while (sysread $sock, my $buf, 65536) {
        $all .= $buf;
    }

    alarm 0;

    while ($all =~ s/\A(HTTP.*?\r\n\r\n)//s) {
        my $head = $1;
        my ($length) = $head =~ /^Content-Length: (\d+)\r$/m;
        my $body = substr $all, 0, $length // 0, '';

        push @bodies, $head =~ m{^HTTP/1\.1 200 }
            && $head =~ m{^Content-Type: text/plain\r$}m
            && $body =~ /^version: STSv1\r\n/ ? $body : undef;
    }

    die "$address: " . @bodies . ' answers for ' . @hosts
        . " hosts, then:\n$all"
        if @bodies != @hosts || $all ne '';

    return @bodies;
}


# How nginx ranks a name for a host: 0 if it does not match.

sub rank {
    my ($name, $host) = @_;
    my $end = $name =~ /^\*?(\..*)/ ? $1 : undef;
    my $begin = $name =~ /^(.*\.)\*$/ ? $1 : undef;

    return $host =~ /$1/ ? 1 : 0 if $name =~ /^~(.*)/;
    return 1_000_000 if $name eq $host || $name eq ".$host";
    return 10_000 + length $end if defined $end && $host =~ /.\Q$end\E$/;
    return 1_000 + length $begin
        if defined $begin && $host =~ /^\Q$begin\E./;

    return 0;
}


# The server that nginx chooses for a host on an address: see random_conf().

sub chosen {
    my ($conf, $address, $host) = @_;
    my ($chosen, $best) = (undef, 0);

    my @here = grep { grep { $_ eq $address } @{ $_->{listen} } }
        @{ $conf->{servers} };

    for my $server (@here) {
        for my $name (@{ $server->{names} }) {
            my $rank = rank($name, $host);
            ($chosen, $best) = ($server, $rank) if $rank > $best;
        }
    }

    return $chosen // $conf->{default}{$address} // $here[0];
}


1;
