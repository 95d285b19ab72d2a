#!/usr/bin/perl

# mta-sts check --new: what cron mails.  Nobody else uses up its news, and nothing is
# resolved that was not looked at.

use strict;
use warnings;

use lib 't/lib';
use JSON::PP qw(decode_json);
use MtaSts;
use MtaSts::Dns;
use MtaSts::World;
use Test::More;

enter_world();

my $world = MtaSts::World->new;
my $dir = $world->dir;
my $mail = $world->cert('mail', ['mx.a.example']);

# Two mail servers, of which the second has no TLS, and both on IPv4 and IPv6.

$world->postfix(
    '192.0.2.10' => ["smtpd_tls_chain_files=$mail.key,$mail.pem"],
    '192.0.2.11' => ['smtpd_tls_security_level=none'],
    '[2001:db8::1]' => ["smtpd_tls_chain_files=$mail.key,$mail.pem"],
    '[2001:db8::2]' => ['smtpd_tls_security_level=none']);

my ($policy) = web('mta-sts.a.example', $world->cert('web', ['mta-sts.a.example']),
                   'mta_sts_mx mx.a.example; mta_sts_mode enforce;',
                   listen => ['192.0.2.1', '[2001:db8::1]']);
$world->nginx($policy);
spew("$dir/nginx.conf", "events {} http { $policy }\n");

my (undef, $records) = helper('records', '-c', "$dir/nginx.conf");

# Name servers with other addresses of the mail server: what is wrong changes with them.

my %dns = map { my ($name, $addresses) = @$_;
    $name => MtaSts::Dns->nsd(zones => { example => <<"EOC" }) } (
a MX 10 mx.a
mta-sts.a A 192.0.2.1
mta-sts.a AAAA 2001:db8::1
$records
@{[ join "\n", map { 'mx.a ' . (/:/ ? 'AAAA' : 'A') . " $_" } @$addresses ]}
EOC
    ['right', ['192.0.2.10', '2001:db8::1']], ['wrong', ['192.0.2.11', '2001:db8::1']],
    ['wrong6', ['192.0.2.10', '2001:db8::2']], ['away', ['192.0.2.12', '2001:db8::1']]);

my $state = "$dir/state";
mkdir $state;


sub check {
    my ($dns, @args) = @_;
    my ($rc, $out, $err) = helper('check', '-c', "$dir/nginx.conf", '--ca', $world->ca,
        '--resolver', '127.0.0.1:' . $dns{$dns}->port, '--state', $state, @args);
    is($err, '', "$dns @args");
    return ($rc, $out);
}


# What --new prints: the codes of what is new and of what is resolved.

sub news {
    my (undef, $out) = check(shift, '-f', 'json', '--new', @_);
    my ($domain) = @{ decode_json($out) };
    return join ' ', (map { $_->{code} } grep { $_->{severity} ne 'note' }
                      @{ $domain->{findings} }),
                     map { "-$_" } @{ $domain->{resolved} };
}


sub fresh {
    unlink glob "$state/*";
}


is(news('right'), '', 'nothing is wrong');

is((check('wrong', '-f', 'nagios'))[0], 2, 'Nagios sees it first');
is((check('wrong'))[0], 1, '... and somebody looks');
is(news('wrong'), 'smtp-starttls', 'the mail has it all the same');
is(news('wrong'), '', '... once');

is(news('wrong', '--no-smtp'), '', 'what was not looked at is not resolved');
is(news('wrong', '--family', '6'), '', '... nor with the other family');
is(news('away'), 'smtp-connect', '... nor where there is no connection');
is(news('wrong'), '-smtp-connect', '... and it is not new again');

is((check('right'))[0], 0, 'somebody looks');
is(news('right'), '-smtp-starttls', 'the mail says that it is resolved');
is(news('right'), '', '... once');


# a state that cannot be used

{
    my ($rc, $out) = helper('check', '-c', "$dir/nginx.conf", '--ca', $world->ca,
        '--resolver', '127.0.0.1:' . $dns{right}->port, '-f', 'nagios',
        '--state', '/nonexistent');
    is($rc, 3, 'no state, and nothing is wrong: Nagios is told');
    like($out, qr/^MTA-STS UNKNOWN - the state cannot be used - 1 domain, 0 errors, /,
         '... why');
}


# a terminal

{
    my ($rc, $out) = run('', 'script', '-qec', "stty cols 60; $MtaSts::BUILD/mta-sts check -c "
        . "$dir/nginx.conf --ca @{[$world->ca]} --resolver 127.0.0.1:"
        . $dns{wrong}->port . ' 2>/dev/null', '/dev/null');
    $out =~ s/\r|\033\[\d*[mK]//g;
    unlike($out, qr/^.{61}/m, 'a terminal: no line is too long');
    like($out, qr/^    error    smtp-starttls: .*\n        \S.*\(RFC 8461 4\.2\)$/ms,
         '... but goes on in the next one');
    like($out, qr/^1 domain: 1 error, 0 unknown, \d+ warnings, /m, '... and a sum');
}


# one family alone

fresh();
is(news('wrong6', '--family', '6'), 'smtp-starttls', 'IPv6 alone');
is(news('wrong6', '--family', '4'), '', '... is not resolved by IPv4');
is(news('right', '--family', '6'), '-smtp-starttls', '... but by IPv6');


# a file instead of a state

my (undef, $before) = check('wrong', '-f', 'json');
spew("$dir/before.json", $before);
is((check('right', '--since', "$dir/before.json", '--no-smtp'))[1], '',
   '--since: what was not looked at is not resolved');
like((check('right', '--since', "$dir/before.json"))[1],
     qr/^resolved +a\.example +smtp-starttls$/m, '... and then it is');


# output that nobody got is not reported

fresh();
my $command = "$MtaSts::BUILD/mta-sts check -c $dir/nginx.conf --ca " . $world->ca
              . " --state $state --new --resolver 127.0.0.1:" . $dns{wrong}->port;
is((run('', 'sh', '-c', "$command > /dev/full"))[0], 1, 'a full disk');
is(news('wrong'), 'smtp-starttls', '... the next mail has it');


# what cannot be compared

for (['--new'], ['--new', '--no-config', 'a.example']) {
    my ($rc, $out, $err) = helper('check', @$_, '--no-smtp',
                                  $_->[1] ? () : ('-c', "$dir/nginx.conf"));
    is("$rc$out", 2, "@$_ without a state");
    is($err, 'mta-sts: no state is configured: set "mta_sts_state" or "--state"' . "\n",
       '... and why');
}

is((helper('check', '-c', "$dir/nginx.conf", @$_))[0], 2, "@$_")
    for ['--new', '--since', "$dir/before.json"], ['--new', '--before-reload'],
        ['--since', "$dir/before.json", '--before-reload'];

$world->stop;

done_testing();
