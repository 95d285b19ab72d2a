#!/usr/bin/perl

# The services for systemd: how much they may do, and what their programs do with the
# settings of /etc/default/mta-sts.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use MtaSts;
use MtaSts::Reports;
use Test::More;

my $dir = tempdir(CLEANUP => 1);
my $helper = $MtaSts::BUILD =~ m{^/} ? $MtaSts::BUILD : "$ENV{PWD}/$MtaSts::BUILD";

delete @ENV{qw(MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL)};


# Units.

my ($status, $out, $err) = run('', 'make', '-s', "BUILD=$dir", 'services');
is($status, 0, 'make services') or diag($err);

my @services = glob "$dir/systemd/*.service";
cmp_ok(scalar @services, '>=', 3, 'services');

for my $service (@services) {
    my $name = $service =~ s{.*/}{}r;

    ($status, $out) = run('', 'systemd-analyze', 'security', '--offline=true',
                          '--threshold=20', $service);
    is($status, 0, "$name: the exposure is at most 2") or diag($out);
    unlike(slurp($service), qr/@[A-Z_]+@/, '... every place is filled in');
}

is(join(' ', grep { slurp($_) =~ /^\[Install\]/m } @services),
   "$dir/systemd/mta-sts-follow.service",
   'timers can be enabled, and of services the only daemon');


# Programs.

sub service {
    my ($program, %env) = @_;
    return run('', 'env', "PATH=$helper:$ENV{PATH}",
               (map { "$_=$env{$_}" } sort keys %env), "systemd/$program");
}

spew("$dir/d.yaml", "mx: mx.example\ndomains:\n  a.example: {}\n");

my @config = (MTA_STS_OPTIONS => "-d $dir/d.yaml",
              MTA_STS_RECORDS_OPTIONS => '-f nsupdate');
my (undef, $records) = helper('records', '-d', "$dir/d.yaml", '-f', 'nsupdate');

($status, $out, $err) = service('publish', @config);
is($status, 1, 'publish without a command');
like($err, qr/MTA_STS_DNS_COMMAND/, '... names the setting');

($status, $out, $err) = service('publish', @config,
                                MTA_STS_DNS_COMMAND => "cat > $dir/got");
is("$status $err", '0 ', 'publish');
is(slurp("$dir/got"), $records, '... hands the records to the command');

($status) = service('publish', @config, MTA_STS_DNS_COMMAND => 'cat >/dev/null; false');
isnt($status, 0, '... fails with the command');

spew("$dir/bad.yaml", "domains: [\n");
unlink "$dir/got";
($status) = service('publish', MTA_STS_OPTIONS => "-d $dir/bad.yaml",
                    MTA_STS_DNS_COMMAND => "cat > $dir/got");
is($status, 1, 'publish with a wrong configuration');
ok(!-e "$dir/got", '... does not run the command');

# nobody answers at that port

my @check = (MTA_STS_CHECK_OPTIONS => '--resolver 127.0.0.1:9 --timeout 1',
             MTA_STS_TEXTFILE => "$dir/mta-sts.prom");

($status) = service('check', @config, @check);
is($status, 3, 'check has the status of mta-sts check');
like(slurp("$dir/mta-sts.prom"), qr/^mta_sts_check_\w+/m, '... writes metrics');

spew("$dir/mta-sts.prom", "old\n");
($status) = service('check', MTA_STS_OPTIONS => "-d $dir/bad.yaml", @check);
isnt($status, 0, 'check with a wrong configuration');
is(slurp("$dir/mta-sts.prom"), "old\n", '... leaves the metrics as they are');

# a spool, as nginx leaves it

mkdir "$dir/$_" for qw(spool state);
my $spooled = "$dir/spool/1700000000.000-1-1-ab_192.0.2.1.json";
my @spool = (MTA_STS_SPOOL => "$dir/spool", MTA_STS_STATE => "$dir/state",
             MTA_STS_REPORTS_TEXTFILE => "$dir/reports.prom", @config);

spew($spooled, report(domains => ['a.example']));
($status, $out) = service('spool', @spool);
is("$status $out", "0 1 new, 0 known, 0 refused (other domains, or too many), 0 old, 0 bad\n",
   'spool takes in reports');
ok(!-e $spooled, '... and removes them');
like(slurp("$dir/reports.prom"), qr/^mta_sts_reports_sessions\{domain="a\.example"/m,
     '... writes metrics');

# the state is nginx.conf's, and a sender adds no metrics by a default policy

mkdir "$dir/other";
spew("$dir/default.yaml", "mx: mx.example\npolicies:\n  p: {}\ndomains: {a.example: p}\ndefault: p\n");
spew("$dir/nginx.conf", "events {}\nhttp { mta_sts_state $dir/other;\n"
     . "server { listen 80; server_name ~^mta-sts; mta_sts on;\n"
     . "mta_sts_domains $dir/default.yaml; } }\n");
spew($spooled, report(domains => ['a.example', 'invented.example']));
($status, $out, $err) = service('spool', @spool, MTA_STS_STATE => '',
                                MTA_STS_OPTIONS => "-c $dir/nginx.conf");
is("$status $err", '0 ', 'spool with the state of nginx.conf') or diag($out);
like((helper('reports', '--state', "$dir/other"))[1], qr/^a\.example: /m,
     '... which has the reports');
is(join(' ', slurp("$dir/reports.prom") =~ /sessions\{domain="(\S+?)".*"good"/g), 'a.example',
   '... metrics only of domains that are named');

spew($spooled, 'no report');
spew("$dir/reports.prom", "old\n");
($status) = service('spool', @spool);
is($status, 0, 'what is no report is no failure of spool');
like(slurp("$dir/reports.prom"), qr/^mta_sts_reports/m, '... with metrics all the same');

spew("$dir/wrong.yaml", "domains: [\n");
spew($spooled, report(domains => ['a.example']));
($status) = service('spool', @spool, MTA_STS_OPTIONS => "-d $dir/wrong.yaml");
is($status, 1, '... but a wrong configuration is one');
ok(-e $spooled, '... and leaves the reports');

spew("$dir/state/reports.sqlite", 'nonsense' x 1000);
unlink glob "$dir/state/reports.sqlite-*";
spew($spooled, 'no report');
spew("$dir/reports.prom", "old\n");
($status) = service('spool', @spool);
is($status, 3, 'spool without a store');
is(slurp("$dir/reports.prom"), "old\n", '... leaves the metrics as they are');
ok(-e $spooled, '... and the reports');

done_testing();
