#!/usr/bin/perl

# docs/monitoring.md: what it tells to copy and to run, with Debian's Prometheus,
# node_exporter, Nagios and cron.  Three domains, one of them healthy, are looked at now
# and three days ago; Prometheus has to fire each alert once, and none for the healthy
# one.  Grafana is not in Debian: its queries are asked here, and its panels are not seen.

use strict;
use warnings;

use lib 't/lib';
use HTTP::Tiny;
use JSON::PP;
use MtaSts;
use MtaSts::Docs qw(snippet);
use MtaSts::World;
use POSIX qw(strftime);
use Test::More;
use Time::HiRes qw(sleep);

enter_world();

$ENV{PATH} .= ':/usr/sbin:/sbin';

my $DAY = 86400;
my $DOCUMENT = 'docs/monitoring.md';
my $world = MtaSts::World->new;
my $dir = $world->dir;
my $state = "$dir/state";
my %pids;

mkdir "$dir/$_" for qw(state bin now old prometheus);


# A program that runs until the test ends.

sub daemon {
    my ($name, @command) = @_;
    my $pid = fork // die "fork: $!";

    if ($pid == 0) {
        open STDIN, '<', '/dev/null' or die;
        open STDOUT, '>', "$dir/$name.log" or die;
        open STDERR, '>&', \*STDOUT or die;
        exec @command or POSIX::_exit(127);
    }

    $pids{$name} = $pid;
}

sub stop {
    my ($name) = @_;
    my $pid = delete $pids{$name} or return;
    kill 'TERM', $pid;
    waitpid $pid, 0;
}

my $owner = $$;
END { local $?; if ($$ == $owner) { stop($_) for keys %pids } }

# Asks again until there is an answer; for a minute.

sub await {
    my ($what, $ask) = @_;

    for (1 .. 600) {
        my $answer = $ask->();
        return $answer if $answer;
        sleep 0.1;
    }

    fail($what);
    diag(map { "$_: " . slurp("$dir/$_.log") } sort keys %pids);
    return;
}


# Three domains: a good one; one whose certificates are a fault and nearly one; and
# one that this machine cannot reach.

my $web = $world->cert('web', ['mta-sts.good.example', 'mta-sts.away.example']);
my $ends = $world->cert('ends', ['mta-sts.bad.example'], to => 1);
my $mail = $world->cert('mail', ['mx.good.example']);

spew("$dir/domains.yaml", <<'EOC');
mode: enforce
tlsrpt_rua: mailto:tls-reports@reports.example
domains:
  good.example: {mx: mx.good.example}
  bad.example: {mx: mx.bad.example}
  away.example: {mx: mx.good.example}
EOC

my (undef, $records) = helper('records', '-d', "$dir/domains.yaml");

$world->dns(<<"EOC", [], []);
good MX 10 mx.good
bad MX 10 mx.bad
away MX 10 mx.good
mx.good A 192.0.2.10
mx.bad A 192.0.2.10
mta-sts.good A 192.0.2.1
mta-sts.bad A 192.0.2.1
mta-sts.away A 198.51.100.1
$records
EOC

$world->postfix('192.0.2.10' => ["smtpd_tls_chain_files=$mail.key,$mail.pem"]);

my $nginx = $world->nginx("mta_sts_state $state;\n" . join '', map {
    web($_->[0], $_->[1], "mta_sts_domains $dir/domains.yaml;") }
    ['mta-sts.good.example mta-sts.away.example', $web],
    ['mta-sts.bad.example', $ends]);


# The helper as the documents call it, with the network and clock of the test; one
# run at a time, each with a line in "runs".

my $plain = "$MtaSts::PLAIN/mta-sts";
my $ours = $MtaSts::BUILD =~ m{^/} ? "$MtaSts::BUILD/mta-sts"
                                   : "$ENV{PWD}/$MtaSts::BUILD/mta-sts";
my ($faketime) = glob '/usr/lib/*/faketime/libfaketime.so.1';
my $conf = $nginx->dir . '/nginx.conf';

# cron's environment is its own

my $exports = join "\n", map { "export $_='$ENV{$_}'" } grep { /SAN_OPTIONS$/ } keys %ENV;

spew("$dir/bin/mta-sts", <<"EOC");
#!/bin/sh
$exports
command=\$1
shift
program=$ours

if [ -n "\${AGO:-}" ]; then
    program=$plain
    export LD_PRELOAD=$faketime FAKETIME=-\${AGO}d DONT_FAKE_MONOTONIC=1
