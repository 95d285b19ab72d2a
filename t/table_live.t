#!/usr/bin/perl

# Thousands of new tables and changes per second next to requests, while workers
# are killed, nginx is reloaded and tested, and the helper reads the same files.
# Every answer is compared: it must be of a table that was in place when it was
# asked for, or at the beginning of that second, since a worker looks once a second.
#
# The domain v.example has another policy in each table, whose mx has the number of
# the table.  A table is patched from one that "mta-sts compile" has made.

use strict;
use warnings;

use lib 't/lib';
use Digest::SHA qw(sha256 sha256_hex);
use File::Temp qw(tempdir);
use MtaSts;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

my $SECONDS = $ENV{MTA_STS_TEST_SLOW} ? 40 : 6;
my $MERGE = 40;                 # one table, then so many changes of it

$MtaSts::MAIN = 'daemon off; worker_processes 2;';

# rename() of a disk's file system may wait for the disk

my $files = tempdir('mta-sts-XXXXXX', CLEANUP => 1,
                    -w '/dev/shm' ? (DIR => '/dev/shm') : (TMPDIR => 1));
my $table = "$files/d.table";

chmod 0755, $files;

my $nginx = MtaSts->new('server { listen 127.0.0.1:%%PORT0%% reuseport; '
    . 'server_name mta-sts.*; add_header X-Id "$mta_sts_id $pid"; '
    . "mta_sts_domains $table; }");
my $dir = $nginx->dir;
my $port = $nginx->port(0);

sub compile {
    my ($n, @options) = @_;
    spew("$dir/d.yaml", "policies:\n"
         . "  v: {mode: enforce, mx: " . mx($n) . "}\n"
         . "  s: {mode: testing, mx: mx.example}\ndomains:\n  v.example: v\n"
         . join '', map { "  s$_.example: s\n" } 1 .. 20);
    is((helper('compile', @options, '-d', "$dir/d.yaml", '-o', $table))[0], 0,
       "compile @options");
}

sub mx { return sprintf 'v%09d.example', $_[0] }

sub body {
    my ($n) = @_;
    return "version: STSv1\r\nmode: enforce\r\nmx: " . mx($n)
        . "\r\nmax_age: 604800\r\n";
}

my $stable = "version: STSv1\r\nmode: testing\r\nmx: mx.example\r\n"
    . "max_age: 604800\r\n";


# The parts of the header that are patched: see src/serve/image_format.h.

use constant { SERIAL => 24, BASE => 32, DIGEST => 704, SUM => 736, HEADER => 768 };

sub patched {
    my ($image, $old, $n, $base) = @_;
    my ($from, $to) = map { mx($_) } $old, $n;
    my @id = map { substr sha256_hex(body($_)), 0, 20 } $old, $n;

    $image =~ s/\Q$from\E/$to/g;
    $image =~ s/$id[0]/$id[1]/g;
    substr($image, SERIAL, 8) = pack 'Q', $n;
    substr($image, BASE, 8) = pack 'Q', $base;
    substr($image, DIGEST, 32) = sha256(substr $image, HEADER);
    substr($image, SUM, 32) = sha256(substr $image, 0, SUM);

    return $image;
}

compile(1);
my $image = slurp($table);
compile(2, '--changes');
my $changes = slurp("$table.changes");

spew($table, patched($image, 1, 3, 0));
unlink "$table.changes";
is((helper('policy', '-d', $table, 'v.example'))[1], body(3), 'a patched table');


# Writes one after the other, as the helper does: the table, then its changes.
# Logs each number and the times before and after it.

sub writer {
    my ($end) = @_;
    my $base = 3;

    open my $log, '>', "$dir/written" or die;

    for (my $n = 4; time < $end; $n++) {
        my $merge = $n % $MERGE == 0;
        my $name = $merge ? $table : "$table.changes";

        spew("$name.new", $merge ? patched($image, 1, $n, 0)
                                 : patched($changes, 2, $n, $base));

        my $before = time;
        rename "$name.new", $name or die;
        printf $log "%d %.6f %.6f\n", $n, $before, time;

        next unless $merge;

        $base = $n;
        unlink "$table.changes" if $n % (2 * $MERGE);
    }
}


# Asks until time is over.  A worker that is killed gives no answer.

sub ask {
    my ($host) = @_;

    for (1 .. 200) {
        my $sock = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port",
                                         Timeout => 60) or next;
        my $got = '';

        local $SIG{PIPE} = 'IGNORE';
        print $sock "GET /.well-known/mta-sts.txt HTTP/1.0\r\n"
            . "Host: mta-sts.$host\r\n\r\n";
        while (sysread $sock, $got, 65536, length $got) { }

        return $got if $got =~ /\r\n\r\n/;
        sleep 0.01;
    }

    return 'no answer';
}

