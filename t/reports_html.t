#!/usr/bin/perl

# The page of mta-sts reports -f html in a real Chromium, driven by
# t/browser/summary.js: what senders wrote is text and not markup, and it is
# accessible, in both colour schemes and at 360 px.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use MtaSts;
use MtaSts::Browser;
use MtaSts::Reports;
use Test::More;

my $dir = tempdir(CLEANUP => 1);
my $markup = qq{<script>alert(1)</script>&quot;'"><img src=x onerror=alert(2)>};
my $long = join '.', ('a' x 60) x 3, 'failed.example';
my @names = ($long, 'good.example', 'silent.example', 'stopped.example');

mkdir "$dir/$_" for qw(in state);
spew("$dir/domains.yaml", "mx: mx.example.com\ndomains:\n"
     . join '', map { "  $_: {}\n" } @names);

my $n = 0;

sub add {
    my ($signed, %is) = @_;
    my $report = report(%is);
    spew("$dir/in/" . ++$n . '.eml', $signed ? mail($report) : $report);
}

for my $ago (0 .. 27) {
    add(1, domains => [$long, 'stopped.example'], ago => $ago, good => 50 + $ago,
        failed => $ago % 5, organization => $markup,
        results => $ago % 5 ? ['certificate-expired', "x$markup"] : []);
    add(0, domains => [$long], ago => $ago, type => 'tlsa', good => 7,
        failed => $ago % 3, results => $ago % 3 ? ['tlsa-invalid'] : []);
    add(1, domains => ['good.example'], ago => $ago, good => 9);
}

add(0, domains => ['stopped.example'], ago => 20, organization => 'Stopped Ltd');
add(0, domains => ['silent.example'], ago => 15);

my ($rc, undef, $err) = helper('reports', 'add', '-d', "$dir/domains.yaml",
    '--state', "$dir/state", '--trust-authserv', 'mx.example.com', "$dir/in");
is("$rc$err", 0, 'reports');

my ($status, $out);
($status, $out, $err) = helper('reports', '-f', 'html', '--state', "$dir/state");

is("$status$err", 0, 'a page');
unlike($out, qr/<script|<img/, 'what a sender sent is escaped');

spew("$dir/summary.html", $out);

browse('summary',
    url    => "file://$dir/summary.html",
    shot   => 'summary',
    titles => "$long: error | good.example: good | silent.example: warning"
              . ' | stopped.example: error',
    markup => $markup);

done_testing();