fi

case \$command in
    check)   set -- -c $conf --resolver @{[$world->resolver]} --ca @{[$world->ca]} "\$@" ;;
    plan)    set -- -c $conf "\$@" ;;
    reports) [ "\$1" = add ] && set -- "\$@" -c $conf
             set -- "\$@" --state $state ;;
    follow)  set -- "\$@" --table $dir/table -d $dir/policies.yaml --once ;;
esac

flock $dir/lock "\$program" "\$command" "\$@"
status=\$?
echo "\$command" >> $dir/runs
exit \$status
EOC

chmod 0755, "$dir/bin/mta-sts";

# Runs a command of a document, some days ago.

sub command {
    my ($text, $ago) = @_;
    local $ENV{PATH} = "$dir/bin:$ENV{PATH}";
    local $ENV{AGO} = $ago // '';
    return run('', 'sh', '-c', $text);
}


# Reports that ended some days ago: by mail with a signature, or by nobody knows whom.

sub report {
    my ($ago, $domain, $good, $failed) = @_;
    my ($from, $to) = map { strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $_) }
                      time - ($ago + 1) * $DAY, time - $ago * $DAY;
    my $json = encode_json({
        'organization-name' => 'Sender', 'contact-info' => 'x',
        'report-id' => "$ago-$domain",
        'date-range' => { 'start-datetime' => $from, 'end-datetime' => $to },
        policies => [{
            policy => { 'policy-type' => 'sts', 'policy-domain' => $domain },
            summary => { 'total-successful-session-count' => $good,
                         'total-failure-session-count' => $failed },
            'failure-details' => [$failed ? {
                'result-type' => 'certificate-host-mismatch',
                'failed-session-count' => $failed } : ()] }] });
    spew("$dir/mail", join "\n",
         'Authentication-Results: mx.example; dkim=pass header.d=sender.example',
         "From: x\@sender.example", 'MIME-Version: 1.0',
         'Content-Type: application/tlsrpt+json', '', $json, '');
    my ($rc, $out, $err) = command("mta-sts reports add --trust-authserv mx.example "
                                   . "$dir/mail");
    is("$rc $err", '0 ', "a report about $domain");
}

report(1, 'good.example', 1000, 0);
report(1, 'bad.example', 90, 10);
report(8, 'away.example', 100, 0);


# What the document runs: metrics, three days ago and now, in the folder of
# node_exporter.

my $textfile = snippet($DOCUMENT, 'Prometheus', 0, 'sh');
like($textfile, qr{^cd /var/lib/prometheus/node-exporter$}m, 'the command for metrics');

sub metrics {
    my ($to, $ago) = @_;
    my ($rc, $out, $err) = command($textfile =~ s{cd \S+}{cd $dir/$to}r, $ago);
    is($out, '', "metrics: $to");
    my $text = slurp("$dir/$to/mta-sts.prom");
    ($rc, $out, $err) = run($text, 'promtool', 'check', 'metrics');
    is("$rc $out$err", '0 ', '... promtool check metrics');
    return $text;
}

metrics('old', 3);
my $now = metrics('now');

like($now, qr/^mta_sts_${_}_timestamp_seconds \d+$/m, "... of $_")
    for qw(check plan reports);

my %labels = map { $_ => 1 } $now =~ /(\w+)="/g;
is(join(' ', sort keys %labels), 'address code domain failure host key mode result '
   . 'severity step subject type verified', '... labels');
unlike($now, qr/sender/i, '... nothing that the sender of a report wrote');

# a service does the same

