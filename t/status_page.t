#!/usr/bin/perl

# The page of mta_sts_status in a real Chromium, driven by t/browser/status.js,
# after a day that libfaketime lets pass: every hour of the chart, domains, names
# that are text and not markup; without a script, accessible, in both colour
# schemes and at 360 px.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP;
use MtaSts;
use MtaSts::Browser;
use POSIX qw(strftime);
use Test::More;

my $json = JSON::PP->new->utf8->canonical;
my ($faketime) = glob '/usr/lib/*/faketime/libfaketime.so.1';
my @env = ("LD_PRELOAD=$faketime", 'FAKETIME_NO_CACHE=1',
           'DONT_FAKE_MONOTONIC=1');

local $MtaSts::MAIN = "$MtaSts::MAIN env LD_PRELOAD; env FAKETIME_NO_CACHE; "
    . 'env DONT_FAKE_MONOTONIC; env FAKETIME_TIMESTAMP_FILE;';

my @domains = map { sprintf 'customer-%02d.example', $_ } 1 .. 40;
my $markup = q{<script>alert(1)</script>&"'};
my $quoted = "'" . $markup =~ s/'/''/gr . "'";

my $nginx = MtaSts->new(<<'EOC', 'd.yaml' => <<"EOF");
server {
    listen       127.0.0.1:%%PORT0%%;
    server_name  mta-sts.*;
    mta_sts_domains  d.yaml;
    location = /status { mta_sts_status; }
    location = /favicon.ico { return 204; }
    location = /reports { mta_sts_reports spool; }
}
EOC
policies:
  hosted: {mode: enforce, mx: [mx1.hoster.example, mx2.hoster.example]}
  trial: {mode: testing, mx: mx.trial.example}
  $quoted: {mode: none, mx: mx.example}
domains:
@{[ join "\n", map { "  $_: hosted" } @domains ]}
  trial.example: trial
  markup.example: $quoted
EOF

my $dir = $nginx->dir;

# noon of a day, so that the day of the chart begins on another one

my $now = 1_700_049_600;

sub clock {
    my ($time) = @_;
    spew("$dir/time.new", strftime('%Y-%m-%d %H:%M:%S', localtime $time));
    rename "$dir/time.new", "$dir/time" or die $!;
}

clock($now - 23 * 3600);
$nginx->start('env', @env, "FAKETIME_TIMESTAMP_FILE=$dir/time");

sub status {
    my ($args) = @_;
    return $nginx->get(0, 'status.example', path => "/status?$args");
}

sub decoded { return $json->decode((split_response(status($_[0])))[1]) }


# A day: some hours without a request

my @hours;

for my $hour (0 .. 23) {
    clock($now - (23 - $hour) * 3600 + 60);
    $hours[$hour] = $hour % 5 == 3 ? 0 : 1 + $hour * 7 % 11;

    for my $i (1 .. $hours[$hour]) {
        $nginx->get(0, "mta-sts.$domains[($hour + $i) % 30]");
    }
}

$nginx->get(0, 'mta-sts.trial.example');
$nginx->get(0, 'mta-sts.markup.example') for 1, 2;
$nginx->get(0, 'mta-sts.unknown.example');
$nginx->get(0, 'mta-sts.trial.example', method => 'POST');
$hours[23] += 3;

my $seen = decoded('format=json&list=100');

is("@{ $seen->{hours} }", "@hours", 'the hours of a day');
is($seen->{now}, $now + 60, '... of the clock');
is($seen->{recent}[0]{last}, $now + 60, 'when a domain was fetched last');
ok($seen->{oldest}[0]{last} < $now - 12 * 3600, '... and least recently');

# The page

my $page = (split_response(status('format=html')))[1];

unlike($page, qr/<script/, 'names are escaped, and there is no script');
like($page, qr/&lt;script&gt;alert\(1\)&lt;\/script&gt;&amp;&quot;&#39;/,
     '... but shown');
like($page, qr/not in the configuration|Look up/, 'a form');

my $hostile = (split_response(status('format=html&domain='
    . '%22%3E%3Cscript%3Ealert(1)%3C/script%3E')))[1];
unlike($hostile, qr/<script/, 'what is typed is escaped');
like($hostile, qr/invalid domain/, '... and refused');

my $base = 'http://127.0.0.1:' . $nginx->port(0) . '/status';

browse('status', base => $base, url => "$base?domain=trial.example",
       shot => 'status');


# Later

clock($now + 3600);
is("@{ decoded('format=json')->{hours} }", "@hours[1 .. 23] 0",
   'an hour without requests');
clock($now + 30 * 86400);
is("@{ decoded('format=json')->{hours} }", join(' ', (0) x 24), '... and a month');
$nginx->get(0, 'mta-sts.trial.example');
is(decoded('format=json')->{hours}[23], 1, '... and the first after it');

$nginx->stop;
done_testing();
