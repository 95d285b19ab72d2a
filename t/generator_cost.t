#!/usr/bin/perl

# What untrusted clients can take of a worker with the generator: no query costs
# more than 20 times a policy, in instructions that callgrind counts, and 128
# streams of HTTP/2 whose window is closed hold less than 10 MB.

use strict;
use warnings;

use lib 't/lib', 'bench';
use Bench;
use IO::Socket::INET;
use MtaSts;
use MtaSts::Worst;
use Test::More;

use constant {
    RATIO   => 20.8,              # 20, and the heap's 4 %
    STREAMS => 128,
    HELD    => 10 * 1024,               # kB
};

my $http2 = MtaSts->new(<<'EOC');
large_client_header_buffers 4 64k;
server {
    listen       127.0.0.1:%%PORT0%% http2;
    server_name  mta-sts.example.com;
    mta_sts_mx   mail.example.com;
    location = / { mta_sts_generator; }
}
EOC


# HTTP/2 (RFC 9113) as far as a client needs it that reads nothing.

sub frame {
    my ($type, $flags, $stream, $payload) = @_;
    return pack('N', length $payload) =~ s/^.//sr
        . pack('CCN', $type, $flags, $stream) . $payload;
}

# a string of HPACK (RFC 7541, 5.2)

sub hpack {
    my ($text) = @_;
    my $n = length $text;
    return chr($n) . $text if $n < 127;

    my $len = chr 127;
    for ($n -= 127; $n >= 128; $n >>= 7) {
        $len .= chr(128 | $n & 127);
    }
    return $len . chr($n) . $text;
}

# GET over http, the path and the host as literals that are not indexed

sub get_frame {
    my ($stream, $path) = @_;
    return frame(1, 5, $stream, "\x82\x86\x04" . hpack($path) . "\x01"
                 . hpack('mta-sts.example.com'));
}


sub anonymous {
    my ($pid) = @_;
    my ($kb) = slurp("/proc/$pid/status") =~ /^RssAnon:\s+(\d+)/m;
    return $kb;
}


# How many frames of a type a connection has, in what was received of it.

sub frames {
    my ($sock, $seen, $type) = @_;
    my ($n, $at) = (0, 0);

    1 while sysread $sock, $$seen, 65_536, length $$seen;

    while ($at + 9 <= length $$seen) {
        $n++ if $type == ord substr $$seen, $at + 3, 1;
        $at += 9 + unpack 'N', "\0" . substr $$seen, $at, 3;
    }

    return $n;
}


# kB that the worker gains with the streams open; no answer can be sent.

sub held {
    my ($query) = @_;

    $http2->start;
    my $pid = Bench::worker($http2);

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1:'
                                     . $http2->port(0)) or die "connect: $!";

    # an initial window of 0 bytes

    print $sock "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        . frame(4, 0, 0, pack 'nN', 4, 0);
    $sock->flush;
    $sock->blocking(0);

    # its settings, and that it has ours

    my $seen = '';
    within(sub { frames($sock, \$seen, 4) == 2 }) or die 'no settings';

    my $before = anonymous($pid);

    $sock->blocking(1);

    for (0 .. STREAMS - 1) {
        print $sock get_frame(2 * $_ + 1, "/?$query");
    }

    $sock->flush;
    $sock->blocking(0);

    # a HEADERS frame is sent when there is all of an answer

    my $answers;
    within(sub { ($answers = frames($sock, \$seen, 1)) == STREAMS });

    my $now = anonymous($pid);

    close $sock;
    Bench::quit($http2);

    return ($now - $before, $answers);
}

my ($most, $largest) = (0, '');

for my $case (@MtaSts::Worst::QUERIES) {
    my ($name, $query) = @$case;

    next if $name !~ /^(?:one domain|3 long|to escape|16 mx, 3|octodns|external|JSON)/;

    my ($kb, $answers) = held($query);

    is($answers, STREAMS, "$name: " . STREAMS . ' streams wait');
    cmp_ok($kb, '<', HELD, "... in less than 10 MB");
    note(sprintf '%s: %d kB, %.1f kB each', $name, $kb, $kb / STREAMS);
}


# Instructions; the heap's state moves a request by up to 4 %, see bench/generator

SKIP: {
    skip 'callgrind cannot run a sanitizer', 1 if $ENV{ASAN_OPTIONS};

    my $nginx = MtaSts->new(<<'EOC');
server {
    listen       127.0.0.1:%%PORT0%%;
    server_name  mta-sts.example.com;
    keepalive_requests 10000000;
    mta_sts_mode enforce;
    mta_sts_mx   mail.example.com;
    mta_sts_max_age 2w;
    location = / { mta_sts_generator; }
}
EOC

    my $policy = Bench::per_one($nginx, 20, 60, sub {
        client($nginx, '/.well-known/mta-sts.txt', $_[0]);
    });

    for my $case (@MtaSts::Worst::QUERIES) {
        my ($name, $query) = @$case;

        # those that came closest

        next if $name !~ /^(?:16 warnings|3 long|to escape twice|IDN|octodns|external)/;

        my $cost = Bench::per_one($nginx, 20, 60, sub {
            client($nginx, "/?$query", $_[0]);
        });

        cmp_ok($cost / $policy, '<', RATIO, "$name: less than " . RATIO
               . ' times a policy');
        note(sprintf '%s: %.1f', $name, $cost / $policy);
    }
}


# n requests on one connection

sub client {
    my ($nginx, $path, $n) = @_;
    my $sock = IO::Socket::INET->new(
        PeerAddr => '127.0.0.1:' . $nginx->port(0)) or die $!;

    for (1 .. $n) {
        my ($answer, $size) = ('');
        syswrite $sock,
            "GET $path HTTP/1.1\r\nHost: mta-sts.example.com\r\n\r\n";

        until (defined $size && length $answer >= $size) {
            sysread $sock, $answer, 262_144, length $answer or die 'closed';
            if ($answer =~ /^Content-Length: (\d+)\r\n.*?\r\n\r\n/ms) {
                $size = $1 + $+[0];
            }
        }
    }
}

done_testing();
