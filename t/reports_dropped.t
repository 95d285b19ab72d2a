#!/usr/bin/perl

# Reports that are older than --keep: totals stay as they were, what has no detail is
# said, and the sums are dropped as well in the end.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use MtaSts::Reports qw(:all);
use Test::More;

my $dir = reports_dir();
my $state = state_dir();
my @fails = (results => ['certificate-expired']);

sub totals {
    my (@days) = @_;
    return join ' ', map { my $days = $_; map { "$_->{good}/$_->{failed}/$_->{reports}" }
                           @{ summary($state, '--days', $days)->{domains}[0]{sessions} } } @days;
}

sub trend {
    my $domain = summary($state)->{domains}[0];
    my ($good, $failed) = (0, 0);
    $good += $_->{good}, $failed += $_->{failed} for @{ $domain->{days} };
    return "$good/$failed";
}


# The same totals, for any number of days

add($state, \report(ago => $_ + 0.3, good => 10 ** ($_ % 6), failed => $_, @fails))
    for 0 .. 12, 29;
my @days = (1 .. 13, 28 .. 31);
my $before = totals(@days);
my $trend = trend();

is(scalar(split ' ', $before), scalar @days, 'totals');
my (undef, $out) = add($state, \report(organization => 'Last', domains => ['example.net']),
                       '--keep', 5);
like($out, qr/^1 new/, 'a run that drops old reports');
is(totals(@days), $before, '... changes none');
is(trend(), $trend, '... nor the sum of the days');

my $sessions = summary($state, '--days', 30)->{domains}[0]{sessions}[0];
my $left = 0;
$left += $_->{failed} for @{ summary($state, '--days', 30)->{domains}[0]{failures} };
is($sessions->{failed}, $left + $sessions->{dropped}{failed},
   'what failed is in the failures or is said to be dropped');
is($sessions->{dropped}{reports}, 9, '... as are reports');
(undef, $out) = helper('reports', '--state', $state, 'example.com');
like($out, qr/^ +of these \d+ good, \d+ failed of 9 reports that were dropped: without failures, hosts, reporters$/m,
     'text');
(undef, $out) = helper('reports', '--state', $state, '-f', 'html', 'example.com');
like($out, qr/<td>of these dropped: /, 'html');
is(summary($state, '--days', 3)->{domains}[0]{sessions}[0]{dropped}{reports}, 0,
   'what is not dropped has all details');
unlike((helper('reports', '--state', $state, '--days', 3, 'example.com'))[1], qr/dropped/,
       '... and says nothing of it');


# Sums are dropped after ten years

sub sums {
    return (run('', 'sqlite3', "$state/reports.sqlite", 'SELECT count(*) FROM day'))[1] + 0;
}

is(sums(), 9, 'sums of days');
run('', 'sqlite3', "$state/reports.sqlite", "INSERT INTO day SELECT domain, type, verified,"
    . " day - 3650 * 86400, good, failed, reports FROM day");
is(sums(), 18, '... of ten years ago as well');
add($state, \report(ago => 0.1), '--keep', 5);
is(sums(), 9, '... which are dropped');
is((split ' ', totals(30))[0] =~ m{/15$} ? 1 : 0, 1, '... and no others');


# Where all are dropped, nobody is known to have sent them

$state = state_dir();
add($state, \report(ago => 3));
add($state, \report(domains => ['example.net']), '--keep', 1);
(undef, $out) = helper('reports', '--state', $state, '-f', 'html', 'example.com');
like($out, qr/<td>of these dropped: /, 'a page of what was dropped');
unlike($out, qr/Reporters/, '... without a table of reporters');


# One is not many

$state = state_dir();
add($state, \report());
add($state, \report(domains => ['example.org']));
(undef, $out) = helper('reports', '--state', $state);
like($out, qr/ 1 report$/m, 'one report');
like($out, qr/^1 report was refused: about other domains, or too many$/m, '... one refused');


done_testing;