sub client {
    my ($number, $end) = @_;
    my $i = 0;

    open my $log, '>', "$dir/asked.$number" or die;

    while (time < $end) {
        my $before = time;
        my ($head, $body) = split_response(ask('v.example'));
        my $after = time;
        my ($n) = ($body // '') =~ /^mx: v(\d+)\.example\r$/m;
        my ($id, $pid) = $head =~ /^X-Id: (\w*) (\d+)\r?$/m;

        # the variable may be of a newer table than the body is

        if (defined $n && $body eq body($n) && length $id == 20) {
            printf $log "%d %.6f %.6f %d\n", $n, $before, $after, $pid;
        } else {
            print $log "wrong: $head $body\n" =~ s/\s+/ /gr, "\n";
        }

        ($head, $body) = split_response(ask('s' . (1 + $i++ % 20) . '.example'));
        print $log "wrong: $head\n" =~ s/\s+/ /gr, "\n"
            unless $body eq $stable && $head =~ / 200 /;

        ($head) = split_response(ask("n$i.example"));
        print $log "wrong: $head\n" =~ s/\s+/ /gr, "\n" unless $head =~ / 404 /;
    }
}

sub child {
    my ($code, @args) = @_;
    my $pid = fork // die "fork: $!";

    if ($pid == 0) {
        eval { $code->(@args); 1 } or spew("$dir/died.$$", $@);
        POSIX::_exit(0);
    }

    return $pid;
}

$nginx->start;

my $end = time + $SECONDS;
my @children = ((map { child(\&client, $_, $end) } 1, 2), child(\&writer, $end));
my (@read, @tested, $killed, $reloads);

while (time < $end) {
    my $pid = $nginx->{pid};
    my @workers = $nginx->children;

    if (@workers && kill 'KILL', $workers[rand @workers]) {
        $killed++;
    }

    my $before = time;
    my ($status, $out) = helper('policy', '-d', $table, 'v.example');
    my ($n) = $out =~ /^mx: v(\d+)\.example\r$/m;
    push @read, [$n // 0, $before, time, 0];

    ($status, $out) = $nginx->test;
    push @tested, $out if $status;

    sleep 0.3;
    kill 'HUP', $pid;
    $reloads++;
    sleep 0.5;
}

waitpid $_, 0 for @children;

is(join('', map { slurp($_) } glob "$dir/died.*"), '', 'no process has died');
is("@tested", '', 'nginx -t accepts what is in place at any moment');


# The numbers that an answer may have: from the last one that was there at the
# beginning of its second, or its request for the helper, to the last one that was
# begun before it came.

my @written = map { [split] } split /\n/, slurp("$dir/written");
my $last = $written[-1][0];

sub last_before {
    my ($time, $column) = @_;
    my ($low, $high) = (0, scalar @written);

    while ($low < $high) {
        my $mid = int(($low + $high) / 2);
        $written[$mid][$column] < $time ? ($low = $mid + 1) : ($high = $mid);
    }

    return $low ? $written[$low - 1][0] : 3;
}

sub outside {
    my ($n, $from, $to) = @_;
    return $n < last_before($from, 2) || $n > last_before($to, 1);
}

my (@answers, @wrong, %newest, @back);

for my $number (1, 2) {
    for my $line (split /\n/, slurp("$dir/asked.$number")) {
        $line =~ /^wrong/ ? push @wrong, $line : push @answers, [split ' ', $line];
    }
}

my @outside = grep { outside($_->[0], int $_->[1], $_->[2]) } @answers;

for my $answer (sort { $a->[1] <=> $b->[1] } @answers) {
    my ($n, $from, $to, $pid) = @$answer;
    my $newest = $newest{$pid} //= [0, 0];

    # two that overlap may be answered in any order

    push @back, "$n after $newest->[0]" if $n < $newest->[0] && $from > $newest->[1];
    $newest{$pid} = [$n, $to] if $n > $newest->[0];
}

cmp_ok(scalar @answers, '>', 100, 'answers are compared');
is(join("\n", @wrong[0 .. ($#wrong < 4 ? $#wrong : 4)]), '', '... none is wrong');
is(join(', ', map { "$_->[0] at $_->[1]" } @outside[0 .. ($#outside < 4
                                                          ? $#outside : 4)]),
   '', '... none is too old or too new');
is("@back", '', '... and a worker never goes back');
is(scalar(grep { outside(@$_) } @read), 0, 'the helper reads one that is in place');

is((helper('policy', '-d', $table, 'v.example'))[1], body($last),
   'in the end, the last one');
ok(within(sub { (split_response(ask('v.example')))[1] eq body($last) }),
   '... is served');

unlike(slurp("$dir/logs/error.log"), qr/is kept|are kept|without changes|\[emerg\]/,
       'nothing was refused');

diag(sprintf '%d tables and changes (%d per second), %d answers by %d workers, '
     . '%d killed, %d reloads', $last - 3, ($last - 3) / $SECONDS,
     3 * @answers, scalar keys %newest, $killed, $reloads);

$nginx->stop(qr/exited on signal 9/);
done_testing();
