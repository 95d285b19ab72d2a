#!/usr/bin/perl

# A thousand reloads, each with another configuration: master and workers use as
# much memory, and as many files, as after the first of them.

use strict;
use warnings;

use lib 't/lib';
use List::Util qw(max min);
use MtaSts;
use MtaSts::Load;
use Test::More;

# kB that a process may have gained.  What is seen without a leak is about 100,
# pages of libraries that are met for the first time among them; an nginx that
# lost 600 bytes in each of a thousand reloads would be above it.  ASan holds
# back what is freed, 256 MB of it, and with less its own tables still grow for
# some time; it makes a reload slower, too

my $asan = ($ENV{ASAN_OPTIONS} // '') ne '';
my $slack = $asan ? 2048 : 512;
my $reloads = slow($asan ? 250 : 1000, 100);

$MtaSts::ASAN = ':quarantine_size_mb=1:thread_local_quarantine_size_kb=64';

my $nginx = MtaSts::Load->new(1000);

# a master sleeps a tenth of a second in each reload; strace has that return at
# once, and leaves the rest alone.  With -D it is nginx that is our child

my $sleeps = 'nanosleep,clock_nanosleep';

$nginx->start('strace', '-D', '-o', '/dev/null', '-e', "trace=$sleeps", '-e',
              "inject=$sleeps:retval=0");
ok($nginx->settled, 'two workers');

my ($made, $fresh) = (0, 0);

sub reload {
    my $host = 'mta-sts.c' . (1 + $made % 1000) . '.example';

    $nginx->renew(604801 + $made) or return;
    $made++;
    $fresh++ if bytes($nginx->get($made % 4 ? 0 : 1, $host, $made % 4
                                  ? () : (sni => 'mta-sts.c1.example')))
        eq $nginx->answer($nginx->policy($host), 'close');

    return 1;
}

# what the master and a new worker that has had requests have in memory, all of
# it and without what is in files: the least after five reloads, since one may
# find them at work.  What of it is private is no measure, since each page is
# shared until one of them writes to it

sub memory {
    my @least;

    for (1 .. 5) {
        reload() or return;

        for my $n (0 .. 29) {
            $nginx->get($n % 2, 'mta-sts.d1.example', $n % 2
                        ? (sni => 'mta-sts.c1.example') : ());
        }

        my ($master, @workers) = map { [$nginx->memory($_)] } $nginx->{pid},
                                 $nginx->workers;
        my @now = (@$master, map {
            my $of = $_; max(map { $_->[$of] } @workers) } 0, 1);
        @least = map { min($least[$_] // $now[$_], $now[$_]) } 0 .. $#now;
    }

    return @least;
}

# files of the master and its workers, once no worker has a connection open and
# they stay the same for some time, or are what they were: the master tells the
# workers of each other a moment after it has made them

sub files {
    my ($want) = @_;
    my ($now, $same, $was) = ('', 0, '');

    within(sub {
        my @workers = $nginx->workers;
        my @files = map { $nginx->files($_) } @workers;

        ($was, $now) = ($now, join ' ', $nginx->files($nginx->{pid}), @files);
        $same = $now eq $was && $files[0] == $files[-1]
                && !grep({ $nginx->connections($_) } @workers) ? $same + 1 : 0;

        return $same > 0 && $now eq ($want // '') || $same > 100;
    });

    return $now;
}

while ($made < $reloads / 10) {
    reload() or last;
}

my @early = memory();
my $files = files();

while ($made < $reloads) {
    reload() or last;
}

my @late = memory();

cmp_ok($made, '>=', $reloads, "$made reloads");
is($fresh, $made, '... each with its new policy');

for my $what ('master, all', 'master, no files', 'worker, all',
              'worker, no files') {
    my ($from, $to) = (shift @early, shift @late);
    cmp_ok($to, '<', $from + $slack,
           "$what: $from kB after a tenth of them, $to kB after all");
}

is(files($files), $files, "master and workers: $files files open");

$nginx->stop;

done_testing();
