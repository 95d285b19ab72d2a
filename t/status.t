#!/usr/bin/perl

# mta_sts_status: what is counted equals the access log, under load, over reloads
# and with killed workers, but for requests that the kill explains; a domain keeps
# its counter when files and tables are replaced; a zone that is too small stops
# counting and not serving; no client can add a counter or a label.

use strict;
use warnings;

use lib 't/lib';
use IO::Socket::INET;
use JSON::PP;
use MtaSts;
use Test::More;
use Time::HiRes qw(sleep);

my $slow = $ENV{MTA_STS_TEST_SLOW};
my $json = JSON::PP->new->utf8;

# counters are shared by the workers

local $MtaSts::MAIN = 'daemon off; worker_processes 2;';


# What the directive takes

my $server = "server { listen 127.0.0.1:%%PORT0%%;\n";

for my $case (
    ['mta_sts_status;', '"mta_sts_status" directive is not allowed here'],
    ["$server mta_sts_status; }",
     '"mta_sts_status" directive is not allowed here'],
    ["$server location = /s { mta_sts_status zone=1m x; } }",
     'invalid number of arguments in "mta_sts_status" directive'],
    ["$server location = /s { mta_sts_status; mta_sts_status; } }",
     '"mta_sts_status" directive is duplicate'],
    ["$server location = /s { mta_sts_status size=1m; } }",
     'invalid parameter "size=1m", must be "zone=SIZE"'],
    (map { ["$server location = /s { mta_sts_status zone=$_; } }",
            "invalid size \"zone=$_\", must be at least 32k"] }
     '', 'x', '0', '31k', '-1m'),
    ["$server location = /s { mta_sts_status zone=1m; }\n"
     . 'location = /t { mta_sts_status zone=2m; } }',
     '"mta_sts_status zone=2m" has another size in '],
) {
    my ($conf, $text) = @$case;
    my ($rc, $said) = MtaSts->new($conf)->test;
    is($rc, 1, "refused: $conf");
    like($said, qr/\Q$text\E/, '... in these words');
}

is((MtaSts->new("$server location = /s { mta_sts_status zone=2m; }\n"
    . 'location = /t { mta_sts_status; } }')->test)[0], 0,
   'more than one location');


# An instance, and what it says

sub instance {
    my ($zone, $domains, %more) = @_;
    my $nginx = MtaSts->new(conf($zone, %more), 'd.yaml' => yaml($domains));
    $nginx->start;
    return $nginx;
}

