#!/usr/bin/perl

# A reload changes the policy under load and no request fails; a configuration
# that is refused leaves the old policy in service.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use Test::More;

sub conf_of {
    my ($age, $mx) = @_;
    return "server { listen 127.0.0.1:%%PORT0%%; server_name "
        . "mta-sts.example.com; keepalive_requests 100000000; "
        . "mta_sts_max_age $age; mta_sts_mx $mx; }";
}

my $nginx = MtaSts->new(conf_of('604800', 'mail.example.com'));
my $port = $nginx->port(0);

# wrk counts what is not 200, and every broken connection; worker connections
# of an old worker are closed when idle, which is not an error of a request

$nginx->start;

my $url = "http://127.0.0.1:$port/.well-known/mta-sts.txt";
my $out = $nginx->dir . '/wrk.out';
my $wrk = fork // die;

if ($wrk == 0) {
    open STDOUT, '>', $out or die;
    open STDERR, '>&STDOUT';
    exec 'wrk', '-t1', '-c8', '-d8', '-H', 'Host: mta-sts.example.com',
         '-H', 'Connection: close', $url;
}

my %seen;

for my $round (1 .. 10) {
    my $age = 604800 + $round;

    $nginx->conf(conf_of($age, 'mail.example.com'));
    ok($nginx->reload, "reload $round");

    my $got = $nginx->get(0, 'mta-sts.example.com');
    like($got, qr/\r\nmax_age: $age\r\n\z/, "... serves the new policy");
    $seen{ (split_response($got))[1] }++;
}

is(keys %seen, 10, 'ten policies were served');

waitpid $wrk, 0;
my $said = slurp($out);

like($said, qr/^\s+[1-9]\d+ requests in/m, 'requests were made all the time');
unlike($said, qr/Non-2xx/, '... and each was answered with 200');
unlike($said, qr/Socket errors/, '... and none broke') or diag($said);


# refused: the old one stays

for my $bad (conf_of('0', 'mail.example.com'), conf_of('1w', 'a@b.example'),
             conf_of('1w', 'mail.example.com') . '}')
{
    my $log = $nginx->dir . '/logs/error.log';
    my $before = () = slurp($log) =~ /\[emerg\]/g;

    $nginx->conf($bad);
    kill 'HUP', $nginx->{pid};

    for (1 .. 200) {
        last if (() = slurp($log) =~ /\[emerg\]/g) > $before;
        select undef, undef, undef, 0.05;
    }

    cmp_ok(scalar(() = slurp($log) =~ /\[emerg\]/g), '>', $before,
           'a bad configuration is refused');
    like($nginx->get(0, 'mta-sts.example.com'), qr/max_age: 604810\r\n\z/,
         '... and the old policy is served');
}

$nginx->stop(qr/\[emerg\]/);

done_testing();