{
    local $ENV{MTA_STS_TEXTFILE} = "$dir/service.prom";
    command('systemd/check');
    is(join(' ', slurp("$dir/service.prom") =~ /^# HELP (\S+)/mg),
       join(' ', $now =~ /^# HELP (\S+)/mg), 'mta-sts-check.service writes the same');
}

# a week and a day ago: what Prometheus would remember of reports

{
    my ($rc, $out) = command('mta-sts reports --days 7 -f prometheus', 7.5);
    my $time = time - 7.5 * $DAY;
    $out =~ s/^(mta_sts_\w+)\{(.*)$/$1\{job="node",instance="localhost:9100",$2 $time/mg;
    spew("$dir/remembered", join('', map { "$_\n" }
         grep { /^mta_sts_reports_last\w+\{/ } split /\n/, $out) . "# EOF\n");
    ($rc, $out, my $err) = run('', 'promtool', 'tsdb', 'create-blocks-from',
                               'openmetrics', "$dir/remembered", "$dir/prometheus");
    is($rc, 0, 'the past of Prometheus') or diag($err);
}


# mta-sts follow, an hour ago and now, with a database that is not a server

my $follow = snippet($DOCUMENT, 'Prometheus', 2, 'sh');

spew("$dir/policies.yaml", "policies:\n  hosted: {mode: enforce, mx: mx.example}\n"
     . "  slow: {mode: testing, mx: mx.example}\n");

my ($rc, $out, $err) = run('', $ours, 'follow', '--init', "sqlite:$dir/db");
is("$rc $out$err", '0 ', 'a database');

sub sql {
    my (@statements) = @_;
    my ($rc, $out, $err) = run(join(";\n", @statements, ''), 'sqlite3', "$dir/db");
    is("$rc $out$err", '0 ', "... $statements[0]");
}

sub follow {
    my ($to, $ago, $more) = @_;
    my $file = "$dir/$to/mta-sts-follow.prom";
    my ($rc, $out, $err) = command(($follow =~ s{\S+/mta-sts-follow\.prom}{$file}r
        =~ s{postgresql:\S+}{sqlite:$dir/db}r =~ s/\n\z/ $more\n/r), $ago);
    is($out, '', 'followed') or diag($err);
    ($rc, $out) = run(slurp($file), 'promtool', 'check', 'metrics');
    is("$rc $out", '0 ', '... promtool check metrics');
}

sql(map { "INSERT INTO mta_sts_domains (domain, policy) VALUES ('c$_.example', 'hosted')" }
    1 .. 40);
follow('old', 1 / 24, '');
follow('now', '', '');


# Prometheus and two node_exporters, of which one has the old metrics

my $rules = slurp('monitoring/mta-sts.rules.yml');
my $config = slurp('monitoring/prometheus.yml');
ok($config =~ s{'localhost:9100'}{'localhost:9100', 'localhost:9101'},
   'the configuration has node_exporter');
spew("$dir/prometheus.yml",
     "global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}\n$config");
spew("$dir/mta-sts.rules.yml", $rules =~ s/^( +for: ).*/${1}0s/mgr);

daemon("exporter$_->[0]", 'prometheus-node-exporter',
       "--web.listen-address=127.0.0.1:$_->[0]", '--collector.disable-defaults',
       '--collector.textfile', "--collector.textfile.directory=$dir/$_->[1]")
    for [9100, 'now'], [9101, 'old'];
daemon('prometheus', 'prometheus', "--config.file=$dir/prometheus.yml",
       "--storage.tsdb.path=$dir/prometheus", '--web.listen-address=127.0.0.1:9090',
       '--log.level=warn');


# The files: Prometheus's own tool accepts them.

for my $check (['config', 'prometheus.yml'],
               ['rules', '--lint=all', '--lint-fatal', 'mta-sts.rules.yml'])
{
    my ($what, @args) = @$check;
    my $file = pop @args;
    my ($rc, $out, $err) = run('', 'promtool', 'check', $what, @args,
                               "monitoring/$file");
    is($rc, 0, "promtool check $what") or diag("$out$err");
}

($rc, $out, $err) = run('', 'promtool', 'test', 'rules',
                           'monitoring/mta-sts.rules.test.yml');
is($rc, 0, 'promtool test rules') or diag("$out$err");

my @alerts = $rules =~ /- alert: (\w+)/g;
my @tested = slurp('monitoring/mta-sts.rules.test.yml')
    =~ /alertname: (\w+)\n.*\n +exp_alerts:(?: &\w+)?\n/g;
my %tested = map { $_ => 1 } @tested;
cmp_ok(scalar @alerts, '>=', 11, 'alerts');
ok($tested{$_}, "... $_ is tested to fire") for @alerts;


# What fires.

my $http = HTTP::Tiny->new(timeout => 20);

sub api {
    my ($path, %args) = @_;
    my $query = $http->www_form_urlencode(\%args);
    my $answer = $http->get("http://127.0.0.1:9090/api/v1/$path?$query");
    return eval { decode_json($answer->{content})->{data} };
}

# once Prometheus has seen that all was well with the follower, eleven domains step down,
# a row is wrong, and a command fails

await('a follower', sub {
    my $found = api('query', query => 'mta_sts_follow_domains == 40');
    return $found && @{ $found->{result} } == 2;
});

sql("UPDATE mta_sts_domains SET policy = 'slow' WHERE domain LIKE 'c1%'",
    "INSERT INTO mta_sts_domains (domain, policy) VALUES ('x.example', 'no-such')");
follow('now', '', '--exec false');

# the alerts, and what each has to be about

my %expected = (
    MtaStsError => 'domain="bad.example" code="smtp-cert-name"',
    MtaStsWarning => 'domain="bad.example" code="policy-cert-expires"',
    MtaStsUnknown => 'domain="away.example" code="policy-no-route"',
    MtaStsCertificateExpires => 'host="mta-sts.bad.example"',
    MtaStsCheckOld => 'instance="localhost:9101"',
    MtaStsDue => 'domain="bad.example" step="renew"',
    MtaStsPlanOld => 'instance="localhost:9101"',
    MtaStsReportedFailures => 'domain="bad.example" type="sts"',
    MtaStsNoReports => 'domain="away.example"',
    MtaStsReportsOld => 'instance="localhost:9101"',
    MtaStsFollowBehind => 'instance="localhost:9101"',
    MtaStsFollowBadRows => 'instance="localhost:9100"',
    MtaStsFollowStepsDown => 'instance="localhost:9100"',
    MtaStsFollowExec => 'instance="localhost:9100"',
    MtaStsFollowRefuses => 'instance="localhost:9100"',
);

# systemd does not run in the test; mta_sts_status is not there yet

my ($soon) = $rules =~ /^( +- name: mta-sts-nginx.*?)^ +- name/ms;
@alerts = grep { $soon !~ /\b$_\b/ } @alerts;

is(join(' ', sort keys %expected),
   join(' ', sort grep { !/^MtaStsUnitFailed$/ } @alerts), 'each alert has to fire');

# the last one is about a source that then loses most of its domains

my $later = 'MtaStsFollowRefuses';

sub firing {
    my ($name) = @_;
    return grep { $_->{labels}{alertname} eq $name && $_->{state} eq 'firing' }
           @{ (api('alerts') // {})->{alerts} // [] };
}

sub fires {
    my ($name) = @_;
    my %labels = $expected{$name} =~ /(\w+)="(.*?)"/g;
    my $alert = await($name, sub {
        my @found = grep { my $has = $_->{labels};
            !grep { ($has->{$_} // '') ne $labels{$_} } keys %labels } firing($name);
        return $found[0];
    });
    ok($alert, "$name fires: $expected{$name}");
    unlike(join(' ', values %{ $alert->{annotations} }), qr/<no value>|%!|: : /,
           '... with a text');
}

fires($_) for sort grep { $_ ne $later } keys %expected;
sql("DELETE FROM mta_sts_domains WHERE domain LIKE 'c1%' OR domain LIKE 'c2%'");
follow('now', '', '');
fires($later);

my @good = grep { ($_->{labels}{domain} // '') eq 'good.example' }
           @{ api('alerts')->{alerts} };
is(join(' ', map { "$_->{labels}{alertname} " . ($_->{labels}{code} // '') } @good), '',
   'no alert for a healthy domain');

my @all = map { @{ $_->{rules} } } @{ api('rules')->{groups} };
is(join(' ', map { $_->{name} } grep { $_->{health} ne 'ok' } @all), '',
   'no rule is in error');


# A file that is cut off, as on a full disk, is no metrics.

spew("$dir/old/mta-sts.prom", substr $now, 0, length($now) / 2);
like($http->get('http://127.0.0.1:9101/metrics')->{content},
     qr/^node_textfile_scrape_error 1$/m, 'a file that is cut off is an error');

unlink "$dir/old/mta-sts.prom";
symlink "$dir/service.prom", "$dir/old/mta-sts.prom";
like($http->get('http://127.0.0.1:9101/metrics')->{content},
     qr/^mta_sts_check_timestamp_seconds /m, 'a link to the file of the service will do');


# The dashboard: its structure, and each query.

my $board = decode_json(slurp('monitoring/grafana.json'));
my @panels = @{ $board->{panels} };
my %variables = map { $_->{name} => $_ } @{ $board->{templating}{list} };
my %ids;
$ids{$_->{id}}++ for @panels;

is(join(' ', map { $_->{type} // '' } values %variables), join(' ',
   map { $_->{type} eq 'datasource' ? 'datasource' : 'query' } values %variables),
   'dashboard: variables');
is(scalar keys %ids, scalar @panels, '... ids of panels are unique');
ok($board->{title} && $board->{uid} && $board->{schemaVersion}, '... title, uid, version');

my %cells;

for my $panel (@panels) {
    my $name = "$panel->{title}";
    my ($x, $y, $w, $h) = @{ $panel->{gridPos} }{qw(x y w h)};
    my @cells = map { my $row = $_; map { "$_,$row" } $x .. $x + $w - 1 }
                $y .. $y + $h - 1;

    ok($x + $w <= 24 && !grep({ $cells{$_}++ } @cells), "panel $name has its place");
    like($panel->{type}, qr/^(?:row|stat|table|timeseries)$/, '... a type');
    next if $panel->{type} eq 'row';

    my %refs;
    $refs{$_->{refId}}++ for @{ $panel->{targets} };
    is(scalar keys %refs, scalar @{ $panel->{targets} }, '... queries with names');

    for my $target (@{ $panel->{targets} }) {
        my $expr = $target->{expr};
        is($target->{datasource}{uid}, '${datasource}', '... the chosen Prometheus');
        $expr =~ s/\$(\w+)/$variables{$1} ? $variables{$1}{allValue} : "\$$1"/ge;
        unlike($expr, qr/\$/, '... no unknown variable');

        ok(await($expr, sub {
            my $found = $target->{range}
                ? api('query_range', query => $expr, start => $^T, end => time,
                      step => 1)
                : api('query', query => $expr);
            return $found && @{ $found->{result} };
        }), '... data');
    }
}

my ($metric, $label) = $variables{domain}{definition} =~ /^label_values\((\w+), (\w+)\)$/;
is(join(' ', @{ api("label/$label/values", 'match[]' => $metric) // [] }),
   'away.example bad.example good.example', 'the variable "domain"');

stop($_) for keys %pids;


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

daemon('nagios', 'nagios4', "$dir/nagios/nagios.cfg");
my $plugin = await('Nagios', sub {
    my ($has) = (-e "$dir/nagios/status" ? slurp("$dir/nagios/status") : '')
                =~ /^servicestatus \{(.*?has_been_checked=1.*?plugin_output=MTA.*?)^\t\}/ms;
    return $has;
}) // '';
stop('nagios');

like($plugin, qr/^\tcurrent_state=2$/m, 'Nagios: critical');
like($plugin, qr/^\tplugin_output=MTA-STS CRITICAL - 3 domains, /m, '... with how many');
like($plugin, qr/^\tlong_plugin_output=bad\.example error smtp-cert-name: /m,
     '... with findings');
like($plugin, qr/^\tperformance_data=domains=3 errors=\d+ /m, '... with numbers');


# cron mails what has changed.  Its minutes take a second, and its files and sendmail are
# those of the test.

mkdir "$dir/$_" for qw(cron cron/d cron/spool cron/mail);

my $crontab = slurp('monitoring/mta-sts.cron');
ok($crontab =~ s{^23 5 \* \* \*  _mta-sts  }{* * * * *  root  }m
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
     "LD_PRELOAD=$faketime FAKETIME='+0 x60' exec cron -f", '');

# waits until check has begun and ended after now; returns all mails

sub mails {
    my $checks = sub { my $n = () = slurp("$dir/runs") =~ /^check$/mg; return $n };
    my $had = $checks->();
    await('cron', sub { $checks->() >= $had + 3 });
    return map { slurp($_) } glob "$dir/cron/mail/*";
}

daemon('cron', 'unshare', '-m', 'sh', "$dir/cron/start");

is(join('', mails()), '', 'cron: no mail while nothing changes');

$nginx->conf("mta_sts_state $state;\nserver { listen 127.0.0.1:%%PORT0%%; }\n"
    . web('mta-sts.good.example mta-sts.away.example mta-sts.bad.example', $web,
          "mta_sts_domains $dir/domains.yaml;"));
$nginx->reload;

await('a mail', sub { glob "$dir/cron/mail/*" });
my @mails = mails();
stop('cron');

is(scalar @mails, 1, 'one mail when something changes');
like($mails[0], qr/^To: postmaster\@example\.com$/m, '... to whom it may concern');
like($mails[0], qr/^bad\.example.*policy-cert-name/ms, '... about what is new');
unlike($mails[0], qr/smtp-cert-name/, '... and not about what was there');


done_testing();