sub conf {
    my ($zone, %more) = @_;
    $zone = $zone ? "zone=$zone" : '';
    return <<"EOC";
log_format policies '\$status \$request_method \$mta_sts_mode \$mta_sts_domain \$body_bytes_sent';
server {
    listen       127.0.0.1:%%PORT0%%;
    server_name  mta-sts.*;
    access_log   logs/access.log policies;
    keepalive_requests 1000000;
    mta_sts_domains  @{[ $more{file} // 'd.yaml' ]};
}
server {
    listen       127.0.0.1:%%PORT0%%;
    server_name  mta-sts.direct.example mta-sts.other.example;
    access_log   logs/access.log policies;
    mta_sts_mode enforce;
    mta_sts_mx   mx.direct.example;
}
@{[ $more{http} // '' ]}
server {
    listen       127.0.0.1:%%PORT1%%;
    access_log   off;
    location = /status { mta_sts_status $zone; }
    location = /again { mta_sts_status; }
    location = /reports { mta_sts_reports spool size=1k; }
}
EOC
}

sub yaml {
    my ($domains, $default) = @_;
    return "policies:\n  hosted: {mode: enforce, mx: mx.hoster.example}\n"
        . "  trial: {mode: testing, mx: mx.trial.example}\n"
        . "domains:\n" . join('', map { "  $_\n" } @$domains)
        . ($default // '');
}

sub status {
    my ($nginx, $args, @headers) = @_;
    return $nginx->get(1, 'localhost', path => "/status?$args",
                       headers => \@headers);
}

sub decoded {
    my ($nginx, $args) = @_;
    return $json->decode((split_response(status($nginx, "format=json&"
                                                . ($args // ''))))[1]);
}

sub metrics {
    my ($nginx) = @_;
    my $text = (split_response(status($nginx, 'format=prometheus')))[1];
    my %seen;

    for my $line (grep { !/^#/ } split /\n/, $text) {
        my ($name, $value) = $line =~ /^mta_sts_nginx_(\S+) (\d+)$/
            or die $line;
        $seen{$name} = $value;
    }

    return \%seen;
}

# the access log: how often each "STATUS MODE" and domain

sub logged {
    my ($nginx) = @_;
    my %seen = (bytes => 0);

    for my $line (split /\n/, slurp($nginx->dir . '/logs/access.log')) {
        my ($status, $method, $mode, $domain, $bytes) = split / /, $line;
        next if $domain eq '-';
        $seen{"$status $mode"}++;
        $seen{$domain}++ if $status == 200;
        $seen{bytes} += $bytes if $status == 200;
    }

    return \%seen;
}

sub counted {
    my ($nginx) = @_;
    my $all = decoded($nginx, 'list=1000');
    my %seen = (bytes => $all->{bytes});

    for my $mode (keys %{ $all->{requests} }) {
        for my $code (keys %{ $all->{requests}{$mode} }) {
            my $n = $all->{requests}{$mode}{$code};
            $seen{"$code $mode"} = $n if $n;
        }
    }

    $seen{$_->{name}} = $_->{fetches} for @{ $all->{recent} };

    return \%seen;
}


# What is counted, one by one

my @domains = ('a.example: hosted', 'b.example: trial',
               'c.example: {mode: none, mx: mx.c.example}');
my $begin = time;
my $nginx = instance('', \@domains);

$nginx->get(0, 'mta-sts.A.example') for 1 .. 3;
$nginx->get(0, 'mta-sts.b.example.', method => 'HEAD');
$nginx->get(0, 'mta-sts.b.example', method => 'POST', body => '') for 1, 2;
$nginx->get(0, 'mta-sts.c.example');
$nginx->get(0, 'mta-sts.direct.example');
$nginx->get(0, 'mta-sts.unknown.example');
$nginx->get(0, 'www.a.example');
$nginx->get(0, 'mta-sts.a.example', path => '/');
$nginx->get(1, 'mta-sts.a.example');
$nginx->http(0, "GET /.well-known/mta-sts.txt HTTP/1.0\r\n\r\n");

for my $post (['application/tlsrpt+gzip', 'x'], ['text/plain', 'x'],
              ['application/tlsrpt+json', 'x' x 2000],
              ['application/tlsrpt+json', ''])
{
    $nginx->get(1, 'localhost', path => '/reports', method => 'POST',
                headers => ["Content-Type: $post->[0]",
                            'Content-Length: ' . length $post->[1]],
                body => $post->[1]);
}

$nginx->get(1, 'localhost', path => '/reports');

# a report is counted when its request ends, after the answer

my $is;

ok(within(sub {
    my $posts = 0;
    $is = metrics($nginx);
    $posts += $is->{$_} for grep { /^report_posts/ } keys %$is;
    return $posts == 5;
}), 'five requests of reports are counted');

my %expected = (
    'requests_total{mode="enforce",code="200"}' => 4,
    'requests_total{mode="testing",code="200"}' => 1,
    'requests_total{mode="testing",code="405"}' => 2,
    'requests_total{mode="none",code="200"}' => 1,
    'requests_total{mode="none",code="405"}' => 0,
    'policy_requests_total{policy="hosted"}' => 3,
    'policy_requests_total{policy="trial"}' => 1,
    'requests_without_policy_total' => 2,
    'handshakes_without_policy_total' => 0,
    'report_posts_total{code="201"}' => 1,
    'report_posts_total{code="400"}' => 1,
    'report_posts_total{code="405"}' => 1,
    'report_posts_total{code="413"}' => 1,
    'report_posts_total{code="415"}' => 1,
    'report_posts_total{code="503"}' => 0,
    (map { ("report_posts_total{code=\"$_\"}" => 0) } qw(408 429 other)),
    'counted_domains' => 4,
    'uncounted_total' => 0,
    'file_domains{file="' . $nginx->dir . '/d.yaml"}' => 3,
    'file_size_bytes{file="' . $nginx->dir . '/d.yaml"}'
        => -s $nginx->dir . '/d.yaml',
    'file_modified_timestamp_seconds{file="' . $nginx->dir . '/d.yaml"}'
        => (stat $nginx->dir . '/d.yaml')[9],
);

is($is->{$_}, $expected{$_}, $_) for sort keys %expected;
is_deeply(counted($nginx), logged($nginx), 'as the access log says');

my ($version) = slurp('Makefile') =~ /^VERSION\s*= (\S+)/m;
ok((grep { /^module_info\{version="\Q$version\E",nginx="[\d.]+"\}$/ }
    keys %$is), 'the version');
ok(since($is->{start_timestamp_seconds}), 'since when');


sub since { return $_[0] >= $begin && $_[0] <= time }


# A domain

my $asked = decoded($nginx, 'domain=A.Example.')->{domain};
is("$asked->{name} $asked->{fetches} $asked->{mode} $asked->{policy}",
   'a.example 3 enforce hosted', 'a domain is asked for');
ok(since($asked->{last}), '... and when it was fetched');
is(decoded($nginx, 'domain=+a.example%20')->{domain}{name}, 'a.example',
   '... and without the spaces around it');

$asked = decoded($nginx, 'domain=other.example')->{domain};
is($asked->{last}, undef, 'never fetched');
ok($asked->{configured}, '... but configured');
$asked = decoded($nginx, 'domain=unknown.example')->{domain};
ok(!$asked->{configured}, 'not configured');
is(decoded($nginx, 'domain=mta-sts.a.example')->{domain}{fetches}, 3,
   'as its policy host');
is(decoded($nginx, 'domain=b%C3%BCcher.example')->{domain}{name},
   'xn--bcher-kva.example', 'as U-labels');

my $all = decoded($nginx, 'list=2');
is("$all->{domains} $all->{never_fetched}", '5 1', 'how many, and never');
is(join(' ', map { $_->{name} } @{ $all->{never} }), 'other.example',
   '... which');
is(scalar @{ $all->{recent} }, 2, 'a list of two');


unlike(status($nginx, 'format=json&list=5'), qr/^\s*,/m, 'no line of JSON begins with a comma');


# Formats

for my $case (
    ['', 'text/plain'], ['*/*', 'text/plain'], ['text/html', 'text/html'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
     'text/html'],
    ['application/json', 'application/json'],
    ['application/openmetrics-text;version=1.0.0;q=0.6,'
     . 'text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
     'application/openmetrics-text'],
    ['application/*', 'application/json'], ['image/png', 'text/plain'],
    ['text/html;q=0, */*', 'text/plain'],
    ['text/html;q=0.1, application/json;q=0.25', 'application/json'],
    ['text/html;level=1;q=0.4, text/html;q=0.7, */*;q=0.5', 'text/html'],
    ['text/html; level=1, */*;q=0.1', 'text/plain'],
    ['Text/HTML; Charset="utf-8"', 'text/html'],
    ['application/openmetrics-text;version=0.0.1,text/plain;version=0.0.4;q=0.5',
     'text/plain'],
) {
    my ($accept, $type) = @$case;
    my $answer = status($nginx, '', $accept ? "Accept: $accept" : ());
    like(fields($answer, 'Content-Type'), qr/^\Q$type\E(?:;|\z)/,
         "\"$accept\" gets $type");
}

my $answer = status($nginx, 'format=openmetrics');
like($answer, qr/\n# EOF\n\z/, 'OpenMetrics ends');
like($answer, qr/^# TYPE mta_sts_nginx_requests counter\n/m, '... and has counters');
is(fields($answer, 'Vary'), 'Accept', 'Vary');
like(fields($answer, 'Cache-Control'), qr/no-cache/, 'not cached');

is((split_response($nginx->get(1, 'x', method => 'HEAD',
                               path => '/status')))[1], '', 'HEAD');

for my $method (qw(POST PUT DELETE)) {
    my $refused = $nginx->get(1, 'x', method => $method, path => '/status');
    like($refused, qr/^HTTP\S+ 405 /, "$method: 405");
    is(fields($refused, 'Allow'), 'GET, HEAD', '... and what is allowed');
}

for my $case (['format=xml', 'unknown format "xml", must be html, json, '
               . 'prometheus or openmetrics'],
              ['list=1001', 'invalid list "1001", must be a number from 0 to 1000'],
              ['list=', 'invalid list ""'], ['list=-1', 'invalid list "-1"'],
              ['format=json&domain=a_b', 'invalid domain'],
              ['format=%00', '"format=%00": has a control character'],
              ['domain=%ff%fe', '"domain=%ff%fe": not UTF-8'],
              ['list=99999999999999999999', 'invalid list'])
{
    my ($args, $text) = @$case;
    my $refused = status($nginx, $args);
    like($refused, qr/^HTTP\S+ 400 .*\Q$text\E/s, "refused: $args");
}

$nginx->get(1, 'x', path => '/again') for 1;
like(status($nginx, 'file=status.css'), qr/\.totals/, 'a file of the page');
like(status($nginx, 'file=../d.yaml'), qr/^HTTP\S+ 404 /, '... and no other');
$nginx->stop;


# Nobody can add a counter: hosts of a default policy

$nginx = instance('', ['a.example: hosted']);
spew($nginx->dir . '/d.yaml', yaml(['a.example: hosted'], "default: trial\n"));
$nginx->reload;
$nginx->get(0, "mta-sts.x$_.example") for 1 .. 50;
$nginx->get(0, 'mta-sts.a.example');
$is = metrics($nginx);
is($is->{counted_domains}, 1, 'a default policy adds no domain');
is($is->{'policy_requests_total{policy="trial"}'}, 50, '... but counts its name');
is($is->{'requests_total{mode="testing",code="200"}'}, 50, '... and mode');
$nginx->stop;


# A name of a file that is not UTF-8, in metrics and JSON that are

$nginx = MtaSts->new(conf('', file => "k\xe9\xc3\xa9.yaml"),
                     "k\xe9\xc3\xa9.yaml" => yaml(['a.example: hosted']));
$nginx->start;
my $shown = $nginx->dir . "/k%E9\xc3\xa9.yaml";
is(metrics($nginx)->{"file_domains{file=\"$shown\"}"}, 1, 'a file that is not UTF-8');
is(decoded($nginx)->{files}[0]{name} =~ s/.*\///r, "k%E9\xe9.yaml", '... in JSON');
$nginx->stop;


# Load: clients with one connection each, until they are told to stop and have
# their last answer

sub answered {
    my $n = sysread $_[0], $_[1], 65536;
    return defined $n || !$!{EINTR} ? $n : answered(@_);
}

sub clients {
    my ($nginx, $n, @domains) = @_;
    my $port = $nginx->port(0);
    my @pids;

    for my $k (1 .. $n) {
        my $pid = fork // die "fork: $!";
        push @pids, $pid;
        next if $pid;

        my $stop = 0;
        local $SIG{TERM} = sub { $stop = 1 };
        local $SIG{PIPE} = 'IGNORE';
        my $sock;

        for (my $i = $k; !$stop; $i++) {
            $sock //= IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port",
                                            Timeout => 60);
            my $method = $i % 7 == 0 ? 'HEAD' : $i % 11 == 0 ? 'PUT' : 'GET';
            my $answer = '';

            undef $sock unless $sock
                && syswrite($sock, "$method /.well-known/mta-sts.txt HTTP/1.1\r\n"
                            . "Host: mta-sts.$domains[$i % @domains]\r\n\r\n")
                && answered($sock, $answer)
                && $answer !~ /^Connection: close/mi;

            sleep 0.002;
        }

        POSIX::_exit(0);
    }

    return @pids;
}

sub ended {
    kill 'TERM', @_;
    waitpid $_, 0 for @_;
}

sub lines {
    return scalar(() = slurp($_[0]->dir . '/logs/access.log') =~ /\n/g);
}

sub grown {
    my ($nginx, $by) = @_;
    my $wanted = lines($nginx) + $by;

    return within(sub { lines($nginx) >= $wanted });
}

my @many = map { "d$_.example" } 1 .. 50;

$nginx = instance('', [map { "$_: hosted" } @many]);

my @clients = clients($nginx, 4, @many, 'direct.example', 'unknown.example');

for my $i (1 .. ($slow ? 10 : 3)) {
    ok(grown($nginx, 300), 'load');
    spew($nginx->dir . '/d.yaml', yaml([map { "$_: hosted" } @many,
                                        "new$i.example"]));
    ok($nginx->reload, '... and a reload');
}

ok(grown($nginx, 300), '... and after it');
ended(@clients);
settled($nginx);
is_deeply(counted($nginx), logged($nginx),
          'under load, with reloads: as the access log says');
is(metrics($nginx)->{'policy_requests_total{policy="hosted"}'},
   (grep { /^\d/ } map { my $l = logged($nginx); my $s = 0;
                         $s += $l->{$_} // 0 for @many; $s } 1)[0],
   '... by policy, too');

# a worker closes what its clients have left when it has logged all of it

sub settled {
    my ($nginx) = @_;
    ok(within(sub { !grep { $nginx->connections($_) } $nginx->children }),
       'no connection is left');
}

# a killed worker: what it had counted and not logged, one per connection

@clients = clients($nginx, 4, @many);
my $kills = $slow ? 20 : 3;

for (1 .. $kills) {
    ok(grown($nginx, 100), 'load');
    my @workers = $nginx->children;
    kill 'KILL', $workers[rand @workers];
}

ok(grown($nginx, 100), '... and after the kills');
ended(@clients);
settled($nginx);

my ($log, $count) = (logged($nginx), counted($nginx));
my @less = grep { $count->{$_} < $log->{$_} } keys %$log;
my $more = 0;
$more += $count->{$_} - ($log->{$_} // 0) for grep { /^\d+ / } keys %$count;
is("@less", '', 'killed workers: nothing is lost');
ok($more <= 4 * $kills, '... and at most what was in flight is not logged')
    or diag "$more more";
$nginx->stop('exited on signal 9');


# A zone that is too small

$nginx = MtaSts->new(conf('32k'),
                     'd.yaml' => yaml([map { "d$_.example: hosted" } 1 .. 3000]));
my ($rc, $said) = $nginx->test;
is($rc, 0, 'a zone that is too small is no error');
like($said, qr/\[warn\] .*zone "mta_sts_status" has room for the counters of \d+ of 3002 domains, use "zone=1m"/,
     '... but a warning');
unlink $nginx->dir . '/logs/error.log';
$nginx->start;

my ($room) = metrics($nginx)->{counted_domains_limit};
ok($room > 500 && $room < 3000, "... with room for $room");

my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . $nginx->port(0));
my $good = 0;

for my $i (1 .. 3000) {
    syswrite $sock, "GET /.well-known/mta-sts.txt HTTP/1.1\r\n"
        . "Host: mta-sts.d$i.example\r\n\r\n";
    sysread $sock, my $text, 4096;
    $good++ if $text =~ /^HTTP\S+ 200 /;
}

is($good, 3000, 'all are served');
$is = metrics($nginx);
is($is->{counted_domains}, $room, '... some have a counter');
is($is->{uncounted_total}, 3000 - $room, '... the others are counted as such');
is($is->{'requests_total{mode="enforce",code="200"}'}, 3000, '... and in the total');
is(scalar(() = slurp($nginx->dir . '/logs/error.log')
             =~ /zone "mta_sts_status" is full/g), 1, 'logged once');

like(status($nginx, 'format=html'), qr/The counters are full/, '... and on the page');
my $unsure = decoded($nginx, 'list=5');
ok(exists $unsure->{never_fetched} && !defined $unsure->{never_fetched}
   && !defined $unsure->{never}, 'which domains were never fetched is not known');
like(status($nginx, 'format=html&domain=d3000.example'),
     qr/Not fetched yet, or not counted\./, '... nor for one');

# domains that have left make room at a reload

spew($nginx->dir . '/d.yaml', yaml([map { "e$_.example: hosted" } 1 .. $room / 2]));
ok($nginx->reload, 'other domains');
is(metrics($nginx)->{counted_domains}, 0, '... and none of the old ones is counted');
$nginx->get(0, "mta-sts.e$_.example") for 1 .. 200;
$is = metrics($nginx);
ok($is->{counted_domains} > 195, '... they take the room of those that left')
    or diag $is->{counted_domains};
is(decoded($nginx, 'domain=d1.example')->{domain}{fetches}, 0, '... which have no counter');

# an old worker, which knows where the counters of domains were that have left
# and have given their room to others, does not count for these

{
    local $MtaSts::MAIN = 'daemon off; worker_processes 1;';
    my $small = MtaSts->new(conf('32k'), 'd.yaml' => yaml([map { "d$_.example: hosted" }
                                                          1 .. $room]));
    my $get = "GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: mta-sts";
    my @old;

    unlink $small->dir . '/logs/error.log';
    $small->start;

    my $all = sub {
        my ($name, $n) = @_;
        my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . $small->port(0));

        for my $i (1 .. $n) {
            syswrite $sock, "$get.$name$i.example\r\n\r\n";
            sysread $sock, my $text, 4096;
        }
    };

    $all->('d', $room);

    # each has the beginning of another request when nginx reloads

    for my $i (1 .. 30) {
        my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . $small->port(0));
        syswrite $sock, "$get.d$i.example\r\n\r\n$get.d$i.exam";
        sysread $sock, my $text, 4096;
        push @old, $sock;
    }

    spew($small->dir . '/d.yaml', yaml([map { "e$_.example: hosted" } 1 .. $room]));
    ok($small->reload(qr/gracefully shutting down/), 'an old worker goes on');
    is(metrics($small)->{counted_domains}, 0, '... and what it has counted makes room');
    $all->('e', $room - 100);
    cmp_ok(metrics($small)->{counted_domains}, '>', $room / 2, '... for others');

    my $served = 0;

    for my $sock (@old) {
        syswrite $sock, "ple\r\n\r\n";
        sysread $sock, my $text, 4096;
        $served++ if $text =~ /^HTTP\S+ 200 /;
    }

    is($served, 30, 'it still answers');
    my $seen = decoded($small, 'list=1000');
    is(join(' ', map { "$_->{name} $_->{fetches}" }
                 grep { $_->{name} =~ /^e/ && $_->{fetches} > 1 }
                 @{ $seen->{recent} }, @{ $seen->{oldest} }), '',
       '... but counts for no other domain');
    undef @old;
    $small->stop;
}

# a zone of another size takes over what was counted

my $before = counted($nginx);
my $uncounted = $is->{uncounted_total};
spew($nginx->dir . '/d.yaml', yaml([map({ "e$_.example: hosted" } 1 .. $room / 2),
                                    map { "d$_.example: hosted" } 1 .. 3000]));
$nginx->conf(conf('40k'));
ok($nginx->reload, 'a zone that is a little larger');
is(metrics($nginx)->{uncounted_total}, $uncounted, '... counts nothing by that');
$nginx->conf(conf('1m'));
ok($nginx->reload, 'a larger zone');
is_deeply(counted($nginx), $before, '... has all counters');
$nginx->get(0, 'mta-sts.d3000.example');
is(metrics($nginx)->{counted_domains}, $is->{counted_domains} + 1, '... and room for more');
$nginx->stop;


# A table that is replaced while two workers run

$nginx = MtaSts->new(conf('', file => 'd.table'));
my $dir = $nginx->dir;

sub compile {
    my ($text) = @_;
    spew("$dir/t.yaml", $text);
    my ($status, $out, $err) = helper('compile', '-d', "$dir/t.yaml", '-o',
                                      "$dir/d.table");
    is("$status$out$err", '0', 'compile');
}

compile(yaml([map { "$_: hosted" } @many]));
$nginx->start;
@clients = clients($nginx, 4, @many);

for my $i (1 .. 3) {
    ok(grown($nginx, 200), 'load');
    compile(yaml([map({ "$_: " . ($i % 2 ? 'trial' : 'hosted') }
                      $i == 2 ? @many[0 .. 24] : reverse @many),
                  map { "more$i-$_.example: hosted" } 1 .. 100 * $i]));
    $nginx->next_second;
}

ok(grown($nginx, 200), '... and after it');
ended(@clients);
settled($nginx);

($log, $count) = (logged($nginx), counted($nginx));
delete $count->{$_} for grep { !exists $log->{$_} } keys %$count;
is_deeply($count, $log, 'a replaced table: as the access log says');
$is = metrics($nginx);
is($is->{'policy_requests_total{policy="hosted"}'}, $log->{'200 enforce'},
   '... by policy, too');
is($is->{'policy_requests_total{policy="trial"}'}, $log->{'200 testing'},
   '... each');
is($is->{"file_domains{file=\"$dir/d.table\"}"}, 350, 'its domains');
is($is->{"file_size_bytes{file=\"$dir/d.table\"}"}, -s "$dir/d.table",
   '... and its size');
$nginx->stop;


# Handshakes for names without a policy

$nginx = MtaSts->new(conf('', http => <<'EOC'), 'd.yaml' => yaml(['a.example: hosted']));
server {
    listen               127.0.0.1:%%PORT2%% ssl;
    server_name          mta-sts.*;
    ssl_certificate      %%DIR%%/$mta_sts_host.pem;
    ssl_certificate_key  %%DIR%%/$mta_sts_host.key;
    mta_sts_domains      d.yaml;
}
server {
    listen               127.0.0.1:%%PORT3%% ssl;
    server_name          mta-sts.*;
    ssl_certificate      %%DIR%%/$ssl_server_name.pem;
    ssl_certificate_key  %%DIR%%/$ssl_server_name.key;
    mta_sts_certificate_cache max=10;
    mta_sts_domains      d.yaml;
}
EOC
make_cert($nginx->dir, "mta-sts.$_.example", "mta-sts.$_.example") for qw(a x);
$nginx->start;

for my $port (2, 3) {
    like($nginx->get($port, 'mta-sts.a.example', sni => 'mta-sts.a.example'),
         qr/^HTTP\S+ 200 /, 'a handshake for a policy host');
    $nginx->get($port, 'mta-sts.x.example', sni => 'mta-sts.x.example')
        for 1, 2;
    is(metrics($nginx)->{handshakes_without_policy_total}, 2 * ($port - 1),
       '... and two for another name');
}

$nginx->stop;


# Handshakes for policy hosts without a policy, whatever the certificate is: of a
# server with policies, of another one, and of one that rejects them

$nginx = MtaSts->new(conf('', http => <<'EOC'), 'd.yaml' => yaml(['a.example: hosted']));
ssl_certificate      %%DIR%%/mta-sts.a.example.pem;
ssl_certificate_key  %%DIR%%/mta-sts.a.example.key;
ssl_protocols        TLSv1.3;
ssl_ecdh_curve       secp384r1;    # a client says hello twice
server {
    listen           127.0.0.1:%%PORT2%% ssl;
    server_name      mta-sts.* www.example;
    mta_sts_domains  d.yaml;
}
server {
    listen       127.0.0.1:%%PORT2%% ssl;
    server_name  *.other.example;
}
server {
    listen       127.0.0.1:%%PORT3%% ssl default_server;
    ssl_reject_handshake on;
}
server {
    listen           127.0.0.1:%%PORT3%% ssl;
    server_name      mta-sts.a.example;
    mta_sts_domains  d.yaml;
}
EOC
make_cert($nginx->dir, 'mta-sts.a.example', 'mta-sts.a.example');
$nginx->start;

my $without = 0;

for my $case ([2, 'mta-sts.a.example', 0], [2, 'MTA-STS.A.example.', 0],
              [2, 'mta-sts.x.example', 1], [2, 'Mta-Sts.other.example', 1],
              [2, 'www.example', 0], [2, undef, 0], [3, 'mta-sts.a.example', 0],
              [3, 'mta-sts.x.example', 1], [3, 'www.example', 0])
{
    my ($port, $sni, $n) = @$case;
    eval { $nginx->get($port, 'localhost', sni => $sni) };
    $without += $n;
    is(metrics($nginx)->{handshakes_without_policy_total}, $without,
       ($sni // 'no name') . ": $n handshake without a policy");
}

$nginx->stop;


# Reports that nginx or another module refuses count as well, also where
# error_page has another page, and equal the access log

$nginx = MtaSts->new(<<'EOC');
limit_req_zone $binary_remote_addr zone=one:1m rate=1r/m;
limit_req_zone $binary_remote_addr zone=two:1m rate=1r/m;
log_format status '$status';
server {
    listen      127.0.0.1:%%PORT1%%;
    access_log  logs/reports.log status;
    location = /status { access_log off; mta_sts_status; }
    location = /x { access_log off; return 404; }
    location /r/ {
        mta_sts_reports spool size=1k;
        client_max_body_size 2k;
        client_body_timeout 1s;
        location = /r/denied { mta_sts_reports spool size=1k; deny all; }
        location = /r/moved { mta_sts_reports spool size=1k; return 308 /x; }
        location = /r/one { mta_sts_reports spool size=1k; limit_req zone=one; }
        location = /r/two {
            mta_sts_reports spool size=1k;
            limit_req zone=two;
            limit_req_status 429;
        }
        location = /r/page {
            mta_sts_reports spool size=1k;
            limit_req zone=one;
            error_page 503 /busy;
        }
        location = /r/type {
            mta_sts_reports spool size=1k;
            error_page 415 =200 @fine;
        }
        location = /r/mirror {
            mta_sts_reports spool size=1k;
            mirror /copy;
        }
    }
    location = /copy { access_log off; log_subrequest on; return 204; }
    location = /busy { return 200 "busy"; }
    location @fine { return 200 "fine"; }
}
EOC
$nginx->start;

sub report {
    my ($path, $type, $body, $length) = @_;
    return $nginx->http(1, "POST $path HTTP/1.1\r\nHost: localhost\r\n"
        . "Content-Type: $type\r\nContent-Length: " . ($length // length $body)
        . "\r\nConnection: close\r\n\r\n$body");
}

my ($type, %refused) = ('application/tlsrpt+json');

for my $case ([200, 'none', '', '/x', ''], [201, '201', $type, '/r/', 'x'],
              [413, '413', $type, '/r/', 'x', 3000], [413, '413', $type, '/r/', 'x' x 1500],
              [408, '408', $type, '/r/', 'x', 9], [403, 'other', $type, '/r/denied', 'x'],
              [308, 'other', $type, '/r/moved', 'x'],
              [201, '201', $type, '/r/one', 'x'], [503, '503', $type, '/r/one', 'x'],
              [503, '503', $type, '/r/page', 'x'], [200, 'other', 'text/plain', '/r/type', 'x'],
              [201, '201', $type, '/r/two', 'x'], [429, '429', $type, '/r/two', 'x'],
              [201, '201', $type, '/r/mirror', 'x'])
{
    my ($status, $code, $type, $path, @body) = @$case;
    my $answer = report($path, $type, @body);
    like($answer, $status == 408 ? qr/^(?:HTTP\S+ 408 |\z)/ : qr/^HTTP\S+ $status /,
         "$path: $status") if $code ne 'none';
    $refused{$code}++ if $code ne 'none';
}

# requests are counted and logged when their connection is closed

my ($posts, %logged);

ok(within(sub { 13 == (() = slurp($nginx->dir . '/logs/reports.log') =~ /\n/g) }),
   'all requests are logged');
$posts = decoded($nginx)->{report_posts};
is_deeply({ map { $posts->{$_} ? ($_ => $posts->{$_}) : () } keys %$posts }, \%refused,
          'reports that others refuse are counted');
$logged{exists $posts->{$_} ? $_ : 'other'}++
    for split /\n/, slurp($nginx->dir . '/logs/reports.log');
is_deeply(\%refused, \%logged, '... as the access log says');
$nginx->stop;


# Names are labels, whatever is in them

$nginx = MtaSts->new(conf(''), 'd.yaml' => <<'EOY');
policies: {'a"b\c': {mode: enforce, mx: mx.example}}
domains: {a.example: 'a"b\c'}
EOY
$nginx->start;
$nginx->get(0, 'mta-sts.a.example');
like(status($nginx, ''), qr/^\Qmta_sts_nginx_policy_requests_total{policy="a\"b\\c"} 1\E$/m,
     'a label is escaped');
is(decoded($nginx)->{policies}[0]{name}, 'a"b\c', '... and JSON is');

# the readers of those who made the formats

my $text = (split_response(status($nginx, 'format=prometheus')))[1];
is(join('|', run($text, 'promtool', 'check', 'metrics')), '0||',
   'promtool accepts the metrics');

$text = (split_response(status($nginx, 'format=openmetrics')))[1];
my @parsed = run($text, '/usr/bin/python3', '-c', <<'EOP');
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
for family in text_string_to_metric_families(sys.stdin.read()):
    for sample in family.samples:
        if sample.labels.get('policy') == 'a"b\\c':
            print(sample.value)
EOP
is(join('|', @parsed), "0|1\n|", '... and OpenMetrics');
$nginx->stop;


# A million domains

if ($slow) {
    my $million = 1_000_000;
    $nginx = MtaSts->new(conf('20m', file => 'd.table'));
    $dir = $nginx->dir;
    compile(yaml([map { "customer-$_.example: hosted" } 1 .. $million]));
    $nginx->start;
    $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . $nginx->port(0));

    my %asked;

    for my $i (1 .. 50_000) {
        my $name = 'customer-' . (1 + $i * 7919 % 40_009 * 24) . '.example';
        $asked{$name}++;
        syswrite $sock, "GET /.well-known/mta-sts.txt HTTP/1.1\r\n"
            . "Host: mta-sts.$name\r\n\r\n";
        sysread $sock, my $text, 4096;
    }

    my $seen = decoded($nginx, 'list=1000');
    is($seen->{counted_domains}, scalar keys %asked, 'a million: counted');
    is($seen->{domains}, $million + 2, '... configured');
    is($seen->{never_fetched}, $million + 2 - keys %asked, '... never fetched');
    is_deeply([map { $_->{fetches} } @{ $seen->{recent} }, @{ $seen->{oldest} }],
              [map { $asked{$_->{name}} } @{ $seen->{recent} },
               @{ $seen->{oldest} }], '... each as often');
    ok($seen->{counted_domains_limit} >= $million, 'there is room for all');
    $nginx->stop;
}

done_testing();
