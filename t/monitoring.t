#!/usr/bin/perl

# docs/monitoring.md: what it tells to copy and to run for Prometheus, with Debian's
# Prometheus and node_exporter.  Three domains, one of them healthy, are looked at now and
# three days ago; each alert has to fire, and none for the healthy one.  Grafana is not in
# Debian: its queries are asked here, and its panels are not seen.

use strict;
use warnings;

use lib 't/lib';
use HTTP::Tiny;
use JSON::PP;
use MtaSts;
use MtaSts::Docs qw(snippet);
use MtaSts::Monitored;
use MtaSts::World;
use POSIX qw(strftime);
use Test::More;

enter_world();

my $DAY = 86400;
my $MANY = 10000;
my $DOCUMENT = 'docs/monitoring.md';
my $world = MtaSts::Monitored->new;
my $dir = $world->dir;

mkdir "$dir/$_" for qw(now old blind prometheus);


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
    my ($rc, $out, $err) = $world->command("mta-sts reports add --trust-authserv mx.example "
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
    my ($rc, $out, $err) = $world->command($textfile =~ s{cd \S+}{cd $dir/$to}r, $ago);
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

# the services do the same

{
    local $ENV{MTA_STS_TEXTFILE} = "$dir/service.prom";
    local $ENV{MTA_STS_REPORTS_TEXTFILE} = "$dir/service-reports.prom";
    local $ENV{MTA_STS_SPOOL} = "$dir/empty";
    local $ENV{MTA_STS_STATE} = $world->state;
    mkdir "$dir/empty";
    $world->command('systemd/check');
    $world->command('systemd/spool');
    is(join(' ', (slurp("$dir/service.prom") . slurp("$dir/service-reports.prom"))
                 =~ /^# HELP (\S+)/mg),
       join(' ', $now =~ /^# HELP (\S+)/mg), 'the services write the same');
}

# a resolver that does not answer

$world->command('mta-sts check -f prometheus --resolver 127.0.0.1:9 --timeout 1 '
                . "> $dir/blind/mta-sts.prom");

# a week and a day ago: what Prometheus would remember of reports

{
    my ($rc, $out) = $world->command('mta-sts reports --days 7 -f prometheus', 7.5);
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

my ($rc, $out, $err) = run('', $world->ours, 'follow', '--init', "sqlite:$dir/db");
is("$rc $out$err", '0 ', 'a database');

sub sql {
    my (@statements) = @_;
    my ($rc, $out, $err) = run(join(";\n", @statements, ''), 'sqlite3', "$dir/db");
    is("$rc $out$err", '0 ', "... $statements[0]");
}

sub follow {
    my ($to, $ago, $more) = @_;
    my $file = "$dir/$to/mta-sts-follow.prom";
    my ($rc, $out, $err) = $world->command(($follow =~ s{\S+/mta-sts-follow\.prom}{$file}r
        =~ s{postgresql:\S+}{sqlite:$dir/db}r =~ s/\n\z/ $more\n/r), $ago);
    is($out, '', 'followed') or diag($err);
    ($rc, $out) = run(slurp($file), 'promtool', 'check', 'metrics');
    is("$rc $out", '0 ', '... promtool check metrics');
}

sql(map { "INSERT INTO mta_sts_domains (domain, policy) VALUES ('c$_.example', 'hosted')" }
    1 .. 40);
follow('old', 1 / 24, '');
follow('now', '', '');


# nginx with a status that counts few domains and a spool for one report; and another
# one with the same domains, whom nobody has asked anything in three days.  A sanitizer
# does not let the clock be changed.

my $status = snippet($DOCUMENT, 'Prometheus', 0, 'nginx');
my $sanitizer = $world->ours ne $world->plain;

ok($status =~ s{mta_sts_status;}{mta_sts_status zone=64k;}, 'the status of the document');

sub many {
    my ($n) = @_;
    spew("$dir/many.yaml", "policies: {hosted: {mx: mx.example}}\ndomains:\n"
         . join '', map { sprintf "  d%04d.example: hosted\n", $_ } 1 .. $n);
}

sub with_status {
    my ($port, @before) = @_;
    my $nginx = MtaSts->new('');
    $nginx->conf(($status =~ s/8080/$port/gr) . 'keepalive_requests 100000; '
        . "server { listen 127.0.0.1:%%PORT0%%; mta_sts_domains $dir/many.yaml; "
        . "location = /tlsrpt { mta_sts_reports $dir/spool files=1; } }");
    return $nginx->start(@before);
}

many($MANY);
my $busy = with_status(8080);
my $idle = with_status(8081, $sanitizer ? () : $world->past(3));

# Requests on one connection, of which the last one closes it.

sub fetch {
    my ($nginx, @hosts) = @_;
    my @requests = map { "GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: $_\r\n" } @hosts;
    my $got = $nginx->http(0, join("\r\n", @requests) . "Connection: close\r\n\r\n");
    my $answers = () = $got =~ m{^HTTP/1\.1 \d+}mg;
    is($answers, scalar @hosts, 'nginx answers');
}


# Prometheus and three node_exporters: with the metrics of now, with old ones, and with
# those of a check that saw nothing

my $rules = slurp('monitoring/mta-sts.rules.yml');
my $config = slurp('monitoring/prometheus.yml');
ok($config =~ s{'localhost:9100'}{'localhost:9100', 'localhost:9101', 'localhost:9102'},
   'the configuration has node_exporter');
ok($config =~ s{'localhost:8080'}{'localhost:8080', 'localhost:8081', 'localhost:8082'},
   '... and nginx; nobody listens on the last port');
spew("$dir/prometheus.yml",
     "global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}\n$config");
spew("$dir/mta-sts.rules.yml", $rules =~ s/^( +for: ).*/${1}0s/mgr);

$world->daemon("exporter$_->[0]", 'prometheus-node-exporter',
       "--web.listen-address=127.0.0.1:$_->[0]", '--collector.disable-defaults',
       '--collector.textfile', "--collector.textfile.directory=$dir/$_->[1]")
    for [9100, 'now'], [9101, 'old'], [9102, 'blind'];
$world->daemon('prometheus', 'prometheus', "--config.file=$dir/prometheus.yml",
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

sub has {
    my ($query) = @_;
    $world->await($query, sub { @{ (api('query', query => $query) // {})->{result} // [] } });
}

has('count(mta_sts_follow_domains == 40) == 2');

sql("UPDATE mta_sts_domains SET policy = 'slow' WHERE domain LIKE 'c1%'",
    "INSERT INTO mta_sts_domains (domain, policy) VALUES ('x.example', 'no-such')");
follow('now', '', '--exec false');

# ... and with nginx, half of the domains go from one, all others are fetched, some are
# asked for that are not there, and two reports come

has("count(mta_sts_nginx_file_domains == $MANY) == 2");
many($MANY / 2);
ok($busy->reload, 'nginx has fewer domains');
fetch($busy, map { sprintf 'mta-sts.d%04d.example', $_ } 1 .. $MANY / 2);
fetch($busy, ('mta-sts.unknown.example') x 500);

like($busy->get(0, 'x', method => 'POST', path => '/tlsrpt', body => '{}', headers =>
                ['Content-Type: application/tlsrpt+json', 'Content-Length: 2']),
     qr{^HTTP/1\.1 $_ }, "a report: $_") for 201, 503;

# Prometheus's own request is for OpenMetrics

for my $format ('', '?format=prometheus') {
    my $text = $http->get("http://127.0.0.1:8080/mta-sts-status$format")->{content};
    ($rc, $out, $err) = run($text, 'promtool', 'check', 'metrics');
    is("$rc $out$err", '0 ', "mta_sts_status$format: promtool check metrics");
}

# the alerts, and what each has to be about

my %expected = (
    MtaStsCheckBlind => 'instance="localhost:9102"',
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
    MtaStsNginxDown => 'instance="localhost:8082"',
    MtaStsNoFetches => 'instance="localhost:8081"',
    MtaStsWithoutPolicy => 'instance="localhost:8080"',
    MtaStsDomainsLost => "instance=\"localhost:8080\" file=\"$dir/many.yaml\"",
    MtaStsNodesDiffer => "file=\"$dir/many.yaml\"",
    MtaStsNotCounted => 'instance="localhost:8080"',
    MtaStsSpoolFull => 'instance="localhost:8080" code="503"',
);

# t/systemd.t has that of a unit

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
    my $alert = $world->await($name, sub {
        my @found = grep { my $has = $_->{labels};
            !grep { ($has->{$_} // '') ne $labels{$_} } keys %labels } firing($name);
        return $found[0];
    });
    ok($alert, "$name fires: $expected{$name}");
    unlike(join(' ', values %{ $alert->{annotations} }), qr/<no value>|%!|: : /,
           '... with a text');
}

fires($_) for sort grep { $_ ne $later && !($sanitizer && $_ eq 'MtaStsNoFetches') }
                        keys %expected;
sql("DELETE FROM mta_sts_domains WHERE domain LIKE 'c1%' OR domain LIKE 'c2%'");
follow('now', '', '');
fires($later);

my @alerting = @{ api('alerts')->{alerts} };
my @good = grep { ($_->{labels}{domain} // '') eq 'good.example'
                  && $_->{labels}{instance} ne 'localhost:9102' } @alerting;
is(join(' ', map { "$_->{labels}{alertname} " . ($_->{labels}{code} // '') } @good), '',
   'no alert for a healthy domain');
is(scalar(grep { $_->{labels}{alertname} eq 'MtaStsError'
                 && $_->{labels}{instance} eq 'localhost:9102' } @alerting), 0,
   'no errors of domains where nothing was seen');

my @all = map { @{ $_->{rules} } } @{ api('rules')->{groups} };
is(join(' ', map { $_->{name} } grep { $_->{health} ne 'ok' } @all), '',
   'no rule is in error');


# A file that is cut off, as on a full disk, is no metrics.

spew("$dir/old/mta-sts.prom", substr $now, 0, length($now) / 2);
like($http->get('http://127.0.0.1:9101/metrics')->{content},
     qr/^node_textfile_scrape_error 1$/m, 'a file that is cut off is an error');

unlink "$dir/old/mta-sts.prom";
symlink "$dir/$_.prom", "$dir/old/$_.prom" for qw(service service-reports);
my $linked = $http->get('http://127.0.0.1:9101/metrics')->{content};
like($linked, qr/^mta_sts_${_}_timestamp_seconds /m, "links to files of services: $_")
    for qw(check reports);
like($linked, qr/^node_textfile_scrape_error 0$/m, '... without an error');


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
        $expr =~ s/\$__rate_interval/1m/g;
        $expr =~ s/\$(\w+)/$variables{$1} ? $variables{$1}{allValue} : "\$$1"/ge;
        unlike($expr, qr/\$/, '... no unknown variable');

        ok($world->await($expr, sub {
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

$world->halt;
$busy->stop;
$idle->stop;


$world->end;

done_testing();
