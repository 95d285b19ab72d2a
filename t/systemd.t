#!/usr/bin/perl

# The services under Debian's systemd, as PID 1 of namespaces of its own: users and
# folders, timers, what nginx stores and a service takes in, records that a service
# publishes, a database that is followed, and the alert for a unit that fails.

use strict;
use warnings;

use lib 't/lib';
use HTTP::Tiny;
use JSON::PP;
use MtaSts;
use MtaSts::Database;
use MtaSts::Dns;
use MtaSts::Docs qw(snippet);
use MtaSts::Follow qw(within);
use MtaSts::Reports;
use MtaSts::Systemd;
use MtaSts::World;
use Test::More;

enter_world('-m');

delete @ENV{grep { /_proxy$/i } keys %ENV};
$ENV{PATH} .= ':/usr/sbin:/sbin';

my $DROP_INS = '/etc/systemd/system';
my $world = MtaSts::World->new;
my $system = MtaSts::Systemd->new;
my $root = $system->root;


# The network: a domain with a name server that takes updates, and with a mail server that
# has no TLS; and a new one.

my $bind = MtaSts::Dns->named(address => '192.0.2.11', key => 1, zones => {
    'good.example' => <<'EOZ', 'new.example' => <<'EOZ' });
$TTL 60
@ SOA ns.good.example. hostmaster 1 3600 600 86400 60
@ NS ns
@ MX 10 mx
ns A 192.0.2.11
mx A 192.0.2.20
mta-sts A 192.0.2.1
EOZ
$TTL 60
@ SOA ns.good.example. hostmaster 1 3600 600 86400 60
@ NS ns.good.example.
@ MX 10 mx.good.example.
EOZ
my $unbound = MtaSts::Dns->unbound(address => '192.0.2.10',
    stubs => { map { $_ => $bind } $bind->zones },
    conf => "cache-max-ttl: 0\n    cache-max-negative-ttl: 0");
my $database = MtaSts::Database->postgresql;


# What an administrator has: nginx, the key of the zone, and timers that do not wait.

$system->file('/etc/resolv.conf', "nameserver 192.0.2.10\n");
$system->file('/etc/ssl/certs/ca-certificates.crt', slurp($world->ca));
$system->file('/etc/mta-sts/tsig.key', slurp($bind->key_file), 0600);

my $cert = $world->cert('web', ['mta-sts.good.example', 'mta-sts.new.example']);
$system->file("/etc/nginx/web.$_", slurp("$cert.$_")) for qw(pem key);

