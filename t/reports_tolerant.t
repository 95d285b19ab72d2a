#!/usr/bin/perl

# What senders write that differs from RFC 8460: counts, dates, domains, the parts of a
# mail, and what comes after gzip.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP;
use MIME::Base64 qw(encode_base64);
use MtaSts;
use MtaSts::Reports qw(:all);
use Test::More;

my $dir = reports_dir();

sub sums {
    my ($report) = @_;
    my $state = state_dir();
    my ($rc, $out, $err) = add($state, \$report);
    is($rc, 0, '... is read') or diag($err);
    my $summary = summary($state);
    return ($summary, sessions($summary, 'example.com'));
}

sub bad {
    my ($report, $text, $name) = @_;
    my ($rc, $out, $err) = add(state_dir(), \$report);
    is("$rc$err", qq{1mta-sts: "standard input": $text\n}, $name);
}


# Counts

my $report = report(good => 12, failed => 7);
is((sums($report =~ s/count":(\d+)/count":"$1"/gr))[1], 'sts 12/7 of 1',
   'counts that are texts');
is((sums($report =~ s/count":12/count":99999999999999999999/r))[1],
   'sts 1000000000000/7 of 1', 'a count that no integer has');

my ($summary, $sums) = sums(report(failed => 5, good => 1,
    results => ['certificate-expired', 'x']) =~ s/"total-fail[^,}]*//r
    =~ s/,\}/}/r =~ s/\{,/{/r);
is($sums, 'sts 1/10 of 1', 'without a sum, the one of the details');
is($summary->{domains}[0]{severity}, 'warning', '... which is a failure');

my $state = state_dir();
$report = report(good => 5);
add($state, \$report);
is((add($state, \($report =~ s/":5\b/":5.0/r)))[1], "0 new, 1 known, 0 refused "
   . "(other domains, or too many), 0 old, 0 bad\n", '5.0 is 5: the same report');


# Policies and domains

is((sums(report(domains => [(map { "x$_.example" } 1 .. 150), 'example.com'])))[1],
   'sts 1/0 of 1', 'our domain is the last of many');

for my $name ('not a domain!', "b\x{fc}cher.example", 'a_b.example', '..') {
    my $foreign = state_dir();
    my (undef, $out) = add($foreign, \report(domains => [$name]));
    like($out, qr/^0 new, 0 known, 1 refused/, 'no name of a domain is not ours');
    is(scalar @{ summary($foreign)->{domains} }, 0, '... and not one without');
}

is(scalar @{ (sums(report(domains => [''])))[0]{domains} }, 1,
   'a policy may name none');


# Dates

my $range = sub {
    my (@times) = @_;
    return report() =~ s/(start-datetime":")[^"]*/$1$times[0]/r
                    =~ s/(end-datetime":")[^"]*/$1$times[1]/r;
};
my ($before, $day) = map { POSIX::strftime('%Y-%m-%d', gmtime time - 86400 * $_) }
                     2, 1;

is((sums($range->(@$_)))[1], 'sts 1/0 of 1', "@$_")
    for ['', $day], [$before, $day], ["${before}T00:00Z", "${day}T00:00Z"],
        ["${day}T00:00:00", 'x'];
bad($range->(@$_), 'not a TLS report: it has no valid date-range', "@$_")
    for ['', ''], ['2026-13-45T99:99:99', ''], ['2026-01-01T25:00Z', ''],
        ['2026-00-01', ''], ['2026-01', ''];
bad($range->('1970-01-02T00:00:00Z', $day), 'the date-range has more than 31 days',
    'a report about a lifetime');


# The parts of a mail

for my $part (
    ['text/json', ''], ['text/plain; name=r.json', ''],
    ['application/octet-stream; name="R.JSON"', ''],
    ['application/octet-stream; name="a!b!1!2.JSON.GZ"', 'gzip'],
) {
    my ($type, $packed) = @$part;
    my $data = report();
    $data = zipped($data) if $packed;
    is((sums("Content-Type: $type\nContent-Transfer-Encoding: base64\n\n"
             . encode_base64($data)))[1], 'sts 1/0 of 1', $type);
}


# After gzip

is((sums(zipped(report()) . $_))[1], 'sts 1/0 of 1', 'bytes after gzip')
    for "\r\n", "\0\0\0", "\n-- \nlist footer\n", "\x1f";
bad(zipped(report()) . "\x1f\x8bxxxxxxxxxx", 'the gzip data is damaged',
    '... but a damaged member');
bad("PK\x03\x04x", 'a zip archive, must be gzip', 'zip');


done_testing;
