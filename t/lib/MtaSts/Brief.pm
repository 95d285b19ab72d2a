package MtaSts::Brief;

# An nginx that runs only for a few requests, as one process, so that thousands
# of configurations can be served one after the other; and whether a server name
# matches a host.
#
# It listens on an address of its own, since ports that are free for a moment
# would be taken by other tests, or by the requests themselves.

use strict;
use warnings;

use Exporter qw(import);
use IO::Socket::IP;
use IO::Socket::SSL;
use MtaSts;
use POSIX qw(:sys_wait_h);
use Time::HiRes qw(sleep);

our @EXPORT = qw(brief_address brief_begin brief_ask brief_end name_matches);


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
# wait for events when the signal comes goes on to wait: the signal is sent again.

sub brief_end {
    my ($nginx) = @_;
    my $pid = delete $nginx->{pid};

    for (my $n = 0; waitpid($pid, WNOHANG) == 0; $n++) {
        kill 'QUIT', $pid if $n % 100 == 0;
        sleep 0.001;
    }

    return $?;
}


# Asks an address for the policies of hosts over one connection, with TLS if it
# is wanted.  Returns for each its body, or undef for any other answer; or nothing
# if there is no connection.

sub brief_ask {
    my ($address, $tls, @hosts) = @_;
    my $sock = $tls
        ? IO::Socket::SSL->new(PeerAddr => $address, SSL_verify_mode => 0)
        : IO::Socket::IP->new(PeerAddr => $address);
    my @bodies;

    return if !$sock;

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


# Does a name of a server match a host?

sub name_matches {
    my ($name, $host) = @_;

    if ($name =~ /^~(.*)/) {
        my $regex = $1;
        return $regex =~ /[A-Z]/ ? $host =~ /$regex/i : $host =~ /$regex/;
    }

    return 1 if $name eq $host || $name eq ".$host";
    return $host =~ /.\Q$1\E$/ if $name =~ /^\*?(\..*)/;
    return $host =~ /^\Q$1\E./ if $name =~ /^(.*\.)\*$/;

    return 0;
}


1;
