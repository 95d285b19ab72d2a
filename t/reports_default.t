#!/usr/bin/perl

# Whose domain is ours: what the configuration serves a policy for, also by its
# default policy or by a pattern; and how many domains unverified reports add.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use MtaSts::Reports qw(:all);
use Test::More;

my $dir = reports_dir();
my ($rc, $out, $err);

sub take {
    my ($state, $config, $in, @args) = @_;
    return helper(\$in, 'reports', 'add', @$config, '--state', $state, @args);
}

sub domains {
    my ($state, @args) = @_;
    return join ' ', map { $_->{domain} // '-' } @{ summary($state, @args)->{domains} };
}

sub yaml {
    my ($name, $text) = @_;
    spew("$dir/$name", "mx: mx.example.com\npolicies:\n  p: {mode: testing}\n$text");
    return ['-d', "$dir/$name"];
}

sub conf {
    my ($name, @servers) = @_;
    spew("$dir/$name", "events {}\nhttp {\n" . join('', map { "server { listen 80; "
         . "server_name $_; mta_sts on; mta_sts_mx mx.example.com; }\n" } @servers) . "}\n");
    return ['-c', "$dir/$name"];
}


# Each kind of configuration, and of which domains it takes reports

my @names = qw(a.example b.example.net c.example.org xn--bcher-kva.example);

for my $case (
    ['a default', yaml('default.yaml', "domains: {}\ndefault: p\n"), "@names"],
    ['a default and a name', yaml('both.yaml', "domains: {c.example.org: p}\n"
     . "default: p\n"), "@names"],
    ['names', yaml('names.yaml', "domains: {c.example.org: p}\n"), 'c.example.org'],
    ['a regex', conf('regex.conf', '~^mta-sts\.[a-c]\.example$'), 'a.example'],
    ['a trailing wildcard', conf('tail.conf', 'mta-sts.*'), "@names"],
    ['a leading wildcard', conf('head.conf', '*.example.net'), 'b.example.net'],
    ['a name and a wildcard', conf('two.conf', 'mta-sts.a.example', '*.example.net'),
     'a.example b.example.net'],
) {
    my ($what, $config, $taken) = @$case;
    my $state = state_dir();
    ($rc, $out, $err) = take($state, $config, report(domains => [@names]));
    like("$rc $out", qr/^0 1 new, 0 known, 0 refused /, "$what: a report is taken")
        or diag $err;
    is(domains($state), $taken, '... about the domains that are served');
    is(domains($state, @$config), $taken, '... which its summary lists');
    my $long = join '.', ('a' x 60) x 4;
    take($state, $config, report(domains => [$long, '192.0.2.1', 'a_b.example']));
    is(domains($state), $taken, '... and not what is no policy domain');
}

my $state = state_dir();
my $both = yaml('both.yaml', "domains: {z.example: p, b.example: p}\ndefault: p\n");
take($state, $both, report(domains => ['y.example', 'a.example', 'z.example', '']));
is(domains($state, @$both), 'a.example b.example y.example z.example',
   'named ones without a report are listed as well, in order');

($rc, $out, $err) = take($state, yaml('none.yaml', "domains: {}\n"), report());
is("$rc$out", 1, 'a configuration without any policy');
like($err, qr/^mta-sts: no domain is configured: /m, '... is wrong');


# What anybody can send about invented names is bounded

my $default = yaml('default.yaml', "domains: {named.example: p}\ndefault: p\n");
my $n = 0;

sub invented {
    my ($count, @is) = @_;
    mkdir "$dir/spool";
    for (1 .. $count / 100) {
        my @domains = map { 'x' . ++$n . '.example' } 1 .. 100;
        spew("$dir/spool/1700000000.000-1-$n-ab_192.0.2.1.json",
             report(domains => \@domains, @is));
    }
    return "$dir/spool";
}

$state = state_dir();
($rc, $out, $err) = take($state, $default, '', invented(10_100, ago => 3));
is("$rc $out", "0 100 new, 0 known, 1 refused (other domains, or too many), 0 old, 0 bad\n",
   'reports about 10100 invented domains');
like($err, qr/^mta-sts: there are reports about 10000 or more domains that the configuration does not name: /m,
     '... of which 10000 are taken, which is said');
my $taken = () = (helper('reports', '--state', $state))[1] =~ /^x\d+\.example: /mg;
is($taken, 10_000, '... and stored');

my @trust = ('--trust-authserv', 'mx.example.com');
for my $case (['another invented one', report(domains => ['y.example']), '0 new, 0 known, 1 refused'],
              ['one that is there', report(domains => ['x1.example']), '1 new, 0 known, 0 refused'],
              ['one that is named', report(domains => ['named.example']), '1 new, 0 known, 0 refused'],
              ['none', report(domains => ['']), '1 new, 0 known, 0 refused'],
              ['some of them', report(domains => ['y.example', 'x2.example']), '1 new, 0 known, 0 refused'],
              ['another one, verified', mail(report(domains => ['v.example'])), '1 new, 0 known, 0 refused'])
{
    my ($what, $report, $result) = @$case;
    (undef, $out, $err) = take($state, $default, $report, @trust);
    like($out, qr/^$result /, "... then: $what");
    is($err =~ /10000 or more domains/ ? 1 : 0, $what =~ /^another invented|^some/ ? 1 : 0, '... and what is said');
}

like((helper('reports', '--state', $state, 'y.example'))[1], qr/^  no report in 30 days$/m,
     'nothing of the refused is there');


# Metrics are about what is named: nobody adds series, nor what fires on them

sub labels {
    my %domains = map { $_ => 1 } (helper('reports', '--state', $state, '-f', 'prometheus',
                                          @_))[1] =~ /\{domain="([^"]*)"/g;
    return join ' ', sort keys %domains;
}

is(labels(@$default), 'named.example', 'metrics with a configuration');
is(labels('x1.example', 'named.example'), 'named.example x1.example', '... and of domains that are named there');


# What was invented goes with its reports, in the run that then has room for others

take($state, $default, report(domains => ['named.example'], ago => 3));
($rc, $out, $err) = take($state, $default, '', '--keep', 2, invented(10_000));
is("$rc $out", "0 100 new, 0 known, 0 refused (other domains, or too many), 0 old, 0 bad\n",
   'a run that drops reports has room');
$taken = () = (helper('reports', '--state', $state))[1] =~ /^[xv]\d*\.example: /mg;
is($taken, 10_000, '... for as many as before');
is((run('', 'sqlite3', "$state/reports.sqlite", 'SELECT DISTINCT domain FROM day'))[1],
   "named.example\nx1.example\nx2.example\n",
   '... and sums remain of what is named, or has a report');


done_testing;
