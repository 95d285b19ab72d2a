#!/usr/bin/perl

# docs/monitoring.md: Nagios runs the check that its lines name, and cron mails what has
# changed and nothing else; both are Debian's.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use MtaSts::Docs qw(snippet);
use MtaSts::Monitored;
use MtaSts::World;
use Test::More;

enter_world();

my $world = MtaSts::Monitored->new;
my $dir = $world->dir;
my $new = snippet('docs/monitoring.md', 'Mail', 0, 'sh');
my ($rc, $out, $err) = $world->command($new);

like($out, qr/smtp-cert-name/, 'the first run prints what is wrong');


# Nagios accepts its lines, and has the findings when it has run the command.

mkdir "$dir/$_" for qw(nagios nagios/results nagios/temp);

my $service = slurp('monitoring/nagios-mta-sts.cfg');
ok($service =~ s{/usr/bin/mta-sts}{$dir/bin/mta-sts}, 'lines for Nagios');
spew("$dir/nagios/mta-sts.cfg", $service);
spew("$dir/nagios/host.cfg", 'define host { use generic-host' . "\n"
     . "host_name localhost\nmax_check_attempts 1\ncontact_groups admins\n}\n");
spew("$dir/nagios/nagios.cfg", join "\n", (map { "cfg_file=$_" }
     (map { "/etc/nagios4/objects/$_.cfg" } qw(commands contacts timeperiods templates)),
     map { "$dir/nagios/$_.cfg" } qw(mta-sts host)), (map { "$_->[0]=$dir/nagios/$_->[1]" }
     ['log_file', 'log'], ['object_cache_file', 'objects'], ['status_file', 'status'],
     ['lock_file', 'pid'], ['temp_file', 'tmp'], ['temp_path', 'temp'],
     ['check_result_path', 'results'], ['query_socket', 'socket']),
     'nagios_user=root', 'nagios_group=root', 'check_external_commands=0',
     'use_syslog=0', 'enable_notifications=0', 'status_update_interval=1',
     'check_result_reaper_frequency=1', 'service_inter_check_delay_method=n', '');

($rc, $out, $err) = run('', 'nagios4', '-v', "$dir/nagios/nagios.cfg");
is($rc, 0, 'nagios4 -v') or diag("$out$err");

$world->daemon('nagios', 'nagios4', "$dir/nagios/nagios.cfg");
my $plugin = $world->await('Nagios', sub {
    my ($has) = (-e "$dir/nagios/status" ? slurp("$dir/nagios/status") : '')
                =~ /^servicestatus \{(.*?has_been_checked=1.*?plugin_output=MTA.*?)^\t\}/ms;
    return $has;
}) // '';
$world->halt('nagios');

like($plugin, qr/^\tcurrent_state=2$/m, 'Nagios: critical');
like($plugin, qr/^\tplugin_output=MTA-STS CRITICAL - 3 domains, /m, '... with how many');
like($plugin, qr/^\tlong_plugin_output=bad\.example error smtp-cert-name: /m,
     '... with findings');
like($plugin, qr/^\tperformance_data=domains=3 errors=\d+ /m, '... with numbers');


# cron mails what has changed.  Its minutes take a second, and its files and sendmail are
# those of the test.

mkdir "$dir/$_" for qw(cron cron/d cron/spool cron/mail);

my ($library) = glob '/usr/lib/*/faketime/libfaketime.so.1';
my $crontab = slurp('monitoring/mta-sts.cron');
like($crontab, qr/ \Q$new\E\z/, 'the file for cron has the command');
ok($crontab =~ s{^23 5 \* \* \*  _nginx-mta-sts  }{* * * * *  root  }m
   && $crontab =~ s{^PATH=}{PATH=$dir/bin:}m, 'the line for cron');
spew("$dir/cron/d/mta-sts", $crontab);
spew("$dir/cron/crontab", '');
spew("$dir/cron/sendmail", "#!/bin/sh\ncat > $dir/cron/new.\$\$ "
     . "&& mv $dir/cron/new.\$\$ $dir/cron/mail/\$\$\n");
chmod 0755, "$dir/cron/sendmail";
spew("$dir/cron/start", join "\n", 'set -e', 'mount -t tmpfs tmpfs /run',
     (map { "mount --bind $dir/cron/$_->[0] $_->[1]" } ['d', '/etc/cron.d'],
      ['crontab', '/etc/crontab'], ['spool', '/var/spool/cron'],
      ['sendmail', '/usr/sbin/sendmail']),
     "LD_PRELOAD=$library FAKETIME='+0 x60' exec cron -f", '');

# waits until check has begun and ended after now; returns all mails

sub mails {
    my $checks = sub { scalar(() = slurp("$dir/runs") =~ /^check$/mg) };
    my $had = $checks->();
    $world->await('cron', sub { $checks->() >= $had + 3 });
    return map { slurp($_) } glob "$dir/cron/mail/*";
}

$world->daemon('cron', 'unshare', '-m', 'sh', "$dir/cron/start");

is(join('', mails()), '', 'cron: no mail while nothing changes');

ok($world->break, 'something changes');

$world->await('a mail', sub { scalar(() = glob "$dir/cron/mail/*") });
my @mails = mails();
$world->halt('cron');

is(scalar @mails, 1, 'one mail when something changes');
like($mails[0], qr/^To: postmaster\@example\.com$/m, '... to whom it may concern');
like($mails[0], qr/^bad\.example.*policy-cert-name/ms, '... about what is new');
unlike($mails[0], qr/smtp-cert-name/, '... and not about what was there');


$world->end;

done_testing();
