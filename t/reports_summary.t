#!/usr/bin/perl

# The summary: of which domains, who stopped, where a report came from, and who may
# read the store.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use MtaSts;
use MtaSts::Reports qw(:all);
use Test::More;

my $dir = reports_dir();
my $state = state_dir();
my @trust = ('--trust-authserv', 'mx.example.com');
my ($rc, $out, $err);


# Domains without a report

add($state, \report(domains => ['']));

for my $case ([[], 0], [['-d', "$dir/domains.yaml"], 1]) {
    my ($args, $status) = @$case;
    ($rc, $out) = helper('reports', '--state', $state, '--fail-on', 'note', @$args);
    is($rc, $status, "--fail-on @$args");
    is(join(' ', $out =~ /^(\S+): warning$/mg), $status ? 'example.com example.net'
       : '', '... of the domains that are configured there');
}

($rc, $out, $err) = helper('reports', '--state', $state, 'ad');
is("$rc$err", qq{2mta-sts: "ad" is neither a domain nor "add" or "show"\n},
   'a mistyped command');

for my $case (['show -f json abcd', 'format', 'the summary'],
              ['add -f json --fail-on error', 'format', 'the summary'],
              ['add --days 3', 'days', 'the summary'],
              ['--keep 3', 'keep', '"reports add"'],
              ['show --keep 3 abcd', 'keep', '"reports add"'],
              ['--trust-authserv x example.com', 'trust-authserv', '"reports add"'])
{
    my ($args, $option, $of) = @$case;
    ($rc, $out, $err) = helper('reports', '--state', $state, split / /, $args);
    is("$rc$out$err", qq{2mta-sts: option "--$option" is one of $of, see mta-sts }
       . "reports --help\n", "not an option there: $args");
}

is((run('', "$MtaSts::BUILD/mta-sts", 'reports', '--state', $state, '--pipe'))[0], 75,
   '... which a mail server tries again');
like((helper('reports', '--state', $state, '-f', 'xml'))[2],
     qr/^mta-sts: unknown format "xml", must be text, json, prometheus or html$/m,
     'an unknown format names those that there are');
like((helper('report'))[2], qr/^mta-sts: unknown command "report", did you mean "reports"\?$/m,
     'an unknown command names the nearest');
like((helper('reports', '--help'))[1], qr/mta_sts_state/, 'help: the state of nginx.conf');


# Exit statuses

spew("$dir/wrong.yaml", "domains: [\n");
spew("$dir/wrong.conf", "http { mta_sts_mode x; }\n");

for my $wrong (['-d', "$dir/wrong.yaml"], ['-c', "$dir/wrong.conf"], ['-c', "$dir/no.conf"]) {
    for my $command ([], ['add'], ['show', 'abcd']) {
        next if @$command == 2 && $wrong->[0] eq '-d';
        is((helper(\'', 'reports', @$command, @$wrong,
            $wrong->[0] eq '-d' ? ('--state', $state) : ()))[0], 1,
           "a wrong configuration: @$command @$wrong");
    }
}

is((run('', "$MtaSts::BUILD/mta-sts", 'reports', 'add', '-d', "$dir/wrong.yaml",
        '--pipe'))[0], 75,
   '... which a mail server tries again');
($rc, $out, $err) = helper('reports', 'show', '--state', $state, 'abc');
is("$rc$err", qq{2mta-sts: invalid ID "abc", must be 4 or more digits and letters from }
   . "a to f\n", 'an invalid ID');

for my $program (['reports'], ['follow', '-']) {
    for my $case (['--stat=x', 'unknown option "--stat=x", did you mean "--state"?'],
                  ['--help=1', 'unknown option "--help=1", did you mean "--help"?'],
                  ['--st', 'unknown option "--st", did you mean "--state"?'],
                  ['-z', 'unknown option "-z", see mta-sts %s --help'],
                  ['--no-smtp', 'command "%s" does not take option "--no-smtp"'],
                  ['--state', 'option "--state" needs a value: "--state DIR"'])
    {
        my ($word, $text) = @$case;
        ($rc, $out, $err) = helper(@$program, $word);
        is("$rc$out$err", "2mta-sts: $text\n" =~ s/%s/$program->[0]/r,
           "@$program $word");
    }
}