$system->file('/etc/nginx/nginx.conf', <<'EOC');
load_module modules/ngx_http_mta_sts_module.so;
user www-data;
pid /run/nginx.pid;
error_log /var/log/nginx/error.log;
events {}
http {
    access_log off;
    ssl_certificate /etc/nginx/web.pem;
    ssl_certificate_key /etc/nginx/web.key;
    include /etc/nginx/conf.d/*.conf;
}
EOC
$system->file('/etc/nginx/conf.d/good.conf', <<'EOC');
server {
    listen 192.0.2.1:443 ssl;
    server_name mta-sts.good.example;
    mta_sts_mode enforce;
    mta_sts_mx mx.good.example;
    location = /tlsrpt { mta_sts_reports /var/spool/mta-sts; }
}
EOC

sub timer {
    my ($name, @lines) = @_;
    $system->file("$DROP_INS/$name.timer.d/test.conf",
                  join "\n", '[Timer]', 'RandomizedDelaySec=0', 'AccuracySec=10ms', @lines, '');
}

timer('mta-sts-check');
timer("mta-sts-$_", 'OnBootSec=1ms') for qw(reports publish);

my ($status, $out, $err) = eval { $system->boot };
is($out, "running\n", 'systemd is PID 1 of its namespaces')
    or do { diag($@ || $err, $system->journal); done_testing(); exit 1 };


# A command in the system that has to succeed.

sub does {
    my ($what, @command) = @_;
    my ($status, $out, $err) = $system->run(@command);
    is($status, 0, $what) or diag("@command: $out$err");
    return $out;
}

# A unit gets there.

sub becomes {
    my ($unit, $properties, $value, $what) = @_;
    my $has = '';
    ok(within(sub { ($has = $system->show($unit, split / /, $properties)) =~ $value }),
       $what) or diag("$properties: $has\n" . $system->journal($unit));
}


sub says {
    my ($unit, $text, $what) = @_;
    ok(within(sub { $system->journal($unit) =~ $text }), $what) or diag($system->journal($unit));
}

sub settings {
    $system->file('/etc/default/mta-sts', join '', map { "$_\n" } @_);
}


# Units, user, folders: make install, and the commands of the document.

$system->make('install');

for my $command (split /\n/, snippet('docs/reference.md', 'Building', 0, 'sh')) {
    $command =~ /^make (\S+)$/ ? $system->make($1) : does($command, split ' ', $command);
}

my @units = map { s{^\Q$root\E}{}r } glob "$root/usr/local/lib/systemd/system/mta-sts*";
cmp_ok(scalar @units, '>=', 7, 'make install-services: units');
is(join('', ($system->run('systemd-analyze', 'verify', @units))[1, 2]), '',
   '... systemd-analyze verify has no complaint');

for my $service (map { m{([^/]+\.service)\z} } @units) {
    ($status, $out) = $system->run('systemd-analyze', 'security', '--no-pager',
                                   '--threshold=20', $service);
    is($status, 0, "$service: the exposure is at most 2") or diag($out);
}

# Debian's postfix-mta-sts-resolver removes a user _mta-sts and /var/lib/mta-sts

does('another package is purged', 'sh',
     '/var/lib/dpkg/info/postfix-mta-sts-resolver.postrm', 'purge');
isnt(($system->run(qw(getent passwd _mta-sts)))[0], 0, '... with its user');

is(does('user', qw(getent passwd _nginx-mta-sts)) =~ s/:\d+:\d+:/:/r,
   "_nginx-mta-sts:x:MTA-STS:/var/lib/nginx-mta-sts:/usr/sbin/nologin\n", '... of its own');
is(does('folders', 'stat', '-c', '%n %U:%G %a', map { "/var/$_" }
        qw(lib/nginx-mta-sts lib/mta-sts-follow spool/mta-sts)), <<'EOC', '... are its own');
/var/lib/nginx-mta-sts _nginx-mta-sts:_nginx-mta-sts 2750
/var/lib/mta-sts-follow _nginx-mta-sts:_nginx-mta-sts 755
/var/spool/mta-sts _nginx-mta-sts:_nginx-mta-sts 2770
EOC

does('nginx starts', qw(systemctl start nginx));


# Reports: what nginx stores is taken in by the timer.

sub post {
    my ($report) = @_;
    my ($status, $out, $err) = run($report, 'curl', '-qsS', '--fail', '--cacert',
        $world->ca, '--resolve', 'mta-sts.good.example:443:192.0.2.1', '-H',
        'Content-Type: application/tlsrpt+json', '--data-binary', '@-',
        'https://mta-sts.good.example/tlsrpt');
    is("$status $err", '0 ', 'a report is POSTed');
}

settings('MTA_STS_REPORTS_TEXTFILE=/run/mta-sts/mta-sts-reports.prom');
post(report(domains => ['good.example'], good => 7));
my @spooled = glob "$root/var/spool/mta-sts/*.json";
is(scalar @spooled, 1, 'nginx stores it');
is((stat $spooled[0])[4], scalar getpwnam 'www-data', '... as the user of its workers');

does('the timer of reports', qw(systemctl enable --now mta-sts-reports.timer));
becomes('mta-sts-reports.service', 'ActiveState Result InactiveEnterTimestampMonotonic',
        qr/^inactive success [1-9]/, '... runs the service');
says('mta-sts-reports', qr/^1 new, 0 known, /m, '... takes the report in');
is(scalar(() = glob "$root/var/spool/mta-sts/*.json"), 0, '... and out of the spool');
is(does('the store', 'stat', '-c', '%U:%G %a', '/var/lib/nginx-mta-sts/reports.sqlite'),
   "_nginx-mta-sts:_nginx-mta-sts 640\n", '... is its own');
like(does('mta-sts reports', qw(mta-sts reports good.example)), qr/ 7 good/, '... has it');
like($system->read('/run/mta-sts/mta-sts-reports.prom'),
     qr/^mta_sts_reports_sessions\{domain="good\.example".*\} 7$/m, '... and metrics');
like(does('systemctl list-timers', qw(systemctl list-timers mta-sts-*)),
     qr/ \d+min .*left .* ago +mta-sts-reports\.timer/, '... and again in minutes');

post('no report');
does('what is no report', qw(systemctl start mta-sts-reports));
becomes('mta-sts-reports.service', 'ActiveState Result ExecMainStatus',
        qr/^inactive success 0$/, '... is no failure');
is(scalar(my @bad = glob "$root/var/spool/mta-sts/bad/*.json"), 1, '... and is kept');


# Records: the drop-in of the examples, with a key that is root's.

sub published {
    my ($name) = @_;
    return join '', $bind->dig($name, 'TXT');
}

my $example = $system->read('/usr/local/share/doc/mta-sts/examples/publish-nsupdate.conf');
like($example, qr{^# \Q$DROP_INS\E/mta-sts-publish\.service\.d/nsupdate\.conf: }, 'publish');
$system->file("$DROP_INS/mta-sts-publish.service.d/nsupdate.conf", $example);
does('... is configured', qw(systemctl daemon-reload));
does('the timer of publish', qw(systemctl enable --now mta-sts-publish.timer));
becomes('mta-sts-publish.service', 'ActiveState Result InactiveEnterTimestampMonotonic',
        qr/^inactive success [1-9]/, '... runs the service');
my ($id) = does('the id', qw(mta-sts records good.example)) =~ /"(v=STSv1; id=\w+;)"/;
is(published('_mta-sts.good.example'), "\"$id\"", '... the record is in the DNS');
does('once more', qw(systemctl start mta-sts-publish));
is(scalar(() = $system->journal('mta-sts-publish') =~ /^send$/mg), 1,
   '... publishes nothing');


# Check: what a timer has missed is run; findings are no failure, and are mailed.

my $stamp = '/var/lib/systemd/timers/stamp-mta-sts-check.timer';

$system->file('/etc/postfix/main.cf', <<'EOC');
compatibility_level = 3.6
myhostname = mx.good.example
inet_interfaces = 192.0.2.20
virtual_mailbox_domains = good.example
virtual_mailbox_base = /var/mail
virtual_mailbox_maps = static:postmaster
virtual_minimum_uid = 1
virtual_uid_maps = static:8
virtual_gid_maps = static:8
EOC
does('Postfix starts', qw(systemctl start postfix@-));

$system->file($stamp, '');
utime +(time - 3 * 86400) x 2, "$root$stamp";
settings('MTA_STS_TEXTFILE=/run/mta-sts/mta-sts.prom',
         'MTA_STS_MAIL_TO=postmaster@good.example',
         'MTA_STS_MAIL_SERVER=smtp://192.0.2.20');
does('the timer of check', qw(systemctl enable --now mta-sts-check.timer));
becomes('mta-sts-check.service', 'ActiveState Result ExecMainStatus',
        qr/^inactive success 1$/, '... runs the service, whose findings are no failure');
says('mta-sts-check', qr/^ +error +smtp-/m, '... and are in the journal');
like($system->read('/run/mta-sts/mta-sts.prom'),
     qr/^mta_sts_check_finding\{domain="good\.example",code="smtp-.*\} 1$/m, '... in metrics');
ok(within(sub { $system->read('/var/mail/postmaster')
                =~ /^Subject: mta-sts check on systemd\.test: something was found$/m }),
   '... and mailed') or diag($system->journal);
ok(within(sub { $system->read('/var/mail/postmaster') =~ /^ +error +smtp-/m }), '... as text');


# Follow: the drop-ins of the documents, and a database that has no table yet.

my $FOLLOW = 'mta-sts-follow.service';
my $TABLE = '/var/lib/mta-sts-follow/domains.table';
my $title = 'From a row to a record';
my $port = $database->port;

my $arguments = snippet('docs/hosting.md', $title, 3, 'sh')
    =~ s/^mta-sts follow |\\?\n *|db\.hoster\.example/
         $& =~ m{^db} ? "127.0.0.1:$port" : $& =~ m{^mta} ? '' : ' '/ger;
like($arguments, qr/ --exec /, 'follow');
ok($arguments =~ s{/hosting\b}{$&?service=mta-sts}, '... with a service file');
settings("MTA_STS_FOLLOW=\"$arguments --state /var/lib/nginx-mta-sts "
         . '--metrics /run/mta-sts/mta-sts-follow.prom"');
$system->file("$DROP_INS/$FOLLOW.d/password.conf", snippet('docs/follow.md', 'Passwords', 1));
$system->file("$DROP_INS/$FOLLOW.d/override.conf",
              snippet('docs/hosting.md', $title, 0, 'text'));
$system->file("$DROP_INS/$FOLLOW.d/test.conf", "[Service]\nRestartSec=100ms\nWatchdogSec=10s\n");
$system->file('/etc/mta-sts/pg_service.conf',
              snippet('docs/follow.md', 'Passwords', 0) =~ s/SECRET/secret/r, 0600);

# the script of the document, whose certificate is there already: its hook gets it

my $script = snippet('docs/hosting.md', $title, 1, 'sh');
ok($script =~ s{dehydrated -c -d "(\S+)"}
               {mta-sts-deploy deploy_cert "$1" /etc/mta-sts/web.key - /etc/mta-sts/web.pem},
   '... its script has dehydrated');
ok($script =~ s/192\.0\.2\.53/192.0.2.11/, '... and a name server');
$system->file('/usr/local/sbin/mta-sts-changed', $script, 0755);
$system->file('/usr/local/sbin/mta-sts-deploy',
              snippet('docs/hosting.md', 'Certificates', 0, 'sh'), 0755);
$system->file("/etc/mta-sts/web.$_", slurp("$cert.$_")) for qw(pem key);

sub policies {
    my ($mode) = @_;
    $system->file('/etc/mta-sts/policies.yaml',
                  "policies: {hosted: {mode: $mode, mx: mx.good.example}}\n");
}

sub followed {
    my ($mode) = @_;
    return within(sub { ($system->run('mta-sts', 'list', '-d', $TABLE))[1]
                        =~ /^new\.example .*\b$mode\b/m });
}

policies('testing');
does('... folders', 'mkdir', '-p', '/var/lib/dehydrated');
$system->shell(snippet('docs/hosting.md', 'Certificates', 1, 'sh'));
$system->shell(snippet('docs/hosting.md', $title, 2, 'sh'));
does('... drop-ins', qw(systemctl daemon-reload));
does('... starts', qw(systemctl start --no-block mta-sts-follow));
becomes($FOLLOW, 'ActiveState SubState StatusText',
        qr/^activating start source down since .* table of never/,
        '... is not ready without the source, and says so');
ok(!-e "$root$TABLE", '... has no table');

$database->sql(slurp('sql/postgresql.sql')
               . ';GRANT SELECT ON mta_sts_domains, mta_sts_changes TO follow');
$database->sql("INSERT INTO mta_sts_domains (domain, policy) VALUES ('new.example', 'hosted')");
becomes($FOLLOW, 'ActiveState', qr/^active$/, '... is ready with the source');
ok(-e "$root$TABLE", '... and with a table');
ok(followed('testing'), '... which has the domain');

$system->file('/etc/nginx/conf.d/new.conf', <<"EOC");
server {
    listen 192.0.2.1:443 ssl;
    listen [2001:db8::1]:443 ssl;
    server_name mta-sts.*;
    ssl_certificate /etc/nginx/certs/\$mta_sts_host/fullchain.pem;
    ssl_certificate_key /etc/nginx/certs/\$mta_sts_host/privkey.pem;
    mta_sts_domains $TABLE;
}
EOC
does('nginx has the table', qw(systemctl reload nginx));
ok(within(sub { published('_mta-sts.new.example') =~ /^"v=STSv1; id=/ }),
   '--exec: a certificate, a policy, a record') or diag($system->journal($FOLLOW));
is(does('the key', qw(stat -c %U:%G:%a /etc/nginx/certs/mta-sts.new.example/privkey.pem)),
   "_nginx-mta-sts:www-data:640\n", '... is for the workers of nginx');

policies('enforce');
does('SIGHUP', qw(systemctl reload mta-sts-follow));
ok(followed('enforce'), '... applies the policies');
like($system->show($FOLLOW, qw(ActiveState NRestarts)), qr/^active 0$/, '... without a restart');

does('SIGKILL', qw(systemctl kill --kill-whom=main -s KILL mta-sts-follow));
becomes($FOLLOW, 'ActiveState NRestarts', qr/^active 1$/, '... is followed by a restart');

# what comes next takes longer than the watchdog

does('SIGSTOP', qw(systemctl kill --kill-whom=main -s STOP mta-sts-follow));


# A unit that fails: Debian's node_exporter and Prometheus, and the drop-in for mail.

my $failure = snippet('docs/monitoring.md', 'Services', 0, 'text');
my ($place) = $failure =~ /^# (\S+)$/m;
$system->file($place, $failure);
$system->file("$DROP_INS/mail-to-root\@.service",
              "[Service]\nType=oneshot\nExecStart=sh -c 'echo %i >> /root/mail'\n");
$system->file('/etc/default/prometheus-node-exporter',
              "ARGS=\"--collector.systemd --web.listen-address=127.0.0.1:9100\"\n");
$system->file('/etc/prometheus/prometheus.yml', "global: {scrape_interval: 1s, "
              . "scrape_timeout: 1s, evaluation_interval: 1s}\n"
              . slurp('monitoring/prometheus.yml'));
$system->file('/etc/prometheus/mta-sts.rules.yml',
              slurp('monitoring/mta-sts.rules.yml') =~ s/^( +for: ).*/${1}0s/mgr);
