#!/usr/bin/perl

# monitoring/grafana.json against Grafana's own types of dashboards and panels, which
# see options and values that do not exist; t/monitoring.t has its queries.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use JSON::PP;
use MtaSts;
use Test::More;

my $modules = "$ENV{PWD}/build/npm/node_modules";
my $dir = tempdir(CLEANUP => 1);
my $json = slurp('monitoring/grafana.json');

# as a literal: the compiler looks for unknown names in nothing else

sub board {
    my ($name, $text) = @_;
    spew("$dir/$name.ts", "import type { Board } from './dashboard.ts';\n"
         . "export const board: Board = $text;\n");
    return "$dir/$name.ts";
}

symlink $modules, "$dir/node_modules" or die;
spew("$dir/dashboard.ts", slurp('t/parsers/dashboard.ts'));

my @files = board('right', $json);
my %wrong = (
    colorMode => sub { $_[0]{stat}{options}{colorMode} = 'bright' },
    graphModes => sub { $_[0]{stat}{options}{graphModes} = 'none' },
    gridPos => sub { $_[0]{stat}{gridPos}{h} = '4' },
    fillOpacity => sub { $_[0]{timeseries}{fieldConfig}{defaults}{custom}{fillOpacity} = '9' },
    legend => sub { $_[0]{timeseries}{options}{legend}{displayMode} = 'below' },
    refId => sub { delete $_[0]{table}{targets}[0]{refId} },
    type => sub { $_[0]{table}{type} = 'tables' },
    graphTooltip => sub { $_[1]{graphTooltip} = 7 },
);

for my $name (sort keys %wrong) {
    my $board = decode_json($json);
    my %first = map { $_->{type} => $_ } reverse @{ $board->{panels} };
    $wrong{$name}(\%first, $board);
    push @files, board("wrong-$name", JSON::PP->new->canonical->pretty->encode($board));
}

my ($status, $out, $err) = run('', 'node', "$modules/typescript/bin/tsc", '--noEmit',
    '--strict', '--skipLibCheck', '--allowImportingTsExtensions', qw(--module nodenext
    --moduleResolution nodenext), @files);

my %found = map { /(right|dashboard|wrong-\w+)\.ts\(/ ? ($1 => 1) : () } split /\n/, $out;

ok(!$found{right} && !$found{dashboard}, 'the dashboard has Grafana\'s types')
    or diag("$out$err");
ok($found{"wrong-$_"}, "... which know a wrong $_") or diag("$out$err")
    for sort keys %wrong;

# ids of units are no type

my @units = sort keys %{ { map { $_ => 1 } $json =~ /"unit": "(\w+)"/g } };
my %known = map { $_ => 1 } qw(none short percent percentunit s ms bytes decbytes reqps
                               ops cps dateTimeAsIso dateTimeFromNow dtdurations);
is(join(' ', grep { !$known{$_} } @units), '', 'units: ' . join ' ', @units);

done_testing();
