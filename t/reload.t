#!/usr/bin/perl

# A reload changes the policy under load and no request fails; a configuration
# that is refused leaves the old policy in service.

use strict;
use warnings;

use lib 't/lib';
use MtaSts;
use MtaSts::Wrk;
use Test::More;

sub conf_of {
    my ($age, $mx) = @_;
    return "server { listen 127.0.0.1:%%PORT0%%; server_name "
        . "mta-sts.example.com; keepalive_requests 100000000; "
        . "mta_sts_max_age $age; mta_sts_mx $mx; }";
}

my $nginx = MtaSts->new(conf_of('604800', 'mail.example.com'));
my $port = $nginx->port(0);

$nginx->start;

my $wrk = MtaSts::Wrk->start($nginx->dir, "http://127.0.0.1:$port", 'close',
    { 'mta-sts.example.com' =>
      "version: STSv1\r\nmode: testing\r\nmx: mail.example.com\r\n" });

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

$wrk->right('all the time');


# refused: the old one stays

for my $bad (conf_of('0', 'mail.example.com'), conf_of('1w', 'a@b.example'),
             conf_of('1w', 'mail.example.com') . '}')
{
    $nginx->conf($bad);
    ok($nginx->reload(qr/\[emerg\]/), 'a bad configuration is refused');
    like($nginx->get(0, 'mta-sts.example.com'), qr/max_age: 604810\r\n\z/,
         '... and the old policy is served');
}

$nginx->stop(qr/\[emerg\]/);

done_testing();
