#!/usr/bin/perl

# A thousand reloads, each with another configuration: master and workers use as
# much memory, and as many files, as after the first of them.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use MtaSts::Load;
use Test::More;

# kB that a process may have gained.  What is seen without a leak is about 100,
# pages of libraries that are met for the first time among them; an nginx that
# lost 600 bytes in each of a thousand reloads would be above it

use constant SLACK => 512;

# freed memory that ASan holds back for a while, 256 MB of it, would look like
# a leak

$MtaSts::ASAN = ':quarantine_size_mb=1:thread_local_quarantine_size_kb=64';

my $reloads = slow(1000, 100);
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

# what the master and a new worker have in memory, all of it and their own: the
# least after five reloads, since one may find them at work

sub memory {
    my @least;

    for (1 .. 5) {
        reload() or return;
        my @now = map { $nginx->memory($_) } $nginx->{pid}, ($nginx->workers)[0];
        @least = map { defined $least[$_] && $least[$_] < $now[$_]
                       ? $least[$_] : $now[$_] } 0 .. $#now;
    }

    return @least;
}

# files of the master and its workers, once no worker has a connection open and,
# if they are known, they are what they were: the master tells the workers of each
# other a moment after it has made them

sub files {
    my ($want) = @_;
    my $now;

    $nginx->await(sub {
        my @workers = $nginx->workers;
        $now = join ' ', map { $nginx->files($_) } $nginx->{pid}, @workers;
        return !grep({ $nginx->connections($_) } @workers)
               && $now eq ($want // $now);
    });

    return $now;
}

my $files = files();

while ($made < $reloads / 10) {
    reload() or last;
}

my @early = memory();

while ($made < $reloads) {
    reload() or last;
}

my @late = memory();

cmp_ok($made, '>=', $reloads, "$made reloads");
is($fresh, $made, '... each with its new policy');

for my $what ('master, all', 'master, its own', 'worker, all', 'worker, its own')
{
    my ($from, $to) = (shift @early, shift @late);
    cmp_ok($to, '<', $from + SLACK,
           "$what: $from kB after a tenth of them, $to kB after all");
}

is(files($files), $files, "master and workers: $files files open");

$nginx->stop;

done_testing();