(undef, $out) = helper('reports', '--state', $state, '-f', 'prometheus');
unlike($out, qr/last_timestamp_seconds\{domain=""/,
       'what names no domain is no last report');

add($state, \report());

(undef, $out) = helper('reports', '--state', $state, '-f', 'prometheus', 'example.net',
                       'example.com', 'EXAMPLE.com', 'example.com.');
is(join(' ', $out =~ /last_timestamp_seconds\{domain="(\S+)",verified="0"/g), 'example.com example.net',
   'a domain that is named several times is listed once');

(undef, $out) = helper('reports', '--state', $state, '-f', 'prometheus');
like($out, qr/^mta_sts_reports_last_timestamp_seconds\{domain="example\.com",verified="1"\} 0$/m,
     'an unverified report');
like($out, qr/^mta_sts_reports_last_timestamp_seconds\{domain="example\.com",verified="0"\} \d{10}$/m,
     '... is no verified one');


# The directory of nginx.conf

my $conf = "$dir/state.conf";
spew($conf, "events {}\nhttp { mta_sts_state $state; server { listen 80; "
     . "server_name mta-sts.example.com; mta_sts_mx mx.example.com; } }\n");
like((helper('reports', '-c', $conf, '-f', 'json'))[1],
      qr/"good": *[1-9]/, 'reports: the state of nginx.conf');
spew("$dir/again.json", report(organization => 'Z'));
is((helper('reports', 'add', '-c', $conf, "$dir/again.json"))[1] =~ /^(\d+) new/ && $1, 1,
   '... add, too');
like((helper('reports', '--state', $state, '-f', 'json'))[1], qr/"Z"/, '... into it');


# Who stopped

sub stopped {
    return join ' ', map { "$_->{organization}/$_->{verified}" }
           grep { $_->{stopped} }
           @{ summary($state, 'example.com')->{domains}[0]{reporters} };
}

$state = state_dir();
add($state, \report(organization => 'A', ago => 20));
add($state, \report(organization => 'B', ago => 20, type => 'no-policy-found'));
add($state, \mail(report(organization => 'C', ago => 20)), @trust);
add($state, \mail(report(organization => $_)), @trust) for qw(A B);
is(stopped(), 'C/1', 'an organisation goes on while one of its rows does');
add($state, \report(organization => 'C'));
is(stopped(), 'C/1', '... but nobody else goes on for a verified one');


# Where a report came from

$state = state_dir();
mkdir "$dir/spool";
my $report = report();
spew("$dir/spool/1700000000.000-1-1-ab_192.0.2.1.json", $report);
add($state, "$dir/spool");
add($state, \mail($report), @trust);
my $id = summary($state)->{domains}[0]{reporters}[0]{last_id};
(undef, $out) = helper('reports', 'show', '--state', $state, uc substr $id, 0, 16);
like($out, qr/^source: +https 192\.0\.2\.1, mail$/m,
     'a report that came by https and by mail');


# Who may read the store

SKIP: {
    skip 'only root has other users', 4 if $> != 0 || !-x '/usr/bin/setpriv';

    my $open = tempdir(CLEANUP => 1);
    chmod 0755, $open;
    $state = "$open/state";
    mkdir $state;
    chown 0, 65534, $state;
    chmod 02750, $state;
    my $old = umask 077;
    add($state, \report());
    umask $old;

    my @as = ('setpriv', '--reuid', 65533, '--regid', 65534, '--clear-groups',
              "$MtaSts::BUILD/mta-sts");
    ($rc, $out, $err) = run('', @as, 'reports', '--state', $state);
    is("$rc$err", 0, 'who may only read') or diag(`ls -la $state`);
    like($out, qr/^example\.com: good$/m, '... reads');
    add($state, \report());
    (undef, $out) = run('', @as, 'reports', '--state', $state);
    like($out, qr/ 2 reports$/m, '... what is added later, too');
    is((stat "$state/reports.sqlite")[2] & 07, 0, '... and others do not');
}


done_testing;