does('links', 'ln', '-sf', (map { "/run/mta-sts/$_.prom" }
     qw(mta-sts mta-sts-reports mta-sts-follow)), '/var/lib/prometheus/node-exporter/');
does('drop-ins', qw(systemctl daemon-reload));
does('Prometheus', qw(systemctl start prometheus-node-exporter prometheus));

my $http = HTTP::Tiny->new(timeout => 20);

sub states {
    my $text = $http->get('http://127.0.0.1:9100/metrics')->{content};
    return $text, join ' ', sort $text =~
        /^node_systemd_unit_state\{name="(mta-sts-[^"]+)",state="failed",.*\} 1$/mg;
}

my ($metrics, $failed);
ok(within(sub { ($metrics, $failed) = states();
                $metrics =~ /^node_systemd_unit_state\{name="mta-sts-check\.service"/m }),
   'node_exporter has the units');
is($failed, '', '... none has failed, though there are findings');
like($metrics, qr/^node_textfile_scrape_error 0$/m, '... and the metrics of the services');
like($metrics, qr/^mta_sts_${_}_timestamp_seconds /m, "... of $_")
    for qw(check reports follow_success);

becomes($FOLLOW, 'ActiveState NRestarts', qr/^active 2$/,
        'follow that hangs is restarted by the watchdog');
does('stop', qw(systemctl stop mta-sts-follow));
is($system->show($FOLLOW, qw(ActiveState Result ExecMainStatus)), 'inactive success 0',
   '... is clean');

settings('MTA_STS_CHECK_OPTIONS="--resolver 127.0.0.1:9 --timeout 1"',
         'MTA_STS_FOLLOW="--no-such-option"');
$system->run('systemctl', 'start', $_) for qw(mta-sts-check mta-sts-follow);
becomes('mta-sts-check.service', 'ActiveState Result ExecMainStatus', qr/^failed exit-code 3$/,
        'a check that could not look has failed');
becomes($FOLLOW, 'ActiveState Result ExecMainStatus NRestarts', qr/^failed exit-code 2 0$/,
        'a command line that is wrong is not tried again');
is((states())[1], 'mta-sts-check.service mta-sts-follow.service', '... node_exporter sees both');

my $firing = '';
ok(within(sub {
    my $alerts = eval { decode_json($http->get('http://127.0.0.1:9090/api/v1/alerts')->{content}) };
    $firing = join ' ', sort map { $_->{labels}{name} }
              grep { $_->{labels}{alertname} eq 'MtaStsUnitFailed' && $_->{state} eq 'firing' }
              @{ $alerts->{data}{alerts} };
    return $firing =~ / /;
}), 'MtaStsUnitFailed fires') or diag($system->journal('prometheus'));
is($firing, 'mta-sts-check.service mta-sts-follow.service', '... for both');
ok(within(sub { join('', sort split /^/, $system->read('/root/mail'))
                eq "mta-sts-check.service\nmta-sts-follow.service\n" }),
   '... and mail-to-root has run for both') or diag($system->read('/root/mail'));


# Nothing is left.

my @left = $system->stop;
is("@left", '', 'no process, no cgroup and no folder is left');

done_testing();
