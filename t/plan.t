#!/usr/bin/perl

# mta-sts plan and the state: a domain from testing to its end, with BIND, Unbound,
# nginx and Postfix, while the helper's clock goes forward with libfaketime.

use strict;
use warnings;

use lib 't/lib';
use File::Temp qw(tempdir);
use JSON::PP;
use MtaSts;
use MtaSts::Dns;
use MtaSts::Reports;
use MtaSts::World;
use POSIX qw(strftime);
use Test::More;

enter_world();

my $world = MtaSts::World->new;
my $dns = MtaSts::Dns->named(key => 1, zones => {
    'a.example' => "@ MX 10 mx1\nmx1 A 192.0.2.10\nmx2 A 192.0.2.11\n"
                 . "mta-sts A 192.0.2.1\n" });
my $unbound = MtaSts::Dns->unbound(stubs => { 'a.example' => $dns },
                                   conf => 'cache-max-ttl: 0');
my $web = $world->cert('web', ['mta-sts.a.example'], to => 900);
my $mail = $world->cert('mail', ['mx1.a.example', 'mx2.a.example'], to => 900);

$world->postfix(map { $_ => ["smtpd_tls_chain_files=$mail.key,$mail.pem"] }
                '192.0.2.10', '192.0.2.11');

my $state = tempdir(CLEANUP => 1);
my $nginx = $world->nginx('');
our $conf = $nginx->dir . '/nginx.conf';
my @net = ('--resolver', '127.0.0.1:' . $unbound->port, '--ca', $world->ca);
my $days = 0;

# For the helper the test begins at noon, so that no date changes while it runs.

my $noon = 43200 - $^T % 86400;


# The helper, some days later.

sub later {
    my @in = ref $_[0] ? shift : ();
    my ($command, @args) = @_;
    local $ENV{LD_PRELOAD} = (glob '/usr/lib/*/faketime/libfaketime.so.1')[0];
    local $ENV{FAKETIME} = sprintf '%+d', $days * 86400 + $noon;
    local $ENV{DONT_FAKE_MONOTONIC} = 1;
    local $MtaSts::BUILD = $MtaSts::FAKED;
    return helper(@in, $command, '-c', $conf, @args);
}

sub check { return later('check', @net, 'a.example') }
sub planned { return later('plan', @_) }
sub records { return later('records', @net, '--served', @_) }

# The helper's date: the days that have passed, and minutes that TTLs and rules add.

