#!/usr/bin/perl

# Clients that are slow, that break off, that send a body nobody asked for, or
# what is no HTTP at all: they get what is due or nothing, and those who behave
# get their policies all the time.

use strict;
use warnings;

use lib 't/lib';
use IO::Socket::SSL;
use MtaSts;
use MtaSts::Load;
use MtaSts::Wrk;
use Test::More;

# port 2 waits for nobody, port 3 has little to send from

my $nginx = MtaSts::Load->new(1000, more => '
    server {
        listen 127.0.0.1:%%PORT2%%;
        server_name mta-sts.*;
        client_header_timeout 300ms;
        client_body_timeout 300ms;
        lingering_timeout 300ms;
        mta_sts_domains d.yaml;
    }
    server {
        listen 127.0.0.1:%%PORT3%% sndbuf=4k;
        server_name mta-sts.*;
        mta_sts_domains d.yaml;
    }');

my $host = 'mta-sts.c7.example';
my $policy = $nginx->policy($host);
my $request = $nginx->request($host);
my $last = $nginx->request($host, 'close');
my $whole = $nginx->answer($policy);
my $rounds = slow(10, 1);

# with a body, which is discarded, and the next request behind it

my $head = $request =~ s/\r\n\z//r;
my $sized = "${head}Content-Length: 300\r\n\r\n" . 'b' x 300;
my $chunked = "${head}Transfer-Encoding: chunked\r\n\r\n"
    . "5;a=b\r\nhello\r\n100\r\n" . 'c' x 256 . "\r\n0\r\nA: b\r\n\r\n";

local $SIG{PIPE} = 'IGNORE';
srand(my $seed = $ENV{MTA_STS_TEST_SEED} // 1);

$nginx->start;
ok($nginx->settled, "two workers; seed $seed");

my @load = map { MtaSts::Wrk->start($nginx->dir, @$_, $nginx->policies) }
    ['http://127.0.0.1:' . $nginx->port(0), 'close'],
    ['http://127.0.0.1:' . $nginx->port(0), 'keep-alive'],
    ['https://127.0.0.1:' . $nginx->port(1), 'keep-alive'];

sub all_of {
    my ($sock) = @_;
    my $all = '';
    1 while sysread $sock, $all, 65536, length $all;
    return $all;
}

# right, nothing, or told off, without a head if it was HTTP/0.9 by chance

sub kind_of {
    my ($all) = @_;
    return 'nothing' if $all eq '';
    return $1 if $all =~ m{\A(?:HTTP/1\.1\ |<html>\r\n<head><title>)
                           (40\d|41\d|50[15])\ }x;

    my $same = bytes($all)
        =~ s/^Connection: close\r$/Connection: keep-alive\r/mr;
    return $same eq $whole ? 'policy' : "wrong: $all";
}


# Slow readers: more is asked for than nginx can send, and taken byte by byte.

{
    my $n = slow(600, 200);
    my @slow = map { $nginx->connection(3, rcvbuf => 8192) } 1 .. 4;
    my $right = 0;

    for my $sock (@slow) {
        print $sock $request x $n;
        $sock->flush;
    }

    for (1 .. $n) {
        for my $sock (@slow) {
            $right += bytes($nginx->response($sock, 1)) eq $whole;
        }
    }

    is($right, 4 * $n, "slow readers: $right answers");
}


# Slow writers: a byte at a time, many at once.

for my $what ([request => $last], ['sized body' => $sized . $last],
              ['chunked body' => $chunked . $last]) {
    my ($name, $text) = @$what;
    my @slow = map { $nginx->connection(0) } 1 .. 20;
    my $wanted = ($name eq 'request' ? '' : $whole)
                 . $nginx->answer($policy, 'close');

    for my $byte (split //, $text) {
        syswrite $_, $byte for @slow;
    }

    is(scalar(grep { bytes(all_of($_)) eq $wanted } @slow), 20,
       "slow writers, $name");
}


# Halves: cut at each byte, and then closed, reset, or left as it is.

sub halves {
    my ($name, $text, $body_at) = @_;
    my (%kinds, @open);

    for my $cut (1 .. length($text) - 1) {
        for my $n (0, 2) {
            my $sock = $nginx->connection($n) or die "connect: $!";
            syswrite $sock, substr $text, 0, $cut;
            $nginx->hang_up($sock, $cut % 2);
        }

        my $sock = $nginx->connection(2) or die "connect: $!";
        syswrite $sock, substr $text, 0, $cut;
        shutdown $sock, 1 if $cut % 2;
        push @open, [$sock, $cut];
    }

    # one whose header is whole has its answer: nobody waits for a body

    my $odd = 0;

    for my $half (@open) {
        my ($sock, $cut) = @$half;
        my $kind = kind_of(all_of($sock));
        $kinds{$kind}++;
        $odd++ unless $kind =~ /^(?:nothing|400|408)$/
            || $kind eq 'policy' && $cut >= $body_at;
    }

    is($odd, 0, "halves, $name: "
       . join ', ', map { "$kinds{$_} $_" } sort keys %kinds);
}

halves('request', $request, length $request);
halves('sized body', $sized, length($sized) - 300);
halves('chunked body', $chunked, index $chunked, '5;a=b');


# Bodies that are whole: a thousand requests on one connection.

{
    my ($sock, $right) = ($nginx->connection(0), 0);
    my $refused = $sized =~ s/^GET/POST/r;

    for my $n (1 .. 250) {
        print $sock $sized, $chunked, $refused, $request;
        $right += bytes($nginx->response($sock)) eq $whole for 1 .. 2;
        $right += $nginx->response($sock)
            =~ m{\AHTTP/1\.1 405 .*^Allow: GET, HEAD\r$}ms;
        $right += bytes($nginx->response($sock)) eq $whole;
    }

    is($right, 1000, 'with and without a body on one connection');
}


# What is no HTTP.

sub garbage {
    my $n = 1 + int rand 300;
    return join '', map { chr int rand 256 } 1 .. $n if rand() < 0.4;

    my $text = $request;

    for (0 .. int rand 4) {
        substr($text, int rand length $text, rand() < 0.5)
            = chr int rand 256;
    }

    return $text;
}

{
    my %kinds;

    for (1 .. 300 * $rounds) {
        my $sock = $nginx->connection(2) or die "connect: $!";
        syswrite $sock, garbage();
        shutdown $sock, 1;

        my $all = all_of($sock);
        my $kind = kind_of($all);

        # another method, host or path, or no HTTP/1.1: an answer, as it is due

        $kind = 'policy' if $kind =~ /^wrong/ && (bytes($all)
            =~ /\r\n\r\n\Q$policy\E\z/ || $all eq $policy);
        $kinds{$kind}++;
    }

    is(join("\n", grep { /^wrong/ } keys %kinds), '', 'garbage: '
       . join ', ', map { "$kinds{$_} $_" }
                    sort grep { !/^wrong/ } keys %kinds);
}


# HTTP/2: a whole request has its policy; one that is cut off within a frame
# has nothing but what belongs to the connection.

sub frame {
    my ($type, $flags, $stream, $payload) = @_;
    return substr(pack('N', length $payload), 1)
           . pack('CCN', $type, $flags, $stream) . $payload;
}

sub literal { return pack('C', length $_[0]) . $_[0] }

{
    my $fields = "\x82\x87\x04" . literal('/.well-known/mta-sts.txt')
                 . "\x01" . literal($host);
    my $text = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . frame(4, 0, 0, '')
               . frame(1, 5, 1, $fields);
    my ($wrong, $cuts) = (0, 0);

    my $tls = sub {
        return IO::Socket::SSL->new(PeerAddr => '127.0.0.1:' . $nginx->port(1),
            SSL_alpn_protocols => ['h2'], SSL_verify_mode => 0, Timeout => 60)
            // die IO::Socket::SSL::errstr();
    };

    for (my $cut = 1; $cut < length $text; $cut += slow(1, 5)) {
        my $sock = $tls->();
        syswrite $sock, substr $text, 0, $cut;

        if ($cut % 3) {
            $nginx->hang_up($sock, $cut % 2);

        } else {
            $sock->stop_SSL(SSL_no_shutdown => 1, SSL_fast_shutdown => 1);
            shutdown $sock, 1;
            $wrong++ if all_of($sock) =~ /STSv1/;
        }

        $cuts++;
    }

    is($wrong, 0, "HTTP/2, $cuts cut off");

    my $sock = $tls->();
    my $all = '';

    syswrite $sock, $text;
    1 while $all !~ /\Q$policy\E/ && sysread $sock, $all, 65536, length $all;
    like($all, qr/\Q$policy\E/, '... and a whole one');
}

my @names = ('new connections', 'kept', 'TLS, kept');
$_->right(shift(@names) . ', meanwhile') for @load;

$nginx->stop;

done_testing();