sub date {
    my ($in, $minutes) = @_;
    my $time = time + $noon + $in * 86400 + ($minutes // 0) * 60;
    return strftime('%Y-%m-%d', gmtime $time);
}


# Writes nginx.conf and reloads.

sub configure {
    my (@lines) = @_;
    $nginx->conf("mta_sts_state $state;\n"
        . "server { listen 127.0.0.1:%%PORT0%%; }\n"
        . web('mta-sts.a.example', $web, join ' ', map { "mta_sts_$_;" } @lines));
    $nginx->reload;
}


# Publishes the records that are printed; returns the exit status.

sub publish {
    my ($rc, $out, $err) = records('a.example');
    return ($rc, $err) if $out eq '';
    my $script = 'server 127.0.0.1 ' . $dns->port . "\n"
        . join('', map { 'update delete ' . (split)[0] . " TXT\nupdate add $_\n" }
                   split /\n/, $out) . "send\n";
    my ($status, $said, $why) = run($script, 'nsupdate', '-k', $dns->key_file);
    is("$status $said$why", '0 ', 'published');
    return ($rc, $err);
}


sub update {
    my (@lines) = @_;
    my $script = 'server 127.0.0.1 ' . $dns->port . "\n"
               . join('', map { "update $_\n" } @lines) . "send\n";
    my ($status, $out, $err) = run($script, 'nsupdate', '-k', $dns->key_file);
    is("$status $out$err", '0 ', "updated: @lines");
}


# nothing is known, and nothing is remembered without a directory

configure('mode testing', 'mx mx1.a.example', 'max_age 10d');

my ($rc, $out, $err) = planned();
is($rc, 1, 'nothing is known');
like($out, qr/^a\.example: due: look: /, '... which is said');

# testing

is((publish())[0], 0, 'the first record');
($rc, $out, $err) = check();
is("$rc $err", '0 ', 'the first check');

($rc, $out, $err) = planned();
is("$rc $err", '0 ', 'nothing is due');
like($out, qr/^a\.example: wait until \Q@{[date(14)]}\E .*: promote: .*rule 9/m,
     'enforce has to wait');
like($out, qr/^1 domain, 0 with something due$/m, '... and a sum');

for (1 .. 15) {
    $days++;
    check();
}

($rc, $out) = planned();
is($rc, 1, 'two weeks later something is due');
like($out, qr/^a\.example: due: promote: /m, '... enforce');
like($out, qr/nginx\.conf:\d+: mta_sts_mode enforce;$/m, '... with its line');
like($out, qr/^    what senders see is unknown: there is no store of reports/m,
     '... and that nobody knows what senders see');

# the same domain in a domains file, whatever its name is, and in a database

my $dir = $nginx->dir;
my $db = "sqlite:$dir/p.db";

spew("$dir/domains.conf", "max_age: 10d\ndomains:\n"
     . "  a.example: {mode: testing, mx: mx1.a.example}\n");
is((helper('follow', '--init', $db))[0], 0, 'a database');
is((run("INSERT INTO mta_sts_domains(domain, mode, mx, max_age) VALUES('a.example', "
        . "'testing', 'mx1.a.example', '10d');", 'sqlite3', "$dir/p.db"))[0], 0,
   '... with the domain');
is((helper('follow', $db, '--table', "$dir/p.table", '--once'))[0], 0, '... followed');

for my $case (['domains.conf', qr/domains\.conf:3: mode: enforce$/m],
              ['p.table', qr/sqlite:\S*p\.db: mode: enforce$/m])
{
    my ($file, $line) = @$case;
    spew("$dir/other.conf", "events {} http { mta_sts_state $state; server { listen "
         . "127.0.0.1:8080; server_name mta-sts.*; mta_sts_domains $file; } }\n");
    local $conf = "$dir/other.conf";
    like((planned())[1], $line, "$file: the key");
}

# what senders report

sub reported {
    my ($signed, %is) = @_;
    my $report = report(domains => ['a.example'], mx => 'mx1.a.example',
                        ago => -$days - $noon / 86400, %is);
    my ($rc, $out, $err) = later(\($signed ? mail($report) : $report), 'reports',
        'add', '--state', $state, '--trust-authserv', 'mx.example.com');
    is("$rc $err", '0 ', 'a report');
}

my @bad = (good => 0, failed => 3, results => ['certificate-expired']);

reported(0, @bad, organization => 'Anybody');
($rc, $out) = planned();
is($rc, 1, 'an unverified report decides nothing');
like($out, qr/due: promote: testing went well, as far as check sees/, '... at all');
like($out, qr/^    unverified reports of 14 days, sts: 0 sessions good, 3 failed; /m,
     '... but is shown');
like($out, qr/^    what senders see is unknown: no verified report/m,
     '... and what senders see is unknown');
unlike($out, qr/Anybody/, '... without its failures');

reported(1, good => 5);
reported(1, @bad, type => 'tlsa');
reported(1, good => 1, failed => 2, results => ['sts-policy-fetch-error']);
reported(1, @bad, type => 'no-policy-found');
($rc, $out) = planned();
like($out, qr/due: promote: testing went well: set mode/, 'verified reports');
like($out, qr/^    verified reports of 14 days, sts: 6 sessions good, 2 failed$/m,
     '... are evidence');
like($out, qr/^    verified reports of 14 days, tlsa: 0 sessions good, 3 failed$/m,
     '... of each type apart');
like($out, qr/^    tlsa: 3 of 3 sessions to mx1\.a\.example failed, certificate-expired, says Sender, signed by sender\.example: DANE /m,
     'what DANE refuses holds nothing back');
like($out, qr/^    sts: 2 of 8 sessions .*sts-policy-fetch-error.*: mail is delivered, /m,
     '... nor does mail that enforce would not refuse');
like($out, qr/^    no-policy-found: 3 of 3 sessions /m, '... nor mail without a policy');

reported(1, @bad, ago => -$days - $noon / 86400 + 3, organization => "<b>Big\e[1m");
($rc, $out) = planned();
is($rc, 0, 'a verified failure: nothing is due');
like($out, qr/^a\.example: wait until \Q@{[date(26)]}\E .*: promote: before mode enforce: \(rule 9\)$/m,
     '... enforce has to wait until it is 14 days old');
like($out, qr/^    \Q@{[date(26)]}\E .*: sts: 3 of 11 sessions to mx1\.a\.example failed, certificate-expired, says <b>Big\?\[1m, signed by sender\.example: enforce would refuse this mail; the certificate has expired/m,
     '... with the MX, the type, who says so, and what to do');
like((planned('-f', 'html'))[1], qr/says &lt;b&gt;Big/, '... escaped in HTML');
my $reports = (later('reports', '-f', 'html'))[1];

spew("$state/reports.sqlite", 'nonsense' x 1000);
unlink glob "$state/reports.sqlite-*";
($rc, $out, $err) = planned();
is($rc, 3, 'a store of reports that cannot be read');
like($err, qr/^mta-sts: "\Q$state\E\/reports\.sqlite": file is not a database$/m,
     '... is an error');
like($out, qr/^a\.example: wait: promote: .*\n    what senders see is unknown: "/m,
     '... and unknown is never good');
unlink "$state/reports.sqlite";

# enforce

configure('mode enforce', 'mx mx1.a.example', 'max_age 10d');
($rc) = publish();
is($rc, 0, 'enforce is announced');
is((check())[0], 0, '... and found');
($rc, $out) = planned('a.example');
is($rc, 0, 'nothing is due in enforce');

for my $what (qw(move-mx roll-back leave)) {
    like($out, qr/^a\.example: possible: $what: .*\Q@{[date(26, 100)]}\E/m,
         "$what: the date");
}
like($out, qr/^    .*records --removed a\.example/m, '... and commands');
like($out, qr/^a\.example: note: past: .*plan note a\.example/m,
     '... and since when it is known');

# back to bytes that came before

configure('mode testing', 'mx mx1.a.example', 'max_age 10d');
($rc, $out, $err) = later('check', @net, '--before-reload', 'a.example');
is($rc, 1, 'what came before is found before a reload');
like($err, qr/^mta-sts: a\.example is refused: .*max_age 864001 \(rule 6\)$/m,
     '... with the rule');
($rc, $err) = publish();
is($rc, 1, 'no policy comes back');
like($err, qr/^mta-sts: a\.example is refused: .*max_age 864001 \(rule 6\)$/m,
     '... with the max_age to use');
like((check())[2], qr/rule 6/, '... check says so');
($rc, $out) = later('check', @net, '-f', 'nagios', 'a.example');
is($rc, 2, '... Nagios: critical');
is((later('check', @net, '-f', 'nagios', '--state', '/nonexistent', 'a.example'))[0], 2,
   '... an error is critical without the state, too');
like($out, qr/^MTA-STS CRITICAL - .*, 1 refused, see mta-sts plan \|/, '... and why');
like((planned())[1], qr/^a\.example: due: again: .*rule 6.*\n.*mta_sts_max_age 864\d+;$/m,
     '... plan says so');

# an MX moves

configure('mode enforce', 'mx mx1.a.example mx2.a.example', 'max_age 864002');
($rc) = publish();
is($rc, 0, 'a policy with both');
check();
($rc, $out) = planned();
like($out, qr/^a\.example: wait until \Q@{[date(26, 100)]}\E .*: add-mx: mx2/m,
     'the new MX has to wait');
$days = 27;
check();
like((planned())[1], qr/^a\.example: possible: add-mx: mx2/m, '... no more');
update('delete a.example MX', 'add a.example 3600 MX 10 mx2.a.example.');
check();
like((planned())[1], qr/^a\.example: wait until \Q@{[date(28, 90)]}\E .*: stop-mx: /m,
     '... the old one stays');

# a policy without the live MX is refused

configure('mode enforce', 'mx mx1.a.example', 'max_age 864003');
($rc, $err) = publish();
is($rc, 1, 'a policy without the live MX');
like($err, qr/\(rule 8\)$/m, '... is refused');
($rc, $out, $err) = records('--accept', 'rule-8:a.example', '--accept',
                            'mx-not-covered', 'a.example');
is("$rc $err", '0 ', '... unless the rule is accepted');

# leave

configure('mode none', 'mx mx1.a.example mx2.a.example', 'max_age 864004');
($rc) = publish();
is($rc, 0, 'mode none');
check();
like((planned())[1], qr/^a\.example: wait until \Q@{[date(38, 100)]}\E .*: free: /m,
     '... has to wait');

# a terminal: lines end between words, and what is to be typed is not broken

{
    my ($rc, $out) = run('', 'script', '-qec', "stty cols 60; $MtaSts::BUILD/mta-sts plan -c "
                         . "$conf a.example", '/dev/null');
    $out =~ tr/\r//d;
    unlike($out, qr/^(?!.*(?:mta-sts |mta_sts_)).{61}/m, 'a terminal: no line is too long');
    like($out, qr/^a\.example: wait until .*\n    /m, '... but goes on in the next one');
    like($out, qr/ mta-sts records --policy-host ADDRESS a\.example$/m,
         '... no command is broken');
}

# the domain is gone from the configuration, and believed

$nginx->conf("mta_sts_state $state;\nserver { listen 127.0.0.1:%%PORT0%%; "
             . 'server_name mta-sts.b.example; mta_sts_mode none; '
             . 'mta_sts_mx mx.b.example; }');
($rc, $out, $err) = later('check', @net);
isnt($rc, 0, 'a domain left the configuration');
like((planned())[1], qr/^b\.example: due: serve: no address of the policy host is /m,
     'a domain without an address record: where to begin');
like($err, qr/^mta-sts: a\.example: .* left the configuration/m,
     '... which is an error');
like($err, qr/^mta-sts:     mta_sts_mx mx1\.a\.example;$/m, '... with its lines');
like((later('records'))[2], qr/left the configuration/, '... of records too');

($rc, $out, $err) = later('records', '--removed');
is("$rc $out", '1 ', 'no record may go yet');
like($err, qr/^mta-sts: a\.example: records stay until \Q@{[date(38, 100)]}\E .*rule 14/m,
     '... with the date');

$days = 40;
later('check', @net);
my %delete = (
    nsupdate => "zone a.example.\nupdate delete _mta-sts.a.example. TXT\nsend\n",
    powerdns => '{"name":"a.example.","rrsets":[{"name":"_mta-sts.a.example.",'
              . "\"type\":\"TXT\",\"changetype\":\"DELETE\"}]}\n",
    json => qq([\n{"zone": "a.example", "remove": [{"name": "_mta-sts.a.example", )
          . qq("type": "TXT"}]}\n]\n),
    text => "a.example\n    Remove _mta-sts.a.example TXT\n" );

for my $format (sort keys %delete) {
    ($rc, $out, $err) = later('records', '--removed', '-f', $format);
    is("$rc $err$out", "0 $delete{$format}", "senders are free: $format");
}

is((later('records', '--removed', '-f', 'octodns'))[0], 2,
   'a format of whole zones');

# several records of a zone, of several domains: as records prints zones

my $zones = tempdir(CLEANUP => 1);

is((run('', 'sqlite3', "$state/state.db", ".backup $zones/state.db",
        "ATTACH '$zones/state.db' AS copy",
        'INSERT INTO copy.domain SELECT \'c.\' || name, history, '
        . q{replace(records, 'a.example', 'c.a.example') || '_smtp._tls.c.a.example 60 TXT x'}
        . " || char(10) || 'mta-sts.other.example 60 A 192.0.2.1' || char(10), "
        . "findings, runs, configured, 1 FROM domain WHERE name = 'a.example'"))[0],
   0, 'another domain, which is forgotten');

%delete = (
    nsupdate => "zone a.example.\nupdate delete _mta-sts.a.example. TXT\n"
              . "update delete _mta-sts.c.a.example. TXT\n"
              . "update delete _smtp._tls.c.a.example. TXT\nsend\n"
              . "zone other.example.\nupdate delete mta-sts.other.example. A\nsend\n",
    powerdns => '{"name":"a.example.","rrsets":['
              . join(',', map { "{\"name\":\"$_.a.example.\",\"type\":\"TXT\","
                                . '"changetype":"DELETE"}' }
                          '_mta-sts', '_mta-sts.c', '_smtp._tls.c')
              . "]}\n{\"name\":\"other.example.\",\"rrsets\":[{\"name\":"
              . '"mta-sts.other.example.","type":"A","changetype":"DELETE"}]}' . "\n",
    text => "a.example\n    Remove _mta-sts.a.example TXT\n"
          . "    Remove _mta-sts.c.a.example TXT\n"
          . "    Remove _smtp._tls.c.a.example TXT\n"
          . "other.example\n    Remove mta-sts.other.example A\n" );

for my $format (sort keys %delete) {
    my @zones = ('--zone', 'a.example', '--zone', 'other.example', '--state', $zones);
    is((later('records', '--removed', '-f', $format, @zones))[1], $delete{$format},
       "several of a zone: $format");
}

{
    my ($rc, $out, $err) = later('records', '--removed', '-f', 'json', '--zone', 'example',
                                 '--state', $zones);
    is_deeply([map { [$_->{zone}, map { "$_->{name} $_->{type}" } @{ $_->{remove} }] }
               @{ decode_json($out) }],
              [['example', '_mta-sts.a.example TXT'],
               ['example', '_mta-sts.c.a.example TXT', '_smtp._tls.c.a.example TXT',
                'mta-sts.other.example A']], '... json');
    ($rc, $out, $err) = later('records', '--removed', '-f', 'json', 'none.example');
    is("$rc$err$out", "0[]\n", '... of nothing');
}

is((later('check', @net))[2], '', 'a domain that nobody believes is no error');
$days = 27;

is((later('plan', 'forget', 'a.example'))[0], 0, 'forgotten');
unlike((later('records'))[2], qr/left the configuration/, '... is no error');

# a past that nobody recorded

is((later('plan', 'note', 'b.example', '--max-age', '30d'))[0], 0, 'a note');
like((planned())[1], qr/^b\.example: wait until \Q@{[date(27 + 32, 40)]}\E/m,
     '... has a date');
is((later('plan', 'note', 'b.example'))[0], 2, '... needs max_age');
for my $option ('--mode', '--tlsrpt-rua') {
    ($rc, $out, $err) = later('plan', 'note', 'b.example', '--max-age', '30d', $option, 'x');
    is("$rc $err", "2 mta-sts: command \"plan\" does not take option \"$option\"\n",
       "... and no $option");
}

# what is misspelled, or not to be forgotten

($rc, $out, $err) = later('plan', 'frget', 'b.example');
is($rc, 1, 'a misspelled word');
like($err, qr/^mta-sts: no policy for domain "frget".*^mta-sts: did you mean "plan forget"\?$/ms,
     '... is no domain');
($rc, $out, $err) = later('plan', 'forget', 'b.example');
is("$rc $err", '1 mta-sts: b.example is configured, and only domains that left the '
   . "configuration are forgotten\n", 'what is configured is not forgotten');

# formats

($rc, $out) = planned('-f', 'json');
is(ref decode_json($out), 'ARRAY', 'json');
like((planned('-f', 'prometheus'))[1],
     qr/^mta_sts_plan_due_seconds\{domain="b\.example",step="free"\} \d+$/m,
     'prometheus');

# pages: their heads are alike

my %page = (plan => (planned('-f', 'html'))[1],
            check => (later('check', @net, '-f', 'html', 'b.example'))[1],
            reports => $reports);
my %head;

for my $name (sort keys %page) {
    my ($head, $title, $style, $heading) = $page{$name} =~
        m{\A(.*)<title>(.*)</title>\n<style>\n(.*?\.good[ ]\{).*</style>
          .*<main>\n<h1>(.*?)</h1>\n.*</main>\n.*</body>\n</html>\n\z}xs;
    is($title // 'none', $heading // '', "$name -f html: the heading is the title");
    $head{$head =~ s/; script-src [^"]*//r . $style} = 1;
}

is(scalar keys %head, 1, 'one head');
is((planned('-f', 'nothing'))[0], 2, 'no such format');

# a state that cannot be used: the output is complete all the same

for my $case (['a missing folder', '/nonexistent'],
              ['a damaged file', tempdir(CLEANUP => 1)]) {
    my ($what, $dir) = @$case;
    spew("$dir/state.db", 'nonsense' x 1000) if -d $dir;
    my ($rc, $out, $err) = later('records', '--state', $dir, 'b.example');
    my ($rc2, $out2) = later('records', 'b.example');
    is($rc, 3, "$what: exit status");
    is($out, $out2, '... complete output');
    like($err, qr/^mta-sts: cannot use the state \Q$dir\E/m, '... and why');
}

$nginx->stop;

done_testing();
